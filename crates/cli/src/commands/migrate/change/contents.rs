//! The bytes of a file before and after.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use statelock_config::Place;
use statelock_config::edit::{ArgumentChange, ByHand, EditError, Form, NewValue, edited_text};

use super::super::files::{hash, shown};
use super::super::record::{Change, Direction, Home, Manifest};
use super::super::survey::{FileRole, LockPhase};

/// The text of a file after changes; the same as before if there is nothing to change.
///
/// # Errors
/// What has to be changed by hand instead.
pub(super) fn edited(
    path: &Path,
    role: FileRole,
    before: &[u8],
    changes: &[ArgumentChange],
) -> Result<Vec<u8>, Vec<ByHand>> {
    let path = &shown(path);
    let place = || Place { file: path.clone(), line: None };
    let Ok(text) = std::str::from_utf8(before) else {
        let (reason, change) = ("it is not UTF-8".to_owned(), "save it as UTF-8".to_owned());
        return Err(vec![ByHand { place: place(), reason, change }]);
    };
    match edited_text(path, form(path, role, text), text, changes) {
        Ok(edited) if edited.backends == 0 => Err(vec![ByHand {
            place: place(),
            reason: "no s3 backend was found in it".to_owned(),
            change: "make the change where the backend is written".to_owned(),
        }]),
        Ok(edited) => Ok(edited.text.into_bytes()),
        Err(EditError::ByHand(by_hand)) => Err(by_hand),
        Err(EditError::Invalid(error)) => {
            Err(vec![ByHand { place: place(), reason: error.to_string(), change: error.hint() }])
        }
    }
}

fn form(path: &Path, role: FileRole, text: &str) -> Form {
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    match role {
        FileRole::Module => Form::of(path, text),
        FileRole::Partial if is_json => Form::BackendConfigJson,
        FileRole::Partial => Form::BackendConfig,
        FileRole::Terragrunt => Form::Terragrunt,
    }
}

/// Whether a text says that a lockfile is used.
pub(super) fn uses_lockfile(path: &Path, role: FileRole, text: &[u8]) -> bool {
    let change = ArgumentChange::Set {
        name: "use_lockfile",
        value: NewValue::Bool(true),
        after: "dynamodb_table",
    };
    edited(path, role, text, &[change]).is_ok_and(|after| after == text)
}

/// Whether a text names a lock table.
pub(super) fn names_table(path: &Path, role: FileRole, text: &[u8]) -> bool {
    // The second one is terragrunt's old name for it.
    let names: [&'static [&'static str]; 2] = [&["dynamodb_table"], &["lock_table"]];
    names.into_iter().any(|name| written(path, role, text, name).is_some())
}

/// Whether a text names a lock table, and another one than this.
pub(super) fn names_other_table(path: &Path, role: FileRole, text: &[u8], table: &str) -> bool {
    names_table(path, role, text)
        && edited(path, role, text, &[super::back::set_table(table)]).is_ok_and(|new| new != text)
}

/// An argument as it stands in a text, if it does.
pub(super) fn written(
    path: &Path,
    role: FileRole,
    text: &[u8],
    argument: &'static [&'static str],
) -> Option<String> {
    let without = edited(path, role, text, &[ArgumentChange::Remove { path: argument }]).ok()?;
    let length = text.len().checked_sub(without.len()).filter(|length| *length > 0)?;
    let same = text.iter().zip(&without).take_while(|(one, two)| one == two).count();
    // What follows may begin as the argument does: where it began is where its line, or its object, did.
    let begins = |at: &usize| {
        at.checked_sub(1)
            .is_none_or(|before| text.get(before).is_some_and(|byte| b"\n{,".contains(byte)))
    };
    let is_cut = |at: &usize| {
        text.get(..*at) == without.get(..*at) && text.get(at + length..) == without.get(*at..)
    };
    let start = (0..=same).rev().filter(is_cut).find(begins).unwrap_or(same);
    let cut = String::from_utf8_lossy(text.get(start..start + length)?);
    Some(cut.trim_matches([' ', '\t', '\r', '\n', ',']).to_owned())
}

/// The hash of the kept bytes that a file had in phase `to`, if it is still as it was written since.
pub(super) fn kept(
    manifest: &Manifest,
    (home, path): (&Home, &Path),
    now: &[u8],
    to: LockPhase,
) -> Option<String> {
    let name = home.name_of(path).ok()?;
    let now = hash(now);
    let by_result: BTreeMap<&str, &Change> = manifest
        .changes
        .iter()
        .filter(|one| one.file == name && one.direction == Direction::Forward && one.phase > to)
        .map(|one| (one.to.as_str(), one))
        .collect();
    let (mut current, mut seen) = (now.clone(), BTreeSet::new());
    while let Some(change) = by_result.get(current.as_str()) {
        // A change and its opposite would go on for ever.
        if !seen.insert(current.clone()) {
            return None;
        }
        current.clone_from(&change.from);
    }
    (current != now).then_some(current)
}
