//! A history as a table for people.

use std::fmt::Write;

use super::operation::{Action, Api, Naming, Operation, Outcome, StateValue, Writer};
use super::shrink::Shrunk;

/// What cannot be explained.
pub fn shown(shrunk: &Shrunk) -> String {
    let rows: Vec<_> = shrunk.operations.iter().map(|(one, counts)| row(one, *counts)).collect();
    let mut text = written(&rows);
    let loose = shrunk.operations.iter().any(|(one, counts)| !counts && one.outcome.is_known());
    let note = if loose { "; what is in brackets does not matter" } else { "" };
    let said = match &shrunk.stuck {
        None => writeln!(text, "no order explains all of these{note}"),
        Some(stuck) => writeln!(
            text,
            "no order explains all of these: the best one gets to {} of the answers, and then {}{note} \
             ({} more operations do not matter at all)",
            stuck.explained, stuck.place, shrunk.others
        ),
    };
    said.ok();
    text
}

/// One line for each operation, by its start.
pub fn table(history: &[Operation]) -> String {
    let rows: Vec<_> = history.iter().map(|operation| row(operation, true)).collect();
    written(&rows)
}

fn written(rows: &[[String; 5]]) -> String {
    let head = ["client", "from ms", "to ms", "what", "told"].map(str::to_owned);
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let width = |row: &[String; 5]| row.get(column).map_or(0, |cell| cell.chars().count());
            rows.iter().map(width).chain([width(&head)]).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for ((column, cell), width) in row.iter().enumerate().zip(&widths) {
            let written = if (1..3).contains(&column) {
                write!(line, "{cell:>width$}  ")
            } else {
                write!(line, "{cell:<width$}  ")
            };
            written.ok();
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn row(operation: &Operation, counts: bool) -> [String; 5] {
    let millis = |micros: u64| format!("{}.{:03}", micros / 1000, micros % 1000);
    [
        operation.client.to_string(),
        millis(operation.start_micros),
        operation.end_micros.map_or_else(|| "-".to_owned(), millis),
        what(&operation.action),
        if counts || !operation.outcome.is_known() {
            told(&operation.outcome)
        } else {
            format!("[{}]", told(&operation.outcome))
        },
    ]
}

fn what(action: &Action) -> String {
    match action {
        Action::Acquire { facet, lock, .. } => format!("acquire {lock} ({facet})"),
        Action::Look { facet, refusal: None } => format!("look ({facet})"),
        Action::Look { facet, refusal: Some(refusal) } => {
            format!("look ({facet}, after {} was refused)", refusal.lock)
        }
        Action::Release { facet, lock, naming, .. } => match naming {
            Naming::Named => format!("release {lock} ({facet})"),
            Naming::Seen => format!("release {lock} ({facet}, as seen before)"),
            Naming::Blind => format!("release {lock} ({facet}, unnamed)"),
        },
        Action::ForceUnlock => "force-unlock (http)".to_owned(),
        Action::Read { through: Api::S3 } => "read state (s3)".to_owned(),
        Action::Read { through: Api::Http } => "read state (http)".to_owned(),
        Action::ReadDigest => "read digest".to_owned(),
        Action::Write { writer, value } => {
            format!("write {} ({})", state(value), who(writer))
        }
        Action::Delete { writer } => format!("delete state ({})", who(writer)),
    }
}

fn who(writer: &Writer) -> String {
    match writer {
        Writer::S3 { took: None } => "s3".to_owned(),
        Writer::S3 { took: Some(lock) } => format!("s3, took {lock}"),
        Writer::Http { claim: None } => "http, without a lock".to_owned(),
        Writer::Http { claim: Some(lock) } => format!("http, with {lock}"),
    }
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Holder(None) => "nobody".to_owned(),
        Outcome::Holder(Some(lock)) => lock.clone(),
        Outcome::State(None) | Outcome::Digest(None) => "nothing".to_owned(),
        Outcome::State(Some(value)) => state(value),
        Outcome::Digest(Some(digest)) => short(digest),
        Outcome::Refused => "refused".to_owned(),
        Outcome::NotSent => "not sent".to_owned(),
        Outcome::Unknown { hung_up: false } => "unknown".to_owned(),
        Outcome::Unknown { hung_up: true } => "unknown, hung up".to_owned(),
    }
}

fn state(value: &StateValue) -> String {
    format!("serial {} {} of {}", value.serial, short(&value.digest), value.lineage)
}

fn short(digest: &str) -> String {
    digest.chars().take(8).collect()
}
