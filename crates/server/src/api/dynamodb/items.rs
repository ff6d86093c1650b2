//! PutItem, GetItem, DeleteItem and UpdateItem.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::refusal::Refusal;
use super::{Answered, Call, answer, capacity, expressions, legacy, values};
use crate::engine::tables::expression::{
    Condition, ExpressionKind, Placeholders, Projection, Update,
};
use crate::engine::tables::{DeleteItem, GetItem, PutItem, TableError, UpdateItem, WriteOutcome};
use crate::records::{Item, item_size_bytes};

const RETURN_VALUES: [&str; 5] = ["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"];

/// PutItem.
pub(super) async fn put(call: &Call<'_>) -> Answered {
    let request = &call.request;
    let table = call.table_name()?;
    let options = WriteOptions::read(request, &["ALL_OLD", "NONE"])?;
    let item = values::item(request.required("Item")?)?;
    let condition = only_condition(request)?;
    let put = PutItem { table: table.clone(), item, condition, sender: call.sender.clone() };
    let outcome = call.engine.put_item(put).await.map_err(|error| options.refusal(error))?;
    Ok(options.answer(&table, &outcome, None))
}

/// DeleteItem.
pub(super) async fn delete(call: &Call<'_>) -> Answered {
    let request = &call.request;
    let table = call.table_name()?;
    let options = WriteOptions::read(request, &["ALL_OLD", "NONE"])?;
    let key = values::item(request.required("Key")?)?;
    let condition = only_condition(request)?;
    let delete = DeleteItem { table: table.clone(), key, condition, sender: call.sender.clone() };
    let outcome = call.engine.delete_item(delete).await.map_err(|error| options.refusal(error))?;
    Ok(options.answer(&table, &outcome, None))
}

/// UpdateItem.
pub(super) async fn update(call: &Call<'_>) -> Answered {
    let request = &call.request;
    let table = call.table_name()?;
    let options = WriteOptions::read(request, &RETURN_VALUES)?;
    let key = values::item(request.required("Key")?)?;
    let (update, condition) = update_and_condition(request)?;
    let item = UpdateItem {
        table: table.clone(),
        key,
        update: update.clone(),
        condition,
        sender: call.sender.clone(),
    };
    let outcome = call.engine.update_item(item).await.map_err(|error| options.refusal(error))?;
    Ok(options.answer(&table, &outcome, Some(&update)))
}

/// GetItem.
pub(super) async fn get(call: &Call<'_>) -> Answered {
    let request = &call.request;
    let table = call.table_name()?;
    let wanted = capacity::wanted(request)?;
    let consistent = request.truth("ConsistentRead")?.unwrap_or(false);
    let key = values::item(request.required("Key")?)?;
    let kinds = [ExpressionKind::Projection];
    let mut placeholders = expressions::placeholders(request, &kinds, &["AttributesToGet"])?;
    let projection = projection(request, &mut placeholders)?;
    placeholders.all_used()?;
    let sender = call.sender.clone();
    let get = GetItem { table: table.clone(), key, projection, sender };
    let found = call.engine.get_item(get).await?;
    let size = found.as_ref().map(item_size_bytes).unwrap_or_default();
    let mut body = Map::new();
    if let Some(item) = found {
        body.insert("Item".to_owned(), answer::item(&item));
    }
    capacity::add(&mut body, wanted, &table, capacity::read_half_units(size, consistent));
    Ok(Value::Object(body))
}

/// ProjectionExpression or AttributesToGet.
pub(super) fn projection(
    request: &Fields,
    placeholders: &mut Placeholders,
) -> Result<Option<Projection>, Refusal> {
    match request.text(ExpressionKind::Projection.name())? {
        Some(text) => Ok(Some(placeholders.projection(text)?)),
        None => legacy::attributes_to_get(request),
    }
}

/// ConditionExpression or Expected, where there is no other expression.
fn only_condition(request: &Fields) -> Result<Option<Condition>, Refusal> {
    let kinds = [ExpressionKind::Condition];
    let older = ["Expected", "ConditionalOperator"];
    let mut placeholders = expressions::placeholders(request, &kinds, &older)?;
    let condition = condition(request, &mut placeholders)?;
    placeholders.all_used()?;
    Ok(condition)
}

fn condition(
    request: &Fields,
    placeholders: &mut Placeholders,
) -> Result<Option<Condition>, Refusal> {
    let kind = ExpressionKind::Condition;
    match request.text(kind.name())? {
        Some(text) => Ok(Some(placeholders.condition(kind, text)?)),
        None => legacy::expected(request),
    }
}

fn update_and_condition(request: &Fields) -> Result<(Update, Option<Condition>), Refusal> {
    let kinds = [ExpressionKind::Update, ExpressionKind::Condition];
    let older = ["AttributeUpdates", "Expected", "ConditionalOperator"];
    let mut placeholders = expressions::placeholders(request, &kinds, &older)?;
    let update = match request.text(ExpressionKind::Update.name())? {
        Some(text) => Some(placeholders.update(text)?),
        None => legacy::attribute_updates(request)?,
    };
    let condition = condition(request, &mut placeholders)?;
    placeholders.all_used()?;
    // Without any update the item is made if there is none.
    Ok((update.unwrap_or_default(), condition))
}

/// What a write answers beyond that it was done.
struct WriteOptions {
    return_values: &'static str,
    item_on_failure: bool,
    capacity: capacity::Wanted,
}

impl WriteOptions {
    fn read(request: &Fields, allowed: &[&str]) -> Result<Self, Refusal> {
        let return_values = request.one_of("ReturnValues", &RETURN_VALUES)?.unwrap_or("NONE");
        if !allowed.contains(&return_values) {
            return Err(Refusal::validation("ReturnValues can only be ALL_OLD or NONE"));
        }
        let return_values =
            RETURN_VALUES.into_iter().find(|each| *each == return_values).unwrap_or("NONE");
        let on_failure =
            request.one_of("ReturnValuesOnConditionCheckFailure", &["ALL_OLD", "NONE"])?;
        // Item collections exist only in tables with local secondary indexes.
        request.one_of("ReturnItemCollectionMetrics", &["SIZE", "NONE"])?;
        Ok(Self {
            return_values,
            item_on_failure: on_failure == Some("ALL_OLD"),
            capacity: capacity::wanted(request)?,
        })
    }

    fn refusal(&self, error: TableError) -> Refusal {
        let mut refusal = Refusal::from(error);
        if !self.item_on_failure {
            refusal.item = None;
        }
        refusal
    }

    fn answer(&self, table: &str, outcome: &WriteOutcome, update: Option<&Update>) -> Value {
        let touched = |item: &Item| update.map(|update| update.touched(item)).unwrap_or_default();
        let attributes = match self.return_values {
            "ALL_OLD" => outcome.before.clone(),
            "ALL_NEW" => outcome.after.clone(),
            "UPDATED_OLD" => outcome.before.as_ref().map(touched),
            "UPDATED_NEW" => outcome.after.as_ref().map(touched),
            _ => None,
        };
        let mut body = Map::new();
        if let Some(attributes) = attributes.filter(|attributes| !attributes.is_empty()) {
            body.insert("Attributes".to_owned(), answer::item(&attributes));
        }
        let half_units = capacity::write_half_units(outcome);
        capacity::add(&mut body, self.capacity, table, half_units);
        Value::Object(body)
    }
}
