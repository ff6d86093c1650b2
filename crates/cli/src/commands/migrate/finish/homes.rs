//! The records of the migration that is to be finished.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::files::OsFiles;
use super::super::record::{self, Home, Homes, Manifest, OpenRecord, RecordError, UnitRecord};
use super::super::survey::{LockPhase, Unit};
use super::subject::Subject;

/// What the records say of the units.
#[derive(Debug)]
pub(super) struct Records {
    homes: Homes,
    manifests: BTreeMap<Home, Manifest>,
    /// Those that nobody else works on meanwhile.
    open: BTreeMap<Home, OpenRecord<'static>>,
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
    /// Lock tables of units in it that were not finished, which keep it open too.
    pub(super) tables: Vec<String>,
}

impl Closed {
    /// Whether nothing keeps it open.
    pub(super) fn is_closed(&self) -> bool {
        self.waits_for.is_empty() && self.tables.is_empty()
    }
}

impl Records {
    /// Reads those of all units.
    ///
    /// # Errors
    /// A record cannot be read.
    pub(super) fn read(directories: &[PathBuf], units: &[Unit]) -> Result<Self, RecordError> {
        let homes = Homes::new(directories)?;
        let (manifests, open, tables) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut records = Self { homes, manifests, open, tables };
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

    /// Keeps everybody else from these records until this is dropped. Where there is none, nobody is kept from anything.
    ///
    /// # Errors
    /// [`RecordError::InUse`]: somebody else is at work, another `finish` perhaps.
    pub(super) fn lock(&mut self) -> Result<(), RecordError> {
        for (home, manifest) in &mut self.manifests {
            let record = OpenRecord::open(home.clone(), &OsFiles)?;
            // Somebody else may have worked on it since it was read.
            manifest.clone_from(record.manifest());
            self.open.insert(home.clone(), record);
        }
        Ok(())
    }

    /// The lock table that a unit had.
    pub(super) fn table(&self, unit: &Unit) -> Option<String> {
        self.tables.get(&unit.name).cloned()
    }

    /// Closes the records in which every unit has arrived at lockfiles, and had one of these tables, which are all
    /// finished. They have to be [locked](Self::lock).
    ///
    /// # Errors
    /// A record cannot be written, or something that was begun is not finished. To repeat it is safe.
    pub(super) fn close(
        &mut self,
        units: &[Unit],
        finished: &[Subject<'_>],
    ) -> Result<Vec<Closed>, RecordError> {
        let mut here: BTreeMap<Home, BTreeMap<String, &Unit>> = BTreeMap::new();
        for unit in units {
            if let Some((home, name)) = self.homes.of_unit(unit)? {
                here.entry(home).or_default().insert(name, unit);
            }
        }
        let mut closed = Vec::new();
        for (home, manifest) in &self.manifests {
            let here = here.get(home).cloned().unwrap_or_default();
            let has_arrived =
                |name| here.get(name).is_some_and(|unit| unit.phase == Some(LockPhase::Lockfile));
            let waits = manifest.units.iter().filter(|(name, unit)| {
                let is_on_the_way = unit.applied.is_some_and(LockPhase::has_table);
                is_on_the_way && !has_arrived(*name)
            });
            let waits_for: Vec<_> = waits.map(|(name, _)| name.clone()).collect();
            let unfinished = manifest.units.iter().filter_map(|(name, unit)| {
                let table = unit.lock_table()?;
                let region = here.get(name).and_then(|unit| unit.region.as_deref());
                let is_finished = finished.iter().any(|one| one.may_be(&table, region));
                (!is_finished).then_some(table)
            });
            let tables: BTreeSet<_> = unfinished.collect();
            let tables = tables.into_iter().collect();
            let one = Closed { top: home.top().to_owned(), waits_for, tables };
            if one.is_closed()
                && let Some(record) = self.open.get_mut(home)
            {
                record.close()?;
            }
            closed.push(one);
        }
        Ok(closed)
    }
}
