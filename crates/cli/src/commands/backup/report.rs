//! What a backup holds, for people and for programs.

use std::path::Path;

use serde::Serialize;
use statelock_server::backup::{AuditMark, Manifest};
use time::OffsetDateTime;
use time::macros::format_description;

use super::BackupCommandError;
use crate::output;

/// The version of the JSON that is printed; members are added without a new one.
const SCHEMA: u32 = 1;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Made,
    Verified,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    backup: String,
    made_at_micros: u64,
    made_by: &'a str,
    bytes: u64,
    sha256: &'a str,
    credentials: bool,
    states: u64,
    objects: u64,
    locks: u64,
    audit: &'a AuditMark,
}

/// One line of JSON.
pub(super) fn json(manifest: &Manifest, backup: &Path) -> Result<String, BackupCommandError> {
    let document = Document {
        schema: SCHEMA,
        backup: backup.display().to_string(),
        made_at_micros: manifest.made_at_micros,
        made_by: &manifest.made_by,
        bytes: manifest.database.bytes,
        sha256: &manifest.database.sha256,
        credentials: manifest.credentials,
        states: manifest.states,
        objects: manifest.objects,
        locks: manifest.locks,
        audit: &manifest.audit,
    };
    let text = serde_json::to_string(&document).map_err(BackupCommandError::Json)?;
    Ok(text + "\n")
}

/// Lines for people.
pub(super) fn text(manifest: &Manifest, backup: &Path, told: Told) -> String {
    let backup = output::printable(&backup.display().to_string());
    let first = match told {
        Told::Made => format!("made the backup {backup}"),
        Told::Verified => {
            let made_at = moment(manifest.made_at_micros);
            format!("{backup} is whole, as it was made at {made_at}")
        }
    };
    let Manifest { states, objects, locks, .. } = manifest;
    let count = |number: u64, one: &str, many: &str| {
        if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
    };
    let holds = [
        count(*states, "state", "states"),
        count(*objects, "other object", "other objects"),
        count(*locks, "lock that was held", "locks that were held"),
    ];
    let key = if manifest.credentials { "the root access key" } else { "no access key" };
    format!(
        "{first}\n  \
         holds     {}, and {key}\n  \
         up to     {}\n  \
         database  {} bytes, SHA-256 {}\n",
        holds.join(", "),
        mark(&manifest.audit),
        manifest.database.bytes,
        manifest.database.sha256
    )
}

fn mark(audit: &AuditMark) -> String {
    match audit.at_micros {
        Some(at) => format!("audit record {}, of {}", audit.number, moment(at)),
        None => "no audit record yet".to_owned(),
    }
}

fn moment(micros: u64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    let seconds = i64::try_from(micros / 1_000_000).unwrap_or(0);
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok();
    let text = moment.and_then(|moment| moment.format(format).ok());
    text.unwrap_or_else(|| format!("{micros} microseconds after 1970"))
}

#[cfg(test)]
mod tests {
    use statelock_server::backup::DatabaseFile;

    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            schema: 1,
            made_at_micros: 1_795_000_000_000_000,
            made_by: "0.1.0".to_owned(),
            database: DatabaseFile { bytes: 4096, sha256: "ab".to_owned() },
            credentials: true,
            access_key: None,
            states: 1,
            objects: 0,
            locks: 2,
            audit: AuditMark {
                number: 41,
                hash: "cd".to_owned(),
                at_micros: Some(1_794_999_999_000_000),
            },
        }
    }

    #[test]
    fn people_read_what_it_holds_and_up_to_when() {
        assert_eq!(
            text(&manifest(), Path::new("/backup/one"), Told::Made),
            "made the backup /backup/one\n  \
             holds     1 state, 0 other objects, 2 locks that were held, and the root access key\n  \
             up to     audit record 41, of 2026-11-18 11:06:39 UTC\n  \
             database  4096 bytes, SHA-256 ab\n"
        );
    }

    #[test]
    fn programs_read_every_number() {
        let document = json(&manifest(), Path::new("/backup/one")).unwrap();
        let value: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!(
            (&value["backup"], &value["bytes"], &value["states"], &value["locks"]),
            (&"/backup/one".into(), &4096.into(), &1.into(), &2.into())
        );
        assert_eq!(value["audit"]["number"], 41);
    }
}
