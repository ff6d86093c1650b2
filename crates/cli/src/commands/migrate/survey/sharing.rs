//! What units share: states, lock tables and files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use statelock_client::without_user;
use statelock_config::Place;

use super::finding::{Finding, FindingId, Severity};
use super::phase::LockPhase;
use super::unit::Unit;

/// Which lock table it is, as far as files tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TableIdentity {
    /// Its name.
    pub(crate) table: String,
    /// Its region, if it is written.
    pub(crate) region: Option<String>,
    /// What else tells tables of one name apart: the role or profile of the account, an endpoint.
    pub(crate) account: Option<String>,
}

/// A lock table with those who name it.
#[derive(Debug)]
pub(crate) struct SharedTable<'a> {
    /// Which one.
    pub(crate) identity: TableIdentity,
    /// The units, in their order.
    pub(crate) units: Vec<&'a Unit>,
}

/// What tells stores of one name apart: the endpoint, else the role or the profile.
fn account(
    unit: &Unit,
    endpoint: impl Fn(&statelock_config::Endpoints) -> Option<&String>,
) -> Option<String> {
    let s3 = unit.s3.as_ref().ok()?;
    let role = s3.assume_role.as_ref().map(|role| &role.role_arn);
    let endpoint = endpoint(&s3.endpoints).map(|url| without_user(url));
    endpoint.or_else(|| role.or(s3.profile.as_ref()).cloned()).filter(|text| !text.is_empty())
}

impl TableIdentity {
    /// The table that a unit names, if it names one.
    pub(crate) fn of(unit: &Unit) -> Option<Self> {
        let table = unit.table.clone()?;
        let account = account(unit, |endpoints| endpoints.dynamodb.as_ref());
        Some(Self { table, region: unit.region.clone(), account })
    }
}

impl fmt::Display for TableIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.table)?;
        let besides: Vec<_> = self.region.iter().chain(&self.account).map(String::as_str).collect();
        if besides.is_empty() { Ok(()) } else { write!(f, " ({})", besides.join(", ")) }
    }
}

pub(super) fn tables(units: &[Unit]) -> Vec<SharedTable<'_>> {
    let mut tables: BTreeMap<TableIdentity, Vec<&Unit>> = BTreeMap::new();
    for unit in units {
        if let Some(identity) = TableIdentity::of(unit) {
            tables.entry(identity).or_default().push(unit);
        }
    }
    tables.into_iter().map(|(identity, units)| SharedTable { identity, units }).collect()
}

/// Adds what is to be said of units together.
pub(super) fn judge(units: &mut [Unit]) {
    judge_states(units);
    judge_files(units);
}

/// Bucket and key; the endpoint, as other stores have buckets of the same names. The prefix of the
/// workspaces is no part of it: whatever it is, the state of the workspace `default` is the same.
type StateIdentity = (String, String, Option<String>);

fn state(unit: &Unit) -> Option<StateIdentity> {
    let endpoint = unit.s3.as_ref().ok().and_then(|s3| s3.endpoints.s3.clone());
    Some((unit.bucket.clone()?, unit.key.clone()?, endpoint))
}

fn judge_states(units: &mut [Unit]) {
    let mut writers: BTreeMap<StateIdentity, Vec<usize>> = BTreeMap::new();
    for (index, unit) in units.iter().enumerate() {
        if let Some(state) = state(unit) {
            writers.entry(state).or_default().push(index);
        }
    }
    for indices in writers.into_values().filter(|indices| indices.len() > 1) {
        for &index in &indices {
            let others: Vec<_> = indices.iter().filter(|other| **other != index).collect();
            let Some(finding) = shared_state(units, index, &others) else { continue };
            if let Some(unit) = units.get_mut(index) {
                unit.findings.push(finding);
            }
        }
    }
}

fn shared_state(units: &[Unit], index: usize, others: &[&usize]) -> Option<Finding> {
    let unit = units.get(index)?;
    let mut others: Vec<_> = others.iter().filter_map(|other| units.get(**other)).collect();
    let stranger = others.iter().copied().find(|other| !unit_excludes(unit, other));
    if stranger.is_none() {
        // Two ways to initialise one directory may well mean one state.
        others.retain(|other| other.directory != unit.directory);
    }
    let first = others.first()?;
    let names = listed(others.iter().map(|other| other.name.as_str()), others.len());
    let (address, place) = (unit.address(), Some(unit.place.clone()));
    Some(match stranger {
        None => Finding {
            id: FindingId::SharedState,
            severity: Severity::Caution,
            text: format!("`{address}` is the state of {names} as well"),
            action: format!(
                "check that this is meant: each of them undoes what the other made; they have to change phase together \
                 (first `{}`)",
                first.name
            ),
            place,
        },
        Some(other) => Finding {
            id: FindingId::NotExclusive,
            severity: Severity::Blocker,
            text: format!(
                "`{address}` is the state of {names} as well, and the two do not keep each other out: {} here, {} in `{}`",
                phase_word(unit),
                phase_word(other),
                other.name
            ),
            action: "give each of them the dual configuration: `use_lockfile = true` and the same `dynamodb_table`"
                .to_owned(),
            place,
        },
    })
}

/// Whether two clients of one state keep each other out. What is not known is not said to fail.
fn unit_excludes(unit: &Unit, other: &Unit) -> bool {
    let (Some(one), Some(two)) = (unit.phase, other.phase) else { return true };
    excludes((one, unit.table.as_deref()), (two, other.table.as_deref()))
}

/// Whether two ways of locking one state keep each other out, each given as its phase and its lock table.
/// A table that is not known may be the same.
pub(crate) fn excludes(one: (LockPhase, Option<&str>), two: (LockPhase, Option<&str>)) -> bool {
    let same_table = match (one.1, two.1) {
        (Some(one), Some(two)) => one == two,
        (Some(_) | None, None) | (None, Some(_)) => true,
    };
    let (one, two) = (one.0, two.0);
    one.excludes(two) && (same_table || (one.has_lockfile() && two.has_lockfile()))
}

fn phase_word(unit: &Unit) -> String {
    match (unit.phase, &unit.table) {
        (Some(phase @ (LockPhase::LockTable | LockPhase::Dual)), Some(table)) => {
            format!("{phase} (`{table}`)")
        }
        (Some(phase), _) => phase.to_string(),
        (None, _) => "unknown".to_owned(),
    }
}

fn judge_files(units: &mut [Unit]) {
    let mut users: BTreeMap<PathBuf, Vec<usize>> = BTreeMap::new();
    let mut touched = BTreeSet::new();
    for (index, unit) in units.iter().enumerate() {
        touched.extend(unit.touched_files());
        for file in unit.used_files() {
            users.entry(file).or_default().push(index);
        }
    }
    users.retain(|file, indices| indices.len() > 1 && touched.contains(file));
    for (file, indices) in users {
        for &index in &indices {
            let others = indices.iter().filter(|other| **other != index);
            let names = others.filter_map(|other| Some(units.get(*other)?.name.as_str()));
            let finding = Finding {
                id: FindingId::SharedFile,
                severity: Severity::Note,
                text: format!(
                    "`{}` is also used by {}",
                    file.display(),
                    listed(names, indices.len() - 1)
                ),
                action: "they change phase together; init all of them afterwards".to_owned(),
                place: Some(Place { file: file.clone(), line: None }),
            };
            if let Some(unit) = units.get_mut(index) {
                unit.findings.push(finding);
            }
        }
    }
}

/// A few names, and how many more there are.
fn listed<'a>(names: impl Iterator<Item = &'a str>, count: usize) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<_> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    match count.saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
