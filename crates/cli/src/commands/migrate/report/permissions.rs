//! Which permissions come and go with the move.

use super::super::survey::{LockPhase, Unit};
use crate::policy::partition_of_region;

/// Actions on resources, as an IAM policy has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permission {
    pub(crate) actions: Vec<&'static str>,
    pub(crate) resources: Vec<String>,
}

/// What stands for a part of an ARN that files do not tell.
const ANY: &str = "*";

/// What clients need for the lockfile, and do not need now.
pub(super) fn gained(unit: &Unit) -> Vec<Permission> {
    if unit.phase.is_some_and(LockPhase::has_lockfile) {
        return Vec::new();
    }
    let mut actions = vec!["s3:GetObject", "s3:PutObject", "s3:DeleteObject"];
    if let Ok(s3) = &unit.s3 {
        if s3.acl.as_ref().is_some_and(|acl| !acl.is_empty()) {
            actions.push("s3:PutObjectAcl");
        }
        if s3.lock_tags.as_ref().is_some_and(|tags| !tags.is_empty()) {
            actions.push("s3:PutObjectTagging");
        }
    }
    vec![Permission { actions, resources: lockfiles(unit) }]
}

/// What clients need for the lock table now.
pub(super) fn lost(unit: &Unit) -> Vec<Permission> {
    if !unit.phase.is_some_and(LockPhase::has_table) {
        return Vec::new();
    }
    let region = unit.region.as_deref().unwrap_or(ANY);
    let table = unit.table.as_deref().unwrap_or(ANY);
    let resource = format!("arn:{}:dynamodb:{region}:{ANY}:table/{table}", partition(unit));
    let actions = vec!["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"];
    vec![Permission { actions, resources: vec![resource] }]
}

/// The lockfiles of all workspaces.
fn lockfiles(unit: &Unit) -> Vec<String> {
    let part = |text: &Option<String>| text.clone().unwrap_or_else(|| ANY.to_owned());
    let (bucket, key) = (part(&unit.bucket), part(&unit.key));
    let bucket = format!("arn:{}:s3:::{bucket}", partition(unit));
    let named = match unit.s3.as_ref().ok().and_then(|s3| s3.workspace_key_prefix.as_deref()) {
        Some("") => format!("{bucket}/{ANY}/{key}.tflock"),
        Some(prefix) => format!("{bucket}/{prefix}/{ANY}/{key}.tflock"),
        None => format!("{bucket}/env:/{ANY}/{key}.tflock"),
    };
    vec![format!("{bucket}/{key}.tflock"), named]
}

fn partition(unit: &Unit) -> &'static str {
    partition_of_region(unit.region.as_deref())
}
