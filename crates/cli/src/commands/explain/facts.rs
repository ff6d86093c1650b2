//! What a text says about the state, the lock and the request.

use std::collections::BTreeMap;

use super::address;
use super::secrets;

/// A longer value is no fact: an object key has at most 1024 bytes.
const VALUE_BYTES_MAX: usize = 1100;

/// Facts by name, in the order of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts(BTreeMap<&'static str, String>);

/// Where the value of a fact ends.
enum End {
    /// At a blank or at the text's end. What closes a sentence does not belong to it.
    Word,
    /// Before this text.
    Before(&'static str),
    /// After the last digit.
    Digits,
}

use End::{Before, Digits, Word};

/// What stands before a fact, and where it ends. The first one with a value counts.
const PLACES: &[(&str, &str, End)] = &[
    ("holder_id", "already locked: ID=", Word),
    ("given_lock_id", "lock ID '", Before("' does not match")),
    ("given_lock_id", "lock ID \"", Before("\" does not match")),
    ("given_lock_id", "lock id \"", Before("\" from s3 does not match")),
    ("given_lock_id", "lock id \"", Before("\" does not match")),
    ("given_lock_id", "lock info for lock ID \"", Before("\"")),
    ("given_lock_id", "it names lock ID ", Before(",")),
    ("lock_id", "Lock Info: ID: ", Word),
    ("lock_id", "existing lock ID '", Before("'")),
    ("lock_id", "existing lock (\"", Before("\")")),
    ("lock_id", "is held with lock ID ", Before(". Release")),
    ("lock_id", "with lock ID ", Before(" (through")),
    ("lock_id", "Error unlocking S3 state. Lock ID: ", Word),
    ("lock_id", "whether lock ", Before(" was taken is not known")),
    ("lock_id", "whether lock ", Before(" is left is not known")),
    ("path", " Path: ", Before(" Operation: ")),
    ("operation", " Operation: ", Before(" Who: ")),
    ("who", " Who: ", Before(" Version: ")),
    ("who", "the lock is held by ", Before(" with lock ID")),
    ("version", " Version: ", Before(" Created: ")),
    ("created", " Created: ", Before(" UTC")),
    ("info", " Info: ", Before(" Terraform acquires a")),
    ("info", " Info: ", Before(" OpenTofu acquires a")),
    ("bucket", "S3 bucket '", Before("'")),
    ("bucket", " Bucket: ", Before(" Key: ")),
    ("bucket", "from bucket \"", Before("\"")),
    ("bucket", "S3 bucket \"", Before("\"")),
    ("bucket", "Remote state S3 bucket ", Word),
    ("key", "with key '", Before("'")),
    ("key", " Key: ", Before(" Calculated checksum")),
    ("key", "the lock info \"", Before("\" from bucket")),
    ("address", "statelock refused this write of ", Before(": ")),
    ("address", "The lock on ", Before(" is held")),
    ("resource", "on resource: ", Before(" because")),
    ("resource", "on resource: \"", Before("\"")),
    ("resource", "on resource: ", Word),
    ("action", "is not authorized to perform: ", Word),
    ("principal", "User: ", Before(" is not authorized")),
    ("table", "within the DynamoDB table: ", Word),
    ("table", "Lock table ", Before(" does not exist")),
    ("calculated_checksum", "Calculated checksum: ", Word),
    ("calculated_checksum", "to the following value: ", Word),
    ("stored_checksum", "Stored checksum: ", Word),
    ("offered_serial", "cannot import state with serial ", Digits),
    ("offered_serial", "cannot overwrite existing state with serial ", Digits),
    ("offered_serial", "Offered: serial ", Digits),
    ("stored_serial", "over newer state with serial ", Digits),
    ("stored_serial", "Stored: serial ", Digits),
    ("offered_lineage", "cannot import state with lineage \"", Before("\"")),
    ("offered_lineage", "Offered: serial 0, lineage ", Word),
    ("stored_lineage", "over unrelated state with lineage \"", Before("\"")),
    ("version_id", "--version-id ", Before(" ")),
    ("workspace", "Workspace \"", Before("\"")),
    ("workspace", "Deleted workspace \"", Before("\"")),
    ("region", "expecting '", Before("'")),
    ("endpoint", "must be addressed using the specified endpoint: \"", Before("\"")),
    ("profile", "failed to get shared config profile, ", Word),
    ("url", "Failed to lock: LOCK ", Before(" giving up")),
    ("url", "Failed to unlock: UNLOCK ", Before(" giving up")),
    ("url", "Failed to upload state: POST ", Before(" giving up")),
    ("url", "Failed to upload state: PUT ", Before(" giving up")),
    ("attempts", "giving up after ", Digits),
    ("attempts", "exceeded maximum number of attempts, ", Digits),
    ("http_status", "StatusCode: ", Digits),
    ("http_status", "Unexpected HTTP response code ", Digits),
    ("http_status", "unexpected HTTP response code ", Digits),
    ("http_status", "HTTP error: ", Digits),
    ("request_id", "RequestID: ", Before(",")),
];

impl Facts {
    /// The facts of one error.
    pub(super) fn of(text: &str) -> Self {
        let mut facts = Self::default();
        for (name, before, end) in PLACES {
            if facts.get(name).is_none()
                && let Some(value) = value(text, before, end)
            {
                facts.set(name, &value);
            }
        }
        if let Some(created) = facts.get("created") {
            let created = format!("{created} UTC");
            facts.set("created", &created);
        }
        address::derive(text, &mut facts);
        facts
    }

    /// A fact, if the text says it.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Keeps a fact, without secrets. An empty one is none.
    pub(super) fn set(&mut self, name: &'static str, value: &str) {
        if !value.is_empty() {
            self.0.insert(name, secrets::hide(value));
        }
    }

    /// Forgets a fact.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Adds those of the same error that was met again. False if they are about something else.
    pub(super) fn merge(&mut self, other: &Self) -> bool {
        // Each attempt has its own.
        let is_of_attempt = |name: &str| matches!(name, "request_id" | "http_status" | "attempts");
        let differs = |(name, value): (&str, &str)| {
            !is_of_attempt(name) && self.get(name).is_some_and(|mine| mine != value)
        };
        if other.iter().any(differs) {
            return false;
        }
        for (name, value) in other.iter() {
            self.0.entry(name).or_insert_with(|| value.to_owned());
        }
        true
    }
}

/// The first value after `before` that is one.
fn value(text: &str, before: &str, end: &End) -> Option<String> {
    let found = text.match_indices(before).filter_map(|(at, _)| text.get(at + before.len()..));
    found.take(20).find_map(|rest| {
        let value = match end {
            Word => rest
                .split(' ')
                .next()
                .map(|word| word.trim_end_matches([',', ';', '.', '"', '\'', ':'])),
            Before(until) => {
                let near = rest.get(..rest.floor_char_boundary(VALUE_BYTES_MAX))?;
                near.find(until).and_then(|end| near.get(..end))
            }
            Digits => {
                let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                rest.get(..rest.len() - digits.len())
            }
        };
        let value = value.filter(|value| !value.is_empty() && value.len() <= VALUE_BYTES_MAX);
        value.map(|value| value.trim().to_owned())
    })
}

/// The names of all facts.
#[cfg(test)]
pub(super) fn names() -> std::collections::BTreeSet<&'static str> {
    PLACES.iter().map(|(name, ..)| *name).chain(address::DERIVED.iter().copied()).collect()
}
