//! What could not be removed, and how to remove it.

use std::process;

use statelock_client::probe::{Cleaned, Left, LeftThing, Probe};

use super::arguments::ProbeArgs;
use super::error::ProbeVerbError;
use crate::output;
use crate::output::printable;

/// So many things are named one by one.
const NAMED_MAX: usize = 10;

/// Says what is left, and by which command it goes.
pub(super) fn warn(command: &str, cleaned: &Cleaned) {
    if cleaned.left.is_empty() {
        return;
    }
    for left in cleaned.left.iter().take(NAMED_MAX) {
        output::warning(&named(left));
    }
    let count = cleaned.left.len();
    let more = count.saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" ({more} of them are not named)") } else { String::new() };
    output::warning(&format!(
        "{count} things could not be removed{more}; to remove them: {command}"
    ));
}

/// Says which things of other probes were left alone, because these may still run.
pub(super) fn note_young(command: &str, prefixes: &[String]) {
    let Some(first) = prefixes.first() else { return };
    let more = match prefixes.len() {
        1 => String::new(),
        count => format!(" (and {} others)", count - 1),
    };
    output::note(&printable(&format!(
        "another probe left something below `{first}`{more} less than an hour ago: where none runs any more, remove it: \
         {command}"
    )));
}

fn named(Left { what, why }: &Left) -> String {
    printable(&format!("{} is left: {why}", thing(what)))
}

/// A thing in words.
pub(super) fn thing(what: &LeftThing) -> String {
    match what {
        LeftThing::Object { key, version_id: None } => format!("object `{key}`"),
        LeftThing::Object { key, version_id: Some(id) } => format!("version {id} of `{key}`"),
        LeftThing::Upload { key, upload_id } => format!("upload {upload_id} of `{key}`"),
        LeftThing::Item { table, lock_id } => format!("item `{lock_id}` of table `{table}`"),
        LeftThing::Everything { prefix } => format!("what is below `{prefix}`"),
    }
}

/// Tells what `--clean` did.
pub(super) fn told(
    args: &ProbeArgs,
    probe: &Probe,
    cleaned: &Cleaned,
) -> Result<process::ExitCode, ProbeVerbError> {
    let text = if args.json {
        let document = serde_json::json!({
            "schema": super::document::SCHEMA,
            "keys_below": probe.directory(),
            "removed": removed(cleaned),
            "left": lefts(cleaned),
        });
        format!("{document}\n")
    } else {
        let Cleaned { objects, uploads, items, .. } = cleaned;
        format!(
            "removed below {}: objects and versions: {objects}, uploads: {uploads}, items: {items}\n",
            printable(&format!("s3://{}/{}", probe.target().bucket, probe.directory()))
        )
    };
    output::data(&text).map_err(ProbeVerbError::Stdout)?;
    if cleaned.left.is_empty() {
        return Ok(process::ExitCode::SUCCESS);
    }
    warn(&args.command_to_clean(), cleaned);
    let hint = "check which credentials are used; it needs s3:DeleteObject, and in a bucket that keeps versions \
                s3:ListBucketVersions and s3:DeleteObjectVersion; for items dynamodb:DeleteItem";
    let what = "not all that earlier probes left could be removed".to_owned();
    Err(ProbeVerbError::NotCleaned(what, hint.to_owned()))
}

/// For programs.
pub(super) fn removed(cleaned: &Cleaned) -> serde_json::Value {
    let Cleaned { objects, uploads, items, .. } = cleaned;
    serde_json::json!({ "objects": objects, "uploads": uploads, "items": items })
}

/// For programs.
pub(super) fn lefts(cleaned: &Cleaned) -> Vec<serde_json::Value> {
    let one = |left: &Left| {
        let mut value = match &left.what {
            LeftThing::Object { key, version_id } => {
                serde_json::json!({ "kind": "object", "key": key, "version_id": version_id })
            }
            LeftThing::Upload { key, upload_id } => {
                serde_json::json!({ "kind": "upload", "key": key, "upload_id": upload_id })
            }
            LeftThing::Item { table, lock_id } => {
                serde_json::json!({ "kind": "item", "table": table, "lock_id": lock_id })
            }
            LeftThing::Everything { prefix } => {
                serde_json::json!({ "kind": "prefix", "prefix": prefix })
            }
        };
        if let Some(members) = value.as_object_mut() {
            members.insert("because".to_owned(), left.why.clone().into());
        }
        value
    };
    cleaned.left.iter().map(one).collect()
}
