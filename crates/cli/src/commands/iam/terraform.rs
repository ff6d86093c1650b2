//! The needs as a data source of Terraform's provider for AWS.

use std::fmt::Write as _;

use super::needs::Need;
use super::policy_document::{operator, values};
use crate::policy::Subject;

/// A whole block, to be put into a `.tf` file.
pub(super) fn of(role: &str, needs: &[Need]) -> String {
    let statements: Vec<_> = needs.iter().map(statement).collect();
    format!("data \"aws_iam_policy_document\" \"state_{role}\" {{\n{}}}\n", statements.join("\n"))
}

fn statement(need: &Need) -> String {
    let mut text = format!("  # {}\n  statement {{\n", need.why);
    let actions: Vec<_> = need.actions.iter().map(|action| action.name.to_owned()).collect();
    let resources: Vec<_> = need.resources.iter().map(Subject::as_pattern).collect();
    let written = writeln!(text, "    sid       = {}", quoted(need.sid))
        .and_then(|()| writeln!(text, "    actions   = {}", list(&actions, 4)))
        .and_then(|()| writeln!(text, "    resources = {}", list(&resources, 4)));
    // Writing into a text cannot fail.
    written.unwrap_or_default();
    if let Some(narrowing) = &need.narrowing {
        let condition = format!(
            "\n    condition {{\n      test     = {}\n      variable = {}\n      values   = {}\n    }}\n",
            quoted(operator(narrowing)),
            quoted(narrowing.key),
            list(&values(narrowing), 6)
        );
        text.push_str(&condition);
    }
    text.push_str("  }\n");
    text
}

fn list(texts: &[String], indent: usize) -> String {
    let blank = " ".repeat(indent);
    let lines: Vec<_> = texts.iter().map(|text| format!("{blank}  {},\n", quoted(text))).collect();
    match texts {
        [one] => format!("[{}]", quoted(one)),
        _ => format!("[\n{}{blank}]", lines.concat()),
    }
}

/// A text in HCL. What would begin a template is doubled.
fn quoted(text: &str) -> String {
    let mut shown = String::from('"');
    for character in text.chars() {
        match character {
            '"' => shown.push_str("\\\""),
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            other if other.is_control() => {
                write!(shown, "\\u{:04X}", u32::from(other)).unwrap_or_default();
            }
            other => shown.push(other),
        }
    }
    shown.push('"');
    shown.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_no_templates() {
        assert_eq!(quoted("a${*}b%{c}\"\\"), "\"a$${*}b%%{c}\\\"\\\\\"");
        assert_eq!(list(&["a".to_owned()], 2), "[\"a\"]");
        assert_eq!(list(&["a".to_owned(), "b".to_owned()], 2), "[\n    \"a\",\n    \"b\",\n  ]");
    }
}
