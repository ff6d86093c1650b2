//! Explanations as text and as JSON.

use std::fmt::Write;

use serde_json::json;

use super::ExplainError;
use super::explanation::Explanation;
use super::rules;
use crate::output;

/// The version of the JSON that is printed; members are added without a new one.
const SCHEMA: u32 = 1;
const COLUMNS: usize = 96;

/// All explanations as JSON.
pub(super) fn json(explanations: &[Explanation]) -> Result<String, ExplainError> {
    let documents: Vec<_> = explanations.iter().map(Explanation::document).collect();
    line(&json!({ "schema": SCHEMA, "explanations": documents }))
}

/// What is known.
pub(super) fn list(as_json: bool) -> Result<String, ExplainError> {
    if as_json {
        let known: Vec<_> =
            rules::all().map(|rule| json!({ "id": rule.id, "title": rule.title })).collect();
        return line(&json!({ "schema": SCHEMA, "known": known }));
    }
    let lines: Vec<_> =
        rules::all().map(|rule| format!("{:<36}{}\n", rule.id, rule.title)).collect();
    Ok(lines.concat())
}

fn line(document: &serde_json::Value) -> Result<String, ExplainError> {
    let text = serde_json::to_string(document).map_err(ExplainError::Json)?;
    Ok(text + "\n")
}

/// All explanations for a reader.
pub(super) fn text(explanations: &[Explanation]) -> String {
    let shown: Vec<_> = explanations.iter().map(one).collect();
    shown.join("\n")
}

fn one(explanation: &Explanation) -> String {
    let rule = explanation.rule;
    let mut shown = format!("{} ({}, line {})\n\n", rule.title, rule.id, explanation.line);
    paragraph(&mut shown, "  ", "  ", rule.cause);
    possible(&mut shown, explanation);
    facts(&mut shown, explanation);
    if let Some(danger) = rule.danger {
        shown.push('\n');
        paragraph(&mut shown, "  Careful: ", "  ", danger);
    }
    shown.push_str("\n  Next\n");
    for (number, next) in (1_u32..).zip(explanation.next()) {
        paragraph(&mut shown, &format!("    {number}. "), "       ", next.step);
        if let Some(command) = next.command {
            shown.extend(["         ", &command, "\n"]);
        }
    }
    shown
}

fn possible(shown: &mut String, explanation: &Explanation) {
    if explanation.rule.possible.is_empty() {
        return;
    }
    shown.push_str("\n  The text alone does not tell which; the likeliest first\n");
    for (number, possible) in (1_u32..).zip(explanation.rule.possible) {
        let text = format!("{} {}", possible.cause, possible.tell);
        paragraph(shown, &format!("    {number}. "), "       ", &text);
    }
}

fn facts(shown: &mut String, explanation: &Explanation) {
    let facts: Vec<_> = explanation.facts.iter().collect();
    let Some(width) = facts.iter().map(|(name, _)| name.len()).max() else { return };
    shown.push_str("\n  From the text\n");
    for (name, value) in facts {
        // Writing to a string does not fail.
        writeln!(shown, "    {name:<width$}  {}", output::printable(value)).unwrap_or_default();
    }
}

/// A paragraph in lines, with `first` before its first line and `other` before each other one.
fn paragraph(shown: &mut String, first: &str, other: &str, text: &str) {
    let mut column = first.chars().count();
    shown.push_str(first);
    let mut is_line_start = true;
    for word in text.split(' ') {
        let length = word.chars().count();
        if !is_line_start && column + 1 + length > COLUMNS {
            shown.push('\n');
            shown.push_str(other);
            column = other.chars().count();
            is_line_start = true;
        }
        if !is_line_start {
            shown.push(' ');
            column += 1;
        }
        shown.push_str(word);
        column += length;
        is_line_start = false;
    }
    shown.push('\n');
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::commands::explain::recognise::recognise;

    #[test]
    fn an_explanation_is_for_a_reader() {
        let shown = text(&recognise("x\nWorkspace \"dev\u{202e}\" already exists\n", 0));
        assert!(
            shown.starts_with("The workspace exists already (workspace-exists, line 2)\n\n  "),
            "{shown}"
        );
        assert!(shown.contains("\n    workspace  dev\\u{202e}\n\n  Next\n    1. "), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= 96), "{shown}");
    }
}
