//! What was found and made, for people and as JSON.

use serde::Serialize;

use super::making::Outcome;
use super::standing::{Ended, Ending};
use super::wanted::Wanted;
use crate::output::printable;

/// The version of the JSON that is printed; members are added without a new one.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    bucket: &'a str,
    region: &'a str,
    lock_table: Option<&'a str>,
    dry_run: bool,
    /// Whether nothing had to be done, and nothing is other than wanted.
    as_wanted: bool,
    steps: &'a [Ended],
    warnings: &'a [String],
}

/// As JSON on one line.
///
/// # Errors
/// Never, as far as is known.
pub(super) fn json(wanted: &Wanted, outcome: &Outcome) -> Result<String, serde_json::Error> {
    let document = Document {
        schema: SCHEMA,
        bucket: &wanted.bucket,
        region: &outcome.region,
        lock_table: wanted.table.as_deref(),
        dry_run: wanted.is_dry,
        as_wanted: outcome.ended.iter().all(|one| one.ending == Ending::Already),
        steps: &outcome.ended,
        warnings: &outcome.warnings,
    };
    serde_json::to_string(&document).map(|text| text + "\n")
}

/// A line for each step.
pub(super) fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    for Ended { step, ending, text: what, not_applied } in &outcome.ended {
        let line = format!("{:<11} {:<23} {}", ending.words(), step.words(), printable(what));
        text.push_str(line.trim_end());
        text.push('\n');
        if let Some(not_applied) = not_applied {
            let line = format!("{:<35} without effect: {}\n", "", printable(not_applied));
            text.push_str(&line);
        }
    }
    text
}

/// What to say beside it.
pub(super) fn note(outcome: &Outcome) -> Option<&'static str> {
    let has = |ending| outcome.ended.iter().any(|one| one.ending == ending);
    if has(Ending::Failed) {
        return None;
    }
    if has(Ending::KeptDifferent) {
        return Some(
            "what is other than wanted was kept; --change-existing changes it, where that can be",
        );
    }
    match (has(Ending::WouldDo), has(Ending::Done)) {
        (true, _) => Some("nothing was changed; without --dry-run it is"),
        (false, true) => None,
        (false, false) => Some("everything was as wanted; nothing was changed"),
    }
}
