//! Prints states as they come.

use serde::Serialize;
use serde_json::json;
use statelock_client::listing::TableSummary;

use super::error::LsError;
use super::holder::Seen;
use super::json::{Line, StateOut};
use super::text::{Columns, Table};
use super::{LsArgs, SCHEMA};
use crate::output;

/// One of the forms of output.
pub(super) enum Printer {
    /// Lines for people.
    Text(Table),
    /// A JSON document per line.
    Lines,
    /// One JSON document, whose states are printed as they come.
    Document {
        /// Whether a state was printed.
        has_states: bool,
    },
}

impl Printer {
    pub(super) fn new(args: &LsArgs) -> Self {
        let columns = if args.states { Columns::States } else { Columns::Locks };
        match (args.json, args.jsonl) {
            (true, _) => Self::Document { has_states: false },
            (false, true) => Self::Lines,
            (false, false) => Self::Text(Table::new(columns)),
        }
    }

    pub(super) fn begin(&self, bucket: &str) -> Result<(), LsError> {
        match self {
            Self::Text(_) | Self::Lines => Ok(()),
            Self::Document { .. } => {
                print(&format!("{{\"schema\":{SCHEMA},\"bucket\":{},\"states\":[", text(&bucket)?))
            }
        }
    }

    pub(super) fn state(&mut self, bucket: &str, seen: &Seen) -> Result<(), LsError> {
        match self {
            Self::Text(table) => print(&table.render(bucket, seen)),
            Self::Lines => print(&(text(&Line::new(bucket, seen))? + "\n")),
            Self::Document { has_states } => {
                let between = if *has_states { ",\n" } else { "\n" };
                *has_states = true;
                print(&format!("{between}{}", text(&StateOut::new(bucket, seen))?))
            }
        }
    }

    /// `is_complete`: nothing that was asked for is missing.
    pub(super) fn end(
        &self,
        is_complete: bool,
        table: Option<&TableSummary>,
    ) -> Result<(), LsError> {
        match self {
            Self::Text(_) | Self::Lines => Ok(()),
            Self::Document { .. } => {
                let table = table.map(|table| {
                    json!({
                        "locks": table.locks,
                        "locks_outside": table.locks_outside,
                        "locks_of_other_buckets": table.locks_of_other_buckets,
                        "digests": table.digests,
                        "strange_items": table.strange_items,
                    })
                });
                print(&format!("\n],\"table\":{},\"complete\":{is_complete}}}\n", text(&table)?))
            }
        }
    }
}

pub(super) fn print(text: &str) -> Result<(), LsError> {
    output::data(text).map_err(LsError::Stdout)
}

/// JSON on one line.
pub(super) fn text(document: &impl Serialize) -> Result<String, LsError> {
    serde_json::to_string(document).map_err(LsError::Json)
}
