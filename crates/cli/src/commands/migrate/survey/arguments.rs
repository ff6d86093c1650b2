//! What is known of a backend's arguments, from its files and, where they lack something, from the last init.

use statelock_config::tree::{ModuleBackend, RootModule};
use statelock_config::{Arguments, ConfiguredBackend, Source, Value};

use super::phase::LockPhase;

/// Puts them together. What the files lack is taken from the last init only where that can be about no
/// other backend than this one.
pub(super) fn of(backend: &ModuleBackend, module: &RootModule) -> Arguments {
    let lacks = ["bucket", "key"].iter().any(|name| backend.arguments.get(name).is_none());
    let initialised = module.initialised.as_ref().filter(|one| one.kind == "s3");
    match initialised {
        Some(initialised)
            if lacks && module.backends.len() == 1 && agrees(initialised, backend) =>
        {
            let mut arguments = initialised.arguments.clone();
            arguments.merge(backend.arguments.clone());
            arguments
        }
        Some(_) | None => backend.arguments.clone(),
    }
}

/// Whether what is written of the state's place is what was initialised.
fn agrees(initialised: &ConfiguredBackend, backend: &ModuleBackend) -> bool {
    ["bucket", "key"].iter().all(|name| match backend.arguments.get(name) {
        None => true,
        Some(written) => initialised.arguments.get(name) == Some(written),
    })
}

/// A text that is not empty.
pub(super) fn text(arguments: &Arguments, name: &str) -> Option<String> {
    match arguments.get(name)? {
        Value::Text(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Text(_) | Value::Bool(_) | Value::List(_) | Value::Map(_) => None,
    }
}

/// `true`, in the forms that Terraform converts.
pub(super) fn is_true(arguments: &Arguments, name: &str) -> bool {
    match arguments.get(name) {
        Some(Value::Bool(value)) => *value,
        Some(Value::Text(text)) => text == "true" || text == "1",
        Some(Value::Number(_) | Value::List(_) | Value::Map(_)) | None => false,
    }
}

/// Where an argument, or an attribute in an object, stands.
pub(super) fn source(arguments: &Arguments, path: &[&str]) -> Option<Source> {
    let (name, rest) = path.split_first()?;
    let mut value = arguments.get(name)?;
    for attribute in rest {
        let Value::Map(entries) = value else { return None };
        value = entries.get(*attribute)?;
    }
    arguments.source(name).cloned()
}

/// How the states are locked; `None` if the files do not tell.
pub(super) fn phase(backend: &ModuleBackend, known: &Arguments) -> Option<LockPhase> {
    let is_open = |name: &str| {
        known.get(name).is_none() && backend.expressions.iter().any(|one| one.argument == name)
    };
    if is_open("use_lockfile") {
        return None;
    }
    let has_table = text(known, "dynamodb_table").is_some() || is_open("dynamodb_table");
    let uses_lockfile = is_true(known, "use_lockfile");
    let is_whole = ["bucket", "key"].iter().all(|name| known.get(name).is_some() || is_open(name));
    match LockPhase::of(has_table, uses_lockfile) {
        // What is still to be given at init may be the lock.
        LockPhase::Unlocked if !is_whole => None,
        phase => Some(phase),
    }
}
