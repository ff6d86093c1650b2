//! What `gc` found and did, for people and as JSON.

use serde::Serialize;
use statelock_client::bucket::RefusedRemoval;

use super::running::Outcome;
use super::sweep::{Amount, Counts};
use crate::commands::migrate::prices::RegionPrices;
use crate::output::printable;

/// The version of the JSON that is printed; members are added without a new one.
const SCHEMA: u32 = 1;

/// Where it looked, and whether it was to remove.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// `s3://BUCKET` or `s3://BUCKET/PREFIX`, or the bucket of a directory.
    pub(super) place: &'a str,
    pub(super) removes: bool,
    pub(super) command: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    place: &'a str,
    dry_run: bool,
    /// Whether everything was looked at.
    complete: bool,
    listed_versions: u64,
    lockfiles: u64,
    held: u64,
    old_versions: AmountOut,
    delete_markers: AmountOut,
    removed_old_versions: AmountOut,
    removed_delete_markers: AmountOut,
    kept: Kept,
    usd_per_month: f64,
    usd_per_full_listing: f64,
    refused: Vec<RefusedOut<'a>>,
    last_key: Option<&'a str>,
}

#[derive(Serialize)]
struct AmountOut {
    versions: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct Kept {
    by_rule: u64,
    without_version_id: u64,
    markers_over_kept_versions: u64,
    by_object_lock: u64,
    refused: u64,
}

#[derive(Serialize)]
struct RefusedOut<'a> {
    key: &'a str,
    version_id: &'a str,
    code: &'a str,
    message: &'a str,
    object_lock: bool,
}

impl From<Amount> for AmountOut {
    fn from(Amount { versions, bytes }: Amount) -> Self {
        Self { versions, bytes }
    }
}

/// As JSON on one line.
///
/// # Errors
/// Never, as far as is known.
pub(super) fn json(asked: Asked<'_>, outcome: &Outcome) -> Result<String, serde_json::Error> {
    let counts = &outcome.sweep.counts;
    let document = Document {
        schema: SCHEMA,
        place: asked.place,
        dry_run: !asked.removes,
        complete: outcome.stopped.is_none(),
        listed_versions: outcome.listed,
        lockfiles: counts.lockfiles,
        held: counts.held,
        old_versions: counts.old.into(),
        delete_markers: counts.markers.into(),
        removed_old_versions: counts.removed_old.into(),
        removed_delete_markers: counts.removed_markers.into(),
        kept: Kept {
            by_rule: counts.kept_by_rule,
            without_version_id: counts.kept_nameless,
            markers_over_kept_versions: counts.kept_markers,
            by_object_lock: outcome.kept_by_object_lock,
            refused: outcome.refused,
        },
        usd_per_month: storage_usd(counts),
        usd_per_full_listing: listing_usd(counts),
        refused: outcome.named.iter().map(refused).collect(),
        last_key: outcome.last_key.as_deref().filter(|_| outcome.stopped.is_some()),
    };
    serde_json::to_string(&document).map(|text| text + "\n")
}

fn refused(one: &RefusedRemoval) -> RefusedOut<'_> {
    RefusedOut {
        key: one.version.key.as_str(),
        version_id: &one.version.id,
        code: &one.code,
        message: &one.message,
        object_lock: one.is_kept_by_object_lock(),
    }
}

/// For people.
pub(super) fn text(asked: Asked<'_>, outcome: &Outcome) -> String {
    let counts = &outcome.sweep.counts;
    let lockfiles = number(counts.lockfiles, "lockfile", "lockfiles");
    let mut lines = vec![format!("{}: {lockfiles}, {} held now", asked.place, counts.held)];
    let (old, markers) = if asked.removes {
        (counts.removed_old, counts.removed_markers)
    } else {
        (counts.old, counts.markers)
    };
    let verb = if asked.removes { "removed" } else { "would remove" };
    lines.push(format!("  {verb:<13} {}", amount(old, "old version", "old versions")));
    lines.push(format!("  {:<13} {}", "", amount(markers, "delete marker", "delete markers")));
    for (count, why) in [
        (counts.kept_by_rule, "by --keep-last or --older-than"),
        (
            counts.kept_nameless,
            "without a version id of their own, while versioning is not enabled",
        ),
        (counts.kept_markers, "delete markers over versions that stay"),
        (outcome.kept_by_object_lock, "kept by Object Lock, until their retention ends"),
        (outcome.refused, "that the store refused to remove"),
    ] {
        if count > 0 {
            lines.push(format!("  {:<13} {} {why}", "leaves", grouped(count)));
        }
    }
    lines.push(format!(
        "  {:<13} {} a month for storage, {} each time all of it is listed (S3 Standard, us-east-1)",
        "they cost",
        dollars(storage_usd(counts)),
        dollars(listing_usd(counts))
    ));
    for one in &outcome.named {
        let RefusedRemoval { version, code, message } = one;
        let key = printable(version.key.as_str());
        lines.push(format!("  still there: {key} {}: {code}: {}", version.id, printable(message)));
    }
    lines.join("\n") + "\n"
}

/// What to say beside the counts.
pub(super) fn note(asked: Asked<'_>, outcome: &Outcome) -> Option<String> {
    let counts = &outcome.sweep.counts;
    let nothing = counts.old.versions + counts.markers.versions == 0;
    match (asked.removes, nothing) {
        _ if outcome.stopped.is_some() => None,
        (_, true) => Some("there is nothing to remove".to_owned()),
        (false, false) => Some(format!("nothing was removed; to remove them: {}", asked.command)),
        (true, false) => None,
    }
}

/// How far the listing came.
pub(super) fn progress(outcome: &Outcome) -> String {
    match &outcome.last_key {
        Some(key) => format!(
            " to the end; it ended after {}, the last of `{}`",
            number(outcome.listed, "version", "versions"),
            printable(key)
        ),
        None => String::new(),
    }
}

fn amount(amount: Amount, one: &str, many: &str) -> String {
    format!("{}, {} bytes", number(amount.versions, one, many), grouped(amount.bytes))
}

fn number(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// Digits in groups of three.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn storage_usd(counts: &Counts) -> f64 {
    let bytes = counts.old.bytes.saturating_add(counts.markers.bytes);
    RegionPrices::usual().of_storage(bytes)
}

fn listing_usd(counts: &Counts) -> f64 {
    let versions = counts.old.versions.saturating_add(counts.markers.versions);
    RegionPrices::usual().of_listing(versions)
}

fn dollars(usd: f64) -> String {
    if usd < 0.01 { "less than $0.01".to_owned() } else { format!("${usd:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), text);
        }
    }

    #[test]
    fn prices_follow_bytes_and_versions() {
        let old = Amount { versions: 3_000_000, bytes: 600_000_000 };
        let markers = Amount { versions: 1_000_000, bytes: 400_000_000 };
        let counts = Counts { old, markers, ..Counts::default() };
        assert_eq!(dollars(storage_usd(&counts)), "$0.02");
        assert_eq!(dollars(listing_usd(&counts)), "$0.02");
        assert_eq!(dollars(storage_usd(&Counts::default())), "less than $0.01");
    }
}
