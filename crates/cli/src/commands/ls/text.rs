//! Listed states as lines for people.

use statelock_client::listing::ListedObject;
use statelock_protocol::lock::CreatedAt;
use statelock_protocol::lock::unified::Facet;

use super::holder::{Holder, Known, Seen};
use crate::output::printable;

/// A column does not grow beyond this for the sake of one long text.
const WIDTH_MAX: usize = 48;
/// What stands in a column that has nothing to say.
const NOTHING: &str = "-";

/// What the columns are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// Who holds what.
    Locks,
    /// Only what is stored.
    States,
}

/// Remembers how wide the columns are, so that later lines stand below earlier ones. The state's
/// address is the last column: its length moves nothing.
pub(super) struct Table {
    columns: Columns,
    widths: Vec<usize>,
    has_titles: bool,
}

impl Table {
    pub(super) fn new(columns: Columns) -> Self {
        let widths = match columns {
            Columns::Locks => vec![10, 6, 7, 18, 16, 36],
            Columns::States => vec![10, 19],
        };
        Self { columns, widths, has_titles: false }
    }

    /// The lines of one state, below titles the first time.
    pub(super) fn render(&mut self, bucket: &str, seen: &Seen) -> String {
        let mut text = String::new();
        if !self.has_titles {
            self.has_titles = true;
            let titles: &[&str] = match self.columns {
                Columns::Locks => &["LOCK", "AGE", "HOLDER", "OPERATION", "WHO", "LOCK ID"],
                Columns::States => &["SIZE", "LAST WRITE (UTC)"],
            };
            let titles = titles.iter().map(|title| (*title).to_owned()).collect();
            text.push_str(&self.line(titles, "STATE"));
        }
        let mut address = format!("s3://{bucket}/{}", printable(seen.state.key.as_str()));
        if seen.state.object.is_none() {
            address.push_str("  (no state)");
        }
        match self.columns {
            Columns::States => {
                text.push_str(&self.line(stored(seen.state.object.as_ref()), &address));
            }
            Columns::Locks if seen.holders.is_empty() => {
                let mut cells = vec![NOTHING.to_owned(); self.widths.len()];
                if let Some(first) = cells.first_mut() {
                    "free".clone_into(first);
                }
                text.push_str(&self.line(cells, &address));
            }
            Columns::Locks => {
                for holder in &seen.holders {
                    let cells = held(holder, seen.state.is_half);
                    let address = match &holder.lock {
                        Known::Unreadable(why) => format!("{address}  ({})", printable(why)),
                        Known::Info(_) | Known::NotAskedFor => address.clone(),
                    };
                    text.push_str(&self.line(cells, &address));
                }
            }
        }
        text
    }

    fn line(&mut self, cells: Vec<String>, last: &str) -> String {
        let mut line = String::new();
        for (cell, width) in cells.into_iter().zip(&mut self.widths) {
            let length = cell.chars().count();
            *width = (*width).max(length.min(WIDTH_MAX));
            line.push_str(&cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(length) + 2));
        }
        line + last + "\n"
    }
}

fn stored(object: Option<&ListedObject>) -> Vec<String> {
    let nothing = || NOTHING.to_owned();
    let Some(object) = object else { return vec![nothing(), nothing()] };
    let written = object.last_modified_unix_seconds.and_then(utc);
    vec![object.size_bytes.to_string(), written.unwrap_or_else(nothing)]
}

fn held(holder: &Holder, is_half: bool) -> Vec<String> {
    let text = |text: Option<&str>| match text.map(printable) {
        Some(text) if !text.is_empty() => text,
        Some(_) | None => NOTHING.to_owned(),
    };
    let info = holder.info();
    let life = match (&holder.lock, holder.life()) {
        (_, Some(life)) => life.word(),
        (Known::Unreadable(_), None) => "unknown",
        (Known::Info(_) | Known::NotAskedFor, None) => NOTHING,
    };
    let id = match &holder.lock {
        Known::Info(known) => printable(known.0.id.as_str()),
        Known::Unreadable(_) => "not readable".to_owned(),
        Known::NotAskedFor => NOTHING.to_owned(),
    };
    vec![
        place(&holder.facets, is_half),
        holder.age_seconds.map_or_else(|| NOTHING.to_owned(), span),
        life.to_owned(),
        text(info.map(|info| info.operation.as_str())),
        text(info.map(|info| info.who.as_str())),
        id,
    ]
}

/// Where the lock is.
pub(super) fn place(facets: &[Facet], is_half: bool) -> String {
    let place = match facets {
        [one] => one.name(),
        _ => "both",
    };
    if is_half { format!("{place}, half") } else { place.to_owned() }
}

/// A span of time by its two largest units.
pub(super) fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m"),
        (0, _, _) => format!("{hours}h{:02}m", minutes % 60),
        (_, _, _) => format!("{days}d{:02}h", hours % 24),
    }
}

fn utc(seconds: i64) -> Option<String> {
    let moment = CreatedAt::from_unix(seconds, 0).ok()?.to_string();
    Some(moment.trim_end_matches('Z').replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3599, "59m"),
            (3600, "1h00m"),
            (11_525, "3h12m"),
            (86_400, "1d00h"),
            (200_000, "2d07h"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn times_are_those_of_utc() {
        assert_eq!(utc(1_700_000_000).as_deref(), Some("2023-11-14 22:13:20"));
    }

    #[test]
    fn a_place_says_whether_it_is_half_a_lock() {
        assert_eq!(place(&[Facet::Lockfile, Facet::LockTable], false), "both");
        assert_eq!(place(&[Facet::LockTable], true), "lock_table, half");
    }
}
