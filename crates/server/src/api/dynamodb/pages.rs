//! Query and Scan.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::refusal::Refusal;
use super::{Answered, Call, answer, capacity, expressions, items, legacy, values};
use crate::engine::tables::expression::{
    Condition, ExpressionKind, KeyCondition, Placeholders, Projection,
};
use crate::engine::tables::{Page, QueryItems, ScanItems, Segment};
use crate::records::Item;

const SELECT: [&str; 4] =
    ["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"];
/// Parts of a table that one scan may be one of.
const SEGMENTS_MAX: i64 = 1_000_000;

/// Query.
pub(super) async fn query(call: &Call<'_>) -> Answered {
    let request = &call.request;
    let table = call.table_name()?;
    let kinds = [ExpressionKind::Projection, ExpressionKind::Filter, ExpressionKind::KeyCondition];
    let mut older = vec!["AttributesToGet", "QueryFilter", "ConditionalOperator"];
    // KeyConditions may stand beside expressions that are not about keys.
    if request.has(ExpressionKind::KeyCondition.name()) {
        older.push("KeyConditions");
    }
    let mut placeholders = expressions::placeholders(request, &kinds, &older)?;
    let common = Common::read(request, &mut placeholders, "QueryFilter")?;
    let keys = key_condition(request, &mut placeholders)?;
    placeholders.all_used()?;
    let query = QueryItems {
        table: table.clone(),
        keys,
        filter: common.filter.clone(),
        projection: common.projection.clone(),
        backwards: request.truth("ScanIndexForward")? == Some(false),
        after: common.after.clone(),
        limit: common.limit,
    };
    let page = call.engine.query(query).await?;
    Ok(common.answer(&table, page))
}

/// Scan.
pub(super) async fn scan(call: &Call<'_>) -> Answered {
    let request = &call.request;
    let table = call.table_name()?;
    let kinds = [ExpressionKind::Projection, ExpressionKind::Filter];
    let older = ["AttributesToGet", "ScanFilter", "ConditionalOperator"];
    let mut placeholders = expressions::placeholders(request, &kinds, &older)?;
    let common = Common::read(request, &mut placeholders, "ScanFilter")?;
    placeholders.all_used()?;
    let scan = ScanItems {
        table: table.clone(),
        filter: common.filter.clone(),
        projection: common.projection.clone(),
        after: common.after.clone(),
        limit: common.limit,
        segment: segment(request)?,
    };
    let page = call.engine.scan(scan).await?;
    Ok(common.answer(&table, page))
}

fn key_condition(
    request: &Fields,
    placeholders: &mut Placeholders,
) -> Result<KeyCondition, Refusal> {
    match request.text(ExpressionKind::KeyCondition.name())? {
        Some(text) => Ok(placeholders.key_condition(text)?),
        None => legacy::key_conditions(request)?.ok_or_else(|| {
            Refusal::validation(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in \
                 the request.",
            )
        }),
    }
}

fn segment(request: &Fields) -> Result<Option<Segment>, Refusal> {
    let number = request.bounded("Segment", 0, SEGMENTS_MAX - 1)?;
    let total = request.bounded("TotalSegments", 1, SEGMENTS_MAX)?;
    match (number, total) {
        (None, None) => Ok(None),
        (Some(_), None) => Err(Refusal::validation(
            "The TotalSegments parameter is required but was not present in the request when \
             Segment parameter is present",
        )),
        (None, Some(_)) => Err(Refusal::validation(
            "The Segment parameter is required but was not present in the request when parameter \
             TotalSegments is present",
        )),
        (Some(number), Some(total)) if number >= total => Err(Refusal::validation(format!(
            "The Segment parameter is zero-based and must be less than parameter TotalSegments: \
             Segment: {number} is not less than TotalSegments: {total}"
        ))),
        (Some(number), Some(total)) => Ok(Some(Segment { number, total })),
    }
}

/// What both operations have.
struct Common {
    filter: Option<Condition>,
    projection: Option<Projection>,
    after: Option<Item>,
    limit: Option<usize>,
    only_count: bool,
    consistent: bool,
    capacity: capacity::Wanted,
}

impl Common {
    fn read(
        request: &Fields,
        placeholders: &mut Placeholders,
        older_filter: &str,
    ) -> Result<Self, Refusal> {
        request.refuse(&["IndexName"])?;
        let limit = request.bounded("Limit", 1, i64::from(i32::MAX))?;
        let after = request.get("ExclusiveStartKey").map(values::item).transpose()?;
        let filter = match request.text(ExpressionKind::Filter.name())? {
            Some(text) => Some(placeholders.condition(ExpressionKind::Filter, text)?),
            None => legacy::filter(request, older_filter)?,
        };
        let projection = items::projection(request, placeholders)?;
        Ok(Self {
            only_count: only_count(request, projection.is_some())?,
            filter,
            projection,
            after,
            limit: limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX)),
            consistent: request.truth("ConsistentRead")?.unwrap_or(false),
            capacity: capacity::wanted(request)?,
        })
    }

    fn answer(&self, table: &str, page: Page) -> Value {
        let mut body = Map::new();
        body.insert("Count".to_owned(), page.items.len().into());
        body.insert("ScannedCount".to_owned(), page.scanned.into());
        if !self.only_count {
            let items = page.items.iter().map(answer::item).collect();
            body.insert("Items".to_owned(), Value::Array(items));
        }
        if let Some(key) = page.last_key {
            body.insert("LastEvaluatedKey".to_owned(), answer::item(&key));
        }
        let half_units = capacity::read_half_units(page.scanned_size_bytes, self.consistent);
        capacity::add(&mut body, self.capacity, table, half_units);
        Value::Object(body)
    }
}

/// Select, which must fit the projection.
fn only_count(request: &Fields, has_projection: bool) -> Result<bool, Refusal> {
    match request.one_of("Select", &SELECT)? {
        Some("ALL_PROJECTED_ATTRIBUTES") => Err(Refusal::validation(
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
        )),
        Some("SPECIFIC_ATTRIBUTES") if !has_projection => Err(Refusal::validation(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get \
             SPECIFIC_ATTRIBUTES",
        )),
        Some(choice @ ("COUNT" | "ALL_ATTRIBUTES")) if has_projection => {
            let member = if request.has(ExpressionKind::Projection.name()) {
                "ProjectionExpression"
            } else {
                "AttributesToGet"
            };
            let only = if choice == "COUNT" { "only the Count" } else { "ALL_ATTRIBUTES" };
            Err(Refusal::validation(format!(
                "Cannot specify the {member} when choosing to get {only}"
            )))
        }
        choice => Ok(choice == Some("COUNT")),
    }
}
