//! The lock tables that a migration leaves, and who still names them.

use std::collections::BTreeMap;

use statelock_client::protocol::store::TableName;
use statelock_config::{Place, Value};

use super::super::init;
use super::super::survey::{LockPhase, Survey, Unit};
use super::homes::Records;
use super::table_name::NamedTable;
use crate::backend::BackendArgs;

/// A lock table that some units have left.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    /// Its name.
    pub(super) table: TableName,
    /// Its region, if an option or a file names it.
    pub(super) region: Option<String>,
    /// The units that locked by it before, or may have. Never none.
    pub(super) units: Vec<&'a Unit>,
    /// What still names it, or may: the end of the sentence "it is named by …".
    pub(super) named_by: Vec<String>,
}

/// What tells tables of one name apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    table: String,
    region: Option<String>,
    /// The role or the profile.
    account: Option<String>,
}

impl Identity {
    fn named(&self) -> NamedTable<'_> {
        NamedTable::new(&self.table, self.region.as_deref())
    }
}

impl<'a> Subject<'a> {
    /// All of them: those that the record names, or the one that the user names.
    pub(super) fn all(survey: &'a Survey, records: &Records, options: &BackendArgs) -> Vec<Self> {
        let known = || survey.units.iter().filter(|unit| unit.s3.is_ok());
        let of: Vec<(&Unit, String)> = if let Some(table) = options.table() {
            let named = NamedTable::new(table.as_str(), options.region());
            let concerned = known().filter(|unit| has_left(unit) || names(unit, &named));
            let mut concerned: Vec<_> = concerned.collect();
            if concerned.is_empty() {
                concerned.extend(known());
            }
            concerned.into_iter().map(|unit| (unit, table.as_str().to_owned())).collect()
        } else {
            let table = |unit: &Unit| records.table(unit).or_else(|| unit.table.clone());
            known().filter_map(|unit| Some((unit, table(unit)?))).collect()
        };
        let mut left: BTreeMap<Identity, Vec<&Unit>> = BTreeMap::new();
        for (unit, table) in of {
            // An option goes before the files: it is the region that is asked.
            let region = options.region().or(unit.region.as_deref()).map(str::to_owned);
            let identity = Identity { table, region, account: account(unit) };
            left.entry(identity).or_default().push(unit);
        }
        let subject = |(identity, units): (Identity, Vec<&'a Unit>)| {
            let named_by = named_by(survey, &identity);
            let Identity { table, region, .. } = identity;
            Self { table: TableName::new(table), region, units, named_by }
        };
        left.into_iter().map(subject).collect()
    }

    /// The units that lock by lockfile alone, so that their digests are of no use.
    pub(super) fn have_left(&self) -> impl Iterator<Item = &'a Unit> {
        self.units.iter().copied().filter(|unit| has_left(unit))
    }

    /// Whether it may be the table of that name, of a unit in this region.
    pub(super) fn may_be(&self, table: &str, region: Option<&str>) -> bool {
        let own = NamedTable::new(self.table.as_str(), self.region.as_deref());
        own.may_be(&NamedTable::new(table, region))
    }
}

fn account(unit: &Unit) -> Option<String> {
    let s3 = unit.s3.as_ref().ok()?;
    let role = s3.assume_role.as_ref().map(|role| role.role_arn.clone());
    role.or_else(|| s3.profile.clone())
}

fn has_left(unit: &Unit) -> bool {
    unit.phase == Some(LockPhase::Lockfile)
}

/// Whether its files name the table.
fn names(unit: &Unit, table: &NamedTable<'_>) -> bool {
    let own = unit.table.as_deref();
    own.is_some_and(|own| NamedTable::new(own, unit.region.as_deref()).may_be(table))
}

/// What names the table. A unit whose table is not known, or whose region is not, may name it.
fn named_by(survey: &Survey, identity: &Identity) -> Vec<String> {
    let table = identity.named();
    let mut named: Vec<_> = survey
        .units
        .iter()
        .filter_map(|unit| Some((unit, how_named(unit, &table)?)))
        .map(|(unit, (place, how))| format!("`{}` ({place}): {how}", unit.name))
        .collect();
    for file in &survey.unattached {
        let text = std::fs::read(file).unwrap_or_default();
        let has = String::from_utf8_lossy(&text).contains(table.name);
        named.extend(has.then(|| {
            format!(
                "`{}`: it completes some backend, and no root module was seen to use it",
                file.display()
            )
        }));
    }
    named
}

/// How a unit names the table, and where.
fn how_named(unit: &Unit, table: &NamedTable<'_>) -> Option<(Place, String)> {
    let here = |text: &str| Some((unit.place.clone(), text.to_owned()));
    if let Some(open) = unit.expressions.iter().find(|one| one.argument == "dynamodb_table") {
        let text = "its `dynamodb_table` is an expression, so it may be this one";
        return Some((open.place.clone(), text.to_owned()));
    }
    if unit.table.is_some() {
        let text = "its `dynamodb_table` is this one".to_owned();
        return names(unit, table).then(|| (place_of_table(unit), text));
    }
    let region = unit.region.as_deref();
    let initialised = unit.initialised.as_ref().and_then(|one| one.arguments.get("dynamodb_table"));
    if let Some(Value::Text(own)) = initialised
        && NamedTable::new(own, region).may_be(table)
    {
        let init = init::command_line(unit);
        return here(&format!("it is still initialised with this one; run: {init}"));
    }
    // Whatever its table is called: it is in the region of the backend.
    if !NamedTable::new(table.name, region).may_be(table) {
        return None;
    }
    if !is_whole(unit) {
        return here("nothing was seen to complete it, and what does may name this one");
    }
    if has_left(unit) {
        return None;
    }
    here(
        "its files name no lock, and what is given at `terraform init` may name this one; set `use_lockfile = true` there",
    )
}

/// Where its `dynamodb_table` stands: in a file, or on a command line in a script.
fn place_of_table(unit: &Unit) -> Place {
    let site = unit.sites.of_table.iter().find(|one| one.path == ["dynamodb_table"]);
    site.map_or_else(|| unit.place.clone(), |one| one.site.place())
}

fn is_open(unit: &Unit, name: &str) -> bool {
    unit.expressions.iter().any(|one| one.argument == name)
}

/// Whether nothing has to be given at `terraform init`.
fn is_whole(unit: &Unit) -> bool {
    let is_known = |name: &&str| unit.arguments.get(name).is_some() || is_open(unit, name);
    ["bucket", "key"].iter().all(is_known)
}
