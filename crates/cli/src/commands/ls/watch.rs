//! `--watch`: lists again and again, and prints what has changed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use statelock_client::Connection;
use statelock_protocol::lock::CreatedAt;

use super::error::LsError;
use super::filter::Filter;
use super::holder::{Holder, Looks, Seen};
use super::looking::Looking;
use super::printer::{print, text};
use super::text::place;
use super::{LsArgs, SCHEMA, now};
use crate::backend::ResolvedBucket;
use crate::output::{self, printable};

/// What happened to a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    /// It was there when the watch began.
    Present,
    /// It was not there before.
    Held,
    /// It is not there any more.
    Released,
}

/// A lock, as far as it is told.
#[derive(Clone, Debug, Serialize)]
struct Watched {
    address: String,
    facets: Vec<&'static str>,
    half: bool,
    /// Null: the lock cannot be read.
    id: Option<String>,
    operation: Option<String>,
    who: Option<String>,
    #[serde(skip)]
    place: String,
}

#[derive(Serialize)]
struct Line<'a> {
    schema: u32,
    at: &'a str,
    event: Event,
    #[serde(flatten)]
    lock: &'a Watched,
}

/// The locks that are there, by their state's key and lock ID.
type Held = BTreeMap<(String, Option<String>), Watched>;

/// Watches until the process is ended.
pub(super) async fn run(
    args: &LsArgs,
    place: &ResolvedBucket,
    connection: &Connection,
    interval: Duration,
) -> Result<(), LsError> {
    let mut before: Option<Held> = None;
    loop {
        match round(args, place, connection, before.as_ref()).await {
            Ok(held) => {
                for (key, lock) in before.iter().flatten() {
                    if !held.contains_key(key) {
                        tell(args, Event::Released, lock)?;
                    }
                }
                before = Some(held);
            }
            // What could not be seen is not said to be released.
            Err(error) if error.is_passing() && before.is_some() => {
                output::warning(&format!("could not look, and tries again: {error}"));
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(interval).await;
    }
}

/// Lists once, and tells of locks that were not there before.
async fn round(
    args: &LsArgs,
    place: &ResolvedBucket,
    connection: &Connection,
    before: Option<&Held>,
) -> Result<Held, LsError> {
    let looks = if args.orphaned { Looks::ForLife } else { Looks::Away };
    let mut looking = Looking::new(connection.clone(), args.query(place), looks);
    let mut filter = Filter::new(args);
    let mut held = Held::new();
    while let Some(mut seen) = looking.next().await? {
        if !filter.lets_through(&mut seen) {
            continue;
        }
        for holder in &seen.holders {
            let lock = watched(place.bucket.as_str(), &seen, holder);
            let key = (seen.state.key.as_str().to_owned(), lock.id.clone());
            match before {
                None => tell(args, Event::Present, &lock)?,
                Some(before) if !before.contains_key(&key) => tell(args, Event::Held, &lock)?,
                Some(_) => {}
            }
            held.insert(key, lock);
        }
    }
    looking.unread()?;
    Ok(held)
}

fn watched(bucket: &str, seen: &Seen, holder: &Holder) -> Watched {
    let info = holder.info();
    Watched {
        address: format!("s3://{bucket}/{}", seen.state.key),
        facets: holder.facets.iter().map(|facet| facet.name()).collect(),
        half: seen.state.is_half,
        id: info.map(|info| info.id.as_str().to_owned()),
        operation: info.map(|info| info.operation.clone()),
        who: info.map(|info| info.who.clone()),
        place: place(&holder.facets, seen.state.is_half),
    }
}

fn tell(args: &LsArgs, event: Event, lock: &Watched) -> Result<(), LsError> {
    let at = CreatedAt::from_unix(now(), 0).map(|now| now.to_string()).unwrap_or_default();
    if args.json || args.jsonl {
        return print(&(text(&Line { schema: SCHEMA, at: &at, event, lock })? + "\n"));
    }
    print(&line(&at, event, lock))
}

fn line(at: &str, event: Event, lock: &Watched) -> String {
    let event = match event {
        Event::Present => "  held",
        Event::Held => "+ held",
        Event::Released => "- released",
    };
    let or_nothing = |text: Option<&String>| match text.map(|text| printable(text)) {
        Some(text) if !text.is_empty() => text,
        Some(_) | None => "-".to_owned(),
    };
    let id = lock.id.as_deref().map_or_else(|| "not readable".to_owned(), printable);
    format!(
        "{at}  {event:<10}  {:<10}  {:<18}  {:<16}  {id:<36}  {}\n",
        lock.place,
        or_nothing(lock.operation.as_ref()),
        or_nothing(lock.who.as_ref()),
        printable(&lock.address)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_happened_and_cannot_be_left() {
        let lock = Watched {
            address: "s3://b/k\n".to_owned(),
            facets: vec!["lockfile"],
            half: false,
            id: Some("d0d7".to_owned()),
            operation: Some(String::new()),
            who: Some("a\x1b@b".to_owned()),
            place: "lockfile".to_owned(),
        };
        let line = line("2026-11-22T09:30:00Z", Event::Released, &lock);
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(
            words,
            [
                "2026-11-22T09:30:00Z",
                "-",
                "released",
                "lockfile",
                "-",
                "a\\u{1b}@b",
                "d0d7",
                "s3://b/k\\n"
            ]
        );
    }
}
