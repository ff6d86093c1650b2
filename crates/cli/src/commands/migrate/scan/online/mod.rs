//! What the stores say of the units: workspaces, accounts, held locks, and states that no module names.

mod keys;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use statelock_client::StoreSettings;
use statelock_protocol::state::WorkspaceName;

use super::super::survey::{Finding, FindingId, Severity, Survey, TableIdentity, Unit};
use crate::backend::{BackendArgs, BackendError, Resolved};
use crate::commands::CommandError as _;
use keys::Keys;
use store::Asked;

/// Stores that are asked at a time.
const AT_ONCE: usize = 4;

/// What all of them said.
#[derive(Debug, Default)]
pub(crate) struct Online {
    /// Each bucket that was asked, or could not be.
    pub(crate) stores: Vec<AskedStore>,
    /// States in these buckets that no unit names.
    pub(crate) strays: Vec<Stray>,
    /// What is known of each unit, by its name.
    units: BTreeMap<String, OnlineUnit>,
    /// Write and read units of the tables that are not on demand.
    provisioned: Vec<(TableIdentity, (u32, u32))>,
}

/// A bucket.
#[derive(Debug)]
pub(crate) struct AskedStore {
    pub(crate) bucket: String,
    /// Whose it is that asks.
    pub(crate) account: Option<String>,
    /// Why it was not asked, or not to the end.
    pub(crate) problem: Option<String>,
}

/// A state that no unit names.
#[derive(Debug)]
pub(crate) struct Stray {
    pub(crate) address: String,
    pub(crate) is_held: bool,
}

/// What the store says of a unit.
#[derive(Clone, Debug, Default)]
pub(crate) struct OnlineUnit {
    pub(crate) account: Option<String>,
    /// The workspaces that have a state.
    pub(crate) workspaces: Vec<String>,
    /// The addresses of its states that are locked now.
    pub(crate) held: Vec<String>,
}

/// One bucket, reached in one way, with those who use it.
#[derive(Debug)]
struct Group {
    bucket: String,
    stores: StoreSettings,
    /// Positions in the survey.
    units: Vec<usize>,
    tables: BTreeSet<String>,
}

impl Online {
    /// What is known of a unit.
    pub(crate) fn of(&self, unit: &Unit) -> Option<&OnlineUnit> {
        self.units.get(&unit.name)
    }

    /// How many stores could not be asked.
    pub(crate) fn not_reached(&self) -> usize {
        self.stores.iter().filter(|store| store.problem.is_some()).count()
    }

    /// The write and read units of a table, if it is known to be provisioned.
    pub(crate) fn provisioned(&self, table: &TableIdentity) -> Option<(u32, u32)> {
        self.provisioned.iter().find(|(identity, _)| identity == table).map(|(_, units)| *units)
    }
}

/// Asks all stores that the units name, and adds to the units what is worth saying. A store that cannot be
/// asked keeps none of the others from being asked. Only reads.
pub(super) async fn ask(survey: &mut Survey, args: &BackendArgs) -> Online {
    let mut online = Online::default();
    let groups = groups(survey, args, &mut online);
    let asked = futures::stream::iter(groups).map(|group| {
        let keys = Keys::of(
            group.units.iter().filter_map(|index| Some((*index, survey.units.get(*index)?))),
        );
        async move {
            let asked = store::ask(&group.bucket, &group.stores, &group.tables, keys).await;
            (group, asked)
        }
    });
    let asked: Vec<_> = asked.buffered(AT_ONCE).collect().await;
    for (group, asked) in asked {
        take(survey, &mut online, &group, asked);
    }
    for unit in &mut survey.units {
        unit.sort_findings();
    }
    online
}

/// Each bucket once for each way in which it is reached. Units that cannot be connected are told at once.
fn groups(survey: &mut Survey, args: &BackendArgs, online: &mut Online) -> Vec<Group> {
    let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
    let mut failed = BTreeSet::new();
    for (index, unit) in survey.units.iter_mut().enumerate() {
        let resolved = match resolve(unit, args) {
            Some(Ok(resolved)) => resolved,
            Some(Err(error)) => {
                let bucket = unit.bucket.clone().unwrap_or_default();
                let problem = super::error::with_causes(&error);
                unit.findings.push(not_reached(&problem, error.hint()));
                if failed.insert((bucket.clone(), problem.clone())) {
                    online.stores.push(AskedStore {
                        bucket,
                        account: None,
                        problem: Some(problem),
                    });
                }
                continue;
            }
            None => continue,
        };
        let bucket = resolved.settings.address.bucket().as_str().to_owned();
        let stores = resolved.settings.stores;
        // Secrets are not in it; whoever differs only by them is asked with those of the first.
        let way = format!("{stores:?}");
        let group = groups.entry((bucket.clone(), way)).or_insert_with(|| Group {
            bucket,
            stores,
            units: Vec::new(),
            tables: BTreeSet::new(),
        });
        group.units.push(index);
        group.tables.extend(unit.table.clone());
    }
    groups.into_values().collect()
}

/// How its stores are reached; `None` if its bucket or key are not known.
fn resolve(unit: &Unit, args: &BackendArgs) -> Option<Result<Resolved, BackendError>> {
    let s3 = unit.s3.as_ref().ok()?;
    Some(args.resolve_arguments(s3, &unit.directory, WorkspaceName::default()))
}

fn not_reached(problem: &str, hint: Option<&str>) -> Finding {
    Finding {
        id: FindingId::NotReached,
        severity: Severity::Caution,
        text: format!("its store could not be asked: {problem}"),
        action: hint.unwrap_or("try again").to_owned(),
        place: None,
    }
}

/// Takes over what a store said.
fn take(survey: &mut Survey, online: &mut Online, group: &Group, asked: Asked) {
    let Asked { account, mut units, strays, problem, has_object_lock, provisioned } = asked;
    for index in &group.units {
        let Some(unit) = survey.units.get_mut(*index) else { continue };
        if let Some((problem, hint)) = &problem {
            unit.findings.push(not_reached(problem, *hint));
        }
        if has_object_lock {
            unit.findings.push(object_lock(&group.bucket));
        }
        let mut seen = units.remove(index).unwrap_or_default();
        seen.account.clone_from(&account);
        unit.findings.extend(seen.held.iter().map(|address| held(address)));
        if let Some(identity) = TableIdentity::of(unit)
            && let Some(units) = provisioned.get(&identity.table)
            && online.provisioned(&identity).is_none()
        {
            online.provisioned.push((identity, *units));
        }
        online.units.insert(unit.name.clone(), seen);
    }
    let address =
        |(key, is_held)| Stray { address: format!("s3://{}/{key}", group.bucket), is_held };
    online.strays.extend(strays.into_iter().map(address));
    let problem = problem.map(|(problem, _)| problem);
    online.stores.push(AskedStore { bucket: group.bucket.clone(), account, problem });
}

fn held(address: &str) -> Finding {
    Finding {
        id: FindingId::LockHeld,
        severity: Severity::Caution,
        text: format!("`{address}` is locked now"),
        action: "wait until nobody holds it before the configuration changes; `statelock status` shows who does"
            .to_owned(),
        place: None,
    }
}

fn object_lock(bucket: &str) -> Finding {
    Finding {
        id: FindingId::ObjectLock,
        severity: Severity::Caution,
        text: format!("the bucket `{bucket}` has Object Lock with a default retention: each lockfile's version is kept \
                       for as long"),
        action: "expect one kept version for each lock, or keep states in a bucket without default retention".to_owned(),
        place: None,
    }
}
