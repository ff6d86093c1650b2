//! ConsumedCapacity: what the service would bill. Nothing is bounded by it here.

use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::refusal::Refusal;
use crate::engine::tables::WriteOutcome;
use crate::records::item_size_bytes;

/// Whether the request wants to know, and in how much detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Nothing,
    Total,
    Indexes,
}

/// Reads ReturnConsumedCapacity.
pub(super) fn wanted(request: &Fields) -> Result<Wanted, Refusal> {
    let given = request.one_of("ReturnConsumedCapacity", &["INDEXES", "TOTAL", "NONE"])?;
    Ok(match given {
        Some("TOTAL") => Wanted::Total,
        Some("INDEXES") => Wanted::Indexes,
        Some(_) | None => Wanted::Nothing,
    })
}

/// Half units of a read: one for each 4 KiB, two if it is consistent.
pub(super) fn read_half_units(size_bytes: usize, consistent: bool) -> usize {
    let blocks = size_bytes.div_ceil(4096).max(1);
    if consistent { blocks.saturating_mul(2) } else { blocks }
}

/// Half units of a write: two for each KiB of the larger of both items.
pub(super) fn write_half_units(outcome: &WriteOutcome) -> usize {
    let items = [&outcome.before, &outcome.after];
    let size = items.into_iter().flatten().map(item_size_bytes).max().unwrap_or(0);
    size.div_ceil(1024).max(1).saturating_mul(2)
}

/// The member for one table; nothing if it was not wanted.
pub(super) fn consumed(wanted: Wanted, table: &str, half_units: usize) -> Option<Value> {
    let halves = u32::try_from(half_units).unwrap_or(u32::MAX);
    let units = f64::from(halves) / 2.0;
    match wanted {
        Wanted::Nothing => None,
        Wanted::Total => Some(json!({ "TableName": table, "CapacityUnits": units })),
        Wanted::Indexes => Some(json!({
            "TableName": table,
            "CapacityUnits": units,
            "Table": { "CapacityUnits": units },
        })),
    }
}

/// Adds it to an answer.
pub(super) fn add(answer: &mut Map<String, Value>, wanted: Wanted, table: &str, half_units: usize) {
    if let Some(consumed) = consumed(wanted, table, half_units) {
        answer.insert("ConsumedCapacity".to_owned(), consumed);
    }
}
