//! One change of a JSON file. It stays strict JSON, and everything else keeps its bytes.

use std::ops::Range;
use std::path::Path;

use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

use super::alignment::{Splice, spliced};
use super::{ArgumentChange, Form, NewValue, Outcome, Refusal};
use crate::error::ConfigError;
use crate::json::Json;
use crate::written::{ConfigFile, json_file, terraform_blocks};

/// Makes a change in a text, if it is needed.
///
/// # Errors
/// [`ConfigError`] if the text is not valid.
pub(super) fn changed(
    path: &Path,
    form: Form,
    text: &str,
    change: &ArgumentChange,
) -> Result<Outcome, ConfigError> {
    let checked = match form {
        Form::TerraformJson => {
            let file = ConfigFile { path: path.to_owned(), is_json: true };
            terraform_blocks(&file, text).map(drop)
        }
        Form::BackendConfigJson | Form::Terraform | Form::BackendConfig | Form::Terragrunt => {
            json_file::arguments(path, text).map(drop)
        }
    };
    let made = everywhere(form, text, change);
    if let (Err(error), Ok(_)) = (checked, &made) {
        return Err(error);
    }
    Ok(match made {
        Ok((text, backends)) => Outcome { text, backends, refusals: Vec::new() },
        Err(refusal) => Outcome { text: None, backends: 1, refusals: vec![refusal] },
    })
}

fn everywhere(
    form: Form,
    text: &str,
    change: &ArgumentChange,
) -> Result<(Option<String>, usize), Refusal> {
    let count = parsed(text).map_or(0, |root| lists(form, &root).len());
    let mut current = text.to_owned();
    for number in 0..count {
        let splice = parsed(&current).and_then(|root| {
            let list = lists(form, &root).into_iter().nth(number)?;
            Some(in_list(&current, list, change))
        });
        if let Some(splice) = splice.transpose()?.flatten() {
            current = spliced(&current, &[splice]);
        }
    }
    if current == text {
        return Ok((None, count));
    }
    if !is_only(form, text, &current, change) {
        return Err(Refusal::at(0, "the change would change more than this"));
    }
    Ok((Some(current), count))
}

fn parsed(text: &str) -> Option<Value<'_>> {
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    let strict = ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
    };
    parse_to_ast(text, &collect, &strict).ok()?.value
}

/// The objects with the arguments of each `s3` backend.
fn lists<'v, 'a>(form: Form, root: &'v Value<'a>) -> Vec<&'v Object<'a>> {
    let mut found = bodies(root);
    if form == Form::TerraformJson {
        for name in ["terraform", "backend", "s3"] {
            let values = found.into_iter().flat_map(|object| named(object, name));
            found = values.flat_map(|property| bodies(&property.value)).collect();
        }
    }
    found
}

/// A body is an object; several of them stand in a list.
fn bodies<'v, 'a>(value: &'v Value<'a>) -> Vec<&'v Object<'a>> {
    match value {
        Value::Object(object) => vec![object],
        Value::Array(array) => array.elements.iter().flat_map(bodies).collect(),
        Value::StringLit(_)
        | Value::NumberLit(_)
        | Value::BooleanLit(_)
        | Value::NullKeyword(_) => Vec::new(),
    }
}

fn named<'v, 'a>(object: &'v Object<'a>, name: &str) -> impl Iterator<Item = &'v ObjectProp<'a>> {
    object.properties.iter().filter(move |property| property.name.as_str() == name)
}

/// The one property of that name.
fn only<'v, 'a>(object: &'v Object<'a>, name: &str) -> Result<Option<&'v ObjectProp<'a>>, Refusal> {
    let mut found = named(object, name);
    match (found.next(), found.next()) {
        (_, Some(second)) => Err(Refusal::at(second.start(), format!("`{name}` is set twice"))),
        (first, None) => Ok(first),
    }
}

fn in_list(
    text: &str,
    list: &Object<'_>,
    change: &ArgumentChange,
) -> Result<Option<Splice>, Refusal> {
    match change {
        ArgumentChange::Set { name, value, after } => set(text, list, name, value, after),
        ArgumentChange::Remove { path } => {
            let range = removed(list, path)?;
            Ok(range.map(|range| Splice { range, text: String::new() }))
        }
    }
}

fn set(
    text: &str,
    list: &Object<'_>,
    name: &str,
    new: &NewValue,
    after: &str,
) -> Result<Option<Splice>, Refusal> {
    if let Some(property) = only(list, name)? {
        let old = match &property.value {
            Value::BooleanLit(old) => Some(crate::value::Value::Bool(old.value)),
            Value::StringLit(old) => Some(crate::value::Value::text(&old.value)),
            Value::NumberLit(_) | Value::Object(_) | Value::Array(_) | Value::NullKeyword(_) => {
                None
            }
        };
        let range = property.value.range();
        return Ok((!new.is(old.as_ref()))
            .then(|| Splice { range: range.start..range.end, text: new.as_json() }));
    }
    let anchor = list.properties.iter().rposition(|property| property.name.as_str() == after);
    let anchor = anchor.or_else(|| list.properties.len().checked_sub(1));
    Ok(Some(match anchor.and_then(|at| Some((at, list.properties.get(at)?))) {
        Some((at, anchor)) => {
            let colon = text.get(anchor.name.end()..anchor.value.start()).unwrap_or(": ");
            let gap = gap_before(text, list, at);
            let end = anchor.end();
            Splice { range: end..end, text: format!(",{gap}\"{name}\"{colon}{}", new.as_json()) }
        }
        None => into_empty(text, list, name, new),
    }))
}

/// The blanks before a property. Those of the first one may be none while the others stand on lines.
fn gap_before<'t>(text: &'t str, list: &Object<'_>, at: usize) -> &'t str {
    let gap = |at: usize| {
        let before = match at.checked_sub(1) {
            Some(previous) => list.properties.get(previous)?.end(),
            None => list.start() + 1,
        };
        let gap = text.get(before..list.properties.get(at)?.start())?;
        Some(gap.split_once(',').map_or(gap, |(_, behind)| behind))
    };
    let own = gap(at).unwrap_or("");
    let next = gap(at + 1).unwrap_or(own);
    if at == 0 { next } else { own }
}

fn into_empty(text: &str, list: &Object<'_>, name: &str, new: &NewValue) -> Splice {
    let range = list.start() + 1..list.end() - 1;
    let argument = format!("\"{name}\": {}", new.as_json());
    let before = text.get(..list.start()).unwrap_or("");
    let Some(line) = before.rfind('\n') else {
        return Splice { range, text: argument };
    };
    let newline = if before.get(..line).is_some_and(|b| b.ends_with('\r')) { "\r\n" } else { "\n" };
    let blanks = |line: &str| line.find(|c| !matches!(c, ' ' | '\t')).unwrap_or(line.len());
    let own = before.get(line + 1..).unwrap_or("");
    let outer = own.get(..blanks(own)).unwrap_or("");
    // The first indented line of the file shows one step.
    let step = text.lines().find_map(|line| line.get(..blanks(line)).filter(|b| !b.is_empty()));
    let step = step.unwrap_or("  ");
    Splice { range, text: format!("{newline}{outer}{step}{argument}{newline}{outer}") }
}

/// The bytes that go with a property: with one comma, and the blanks on one side.
fn removed(list: &Object<'_>, path: &[&str]) -> Result<Option<Range<usize>>, Refusal> {
    let Some((name, inner)) = path.split_first() else { return Ok(None) };
    let Some(property) = only(list, name)? else { return Ok(None) };
    if !inner.is_empty() {
        let Value::Object(object) = &property.value else { return Ok(None) };
        let Some(range) = removed(object, inner)? else { return Ok(None) };
        if object.properties.len() > 1 {
            return Ok(Some(range));
        }
    }
    let own = property.range();
    let before = list.properties.iter().take_while(|other| other.start() < own.start).last();
    let after = list.properties.iter().find(|other| other.start() > own.start);
    Ok(Some(match (before, after) {
        (_, Some(after)) => own.start..after.start(),
        (Some(before), None) => before.end()..own.end,
        (None, None) => list.start() + 1..list.end() - 1,
    }))
}

/// Whether `after` is `before` with nothing but the change, as another parser reads both.
fn is_only(form: Form, before: &str, after: &str, change: &ArgumentChange) -> bool {
    let (Ok(mut expected), Ok(found)) = (Json::parse(before), Json::parse(after)) else {
        return false;
    };
    let path: &[&str] =
        if form == Form::TerraformJson { &["terraform", "backend", "s3"] } else { &[] };
    at_path(&mut expected, path, change);
    expected == found
}

fn at_path(value: &mut Json, path: &[&str], change: &ArgumentChange) {
    match (value, path.split_first()) {
        (Json::List(items), _) => items.iter_mut().for_each(|item| at_path(item, path, change)),
        (Json::Object(members), Some((name, rest))) => {
            let named = members.iter_mut().filter(|(found, _)| found == name);
            named.for_each(|(_, value)| at_path(value, rest, change));
        }
        (Json::Object(members), None) => apply(members, change),
        (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_), _) => {}
    }
}

fn apply(members: &mut Vec<(String, Json)>, change: &ArgumentChange) {
    match change {
        ArgumentChange::Set { name, value, after } => {
            let new = match value {
                NewValue::Bool(value) => Json::Bool(*value),
                NewValue::Text(text) => Json::Text(text.clone()),
            };
            let position =
                |members: &[(String, Json)], wanted| members.iter().rposition(|(n, _)| n == wanted);
            let Some(at) = position(members, *name) else {
                let at = position(members, *after).map_or(members.len(), |at| at + 1);
                members.insert(at, ((*name).to_owned(), new));
                return;
            };
            // `"true"` is as good as `true`, and stays.
            let is_same = |old: &Json| matches!((value, old), (NewValue::Bool(new), Json::Text(old)) if new.to_string() == *old);
            if let Some((_, old)) = members.get_mut(at).filter(|(_, old)| !is_same(old)) {
                *old = new;
            }
        }
        ArgumentChange::Remove { path } => remove(members, path),
    }
}

fn remove(members: &mut Vec<(String, Json)>, path: &[&str]) {
    let Some((name, inner)) = path.split_first() else { return };
    let Some(at) = members.iter().position(|(found, _)| found == name) else { return };
    if !inner.is_empty() {
        let Some((_, Json::Object(object))) = members.get_mut(at) else { return };
        let count = object.len();
        remove(object, inner);
        if object.len() == count || !object.is_empty() {
            return;
        }
    }
    members.remove(at);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_other_change_counts() {
        let change = ArgumentChange::Set {
            name: "use_lockfile",
            value: NewValue::Bool(true),
            after: "bucket",
        };
        let before = r#"{"terraform": {"backend": {"s3": {"bucket": "b", "key": "k"}}}, "x": 1}"#;
        let after = before.replace("\"b\"", "\"b\",\n\"use_lockfile\":true");
        assert!(is_only(Form::TerraformJson, before, &after, &change));
        for other in [
            before.to_owned(),
            after.replace("\"k\"", "\"l\""),
            after.replace("\"x\": 1", "\"x\": 2"),
            after.replace("s3", "gcs"),
            before.replace("\"k\"", "\"k\", \"use_lockfile\": true"),
            after.replace("\"key\": \"k\"", "\"key\": \"k\", \"key\": \"k\""),
            after.replace("}}}", "}}"),
        ] {
            assert!(!is_only(Form::TerraformJson, before, &other, &change), "{other}");
        }
    }
}
