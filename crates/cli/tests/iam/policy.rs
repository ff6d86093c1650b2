//! A policy as a test reads it: on its own, so that a mistake of the product is not made twice.

use serde_json::Value;

/// A request as the store saw it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sent {
    pub(crate) action: String,
    pub(crate) resource: String,
    /// Prefix of a listing, or item of a table.
    pub(crate) narrowing: Option<String>,
}

/// Whether one of its statements allows a request.
pub(crate) fn allows(policy: &Value, sent: &Sent) -> bool {
    let statements = policy["Statement"].as_array().expect("statements");
    statements.iter().any(|statement| {
        assert_eq!(statement["Effect"], "Allow");
        let about = |name: &str, text: &str| texts(&statement[name]).any(|one| takes_in(one, text));
        about("Action", &sent.action) && about("Resource", &sent.resource) && meets(statement, sent)
    })
}

fn meets(statement: &Value, sent: &Sent) -> bool {
    let Some(operators) = statement["Condition"].as_object() else { return true };
    let keys = operators.values().flat_map(|keys| keys.as_object().expect("keys").values());
    let value = sent.narrowing.as_deref();
    keys.into_iter()
        .all(|values| value.is_some_and(|is| texts(values).any(|one| takes_in(one, is))))
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text"))
}

/// With one `*` at most, which is all that these policies have.
fn takes_in(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}
