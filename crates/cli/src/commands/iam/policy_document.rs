//! The needs as a policy document.

use std::collections::BTreeMap;

use serde::Serialize;

use super::needs::{Narrowing, Need};
use crate::policy::Subject;

/// A policy, as the service takes it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyDocument {
    version: &'static str,
    statement: Vec<StatementDocument>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StatementDocument {
    sid: &'static str,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<BTreeMap<&'static str, BTreeMap<&'static str, Vec<String>>>>,
}

/// The policy with one statement per need.
pub(super) fn of(needs: &[Need]) -> PolicyDocument {
    // Names with `*`, `?` or `$` are written as policy variables, which only this version has.
    PolicyDocument { version: "2012-10-17", statement: needs.iter().map(statement).collect() }
}

fn statement(need: &Need) -> StatementDocument {
    StatementDocument {
        sid: need.sid,
        effect: "Allow",
        action: need.actions.iter().map(|action| action.name).collect(),
        resource: need.resources.iter().map(Subject::as_pattern).collect(),
        condition: need.narrowing.as_ref().map(|narrowing| {
            BTreeMap::from([(
                operator(narrowing),
                BTreeMap::from([(narrowing.key, values(narrowing))]),
            )])
        }),
    }
}

/// The operator that permits just its values.
pub(super) fn operator(narrowing: &Narrowing) -> &'static str {
    let is_open = narrowing.values.iter().any(|value| value.is.is_open());
    match (narrowing.is_list, is_open) {
        (false, false) => "StringEquals",
        (false, true) => "StringLike",
        (true, false) => "ForAllValues:StringEquals",
        (true, true) => "ForAllValues:StringLike",
    }
}

/// Its values as they stand in a policy.
pub(super) fn values(narrowing: &Narrowing) -> Vec<String> {
    narrowing.values.iter().map(|value| value.is.as_pattern()).collect()
}
