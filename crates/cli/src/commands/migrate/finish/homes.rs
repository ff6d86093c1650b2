//! The records of the migration that is to be finished.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::files::OsFiles;
use super::super::record::{self, Home, Homes, Manifest, OpenRecord, RecordError, UnitRecord};
use super::super::survey::{LockPhase, Unit};

/// What the records say of the units.
#[derive(Debug)]
pub(super) struct Records {
    homes: Homes,
    manifests: BTreeMap<Home, Manifest>,
    /// By the unit's name in the survey.
    tables: BTreeMap<String, String>,
}

/// A record that was looked at to be closed.
#[derive(Debug)]
pub(super) struct Closed {
    /// Where it is.
    pub(super) top: PathBuf,
    /// The units in it that are not as far yet, which keep it open.
    pub(super) waits_for: Vec<String>,
}

impl Records {
    /// Reads those of all units.
    ///
    /// # Errors
    /// A record cannot be read.
    pub(super) fn read(directories: &[PathBuf], units: &[Unit]) -> Result<Self, RecordError> {
        let homes = Homes::new(directories)?;
        let mut records = Self { homes, manifests: BTreeMap::new(), tables: BTreeMap::new() };
        for unit in units {
            let Some((home, name)) = records.homes.of_unit(unit)? else { continue };
            if !records.manifests.contains_key(&home)
                && let Some(manifest) = record::read(&home)?
            {
                records.manifests.insert(home.clone(), manifest);
            }
            let known = records.manifests.get(&home).and_then(|manifest| manifest.units.get(&name));
            if let Some(table) = known.and_then(UnitRecord::lock_table) {
                records.tables.insert(unit.name.clone(), table);
            }
        }
        Ok(records)
    }

    /// The lock table that a unit had.
    pub(super) fn table(&self, unit: &Unit) -> Option<String> {
        self.tables.get(&unit.name).cloned()
    }

    /// Closes the records in which every unit has arrived at lockfiles.
    ///
    /// # Errors
    /// A record cannot be written, or something that was begun is not finished. To repeat it is safe.
    pub(super) fn close(&mut self, units: &[Unit]) -> Result<Vec<Closed>, RecordError> {
        let mut arrived: BTreeMap<Home, Vec<String>> = BTreeMap::new();
        for unit in units.iter().filter(|unit| unit.phase == Some(LockPhase::Lockfile)) {
            if let Some((home, name)) = self.homes.of_unit(unit)? {
                arrived.entry(home).or_default().push(name);
            }
        }
        let mut closed = Vec::new();
        for (home, manifest) in &self.manifests {
            let here = arrived.get(home).cloned().unwrap_or_default();
            let waits = manifest.units.iter().filter(|(name, unit)| {
                let is_on_the_way = unit.applied.is_some_and(LockPhase::has_table);
                is_on_the_way && !here.contains(*name)
            });
            let waits_for: Vec<_> = waits.map(|(name, _)| name.clone()).collect();
            if waits_for.is_empty() {
                OpenRecord::open(home.clone(), &OsFiles)?.close()?;
            }
            closed.push(Closed { top: home.top().to_owned(), waits_for });
        }
        Ok(closed)
    }
}
