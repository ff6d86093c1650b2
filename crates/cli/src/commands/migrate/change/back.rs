//! The way back: the very files that were changed on the way there.

use std::path::{Path, PathBuf};

use statelock_config::edit::{ArgumentChange, NewValue};
use statelock_config::tree::{Completion, Runner};

use super::super::record::{Direction, Homes, RecordError};
use super::super::survey::{FileRole, LockPhase, Unit};
use super::decide::{real, used};
use super::edits::Wanted;
use super::{Manifests, Request};

/// What a unit wants changed, given what an edit by its present arguments would be. On the way back, the
/// files that the record knows to have been changed go before those: a table that stood in one file is
/// not to be written into another.
///
/// # Errors
/// [`RecordError`]
pub(super) fn wanted(
    unit: &Unit,
    to: LockPhase,
    by_arguments: Vec<Wanted>,
    request: &Request,
    homes: &mut Homes,
    manifests: &Manifests,
) -> Result<Vec<Wanted>, RecordError> {
    if request.goal.direction() == Direction::Forward {
        return Ok(by_arguments);
    }
    let template = by_arguments.first().and_then(|one| one.change.clone());
    let mut recorded = Vec::new();
    for file in used(unit) {
        let home = file.parent().map(|parent| homes.of(parent)).transpose()?.flatten();
        let Some((home, manifest)) = home.and_then(|home| {
            let manifest = manifests.get(&home)?;
            Some((home, manifest))
        }) else {
            continue;
        };
        let Ok(name) = home.name_of(&file) else { continue };
        let was_changed = manifest.changes.iter().any(|change| {
            change.file == name && change.direction == Direction::Forward && change.phase > to
        });
        if was_changed {
            let role = role(unit, &file);
            recorded.push(Wanted { file, role, change: template.clone() });
        }
    }
    Ok(if recorded.is_empty() { by_arguments } else { recorded })
}

/// What a file is to a unit.
pub(super) fn role(unit: &Unit, file: &Path) -> FileRole {
    let is = |path: &PathBuf| real(path) == file;
    let completes = unit.completed_by.iter().any(|one| match one {
        Completion::File(path) => is(path),
        Completion::CommandLine { .. } => false,
    });
    let is_hcl = file.extension().is_some_and(|extension| extension == "hcl");
    match unit.runner {
        Runner::Terraform | Runner::Terragrunt if completes => FileRole::Partial,
        Runner::Terragrunt if is_hcl => FileRole::Terragrunt,
        Runner::Terraform | Runner::Terragrunt => FileRole::Module,
    }
}

/// The lock table that a way back writes where the original bytes cannot be restored.
pub(super) fn set_table(table: &str) -> ArgumentChange {
    let value = NewValue::Text(table.to_owned());
    ArgumentChange::Set { name: "dynamodb_table", value, after: "key" }
}
