//! Audit records as lines for people.

use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

use super::Record;
use crate::output::printable;

const COLUMNS: usize = 7;
const TITLES: [&str; COLUMNS] = ["NUMBER", "TIME (UTC)", "ACTION", "OUTCOME", "VIA", "BY", "WHERE"];
const LAST_TITLE: &str = "DETAILS";
/// A column does not grow beyond this for the sake of one long text.
const WIDTH_MAX: usize = 60;
/// What stands in a column that has nothing to say.
const NOTHING: &str = "-";

/// Remembers how wide the columns are, so that later lines stand below earlier ones.
#[derive(Default)]
pub(super) struct Table {
    widths: [usize; COLUMNS],
    has_titles: bool,
}

impl Table {
    /// One line per record, below titles the first time.
    pub(super) fn render(&mut self, records: &[Record]) -> String {
        let mut rows: Vec<_> =
            records.iter().map(|record| (cells(record), details(record))).collect();
        if !self.has_titles && !rows.is_empty() {
            self.has_titles = true;
            rows.insert(0, (TITLES.map(str::to_owned), LAST_TITLE.to_owned()));
        }
        for (cells, _) in &rows {
            for (width, cell) in self.widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count().min(WIDTH_MAX));
            }
        }
        rows.iter().map(|(cells, details)| self.line(cells, details)).collect()
    }

    fn line(&self, cells: &[String; COLUMNS], details: &str) -> String {
        let padded =
            cells.iter().zip(&self.widths).map(|(cell, &width)| format!("{cell:<width$}  "));
        let mut line = padded.collect::<String>() + details;
        line.truncate(line.trim_end().len());
        line.push('\n');
        line
    }
}

fn cells(record: &Record) -> [String; COLUMNS] {
    let or_nothing = |text: Option<String>| text.unwrap_or_else(|| NOTHING.to_owned());
    [
        or_nothing(text(record, "number")),
        or_nothing(record.get("at_micros").and_then(Value::as_u64).and_then(utc)),
        or_nothing(text(record, "action")),
        or_nothing(text(record, "outcome")),
        text(record, "protocol").unwrap_or_else(|| "server".to_owned()),
        by(record),
        place(record),
    ]
}

/// Who: as the lock info says, else by access key; and from where.
fn by(record: &Record) -> String {
    let who = text(record, "who").or_else(|| text(record, "principal"));
    let Some(who) = who else {
        return NOTHING.to_owned();
    };
    match text(record, "peer") {
        Some(peer) => format!("{who} ({peer})"),
        None => who,
    }
}

fn place(record: &Record) -> String {
    match (text(record, "bucket"), text(record, "table"), text(record, "key")) {
        (Some(bucket), _, Some(key)) => format!("s3://{bucket}/{key}"),
        (Some(bucket), _, None) => format!("s3://{bucket}"),
        (None, Some(table), Some(key)) => format!("table {table}: {key}"),
        (None, Some(table), None) => format!("table {table}"),
        (None, None, Some(key)) => key,
        (None, None, None) => NOTHING.to_owned(),
    }
}

/// What only some records have.
fn details(record: &Record) -> String {
    let mut parts = Vec::new();
    if let Some(id) = text(record, "lock_id") {
        parts.push(format!("lock {id}"));
    }
    if let Some(facet) = text(record, "facet") {
        parts.push(format!("by {facet}"));
    }
    match (text(record, "serial_before"), text(record, "serial_after")) {
        (Some(before), Some(after)) => parts.push(format!("serial {before} to {after}")),
        (Some(serial), None) | (None, Some(serial)) => parts.push(format!("serial {serial}")),
        (None, None) => {}
    }
    if let Some(version) = text(record, "version") {
        parts.push(format!("version {version}"));
    }
    if let Some(reason) = text(record, "reason") {
        parts.push(reason);
    }
    parts.join(", ")
}

/// A member as text that may be shown; its quotes are not.
fn text(record: &Record, name: &str) -> Option<String> {
    match record.get(name)? {
        Value::String(text) => Some(printable(text)),
        Value::Null => None,
        other => Some(printable(&other.to_string())),
    }
}

fn utc(micros: u64) -> Option<String> {
    let moment = OffsetDateTime::from_unix_timestamp(i64::try_from(micros / 1_000_000).ok()?);
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    moment.ok()?.format(form).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(value: Value) -> Record {
        let Value::Object(record) = value else { panic!("{value}") };
        record
    }

    #[test]
    fn lines_are_aligned_and_say_what_is_known() {
        let records = [
            record(json!({
                "number": 9, "at_micros": 1_700_000_000_999_999_u64, "action": "lock_acquired",
                "outcome": "done", "protocol": "s3", "principal": "ROOT", "who": "you@laptop",
                "peer": "127.0.0.1", "bucket": "tfstate", "key": "a", "lock_id": "d0d7",
                "facet": "lockfile"
            })),
            record(json!({
                "number": 10, "at_micros": 1_700_000_001_000_000_u64, "action": "state_written",
                "outcome": "done", "protocol": "http", "principal": "ROOT", "bucket": "tfstate",
                "key": "a", "serial_before": 3, "serial_after": 4, "version": "v", "reason": "r"
            })),
            record(json!({"number": 11, "at_micros": 0, "action": "table_created",
                "outcome": "done", "table": "locks"})),
        ];
        let mut table = Table::default();
        let shown = table.render(&records);
        let expected = "\
NUMBER  TIME (UTC)           ACTION         OUTCOME  VIA     BY                      WHERE         DETAILS
9       2023-11-14 22:13:20  lock_acquired  done     s3      you@laptop (127.0.0.1)  s3://tfstate/a  lock d0d7, by lockfile
";
        let expected = expected.replace("WHERE         ", "WHERE           ");
        assert!(shown.starts_with(&expected), "{shown}");
        assert!(shown.ends_with(
            "11      1970-01-01 00:00:00  table_created  done     server  -                       table locks\n"
        ), "{shown}");
        assert!(shown.contains("  serial 3 to 4, version v, r\n"), "{shown}");
        assert!(!table.render(&records).contains("NUMBER"), "titles are shown once");
        assert_eq!(Table::default().render(&[]), "");
    }

    #[test]
    fn what_others_wrote_cannot_leave_its_line() {
        let shown = Table::default().render(&[record(json!({
            "number": 1, "who": "a\nb\u{1b}[2J", "key": "x\ty", "surprise": {"new": true},
        }))]);
        assert_eq!(shown.lines().count(), 2, "{shown}");
        assert!(!shown.contains('\u{1b}') && !shown.contains('\t'), "{shown}");
    }

    #[test]
    fn one_long_text_does_not_push_everything_away() {
        let long = "k".repeat(500);
        let records = [
            record(json!({"number": 1, "key": long})),
            record(json!({"number": 2, "reason": "r"})),
        ];
        let shown = Table::default().render(&records);
        let last = shown.lines().last().unwrap();
        assert!(last.len() < 200 && last.ends_with(" r"), "{last}");
    }
}
