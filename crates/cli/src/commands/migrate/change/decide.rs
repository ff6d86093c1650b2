//! Puts it together: goals, obstacles, edits, and what shares a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use statelock_config::Place;
use statelock_config::edit::{ArgumentChange, ByHand};
use statelock_config::tree::{Completion, Runner};

use super::super::files::{self, Files, hash};
use super::super::record::{Home, Homes, Manifest, ProvenBackend, RecordError};
use super::super::survey::{FileRole, LockPhase, OF_TABLE, Survey, Unit};
use super::after::{self, File};
use super::obstacle::{self, Obstacle, ObstacleId};
use super::together::{self, Users};
use super::{
    Changes, Fate, FileChange, Manifests, NOT_NAMED, Request, UnitChange, back, contents, edits,
    goal,
};

/// Gives the bytes of a kept content, by its hash.
pub(in super::super) type Kept<'a> = dyn Fn(&Home, &str) -> Result<Vec<u8>, RecordError> + 'a;

/// A file that some unit wants changed.
struct Target {
    home: Option<Home>,
    role: FileRole,
    changes: Vec<ArgumentChange>,
    to: LockPhase,
}

/// Decides what becomes of every unit and file. Nothing is written.
///
/// # Errors
/// [`RecordError`]: a directory or a record that cannot be used.
pub(in super::super) fn decide(
    survey: &Survey,
    request: &Request,
    homes: &mut Homes,
    manifests: &Manifests,
    (files, kept): (&dyn Files, &Kept<'_>),
) -> Result<Changes, RecordError> {
    let mut units = Vec::with_capacity(survey.units.len());
    let mut wishes = Wishes { targets: BTreeMap::new(), users: users(survey) };
    for (index, unit) in survey.units.iter().enumerate() {
        let recorded = homes.of_unit(unit)?;
        let wish = match wish(survey, index, request, recorded.as_ref(), manifests) {
            Ok((to, mut by_arguments)) => {
                overridden(unit, to, &mut by_arguments, files);
                let wanted = back::wanted(unit, to, by_arguments, request, homes, manifests)?;
                if wanted.is_empty() { Err(table_unknown()) } else { Ok((to, wanted)) }
            }
            Err(fate) => Err(fate),
        };
        units.push(match wish {
            Ok((to, wanted)) => {
                wishes.add(index, to, wanted, homes)?;
                UnitChange { recorded, to: Some(to), fate: Fate::Moves }
            }
            Err(fate) => UnitChange { recorded, to: None, fate },
        });
    }
    let Wishes { targets, users } = wishes;
    let mut found = Vec::new();
    for (path, target) in targets {
        match content(&path, &target, manifests, request, (files, kept)) {
            Ok(change) => found.extend(change),
            Err(fate) => spread(&mut units, users.get(&path), &fate),
        }
    }
    without_table(survey, &mut units, &found, &users);
    together::settle(survey, &mut units, &users);
    let moves = |mover: &usize| units.get(*mover).is_some_and(|unit| unit.fate == Fate::Moves);
    found.retain(|file| users.get(&file.path).is_some_and(|users| users.movers.iter().any(moves)));
    Ok(Changes { units, files: found })
}

/// What all units want.
struct Wishes {
    targets: BTreeMap<PathBuf, Target>,
    users: BTreeMap<PathBuf, Users>,
}

impl Wishes {
    fn add(
        &mut self,
        index: usize,
        to: LockPhase,
        wanted: Vec<edits::Wanted>,
        homes: &mut Homes,
    ) -> Result<(), RecordError> {
        for one in wanted {
            let path = real(&one.file);
            let home = path.parent().map(|parent| homes.of(parent)).transpose()?.flatten();
            let home = home.filter(|_| is_inside(homes, &path));
            let users = self.users.entry(path.clone()).or_default();
            if !users.movers.contains(&index) {
                users.movers.push(index);
            }
            let target = Target { home, role: one.role, changes: Vec::new(), to };
            let target = self.targets.entry(path).or_insert(target);
            target.changes.extend(one.change.filter(|new| !target.changes.contains(new)));
        }
        Ok(())
    }
}

/// What a unit wants changed, or what becomes of it instead.
fn wish(
    survey: &Survey,
    index: usize,
    request: &Request,
    recorded: Option<&(Home, String)>,
    manifests: &Manifests,
) -> Result<(LockPhase, Vec<edits::Wanted>), Fate> {
    let unit = survey.units.get(index).ok_or(Fate::There)?;
    if !is_asked_for(unit, request) {
        return Err(Fate::LeftOut(NOT_NAMED));
    }
    let manifest = recorded.and_then(|(home, _)| manifests.get(home));
    let of_record = manifest
        .zip(recorded)
        .and_then(|(manifest, (_, name))| manifest.units.get(name)?.table.clone());
    let was_applied = manifest
        .zip(recorded)
        .and_then(|(manifest, (_, name))| manifest.units.get(name)?.applied)
        .is_some_and(|phase| phase == LockPhase::Lockfile);
    let table = request.table.clone().or(of_record);
    let to = goal::of(unit, request, table.is_some() || was_applied)?;
    let mut obstacles = obstacle::of_unit(survey, index, to, request);
    if obstacle::needs_proof(request.goal, unit.phase, to) && !request.allows_unverified {
        obstacles.extend(unproven(unit, manifest.zip(recorded)));
    }
    if !obstacles.is_empty() {
        return Err(Fate::Blocked(obstacles));
    }
    let from = unit.phase.unwrap_or(to);
    let wanted = edits::of_unit(unit, from, to, table.as_deref()).map_err(Fate::ByHand)?;
    Ok((to, wanted))
}

/// That no proof is known of a backend, if none is.
fn unproven(unit: &Unit, known: Option<(&Manifest, &(Home, String))>) -> Option<Obstacle> {
    let Some(((manifest, (_, name)), backend)) = known.zip(ProvenBackend::of(unit)) else {
        return Some(obstacle::not_verified());
    };
    if manifest.has_verified(name, LockPhase::Dual, &backend) {
        return None;
    }
    let proof = manifest.verified(name, LockPhase::Dual).filter(|proof| proof.names(&backend));
    Some(proof.map_or_else(obstacle::not_verified, |proof| {
        obstacle::verified_elsewhere(&proof.store, backend.store())
    }))
}

/// Adds what stands in files of a unit and is overridden by others of them: once those are changed it would count.
fn overridden(unit: &Unit, to: LockPhase, wanted: &mut Vec<edits::Wanted>, files: &dyn Files) {
    let loses_table = !to.has_table() && unit.phase.is_some_and(LockPhase::has_table);
    if !loses_table || unit.runner != Runner::Terraform {
        return;
    }
    for file in used(unit) {
        // What cannot be read is told when it is to be changed.
        let Ok(bytes) = files.read(&file) else { continue };
        let role = back::role(unit, &file);
        for path in OF_TABLE {
            let change = ArgumentChange::Remove { path };
            let is_wanted = wanted
                .iter()
                .any(|one| one.change.as_ref() == Some(&change) && real(&one.file) == file);
            if !is_wanted && contents::written(&file, role, &bytes, path).is_some() {
                wanted.push(edits::Wanted { file: file.clone(), role, change: Some(change) });
            }
        }
    }
}

fn is_asked_for(unit: &Unit, request: &Request) -> bool {
    let directory = real(&unit.directory);
    request.only.is_empty() || request.only.iter().any(|only| directory.starts_with(only))
}

/// Which units use which file.
fn users(survey: &Survey) -> BTreeMap<PathBuf, Users> {
    let mut users: BTreeMap<PathBuf, Users> = BTreeMap::new();
    for (index, unit) in survey.units.iter().enumerate() {
        for path in used(unit) {
            users.entry(path).or_default().all.push(index);
        }
    }
    users
}

/// The files that a unit uses, without links in their paths.
pub(in super::super) fn used(unit: &Unit) -> BTreeSet<PathBuf> {
    let completing = unit.completed_by.iter().filter_map(|one| match one {
        Completion::File(path) => Some(path.clone()),
        Completion::CommandLine { .. } => None,
    });
    let mut used: BTreeSet<PathBuf> =
        unit.touched_files().into_iter().chain(completing).map(|path| real(&path)).collect();
    used.insert(real(&unit.place.file));
    used
}

/// The change of a file; `None` if it is as it should be already.
fn content(
    path: &Path,
    target: &Target,
    manifests: &Manifests,
    request: &Request,
    (files, kept): (&dyn Files, &Kept<'_>),
) -> Result<Option<FileChange>, Fate> {
    let Some(home) = target.home.clone() else { return Err(outside(path)) };
    let unwritable = |text: String, hint: &str| {
        Fate::Blocked(vec![Obstacle::new(ObstacleId::NotWritable, text, hint)])
    };
    let name = home.name_of(path).map_err(|error| unwritable(error.to_string(), error.hint()))?;
    let before = files.read(path).map_err(|error| {
        unwritable(format!("`{}`: {error}", path.display()), "make it readable")
    })?;
    let file = File { home: &home, path, role: target.role, before: &before };
    let (after, is_restored) = after::of(&file, &target.changes, request, manifests, kept)?;
    if hash(&before) == hash(&after) {
        return Ok(None);
    }
    files::check(files, path).map_err(|error| unwritable(error.to_string(), error.hint()))?;
    let (path, phase, role) = (path.to_owned(), target.to, target.role);
    Ok(Some(FileChange { home, name, path, role, before, after, phase, is_restored }))
}

/// Blocks every unit that is to ask a lock table again, if none of its files would name one.
fn without_table(
    survey: &Survey,
    units: &mut [UnitChange],
    found: &[FileChange],
    users: &BTreeMap<PathBuf, Users>,
) {
    for (index, (change, unit)) in units.iter_mut().zip(&survey.units).enumerate() {
        let gains = change.to.is_some_and(LockPhase::has_table)
            && unit.phase.is_some_and(|phase| !phase.has_table());
        if change.fate != Fate::Moves || !gains {
            continue;
        }
        let is_of_unit = |file: &FileChange| {
            users.get(&file.path).is_some_and(|users| users.movers.contains(&index))
        };
        let names = |file: &FileChange| {
            is_of_unit(file) && contents::names_table(&file.path, file.role, &file.after)
        };
        if !found.iter().any(names) {
            change.fate = table_unknown();
        }
    }
}

/// Neither bytes to restore, nor a name to write.
fn table_unknown() -> Fate {
    Fate::Blocked(vec![goal::table_unknown()])
}

fn outside(path: &Path) -> Fate {
    Fate::ByHand(vec![ByHand {
        place: Place { file: files::shown(path), line: None },
        reason: "it lies outside of the directories that were named".to_owned(),
        change: "name a directory that it lies in as well, or change it there".to_owned(),
    }])
}

/// What keeps a file from being changed keeps every unit that wanted that.
fn spread(units: &mut [UnitChange], users: Option<&Users>, fate: &Fate) {
    for &mover in users.map(|users| users.movers.as_slice()).unwrap_or_default() {
        if let Some(unit) = units.get_mut(mover) {
            unit.fate = match (&unit.fate, fate) {
                (Fate::ByHand(before), Fate::ByHand(more)) => {
                    Fate::ByHand(before.iter().chain(more).cloned().collect())
                }
                (Fate::Blocked(before), Fate::Blocked(more)) => {
                    Fate::Blocked(before.iter().chain(more).cloned().collect())
                }
                // What blocks is told first.
                (Fate::Blocked(_), _) => continue,
                (Fate::There | Fate::LeftOut(_) | Fate::Moves | Fate::ByHand(_), _) => fate.clone(),
            };
        }
    }
}

/// A path without links; as it is where that cannot be said.
pub(super) fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn is_inside(homes: &Homes, path: &Path) -> bool {
    homes.roots().iter().any(|root| path.starts_with(root))
}
