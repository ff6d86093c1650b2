//! The expressions of a request, and the older members that say the same.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{self, Fields};
use super::refusal::Refusal;
use super::values;
use crate::engine::tables::expression::{ExpressionKind, Placeholders};

/// Reads the names and values of a request's expressions.
///
/// `expressions` are the members of the operation that are expressions, `older` those that may not
/// stand beside them.
pub(super) fn placeholders(
    request: &Fields,
    expressions: &[ExpressionKind],
    older: &[&str],
) -> Result<Placeholders, Refusal> {
    let given: Vec<&str> =
        expressions.iter().map(|kind| kind.name()).filter(|name| request.has(name)).collect();
    let older: Vec<&str> = older.iter().copied().filter(|name| request.has(name)).collect();
    if !given.is_empty() && !older.is_empty() {
        return Err(Refusal::validation(format!(
            "Can not use both expression and non-expression parameters in the same request: \
             Non-expression parameters: {{{}}} Expression parameters: {{{}}}",
            older.join(", "),
            given.join(", ")
        )));
    }
    if request.has("ExpressionAttributeNames") && given.is_empty() {
        return Err(Refusal::validation(
            "ExpressionAttributeNames can only be specified when using expressions",
        ));
    }
    values_need_expressions(request, expressions)?;
    Ok(Placeholders::new(names(request)?, attribute_values(request)?))
}

fn values_need_expressions(
    request: &Fields,
    expressions: &[ExpressionKind],
) -> Result<(), Refusal> {
    let with_values: Vec<&str> = expressions
        .iter()
        .filter(|kind| **kind != ExpressionKind::Projection)
        .map(|kind| kind.name())
        .collect();
    let given = with_values.iter().any(|name| request.has(name));
    if !request.has("ExpressionAttributeValues") || given || with_values.is_empty() {
        return Ok(());
    }
    let verb = if with_values.len() == 1 { "is" } else { "are" };
    Err(Refusal::validation(format!(
        "ExpressionAttributeValues can only be specified when using expressions: {} {verb} null",
        with_values.join(" and ")
    )))
}

fn names(request: &Fields) -> Result<BTreeMap<String, String>, Refusal> {
    let member = "ExpressionAttributeNames";
    let Some(names) = request.map(member)? else { return Ok(BTreeMap::new()) };
    check_keys(member, '#', names.keys())?;
    names.iter().map(|(key, name)| Ok((key.clone(), fields::text(name)?.to_owned()))).collect()
}

fn attribute_values(
    request: &Fields,
) -> Result<BTreeMap<String, crate::records::AttributeValue>, Refusal> {
    let member = "ExpressionAttributeValues";
    let Some(given) = request.map(member)? else { return Ok(BTreeMap::new()) };
    check_keys(member, ':', given.keys())?;
    given.iter().map(|(key, value)| Ok((key.clone(), named_value(key, value)?))).collect()
}

/// A value of the map; what is wrong with it is said with its name.
fn named_value(key: &str, value: &Value) -> Result<crate::records::AttributeValue, Refusal> {
    values::attribute_value(value).map_err(|refusal| {
        refusal.reworded(|why| {
            format!("ExpressionAttributeValues contains invalid value: {why} for key {key}")
        })
    })
}

fn check_keys<'a>(
    member: &str,
    sign: char,
    mut keys: impl ExactSizeIterator<Item = &'a String>,
) -> Result<(), Refusal> {
    if keys.len() == 0 {
        return Err(Refusal::validation(format!("{member} must not be empty")));
    }
    let is_placeholder = |key: &&String| {
        key.strip_prefix(sign).is_some_and(|rest| {
            !rest.is_empty()
                && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    };
    match keys.find(|key| !is_placeholder(key)) {
        None => Ok(()),
        Some(key) => Err(Refusal::validation(format!(
            "{member} contains invalid key: Syntax error; key: \"{key}\""
        ))),
    }
}
