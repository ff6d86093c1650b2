//! What a check found, for people.

use std::fmt::Write as _;

use super::Checked;
use super::excess::{Excess, Problem};
use super::lacking::{Lack, Why};
use crate::commands::iam::needs::Ask;
use crate::output::printable;
use crate::policy::{Cause, Dependence, Effect, Which};

/// Of actions that are too many this many are named.
const NAMED_MAX: usize = 6;

/// All of it.
pub(super) fn text(checked: &Checked) -> String {
    let mut text = format!(
        "{} for the role {} on {} ({})\n",
        printable(&checked.files.join(", ")),
        checked.role,
        printable(&checked.address),
        checked.mode
    );
    let remarks = checked.policies.iter().flat_map(|policy| &policy.remarks);
    for remark in remarks {
        writeln!(text, "\nnote: {}", printable(remark)).unwrap_or_default();
    }
    let judgement = &checked.judgement;
    if !judgement.lacks.is_empty() {
        writeln!(text, "\nLACKS {} of {} permissions", judgement.lacks.len(), judgement.asked)
            .unwrap_or_default();
        text.push_str(&lacks(checked));
    }
    if !judgement.depends.is_empty() {
        writeln!(text, "\nDEPENDS on conditions").unwrap_or_default();
        for depending in &judgement.depends {
            let on: Vec<_> = depending.on.iter().map(|one| dependence(checked, one)).collect();
            writeln!(text, "  {}\n      on {}", asked(&depending.ask), on.join("\n      and "))
                .unwrap_or_default();
        }
    }
    if !checked.excess.is_empty() {
        writeln!(text, "\nTOO MUCH").unwrap_or_default();
        for excess in &checked.excess {
            text.push_str(&too_much(checked, excess));
        }
    }
    text.push_str(&verdict(checked));
    text
}

fn verdict(checked: &Checked) -> String {
    let judgement = &checked.judgement;
    let enough = match (judgement.lacks.is_empty(), judgement.depends.is_empty()) {
        (false, _) => "not enough",
        (true, false) => "enough, if the conditions are met",
        (true, true) => "enough",
    };
    let more =
        if checked.excess.is_empty() { ", and no more than that" } else { ", and more than that" };
    let more = if judgement.lacks.is_empty() { more } else { "" };
    format!("\nThis is {enough}{more}.\n")
}

/// Those with the same reason and consequence together.
fn lacks(checked: &Checked) -> String {
    let mut groups: Vec<(&Lack, Vec<&Lack>)> = Vec::new();
    for lack in &checked.judgement.lacks {
        let is_same = |(first, _): &&mut (&Lack, Vec<&Lack>)| {
            first.ask.action == lack.ask.action
                && first.ask.without == lack.ask.without
                && first.why == lack.why
        };
        match groups.iter_mut().find(is_same) {
            Some((_, members)) => members.push(lack),
            None => groups.push((lack, vec![lack])),
        }
    }
    let mut text = String::new();
    for (first, members) in groups {
        for member in members {
            writeln!(text, "  {}", asked(&member.ask)).unwrap_or_default();
        }
        let lines = format!(
            "      {}\n      sent by:    {}\n      without it: {}\n",
            why(checked, &first.why),
            first.ask.sent,
            first.ask.without
        );
        text.push_str(&lines);
    }
    text
}

/// An action on a resource, in one line.
pub(super) fn asked(ask: &Ask) -> String {
    let value = ask.value.as_ref().map(|(key, value)| format!(", {key} = \"{}\"", value.shown()));
    printable(&format!("{} on {}{}", ask.action, ask.resource.shown(), value.unwrap_or_default()))
}

fn why(checked: &Checked, why: &Why) -> String {
    let names = |all: &[Which]| {
        all.iter().map(|which| checked.statement(*which)).collect::<Vec<_>>().join(", ")
    };
    match why {
        Why::NotAllowed => "no statement allows it".to_owned(),
        Why::AllowedInPart(all) => format!("allowed for a part only: {}", names(all)),
        Why::Denied(which) => format!("denied by {}", checked.statement(*which)),
        Why::DeniedInPart(all) => format!("denied for a part: {}", names(all)),
    }
}

/// What something hangs on, in one line.
pub(super) fn dependence(checked: &Checked, one: &Dependence) -> String {
    let what = match &one.cause {
        Cause::PartOfResources => "a part of the resources".to_owned(),
        Cause::PartOfValues { operator, key } | Cause::Condition { operator, key } => {
            format!("{operator} {key}")
        }
        Cause::Variable => "a policy variable in the resource".to_owned(),
        Cause::Principal => "whether it is about this caller (--principal)".to_owned(),
        Cause::Delegation => {
            "what the account allows this caller (an account in `Principal` only delegates)"
                .to_owned()
        }
    };
    let does = match one.effect {
        Effect::Allow => "allows",
        Effect::Deny => "denies",
    };
    format!("{} in {}, which {does} it", printable(&what), checked.statement(one.statement))
}

fn too_much(checked: &Checked, excess: &Excess) -> String {
    let head = printable(&format!("{} on {}", excess.action, excess.resource));
    let mut text =
        format!("  {}: {head}, {}\n", excess.danger.name(), checked.statement(excess.statement));
    let not_needed: Vec<_> = excess.problems.iter().filter_map(not_needed).collect();
    if !not_needed.is_empty() {
        let named: Vec<_> = not_needed.iter().take(NAMED_MAX).cloned().collect();
        let more = not_needed.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        writeln!(text, "      not needed: {}{more}", named.join(", ")).unwrap_or_default();
    }
    for problem in &excess.problems {
        text.extend(wider(problem).map(|line| format!("      {}\n", printable(&line))));
    }
    text
}

fn not_needed(problem: &Problem) -> Option<String> {
    match problem {
        Problem::NotNeeded { action, means: "" } => Some(printable(action)),
        Problem::NotNeeded { action, means } => Some(format!("{} ({means})", printable(action))),
        Problem::WiderResource { .. }
        | Problem::NotNarrowed { .. }
        | Problem::Wildcard
        | Problem::OldTable { .. }
        | Problem::AllBut => None,
    }
}

/// What is wider than needed, in one line.
fn wider(problem: &Problem) -> Option<String> {
    match problem {
        Problem::NotNeeded { .. } => None,
        Problem::WiderResource { action, means, enough } => {
            let means = if means.is_empty() { String::new() } else { format!(" ({means})") };
            Some(format!("{action}{means} is needed on {} only", enough.join(", ")))
        }
        Problem::NotNarrowed { action, key } => Some(format!(
            "{action} is needed with a condition on {key} only: it reaches other states"
        )),
        Problem::Wildcard => {
            Some("a wildcard also permits what AWS adds later; name the actions".to_owned())
        }
        Problem::OldTable { is_named: true } => Some(
            "the state is locked by lockfile alone: of its old lock table nothing is needed".to_owned(),
        ),
        Problem::OldTable { is_named: false } => Some(
            "it looks like permissions on a lock table: a state that is locked by lockfile alone needs none".to_owned(),
        ),
        Problem::AllBut => {
            Some("it permits everything that it does not name; name what is needed".to_owned())
        }
    }
}

/// For programs.
pub(super) fn problem_words(problem: &Problem) -> String {
    not_needed(problem)
        .map(|action| format!("not needed: {action}"))
        .or_else(|| wider(problem))
        .unwrap_or_default()
}
