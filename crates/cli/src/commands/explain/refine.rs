//! What the words of an error cannot tell and its facts can: whose lock is shown.

use super::facts::Facts;
use super::normalise::{Line, Normal};

/// Names of facts about the attempt that was refused, where a text shows that one instead of the holder's.
const OWN: &[(&str, &str)] = &[
    ("who", "own_who"),
    ("operation", "own_operation"),
    ("created", "own_created"),
    ("version", "own_version"),
];
/// An attempt that was answered and refused again took its lock at most so long ago: the SDK's five
/// attempts, each with the longest wait.
const RETRIES_SECONDS_MAX: i64 = 120;

const OWN_LOCK: &str = "own-lock-after-lost-answer";

/// What the prefixes of a log's lines say about time, in seconds since 1970.
pub(super) struct Times {
    /// When the log began.
    began: Option<i64>,
    /// When the error was printed.
    failed: Option<i64>,
}

impl Times {
    /// Those of an error that begins at `line`.
    pub(super) fn of(normal: &Normal, line: Option<&Line>) -> Self {
        let began = normal.lines.iter().find_map(|line| line.unix_seconds);
        Self { began, failed: line.and_then(|line| line.unix_seconds) }
    }
}

/// The id that the facts make of `id`; corrects the facts of what they were taken for.
pub(super) fn refine(
    id: &'static str,
    facts: &mut Facts,
    text: &str,
    times: &Times,
) -> &'static str {
    match id {
        "http-lock-held" => http(facts, text),
        "lock-held" if taken_during_this_run(facts, times) => OWN_LOCK,
        other => other,
    }
}

/// Terraform before 1.15 shows its own lock info, beside the holder's ID.
fn http(facts: &mut Facts, text: &str) -> &'static str {
    let Some(holder) = facts.take("holder_id") else { return "http-lock-held" };
    let Some(shown) = facts.get("lock_id").map(str::to_owned) else {
        facts.set("lock_id", &holder);
        return "http-lock-held";
    };
    if holder == shown {
        let is_own = !text.contains("OpenTofu") && facts.get("version").is_some_and(shows_its_own);
        return if is_own { OWN_LOCK } else { "http-lock-held" };
    }
    facts.set("own_lock_id", &shown);
    facts.set("lock_id", &holder);
    for (name, own) in OWN {
        if let Some(value) = facts.take(name) {
            facts.set(own, &value);
        }
    }
    "http-lock-held"
}

/// Whether Terraform of this version shows its own lock info when the lock is held.
fn shows_its_own(version: &str) -> bool {
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u32>().ok());
    matches!(
        (parts.next().flatten(), parts.next().flatten()),
        (Some(0), _) | (Some(1), Some(..=14))
    )
}

/// Whether the lock that is in the way was made after this log began, and just before it was refused.
fn taken_during_this_run(facts: &Facts, times: &Times) -> bool {
    match (times.began, times.failed, facts.get("created").and_then(unix_seconds)) {
        (Some(began), Some(failed), Some(created)) => {
            created >= began && (0..=RETRIES_SECONDS_MAX).contains(&failed.saturating_sub(created))
        }
        _ => false,
    }
}

/// Of `2026-11-21 20:58:50.520622851 +0000 UTC`.
fn unix_seconds(created: &str) -> Option<i64> {
    let mut words = created.split(' ');
    let text = format!("{}T{}Z", words.next()?, words.next()?);
    let format = &time::format_description::well_known::Rfc3339;
    time::OffsetDateTime::parse(&text, format).ok().map(time::OffsetDateTime::unix_timestamp)
}

#[cfg(test)]
mod tests {
    use super::{shows_its_own, unix_seconds};

    #[test]
    fn versions_and_times_are_read() {
        for (version, own) in [
            ("1.11.4", true),
            ("0.15.5", true),
            ("1.14.0-rc1", true),
            ("1.15.0", false),
            ("2.0", false),
            ("x", false),
        ] {
            assert_eq!(shows_its_own(version), own, "{version}");
        }
        assert_eq!(unix_seconds("1970-01-01 00:01:00.520622851 +0000 UTC"), Some(60));
        assert_eq!(unix_seconds("yesterday"), None);
    }
}
