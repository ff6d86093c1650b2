//! BatchGetItem and BatchWriteItem.

use serde_json::{Map, Value, json};

use super::fields::{Fields, list};
use super::refusal::Refusal;
use super::{Answered, Call, answer, capacity, expressions, items, table_name, values};
use crate::engine::tables::expression::ExpressionKind;
use crate::engine::tables::{BatchGet, BatchWrite, DeleteItem, PutItem};

const GETS_MAX: usize = 100;
const WRITES_MAX: usize = 25;

/// BatchGetItem.
pub(super) async fn get(call: &Call<'_>) -> Answered {
    let wanted = capacity::wanted(&call.request)?;
    let tables = request_items(&call.request)?;
    let mut gets = Vec::new();
    let mut consistent = Vec::new();
    for (name, given) in tables {
        let fields = Fields::of(given)?;
        gets.push(batch_get(name, &fields)?);
        consistent.push(fields.truth("ConsistentRead")?.unwrap_or(false));
    }
    let count: usize = gets.iter().map(|get| get.keys.len()).sum();
    if count > GETS_MAX {
        return Err(Refusal::validation("Too many items requested for the BatchGetItem call"));
    }
    let names: Vec<String> = gets.iter().map(|get| get.table.clone()).collect();
    let read = call.engine.batch_get(gets).await?;
    let (mut responses, mut unprocessed, mut consumed) = (Map::new(), Map::new(), Vec::new());
    for (((name, got), (_, given)), consistent) in
        names.iter().zip(&read).zip(tables).zip(consistent)
    {
        let found = got.items.iter().map(answer::item).collect();
        responses.insert(name.clone(), Value::Array(found));
        if !got.unprocessed.is_empty() {
            let mut rest = given.clone();
            let keys = got.unprocessed.iter().map(answer::item).collect();
            if let Some(members) = rest.as_object_mut() {
                members.insert("Keys".to_owned(), Value::Array(keys));
            }
            unprocessed.insert(name.clone(), rest);
        }
        let sizes = got.sizes.iter().map(|size| capacity::read_half_units(*size, consistent));
        consumed.extend(capacity::consumed(wanted, name, sizes.sum()));
    }
    let mut body = json!({ "Responses": responses, "UnprocessedKeys": unprocessed });
    add_consumed(&mut body, wanted, consumed);
    Ok(body)
}

fn batch_get(name: &str, fields: &Fields) -> Result<BatchGet, Refusal> {
    let keys = list(fields.required("Keys")?)?;
    if keys.is_empty() {
        return Err(length_constraint(name, "keys"));
    }
    let kinds = [ExpressionKind::Projection];
    let mut placeholders = expressions::placeholders(fields, &kinds, &["AttributesToGet"])?;
    let projection = items::projection(fields, &mut placeholders)?;
    placeholders.all_used()?;
    let keys = keys.iter().map(values::item).collect::<Result<_, _>>()?;
    Ok(BatchGet { table: table_name(name)?, keys, projection })
}

/// BatchWriteItem.
pub(super) async fn write(call: &Call<'_>) -> Answered {
    let wanted = capacity::wanted(&call.request)?;
    call.request.one_of("ReturnItemCollectionMetrics", &["SIZE", "NONE"])?;
    let tables = request_items(&call.request)?;
    let mut writes = Vec::new();
    for (name, given) in tables {
        let given = list(given)?;
        if given.is_empty() {
            return Err(length_constraint(name, "member"));
        }
        let table = table_name(name)?;
        for request in given {
            writes.push(batch_write(call, &table, &Fields::of(request)?)?);
        }
    }
    if writes.len() > WRITES_MAX {
        return Err(Refusal::validation("Too many items requested for the BatchWriteItem call"));
    }
    let names: Vec<String> = writes.iter().map(|write| table_of(write).to_owned()).collect();
    let outcomes = call.engine.batch_write(writes).await?;
    let mut consumed: Vec<Value> = Vec::new();
    for name in tables.keys() {
        let table = table_name(name)?;
        let of_table = names.iter().zip(&outcomes).filter(|(named, _)| **named == table);
        let half_units = of_table.map(|(_, outcome)| capacity::write_half_units(outcome)).sum();
        consumed.extend(capacity::consumed(wanted, &table, half_units));
    }
    let mut body = json!({ "UnprocessedItems": {} });
    add_consumed(&mut body, wanted, consumed);
    Ok(body)
}

fn batch_write(call: &Call<'_>, table: &str, fields: &Fields) -> Result<BatchWrite, Refusal> {
    let (table, sender) = (table.to_owned(), call.sender.clone());
    match (fields.object("PutRequest")?, fields.object("DeleteRequest")?) {
        (Some(put), None) => {
            let item = values::item(put.required("Item")?)?;
            Ok(BatchWrite::Put(PutItem { table, item, condition: None, sender }))
        }
        (None, Some(delete)) => {
            let key = values::item(delete.required("Key")?)?;
            Ok(BatchWrite::Delete(DeleteItem { table, key, condition: None, sender }))
        }
        (Some(_), Some(_)) => Err(Refusal::validation(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of \
             the supported datatypes",
        )),
        (None, None) => Err(Refusal::validation(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        )),
    }
}

fn table_of(write: &BatchWrite) -> &str {
    match write {
        BatchWrite::Put(request) => &request.table,
        BatchWrite::Delete(request) => &request.table,
    }
}

fn request_items(request: &Fields) -> Result<&Map<String, Value>, Refusal> {
    request.required("RequestItems")?;
    match request.map("RequestItems")? {
        Some(tables) if !tables.is_empty() => Ok(tables),
        Some(_) | None => Err(Refusal::constraints(&["Value '{}' at 'requestItems' failed to \
             satisfy constraint: Member must have length greater than or equal to 1"
            .to_owned()])),
    }
}

fn length_constraint(table: &str, member: &str) -> Refusal {
    Refusal::constraints(&[format!(
        "Value '[]' at 'requestItems.{table}.{member}' failed to satisfy constraint: Member must \
         have length greater than or equal to 1"
    )])
}

fn add_consumed(body: &mut Value, wanted: capacity::Wanted, consumed: Vec<Value>) {
    if let (Some(body), true) = (body.as_object_mut(), wanted != capacity::Wanted::Nothing) {
        body.insert("ConsumedCapacity".to_owned(), Value::Array(consumed));
    }
}
