//! Whether the last init set up what the files say.

use statelock_config::{Arguments, ConfiguredBackend, S3Arguments, Value};

use super::arguments;
use super::unit::Unit;

/// The arguments that say which state it is and how it is locked.
const COMPARED: [&str; 6] =
    ["bucket", "key", "region", "workspace_key_prefix", "dynamodb_table", "use_lockfile"];

/// What `workspace_key_prefix` is where it is not set.
const PREFIX: &str = "env:";

/// Whether a directory is initialised with the state of this unit. The same names in another store are another state.
pub(super) fn is_same_state(unit: &Unit, initialised: &ConfiguredBackend) -> bool {
    let is_open = |name: &str| unit.expressions.iter().any(|one| one.argument == name);
    let prefix =
        |arguments| text(Arguments::get(arguments, "workspace_key_prefix")).unwrap_or(PREFIX);
    initialised.kind == "s3"
        && !differs(unit, initialised, "region")
        && (is_open("workspace_key_prefix")
            || prefix(&unit.arguments) == prefix(&initialised.arguments))
        && (["endpoints", "endpoint"].into_iter().any(is_open) || is_same_store(unit, initialised))
        && ["bucket", "key"].iter().all(|name| {
            let was = initialised.arguments.get(name);
            was.is_some() && was == unit.arguments.get(name)
        })
}

/// Whether both are reached at the same place. Where lock tables are reached does not matter: the way to lockfiles alone takes it
/// out of the files.
fn is_same_store(unit: &Unit, initialised: &ConfiguredBackend) -> bool {
    let endpoint = |s3: S3Arguments| s3.endpoints.s3.filter(|url| !url.is_empty());
    let read = |arguments| S3Arguments::read(arguments).map(endpoint);
    match (read(&unit.arguments), read(&initialised.arguments)) {
        (Ok(now), Ok(was)) => now == was,
        // What cannot be read as a whole is at least to be the same.
        (Err(_), _) | (_, Err(_)) => ["endpoints", "endpoint"]
            .into_iter()
            .all(|name| unit.arguments.get(name) == initialised.arguments.get(name)),
    }
}

/// Where the files and the last init of a unit differ: the arguments' names; `backend` for another kind.
pub(super) fn differences(unit: &Unit, initialised: &ConfiguredBackend) -> Vec<&'static str> {
    if initialised.kind != "s3" {
        return vec!["backend"];
    }
    let is_open = |name: &str| unit.expressions.iter().any(|one| one.argument == name);
    COMPARED.into_iter().filter(|name| !is_open(name) && differs(unit, initialised, name)).collect()
}

fn differs(unit: &Unit, initialised: &ConfiguredBackend, name: &str) -> bool {
    match name {
        "use_lockfile" => {
            arguments::is_true(&unit.arguments, name)
                != arguments::is_true(&initialised.arguments, name)
        }
        // An environment variable may stand for it at init; it is not written down then.
        "region" => match (text(unit.arguments.get(name)), text(initialised.arguments.get(name))) {
            (Some(written), Some(was)) => written != was,
            (Some(_) | None, None) | (None, Some(_)) => false,
        },
        _ => text(unit.arguments.get(name)) != text(initialised.arguments.get(name)),
    }
}

fn text(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::Text(text)) if !text.is_empty() => Some(text),
        Some(
            Value::Text(_) | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_),
        )
        | None => None,
    }
}
