//! The lock info: the JSON that clients store with a lock.
//!
//! Purpose: read what any client wrote, and write what Terraform would have written.
//! Stored shape: one JSON object without spaces, its seven fields always present and in this order:
//! `ID`, `Operation`, `Info`, `Who`, `Version`, `Created`, `Path`
//! (Terraform and OpenTofu: `internal/states/statemgr/locker.go`).
//!
//! Differences from Go's decoder, all of them on input that no client writes: an ID must be there
//! and be a [`LockId`]; the time must be strict RFC 3339; control characters may stand unescaped
//! in strings; field names fold ASCII case only.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::created_at::{CreatedAt, CreatedAtError};
use super::go_json::{self, GoString};
use super::id::{LockId, LockIdError};

/// Who holds a lock, since when, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockInfo {
    /// Names this acquisition.
    pub id: LockId,
    /// What the holder is doing, such as `OperationTypeApply`.
    pub operation: String,
    /// Free text; always empty from the command line of Terraform.
    pub info: String,
    /// `user@host` of the holder.
    pub who: String,
    /// The version of the program that took the lock.
    pub version: String,
    /// When the holder made this lock info, by the holder's clock.
    pub created: CreatedAt,
    /// What is locked, as the client names it: `bucket/key`, or empty for an `http` backend.
    pub path: String,
}

/// Why bytes are not a lock info.
#[derive(Debug, thiserror::Error)]
pub enum LockInfoError {
    /// There are no bytes, or only white space.
    #[error("the lock info is empty")]
    Empty,
    /// The bytes are not a JSON object with fields of the right types.
    #[error("could not read the lock info")]
    Unreadable(#[source] serde_json::Error),
    /// The lock ID is missing or unusable.
    #[error("the lock info has no usable ID")]
    Id(#[source] LockIdError),
    /// The time is not one.
    #[error("the lock info has no usable creation time")]
    Created(#[source] CreatedAtError),
}

impl LockInfo {
    /// Reads a lock info as Go's `json.Unmarshal` would: unknown fields are ignored, missing or
    /// `null` ones are empty, and field names match in any case.
    ///
    /// # Errors
    /// [`LockInfoError`]
    pub fn parse(bytes: &[u8]) -> Result<Self, LockInfoError> {
        if bytes.trim_ascii().is_empty() {
            return Err(LockInfoError::Empty);
        }
        let fields: Option<Fields> =
            serde_json::from_slice(bytes).map_err(LockInfoError::Unreadable)?;
        let fields = fields.unwrap_or_default();
        let created = match fields.created {
            Some(text) => CreatedAt::parse(&text.0).map_err(LockInfoError::Created)?,
            None => CreatedAt::go_zero(),
        };
        Ok(Self {
            id: LockId::parse(fields.id.0).map_err(LockInfoError::Id)?,
            operation: fields.operation.0,
            info: fields.info.0,
            who: fields.who.0,
            version: fields.version.0,
            created,
            path: fields.path.0,
        })
    }

    /// Writes the bytes that Go's `json.Marshal` writes for this lock info.
    pub fn marshal(&self) -> Vec<u8> {
        let created = self.created.to_string();
        let mut out = Vec::with_capacity(256);
        for (name, value) in [
            ("{\"ID\":", self.id.as_str()),
            (",\"Operation\":", &self.operation),
            (",\"Info\":", &self.info),
            (",\"Who\":", &self.who),
            (",\"Version\":", &self.version),
            (",\"Created\":", &created),
            (",\"Path\":", &self.path),
        ] {
            out.extend_from_slice(name.as_bytes());
            go_json::append_string(&mut out, value.as_bytes());
        }
        out.push(b'}');
        out
    }
}

/// The block that Terraform shows when a lock is held.
///
/// Control characters are escaped: the text is somebody else's, and goes to a terminal.
impl fmt::Display for LockInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock Info:\n")?;
        for (label, value) in [
            ("ID:        ", self.id.as_str()),
            ("Path:      ", &self.path),
            ("Operation: ", &self.operation),
            ("Who:       ", &self.who),
            ("Version:   ", &self.version),
            ("Created:   ", &self.created.to_human()),
            ("Info:      ", &self.info),
        ] {
            writeln!(f, "  {label}{}", printable(value))?;
        }
        Ok(())
    }
}

fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// A lock info as it stands in JSON, before its ID and time are judged.
#[derive(Default)]
struct Fields {
    id: GoString,
    operation: GoString,
    info: GoString,
    who: GoString,
    version: GoString,
    created: Option<GoString>,
    path: GoString,
}

impl Fields {
    /// The field that a JSON name means; Go matches names in any case.
    fn by_name(&mut self, name: &str) -> Option<&mut GoString> {
        match name.to_ascii_lowercase().as_str() {
            "id" => Some(&mut self.id),
            "operation" => Some(&mut self.operation),
            "info" => Some(&mut self.info),
            "who" => Some(&mut self.who),
            "version" => Some(&mut self.version),
            "path" => Some(&mut self.path),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(GoString(name)) = map.next_key()? {
            if let Some(field) = fields.by_name(&name) {
                // `null` leaves what an earlier duplicate set, as in Go.
                if let Some(value) = map.next_value()? {
                    *field = value;
                }
            } else if name.eq_ignore_ascii_case("created") {
                fields.created = map.next_value::<Option<GoString>>()?.or(fields.created);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(fields)
    }
}

#[cfg(test)]
#[path = "info_tests.rs"]
mod tests;
