//! Which bucket policies are taken, though none is evaluated.
//!
//! A statement that allows gives nothing that the root key does not have, and whoever else it names
//! cannot come. A statement that denies would take away, and somebody may rely on it: it is refused,
//! except the one that demands TLS, which says nothing about what may be done.

use std::collections::{BTreeMap, BTreeSet};

use s3s::{S3Error, S3ErrorCode, S3Result};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::unsupported;
use crate::api::s3::error::s3_error;

/// S3's limit.
const SIZE_BYTES_MAX: usize = 20 * 1024;
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];
const EVERYONE: &str = "*";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Policy {
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<IgnoredAny>,
    statement: OneOrMany<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    sid: Option<String>,
    effect: Effect,
    principal: Option<Principal>,
    not_principal: Option<Principal>,
    action: Option<OneOrMany<String>>,
    not_action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
    not_resource: Option<OneOrMany<String>>,
    /// Operator, then key, then values.
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, OneOrMany<Value>>>,
}

#[derive(Clone, Copy, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Principal {
    Text(String),
    Named(BTreeMap<String, OneOrMany<String>>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

impl<T> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::Many(many) => many,
            Self::One(one) => std::slice::from_ref(one),
        }
    }
}

impl Principal {
    fn is_everyone(&self) -> bool {
        match self {
            Self::Text(text) => text == EVERYONE,
            Self::Named(named) => named.iter().any(|(kind, names)| {
                kind == EVERYONE || names.as_slice().iter().any(|name| name == EVERYONE)
            }),
        }
    }
}

/// Checks a policy for `bucket`.
pub(super) fn check(text: &str, bucket: &str) -> S3Result<()> {
    if text.len() > SIZE_BYTES_MAX {
        return Err(malformed(format!("The policy is larger than {SIZE_BYTES_MAX} bytes")));
    }
    if !text.starts_with('{') {
        return Err(malformed("Policies must be valid JSON and the first byte must be '{'"));
    }
    let policy: Policy = serde_json::from_str(text)
        .map_err(|error| malformed(format!("The policy cannot be read: {error}")))?;
    if policy.version.as_deref().is_some_and(|version| !VERSIONS.contains(&version)) {
        return Err(malformed("The policy must contain a valid version string"));
    }
    let statements = policy.statement.as_slice();
    if statements.is_empty() {
        return Err(malformed("Could not parse the policy: Statement is empty!"));
    }
    let mut sids = BTreeSet::new();
    for (position, statement) in statements.iter().enumerate() {
        if statement.sid.as_deref().is_some_and(|sid| !sid.is_empty() && !sids.insert(sid)) {
            return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
        }
        check_form(statement, bucket)?;
        let name = statement.sid.clone().filter(|sid| !sid.is_empty());
        let name = name.unwrap_or_else(|| format!("number {}", position + 1));
        check_meaning(statement, &name)?;
    }
    Ok(())
}

fn check_form(statement: &Statement, bucket: &str) -> S3Result<()> {
    if statement.principal.is_some() == statement.not_principal.is_some() {
        return Err(malformed("Missing required field Principal"));
    }
    if let Some(Principal::Text(text)) =
        statement.principal.as_ref().or(statement.not_principal.as_ref())
        && text != EVERYONE
    {
        return Err(malformed("Invalid principal in policy"));
    }
    if statement.action.is_some() == statement.not_action.is_some() {
        return Err(malformed("Missing required field Action"));
    }
    if statement.resource.is_some() == statement.not_resource.is_some() {
        return Err(malformed("Missing required field Resource"));
    }
    let actions = statement.action.as_ref().or(statement.not_action.as_ref());
    let actions = actions.map(OneOrMany::as_slice).unwrap_or_default();
    if actions.is_empty() || !actions.iter().all(|action| is_action(action)) {
        return Err(malformed("Policy has invalid action"));
    }
    let resources = statement.resource.as_ref().or(statement.not_resource.as_ref());
    let resources = resources.map(OneOrMany::as_slice).unwrap_or_default();
    if resources.is_empty() || !resources.iter().all(|resource| is_of_bucket(resource, bucket)) {
        return Err(malformed("Policy has invalid resource"));
    }
    Ok(())
}

fn is_action(action: &str) -> bool {
    action == EVERYONE
        || action
            .split_once(':')
            .is_some_and(|(api, name)| api.eq_ignore_ascii_case("s3") && !name.is_empty())
}

/// `arn:PARTITION:s3:::BUCKET` or `…/KEY`; S3 takes no other bucket's name.
fn is_of_bucket(resource: &str, bucket: &str) -> bool {
    let mut parts = resource.splitn(6, ':');
    let head = [parts.next(), parts.next(), parts.next(), parts.next(), parts.next()];
    let [Some("arn"), Some(partition), Some("s3"), Some(""), Some("")] = head else {
        return false;
    };
    let name = parts.next().unwrap_or_default();
    let name = name.split_once('/').map_or(name, |(name, _)| name);
    !partition.is_empty() && name == bucket
}

fn check_meaning(statement: &Statement, name: &str) -> S3Result<()> {
    match statement.effect {
        Effect::Allow => {
            let to_everyone = statement.not_principal.is_some()
                || statement.principal.as_ref().is_some_and(Principal::is_everyone);
            if to_everyone && statement.condition.values().all(BTreeMap::is_empty) {
                return Err(unsupported(format!(
                    "Statement {name} would make the bucket public, and nothing on this server is."
                )));
            }
            Ok(())
        }
        Effect::Deny if demands_tls(statement) => Ok(()),
        Effect::Deny => Err(unsupported(format!(
            "Statement {name} denies, and this server does not evaluate policies: it would not be \
             enforced. Only a statement that denies requests without TLS is taken."
        ))),
    }
}

/// Whether it denies exactly what comes without TLS, or with an old version of it.
fn demands_tls(statement: &Statement) -> bool {
    let is_about_tls = |operator: &str, key: &str, values: &[Value]| {
        let operator = operator.to_ascii_lowercase();
        let operator = operator.strip_suffix("ifexists").unwrap_or(&operator);
        match (operator, key.to_ascii_lowercase().as_str()) {
            ("bool", "aws:securetransport") => {
                values.iter().all(|value| *value == false || *value == "false")
            }
            ("numericlessthan", "s3:tlsversion") => true,
            (_, _) => false,
        }
    };
    let mut conditions = statement.condition.iter().flat_map(|(operator, keys)| {
        keys.iter().map(move |(key, values)| (operator, key, values.as_slice()))
    });
    let some = statement.condition.values().any(|keys| !keys.is_empty());
    some && conditions
        .all(|(operator, key, values)| !values.is_empty() && is_about_tls(operator, key, values))
}

fn malformed(message: impl Into<String>) -> S3Error {
    s3_error(S3ErrorCode::MalformedPolicy, message)
}

#[cfg(test)]
#[path = "policy_document_tests.rs"]
mod tests;
