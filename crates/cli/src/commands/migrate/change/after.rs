//! The bytes that a file gets: kept ones where they fit, else an edit.

use std::path::Path;

use statelock_config::Place;
use statelock_config::edit::{ArgumentChange, ByHand, NewValue};

use super::super::files::{hash, shown};
use super::super::record::{Direction, Home};
use super::super::survey::{FileRole, LockPhase};
use super::decide::Kept;
use super::obstacle::{Obstacle, ObstacleId};
use super::{Fate, Goal, Manifests, Request, contents, goal};

/// What goes with a lock table beside its name.
const BESIDE_TABLE: [&[&str]; 2] = [&["endpoints", "dynamodb"], &["dynamodb_endpoint"]];

/// A file as it is.
pub(super) struct File<'a> {
    /// Where its record is.
    pub(super) home: &'a Home,
    /// Where it is, without links in its path.
    pub(super) path: &'a Path,
    /// What it is.
    pub(super) role: FileRole,
    /// Its bytes.
    pub(super) before: &'a [u8],
}

/// The bytes that a file gets, and whether they are kept ones.
///
/// # Errors
/// Why nothing can be done about it.
pub(super) fn of(
    file: &File<'_>,
    changes: &[ArgumentChange],
    request: &Request,
    manifests: &Manifests,
    kept: &Kept<'_>,
) -> Result<(Vec<u8>, bool), Fate> {
    if let Goal::BackTo(to) = request.goal
        && let Some(bytes) = restored(file, to, manifests, kept)
    {
        return Ok((bytes, true));
    }
    if changes.is_empty() {
        return Err(Fate::Blocked(vec![goal::table_unknown()]));
    }
    if let Some(obstacle) = two_tables(file.path, changes) {
        return Err(Fate::Blocked(vec![obstacle]));
    }
    let lost = match request.goal {
        Goal::BackTo(to) if to.has_table() && tables(changes).next().is_some() => {
            lost(file, to, manifests, kept)
        }
        Goal::BackTo(_) | Goal::Next | Goal::To(_) => Vec::new(),
    };
    if !lost.is_empty() {
        return Err(Fate::ByHand(lost));
    }
    let after = contents::edited(file.path, file.role, file.before, changes);
    Ok((after.map_err(Fate::ByHand)?, false))
}

/// The kept bytes, unless they take away a lock that `to` has: whoever was brought to lockfiles without ever
/// having had a table is not to be left without any lock.
fn restored(
    file: &File<'_>,
    to: LockPhase,
    manifests: &Manifests,
    kept: &Kept<'_>,
) -> Option<Vec<u8>> {
    let manifest = manifests.get(file.home)?;
    let name = contents::kept(manifest, (file.home, file.path), file.before, to)?;
    let bytes = kept(file.home, &name).ok()?;
    let uses_lockfile = |bytes| contents::uses_lockfile(file.path, file.role, bytes);
    let names_table = |bytes| contents::names_table(file.path, file.role, bytes);
    let takes_lockfile = to.has_lockfile() && uses_lockfile(file.before) && !uses_lockfile(&bytes);
    let takes_table = to.has_table() && names_table(file.before) && !names_table(&bytes);
    (!takes_lockfile && !takes_table).then_some(bytes)
}

/// The lock tables that are to be written.
fn tables(changes: &[ArgumentChange]) -> impl Iterator<Item = &str> {
    changes.iter().filter_map(|change| match change {
        ArgumentChange::Set { name: "dynamodb_table", value: NewValue::Text(table), .. } => {
            Some(table.as_str())
        }
        ArgumentChange::Set { .. } | ArgumentChange::Remove { .. } => None,
    })
}

/// That those who use a file had different tables, and the file has room for one.
fn two_tables(path: &Path, changes: &[ArgumentChange]) -> Option<Obstacle> {
    let first = tables(changes).next()?;
    let second = tables(changes).find(|table| *table != first)?;
    let file = shown(path);
    let obstacle = Obstacle::new(
        ObstacleId::SharedFile,
        format!(
            "`{}` is used by backends that had different lock tables, `{first}` and `{second}`",
            file.display()
        ),
        "write `dynamodb_table` by hand where each of them has arguments of its own: its -backend-config",
    );
    Some(obstacle.at(Place { file, line: None }))
}

/// What went with the table when the file was changed, and an edit does not bring back.
fn lost(file: &File<'_>, to: LockPhase, manifests: &Manifests, kept: &Kept<'_>) -> Vec<ByHand> {
    let original = || {
        let manifest = manifests.get(file.home)?;
        let name = file.home.name_of(file.path).ok()?;
        let change = manifest.changes.iter().rev().find(|one| {
            one.file == name && one.direction == Direction::Forward && one.phase > to
        })?;
        kept(file.home, &change.from).ok().filter(|bytes| hash(bytes) == change.from)
    };
    let Some(original) = original() else { return Vec::new() };
    let written = |bytes, path| contents::written(file.path, file.role, bytes, path);
    let of_path = |path: &'static [&'static str]| {
        let was = written(&original, path)?;
        if written(file.before, path).is_some() {
            return None;
        }
        Some(ByHand {
            place: Place { file: shown(file.path), line: None },
            reason: format!(
                "`{}` went with the lock table, and the file was changed since, so its original cannot be restored",
                path.join(".")
            ),
            change: format!("write `{was}` again, and run the same command again"),
        })
    };
    BESIDE_TABLE.into_iter().filter_map(of_path).collect()
}
