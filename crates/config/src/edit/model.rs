//! What a text means, without places, blanks and comments: to see that an edit changed nothing else.
//!
//! It is made by the parser and changed here without any text, so that a mistake in cutting cannot hide.

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Body, Structure};

use super::tokens::{Kind, tokens};
use super::{ArgumentChange, Form, NewValue};

/// An argument, an item of an object, or a block.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Argument { name: Tokens, value: Content },
    Block { name: String, labels: Vec<String>, body: Vec<Self> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Object(Vec<Node>),
    Other(Tokens),
}

/// The tokens of an expression, without comments and line ends.
type Tokens = Vec<String>;

/// Whether `after` is `before` with nothing but `change` in its `s3` backends.
pub(super) fn is_only(form: Form, before: &str, after: &str, change: &ArgumentChange) -> bool {
    let (Some(mut expected), Some(found)) = (read(before), read(after)) else { return false };
    for list in backends(form, &mut expected) {
        apply(list, change);
    }
    expected == found
}

/// Whether two texts differ in what `generate` blocks write, and in nothing else.
pub(super) fn differ_in_contents_only(before: &str, after: &str) -> bool {
    let blank = |text: &str| {
        let mut nodes = read(text)?;
        bodies(&mut nodes, "generate", None).for_each(|body| without_contents(body));
        for object in objects(&mut nodes, "generate") {
            for node in object {
                if let Node::Argument { value: Content::Object(items), .. } = node {
                    without_contents(items);
                }
            }
        }
        Some(nodes)
    };
    before != after && blank(before).is_some_and(|nodes| blank(after) == Some(nodes))
}

fn without_contents(nodes: &mut [Node]) {
    for value in values(nodes, "contents") {
        *value = Content::Other(Vec::new());
    }
}

fn read(text: &str) -> Option<Vec<Node>> {
    body(&hcl_edit::parser::parse_body(text).ok()?, text)
}

fn body(body: &Body, text: &str) -> Option<Vec<Node>> {
    body.iter()
        .map(|structure| {
            Some(match structure {
                Structure::Attribute(attribute) => Node::Argument {
                    name: vec![attribute.key.as_str().to_owned()],
                    value: content(&attribute.value, text)?,
                },
                Structure::Block(block) => Node::Block {
                    name: block.ident.as_str().to_owned(),
                    labels: block.labels.iter().map(|label| label.as_str().to_owned()).collect(),
                    body: self::body(&block.body, text)?,
                },
            })
        })
        .collect()
}

fn content(expression: &Expression, text: &str) -> Option<Content> {
    let Expression::Object(object) = expression else {
        return Some(Content::Other(words(text.get(expression.span()?)?)));
    };
    let items = object.iter().map(|(key, value)| {
        let name = match key {
            ObjectKey::Ident(name) => vec![name.as_str().to_owned()],
            ObjectKey::Expression(Expression::String(name)) => vec![name.value().clone()],
            ObjectKey::Expression(expression) => words(text.get(expression.span()?)?),
        };
        Some(Node::Argument { name, value: content(value.expr(), text)? })
    });
    Some(Content::Object(items.collect::<Option<_>>()?))
}

fn words(text: &str) -> Tokens {
    tokens(text)
        .into_iter()
        .filter(|token| !matches!(token.kind, Kind::Newline | Kind::Comment))
        .filter_map(|token| text.get(token.range()).map(str::to_owned))
        .collect()
}

/// The bodies of the blocks of that name, with that label if one is asked for.
fn bodies<'a>(
    nodes: &'a mut [Node],
    name: &'a str,
    label: Option<&'a str>,
) -> impl Iterator<Item = &'a mut Vec<Node>> {
    nodes.iter_mut().filter_map(move |node| match node {
        Node::Block { name: found, labels, body }
            if found == name && label.is_none_or(|label| *labels == [label]) =>
        {
            Some(body)
        }
        Node::Block { .. } | Node::Argument { .. } => None,
    })
}

/// The values of the arguments of that name.
fn values<'a>(nodes: &'a mut [Node], name: &'a str) -> impl Iterator<Item = &'a mut Content> {
    nodes.iter_mut().filter_map(move |node| match node {
        Node::Argument { name: found, value } if *found == [name] => Some(value),
        Node::Argument { .. } | Node::Block { .. } => None,
    })
}

fn objects<'a>(nodes: &'a mut [Node], name: &'a str) -> impl Iterator<Item = &'a mut Vec<Node>> {
    values(nodes, name).filter_map(|value| match value {
        Content::Object(items) => Some(items),
        Content::Other(_) => None,
    })
}

fn backends(form: Form, nodes: &mut Vec<Node>) -> Vec<&mut Vec<Node>> {
    match form {
        Form::BackendConfig => vec![nodes],
        Form::Terraform => bodies(nodes, "terraform", None)
            .flat_map(|body| bodies(body, "backend", Some("s3")))
            .collect(),
        Form::Terragrunt => {
            let (blocks, arguments): (Vec<_>, Vec<_>) =
                nodes.iter_mut().partition(|node| matches!(node, Node::Block { .. }));
            let of_blocks = blocks
                .into_iter()
                .flat_map(|node| bodies(std::slice::from_mut(node), "remote_state", None));
            let of_arguments = arguments
                .into_iter()
                .flat_map(|node| objects(std::slice::from_mut(node), "remote_state"));
            of_blocks.chain(of_arguments).filter_map(|body| config(body)).collect()
        }
        Form::TerraformJson | Form::BackendConfigJson => Vec::new(),
    }
}

/// The configuration in a `remote_state` of kind `s3`.
fn config(remote_state: &mut [Node]) -> Option<&mut Vec<Node>> {
    let s3 = Content::Other(vec!["\"s3\"".to_owned()]);
    if !values(remote_state, "backend").any(|kind| *kind == s3) {
        return None;
    }
    remote_state.iter_mut().find_map(|node| match node {
        Node::Argument { name, value: Content::Object(items) } if *name == ["config"] => {
            Some(items)
        }
        Node::Block { name, body, .. } if name == "config" => Some(body),
        Node::Argument { .. } | Node::Block { .. } => None,
    })
}

fn apply(list: &mut Vec<Node>, change: &ArgumentChange) {
    match change {
        ArgumentChange::Set { name, value, after } => set(list, name, value, after),
        ArgumentChange::Remove { path } => remove(list, path),
    }
}

fn position(list: &[Node], wanted: &str) -> Option<usize> {
    list.iter().position(|node| match node {
        Node::Argument { name, .. } => *name == [wanted],
        Node::Block { .. } => false,
    })
}

fn set(list: &mut Vec<Node>, name: &str, new: &NewValue, after: &str) {
    let literal = words(&new.as_hcl());
    if let Some(value) = values(list, name).next() {
        // `"true"` is as good as `true`, and stays.
        let is_same = match (new, &*value) {
            (NewValue::Bool(new), Content::Other(old)) => *old == [format!("\"{new}\"")],
            (NewValue::Bool(_) | NewValue::Text(_), Content::Other(_) | Content::Object(_)) => {
                false
            }
        };
        if !is_same {
            *value = Content::Other(literal);
        }
        return;
    }
    let at = position(list, after).map_or(list.len(), |at| at + 1);
    let node = Node::Argument { name: vec![name.to_owned()], value: Content::Other(literal) };
    list.insert(at, node);
}

fn remove(list: &mut Vec<Node>, path: &[&str]) {
    let Some((name, inner)) = path.split_first() else { return };
    let Some(at) = position(list, name) else { return };
    if !inner.is_empty() {
        let Some(object) = objects(list, name).next() else { return };
        let count = object.len();
        remove(object, inner);
        if object.len() == count || !object.is_empty() {
            return;
        }
    }
    list.remove(at);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: ArgumentChange =
        ArgumentChange::Set { name: "use_lockfile", value: NewValue::Bool(true), after: "bucket" };
    const BEFORE: &str = "a = <<E\nx\nE\nterraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    endpoints = { s3 = 1, dynamodb = 2 }\n  }\n}\n";

    fn set(text: &str) -> String {
        text.replace("\"b\"\n", "\"b\" # c\n    use_lockfile   =   true\n")
    }

    #[test]
    fn blanks_and_comments_do_not_count() {
        assert!(is_only(Form::Terraform, BEFORE, &set(BEFORE), &SET));
        let moved = set(BEFORE).replace("{ s3 = 1, ", "{\n \"s3\" : 1\n /* x */ ");
        assert!(is_only(Form::Terraform, BEFORE, &moved, &SET));
    }

    #[test]
    fn any_other_change_counts() {
        for after in [
            BEFORE.to_owned(),
            set(BEFORE).replace("\"b\"", "\"c\""),
            set(BEFORE).replace("\nx\n", "\n x\n"),
            set(BEFORE).replace("s3 = 1, ", ""),
            set(BEFORE).replace("\"s3\"", "\"gcs\""),
            set(BEFORE).replace("true", "false"),
            set(BEFORE) + "b = 1\n",
            set(BEFORE) + "}\n",
            BEFORE.replace("    bucket", "    use_lockfile = true\n    bucket"),
            BEFORE.to_owned() + "use_lockfile = true\n",
        ] {
            assert!(!is_only(Form::Terraform, BEFORE, &after, &SET), "{after}");
        }
    }

    #[test]
    fn an_attribute_and_its_object_are_removed() {
        let change = ArgumentChange::Remove { path: &["endpoints", "dynamodb"] };
        let after = BEFORE.replace(", dynamodb = 2", "");
        assert!(is_only(Form::Terraform, BEFORE, &after, &change));
        let whole = BEFORE.replace("    endpoints = { s3 = 1, dynamodb = 2 }\n", "");
        assert!(!is_only(Form::Terraform, BEFORE, &whole, &change));
        assert!(is_only(Form::Terraform, &BEFORE.replace("s3 = 1, ", ""), &whole, &change));
    }

    #[test]
    fn contents_are_told_from_the_rest() {
        let text = "generate \"x\" {\n  path = \"p\"\n  contents = <<E\na\nE\n}\n";
        assert!(differ_in_contents_only(text, &text.replace("\na\n", "\nb\n")));
        assert!(!differ_in_contents_only(text, &text.replace("\"p\"", "\"q\"")));
        assert!(!differ_in_contents_only(text, text));
    }
}
