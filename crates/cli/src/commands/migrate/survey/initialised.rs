//! Whether the last init set up what the files say.

use statelock_config::{ConfiguredBackend, Value};

use super::arguments;
use super::unit::Unit;

/// The arguments that say which state it is and how it is locked.
const COMPARED: [&str; 6] =
    ["bucket", "key", "region", "workspace_key_prefix", "dynamodb_table", "use_lockfile"];

/// Whether a directory is initialised with the state of this unit.
pub(super) fn is_same_state(unit: &Unit, initialised: &ConfiguredBackend) -> bool {
    initialised.kind == "s3"
        && ["bucket", "key"].iter().all(|name| {
            let was = initialised.arguments.get(name);
            was.is_some() && was == unit.arguments.get(name)
        })
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
