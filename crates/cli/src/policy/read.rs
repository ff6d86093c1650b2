//! Reads a policy. What the service would refuse is an error with its place.

use super::condition::Condition;
use super::document::{Effect, Named, Policy, Statement, Values};
use super::json::{self, Member, Node, Position, SyntaxError, Value};
use super::operator::Operator;
use super::pattern::{Pattern, Reading};
use super::principal::Principal;

const NEW_VERSION: &str = "2012-10-17";
const OLD_VERSION: &str = "2008-10-17";
const POLICY_NAMES: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_NAMES: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

type Read<T> = Result<T, SyntaxError>;

impl Policy {
    /// Reads a policy, or what the AWS CLI prints around one (`get-policy-version`, `get-role-policy` and
    /// `get-user-policy`).
    ///
    /// # Errors
    /// [`SyntaxError`]: what is wrong, and where.
    pub(crate) fn parse(text: &str) -> Read<Self> {
        let mut node = json::parse(text)?;
        for names in [&["PolicyVersion", "Document"][..], &["PolicyDocument"]] {
            node = unwrapped(node, names);
        }
        policy(&node)
    }
}

/// What is inside these members, if they are there.
fn unwrapped(node: Node, names: &[&str]) -> Node {
    let mut inner = &node;
    for name in names {
        let Value::Object(members) = &inner.value else { return node };
        let Some(member) = members.iter().find(|member| member.name == *name) else { return node };
        inner = &member.node;
    }
    inner.clone()
}

fn error<T>(at: Position, problem: impl Into<String>) -> Read<T> {
    Err(SyntaxError { at, problem: problem.into() })
}

fn policy(node: &Node) -> Read<Policy> {
    let members = members(node, "a policy")?;
    only(members, "a policy", &POLICY_NAMES)?;
    let Some(statements) = find(members, "Statement") else {
        return error(node.at, "this is no policy: it has no `Statement`");
    };
    let version = find(members, "Version").map(text).transpose()?;
    let mut remarks = Vec::new();
    let variables = match version {
        Some(NEW_VERSION) => true,
        Some(OLD_VERSION) => false,
        None => {
            remarks.push(format!(
                "it has no `Version`, so it is of the old one, in which `${{…}}` is plain text; write \
                 \"Version\": \"{NEW_VERSION}\""
            ));
            false
        }
        Some(other) => {
            let at = find(members, "Version").map_or(node.at, |node| node.at);
            return error(
                at,
                format!(
                    "there is no version `{other}` of policies; the present one is `{NEW_VERSION}`"
                ),
            );
        }
    };
    let nodes = match &statements.value {
        Value::List(nodes) => nodes.as_slice(),
        Value::Object(_) => std::slice::from_ref(statements),
        other => {
            return error(
                statements.at,
                format!("`Statement` must be an object or a list of them, and is {}", other.kind()),
            );
        }
    };
    let statements: Vec<_> =
        nodes.iter().map(|node| statement(node, variables)).collect::<Read<_>>()?;
    for (index, statement) in statements.iter().enumerate() {
        let earlier = statements.get(..index).unwrap_or_default();
        if statement.sid.is_some() && earlier.iter().any(|other| other.sid == statement.sid) {
            let sid = statement.sid.as_deref().unwrap_or_default();
            return error(statement.at, format!("a second statement has the Sid `{sid}`"));
        }
        remarks.extend(statement.conditions.iter().filter(|c| c.operator.is_none()).map(
            |condition| {
                format!("{}: the operator `{}` is not known here", condition.at, condition.name)
            },
        ));
    }
    Ok(Policy { statements, remarks })
}

fn statement(node: &Node, variables: bool) -> Read<Statement> {
    let members = members(node, "a statement")?;
    only(members, "a statement", &STATEMENT_NAMES)?;
    let Some(effect) = find(members, "Effect") else {
        return error(node.at, "this statement has no `Effect`");
    };
    let effect = match text(effect)? {
        "Allow" => Effect::Allow,
        "Deny" => Effect::Deny,
        other => {
            return error(
                effect.at,
                format!("`Effect` must be `Allow` or `Deny`, and is `{other}`"),
            );
        }
    };
    let reading = Reading { wildcards: true, variables };
    let Some(actions) = values(members, ("Action", "NotAction"), reading, action_problem)? else {
        return error(node.at, "this statement has neither `Action` nor `NotAction`");
    };
    let Some(resources) = values(members, ("Resource", "NotResource"), reading, resource_problem)?
    else {
        return error(node.at, "this statement has neither `Resource` nor `NotResource`");
    };
    let conditions = match find(members, "Condition") {
        Some(node) => conditions(node, variables)?,
        None => Vec::new(),
    };
    let sid = find(members, "Sid").map(text).transpose()?.filter(|sid| !sid.is_empty());
    Ok(Statement {
        at: node.at,
        sid: sid.map(str::to_owned),
        effect,
        principal: principal(members)?,
        actions,
        resources,
        conditions,
    })
}

/// Patterns under one of two names; `None` if there is neither.
fn values(
    members: &[Member],
    (name, not_name): (&str, &str),
    reading: Reading,
    problem: fn(&str) -> Option<String>,
) -> Read<Option<Values>> {
    let (node, is_negated) = match (find(members, name), find(members, not_name)) {
        (Some(_), Some(second)) => {
            return error(
                second.at,
                format!("`{name}` and `{not_name}` cannot be together in a statement"),
            );
        }
        (Some(node), None) => (node, false),
        (None, Some(node)) => (node, true),
        (None, None) => return Ok(None),
    };
    let mut patterns = Vec::new();
    for node in one_or_more(node) {
        let text = text(node)?;
        if let Some(problem) = problem(text) {
            return error(node.at, problem);
        }
        patterns.push(Named { pattern: Pattern::read(text, reading) });
    }
    if patterns.is_empty() {
        let name = if is_negated { not_name } else { name };
        return error(node.at, format!("`{name}` is empty"));
    }
    Ok(Some(Values { is_negated, patterns }))
}

fn action_problem(text: &str) -> Option<String> {
    let is_right = match text.split_once(':') {
        None => text == "*",
        Some((service, name)) => !service.is_empty() && !name.is_empty() && !name.contains(':'),
    };
    (!is_right).then(|| {
        format!("`{text}` is no action: an action is `*` or SERVICE:NAME, as `s3:GetObject`")
    })
}

fn resource_problem(text: &str) -> Option<String> {
    let is_right = text == "*" || text.starts_with("arn:") && text.split(':').count() >= 6;
    (!is_right).then(|| {
        format!(
            "`{text}` is no resource: a resource is `*` or an ARN, as `arn:aws:s3:::BUCKET/KEY`"
        )
    })
}

fn conditions(node: &Node, variables: bool) -> Read<Vec<Condition>> {
    let mut conditions = Vec::new();
    for of_operator in members(node, "`Condition`")? {
        let operator = Operator::read(&of_operator.name);
        let reading =
            Reading { wildcards: operator.is_some_and(Operator::has_wildcards), variables };
        for member in members(&of_operator.node, "an operator of a condition")? {
            let values = one_or_more(&member.node).iter().map(scalar);
            conditions.push(Condition {
                at: member.at,
                name: of_operator.name.clone(),
                operator,
                key: member.name.clone(),
                values: values
                    .map(|text| Ok(Pattern::read(text?, reading)))
                    .collect::<Read<_>>()?,
            });
        }
    }
    Ok(conditions)
}

fn principal(members: &[Member]) -> Read<Option<Principal>> {
    let (node, is_negated) = match (find(members, "Principal"), find(members, "NotPrincipal")) {
        (Some(_), Some(second)) => {
            return error(
                second.at,
                "`Principal` and `NotPrincipal` cannot be together in a statement",
            );
        }
        (Some(node), None) => (node, false),
        (None, Some(node)) => (node, true),
        (None, None) => return Ok(None),
    };
    let mut principal =
        Principal { is_negated, is_everybody: false, aws: Vec::new(), has_others: false };
    match &node.value {
        Value::Text(text) if text == "*" => principal.is_everybody = true,
        Value::Object(kinds) => {
            for kind in kinds {
                let names =
                    one_or_more(&kind.node).iter().map(|node| text(node).map(str::to_owned));
                let names: Vec<_> = names.collect::<Read<_>>()?;
                match kind.name.as_str() {
                    "AWS" => principal.aws = names,
                    "Service" | "Federated" | "CanonicalUser" => principal.has_others = true,
                    other => {
                        return error(kind.at, format!("there is no kind of principal `{other}`"));
                    }
                }
            }
        }
        _ => return error(node.at, "a principal is `\"*\"` or an object, as {\"AWS\": \"arn:…\"}"),
    }
    Ok(Some(principal))
}

fn members<'a>(node: &'a Node, what: &str) -> Read<&'a [Member]> {
    match &node.value {
        Value::Object(members) => Ok(members),
        other => error(node.at, format!("{what} must be an object, and is {}", other.kind())),
    }
}

fn find<'a>(members: &'a [Member], name: &str) -> Option<&'a Node> {
    members.iter().find(|member| member.name == name).map(|member| &member.node)
}

fn only(members: &[Member], what: &str, names: &[&str]) -> Read<()> {
    let Some(unknown) = members.iter().find(|member| !names.contains(&member.name.as_str())) else {
        return Ok(());
    };
    let meant = names.iter().find(|name| name.eq_ignore_ascii_case(&unknown.name));
    let hint = meant.map_or(String::new(), |name| format!("; it is written `{name}`"));
    error(unknown.at, format!("{what} has no `{}`{hint}", unknown.name))
}

fn text(node: &Node) -> Read<&str> {
    match &node.value {
        Value::Text(text) => Ok(text),
        other => error(node.at, format!("a text is needed here, and this is {}", other.kind())),
    }
}

/// A value of a condition, which may be written without quotes.
fn scalar(node: &Node) -> Read<&str> {
    match &node.value {
        Value::Text(text) | Value::Number(text) => Ok(text),
        Value::Bool(true) => Ok("true"),
        Value::Bool(false) => Ok("false"),
        other @ (Value::Null | Value::List(_) | Value::Object(_)) => error(
            node.at,
            format!("a value of a condition is needed here, and this is {}", other.kind()),
        ),
    }
}

fn one_or_more(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(nodes) => nodes,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Object(_) => {
            std::slice::from_ref(node)
        }
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
