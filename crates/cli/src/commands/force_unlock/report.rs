//! What was removed, and what that means.

use serde::Serialize;
use statelock_client::{ReleaseReport, StateBackend};
use statelock_protocol::lock::evidence::{Evidence, Life};

use super::meant::Meant;
use crate::backend::{had_a_window, outcome_word, place_name};

/// The version of the JSON that is printed; members are added without a new one.
const SCHEMA: u32 = 1;

/// What `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    schema: u32,
    address: String,
    lock_id: &'a str,
    places: Vec<RemovedPlace>,
    #[serde(skip_serializing_if = "Option::is_none")]
    holder: Option<&'a Evidence>,
}

#[derive(Debug, Serialize)]
struct RemovedPlace {
    facet: &'static str,
    place: String,
    outcome: &'static str,
}

/// What came of it.
pub(super) fn document<'a>(
    removed: &ReleaseReport,
    (lock_id, backend): (&'a str, &StateBackend),
    holder: Option<&'a Evidence>,
) -> Document<'a> {
    let places = removed.released.places.iter().map(|(place, outcome)| RemovedPlace {
        facet: place.facet().name(),
        place: place_name(place),
        outcome: outcome_word(outcome),
    });
    let address = backend.settings().address.to_string();
    Document { schema: SCHEMA, address, lock_id, places: places.collect(), holder }
}

/// What the user should know now.
pub(super) fn afterwards(
    removed: &ReleaseReport,
    meant: &Meant,
    evidence: Option<&Evidence>,
) -> Vec<String> {
    let mut lines = Vec::new();
    if had_a_window(removed) {
        lines.push(
            "this store is not known to check the condition of a delete: a lock that was taken in the moment \
             between the last look and the removal would be gone too"
                .to_owned(),
        );
    }
    lines.extend(meant.others().map(|other| format!("still locked, {other}")));
    let is_dead = evidence.is_some_and(|evidence| matches!(evidence.life, Life::Dead { .. }));
    if !is_dead {
        lines.push(
            "if its holder runs nevertheless, it goes on: it writes its state over what others write meanwhile, \
             and then says that it could not release the lock"
                .to_owned(),
        );
    }
    lines
}
