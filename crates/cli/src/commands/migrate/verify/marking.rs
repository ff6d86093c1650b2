//! Notes in the record of the migration what was proven.

use std::collections::BTreeMap;
use std::path::PathBuf;

use statelock_client::protocol::store::TableName;
use statelock_protocol::lock::CreatedAt;

use super::super::files::OsFiles;
use super::super::record::{self, Home, Homes, Manifest, OpenRecord, RecordError, Verified};
use super::super::survey::Unit;
use super::problem::Problem;
use super::report::UnitReport;

/// The records of these units.
pub(super) struct Marking {
    homes: Result<Homes, RecordError>,
    manifests: BTreeMap<Home, Option<Manifest>>,
}

impl Marking {
    pub(super) fn new(directories: &[PathBuf], units: &[Unit]) -> Self {
        let mut marking = Self { homes: Homes::new(directories), manifests: BTreeMap::new() };
        for unit in units {
            if let Ok(Some((home, _))) = marking.of_unit(unit) {
                // What cannot be read is told when something is to be noted.
                let manifest = || record::read(&home).ok().flatten();
                let manifest = marking.manifests.get(&home).cloned().unwrap_or_else(manifest);
                marking.manifests.insert(home, manifest);
            }
        }
        marking
    }

    fn of_unit(&mut self, unit: &Unit) -> Result<Option<(Home, String)>, &RecordError> {
        match &mut self.homes {
            // A unit without a home is one that nothing can be noted of.
            Ok(homes) => Ok(homes.of_unit(unit).ok().flatten()),
            Err(error) => Err(error),
        }
    }

    /// The lock table that a unit had, as the record says.
    pub(super) fn former_table(&mut self, unit: &Unit) -> Option<TableName> {
        let (home, name) = self.of_unit(unit).ok().flatten()?;
        let manifest = self.manifests.get(&home)?.as_ref()?;
        manifest.units.get(&name)?.lock_table().map(TableName::new)
    }

    /// Notes that a unit is verified; says in the report if that could not be done.
    pub(super) fn mark(&mut self, unit: &Unit, report: &mut UnitReport) {
        match self.noted(unit, report) {
            Ok(true) => report.recorded = true,
            Ok(false) => report.notes.push(
                "it lies outside of the directories that were named, so that it is verified is not noted".to_owned(),
            ),
            Err(problem) => report.problems.push(problem),
        }
    }

    fn noted(&mut self, unit: &Unit, report: &UnitReport) -> Result<bool, Problem> {
        let (Some(phase), Some(bucket), Some(key)) = (unit.phase, &unit.bucket, &unit.key) else {
            return Ok(false);
        };
        let homes = self.homes.as_mut().map_err(|error| Problem::of_record(error))?;
        let Some((home, name)) = homes.of_unit(unit).map_err(|error| Problem::of_record(&error))?
        else {
            return Ok(false);
        };
        let proof = Verified {
            phase,
            bucket: bucket.clone(),
            key: key.clone(),
            table: unit.table.clone(),
            at: now(),
            store: report.store.clone().unwrap_or_default(),
        };
        let mark = || OpenRecord::open(home, &OsFiles)?.mark_verified(&name, proof);
        mark().map(|()| true).map_err(|error| Problem::of_record(&error))
    }
}

/// RFC 3339, in UTC.
fn now() -> String {
    use statelock_server::engine::Clock as _;
    let micros = statelock_server::SystemClock.now_micros();
    let seconds = i64::try_from(micros / 1_000_000).unwrap_or_default();
    CreatedAt::from_unix(seconds, 0).map(|time| time.to_string()).unwrap_or_default()
}
