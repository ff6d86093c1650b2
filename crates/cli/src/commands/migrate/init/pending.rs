//! Notes in the record which units are still to be initialised here, so that the next `apply` tries again what failed.

use std::collections::{BTreeMap, BTreeSet};

use super::super::files::OsFiles;
use super::super::phase_error::PhaseError;
use super::super::record::{Home, OpenRecord};
use super::super::session::Session;
use super::super::survey::{LockPhase, Unit};

/// The units in this phase whose init failed, or was stopped, and was not done by hand since.
pub(in super::super) fn units(session: &Session, phase: LockPhase) -> Vec<&Unit> {
    let is_noted = |recorded: Option<&(Home, String)>| {
        recorded.is_some_and(|(home, name)| {
            let manifest = session.manifests.get(home);
            manifest.is_some_and(|manifest| manifest.to_initialise.contains(name))
        })
    };
    let noted = session.units().filter(|(_, recorded)| is_noted(*recorded));
    noted
        .map(|(unit, _)| unit)
        .filter(|unit| unit.phase == Some(phase) && !unit.is_initialised())
        .collect()
}

/// Notes which of `asked` are to be initialised: those that are meant `here`, and no others. A unit that has no record is not
/// noted.
///
/// # Errors
/// [`PhaseError::Record`]
pub(super) fn begin<'u>(
    session: &Session,
    asked: &[String],
    here: impl Iterator<Item = &'u Unit>,
) -> Result<(), PhaseError> {
    let here: BTreeSet<_> = here.map(|unit| unit.name.as_str()).collect();
    let is_elsewhere =
        |unit: &Unit| asked.contains(&unit.name) && !here.contains(unit.name.as_str());
    change(session, is_elsewhere, |noted, name| {
        noted.remove(&name);
    })?;
    change(
        session,
        |unit| here.contains(unit.name.as_str()),
        |noted, name| {
            noted.insert(name);
        },
    )
}

/// Notes that these are initialised.
///
/// # Errors
/// [`PhaseError::Record`]
pub(super) fn end(session: &Session, units: &[&Unit]) -> Result<(), PhaseError> {
    let is_done = |unit: &Unit| units.iter().any(|done| done.name == unit.name);
    change(session, is_done, |noted, name| {
        noted.remove(&name);
    })
}

fn change(
    session: &Session,
    is_meant: impl Fn(&Unit) -> bool,
    apply: impl Fn(&mut BTreeSet<String>, String),
) -> Result<(), PhaseError> {
    let mut by_home: BTreeMap<&Home, Vec<String>> = BTreeMap::new();
    for (unit, recorded) in session.units() {
        if let Some((home, name)) = recorded.filter(|_| is_meant(unit)) {
            by_home.entry(home).or_default().push(name.clone());
        }
    }
    for (home, names) in by_home {
        let mut record = OpenRecord::open(home.clone(), &OsFiles)?;
        let mut noted = record.manifest().to_initialise.clone();
        for name in names {
            apply(&mut noted, name);
        }
        record.note_inits(noted)?;
    }
    Ok(())
}
