//! Why each statement is there.

use std::fmt::Write as _;

use serde::Serialize;

use super::needs::Need;

/// A statement explained, for programs.
#[derive(Debug, Serialize)]
pub(super) struct Explained<'a> {
    sid: &'a str,
    why: &'a str,
    actions: Vec<ExplainedAction<'a>>,
}

#[derive(Debug, Serialize)]
struct ExplainedAction<'a> {
    action: &'a str,
    sent: &'a str,
    without: &'a str,
}

impl Need {
    /// Why it is there.
    pub(super) fn explained(&self) -> Explained<'_> {
        let action = |action: &super::needs::Action| ExplainedAction {
            action: action.name,
            sent: action.sent,
            without: action.without,
        };
        Explained {
            sid: self.sid,
            why: self.why,
            actions: self.actions.iter().map(action).collect(),
        }
    }
}

/// All statements explained, for people.
pub(super) fn text(needs: &[Need]) -> String {
    let mut text = String::new();
    for need in needs {
        writeln!(text, "{}: {}", need.sid, need.why).unwrap_or_default();
        for action in &need.actions {
            let lines = format!(
                "  {}\n      sent by:    {}\n      without it: {}\n",
                action.name, action.sent, action.without
            );
            text.push_str(&lines);
        }
        text.push('\n');
    }
    text
}
