//! The lock tables that a migration leaves, and who still names them.

use std::collections::BTreeMap;

use statelock_client::protocol::store::TableName;
use statelock_config::Value;

use super::super::survey::{Survey, Unit};
use super::homes::Records;

/// A lock table that some units have left.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    /// Its name.
    pub(super) table: TableName,
    /// Its region, if it is written.
    pub(super) region: Option<String>,
    /// The units that locked by it before. Never none.
    pub(super) units: Vec<&'a Unit>,
    /// Whether a record or a configuration names it, and not only the user.
    pub(super) is_recorded: bool,
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

impl<'a> Subject<'a> {
    /// All of them: those that the record names, or the one that the user names.
    pub(super) fn all(
        survey: &'a Survey,
        records: &Records,
        named: Option<&TableName>,
    ) -> Vec<Self> {
        let mut left: BTreeMap<Identity, Vec<&Unit>> = BTreeMap::new();
        for unit in survey.units.iter().filter(|unit| unit.s3.is_ok()) {
            let table = named.map(|table| table.as_str().to_owned());
            let table = table.or_else(|| records.table(unit)).or_else(|| unit.table.clone());
            if let Some(table) = table {
                let (region, account) = (unit.region.clone(), account(unit));
                left.entry(Identity { table, region, account }).or_default().push(unit);
            }
        }
        let subject = |(identity, units): (Identity, Vec<&'a Unit>)| {
            let named_by = named_by(survey, &identity);
            let Identity { table, region, .. } = identity;
            let is_recorded = named.is_none();
            Self { table: TableName::new(table), region, units, is_recorded, named_by }
        };
        left.into_iter().map(subject).collect()
    }
}

fn account(unit: &Unit) -> Option<String> {
    let s3 = unit.s3.as_ref().ok()?;
    let role = s3.assume_role.as_ref().map(|role| role.role_arn.clone());
    role.or_else(|| s3.profile.clone())
}

/// What names the table. A unit whose table is not known, or whose region is not, may name it.
fn named_by(survey: &Survey, identity: &Identity) -> Vec<String> {
    let mut named: Vec<_> = survey
        .units
        .iter()
        .filter_map(|unit| Some((unit, names(unit, identity)?)))
        .map(|(unit, how)| format!("`{}` ({}): {how}", unit.name, unit.place))
        .collect();
    for file in &survey.unattached {
        let text = std::fs::read(file).unwrap_or_default();
        let has = String::from_utf8_lossy(&text).contains(&identity.table);
        named.extend(has.then(|| {
            format!(
                "`{}`: it completes some backend, and no root module was seen to use it",
                file.display()
            )
        }));
    }
    named
}

fn names(unit: &Unit, identity: &Identity) -> Option<&'static str> {
    let is_open = |name: &str| unit.expressions.iter().any(|one| one.argument == name);
    if is_open("dynamodb_table") {
        return Some("its `dynamodb_table` is an expression, so it may be this one");
    }
    let same_region = match (&unit.region, &identity.region) {
        (Some(one), Some(other)) => one == other,
        (Some(_) | None, None) | (None, Some(_)) => true,
    };
    if unit.table.as_deref() == Some(&identity.table) && same_region {
        return Some("its `dynamodb_table` is this one");
    }
    let initialised = unit.initialised.as_ref().and_then(|one| one.arguments.get("dynamodb_table"));
    let is_initialised =
        matches!(initialised, Some(Value::Text(table)) if *table == identity.table);
    (is_initialised && unit.table.is_none() && same_region)
        .then_some("it is still initialised with this one; run `terraform init -reconfigure` there")
}
