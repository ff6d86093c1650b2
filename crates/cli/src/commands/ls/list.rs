//! One listing, from its beginning to its end.

use statelock_client::Connection;
use statelock_client::listing::TableSummary;
use tokio::time::Instant;

use super::LsArgs;
use super::error::LsError;
use super::filter::Filter;
use super::holder::Looks;
use super::looking::Looking;
use super::printer::Printer;
use super::progress;
use crate::backend::ResolvedBucket;
use crate::output;
use crate::output::progress_line::{self, ProgressLine};

/// How a listing ended that went well.
struct Shown {
    states: u64,
    held: u64,
    is_limited: bool,
}

/// Lists and prints.
pub(super) async fn run(
    args: &LsArgs,
    place: &ResolvedBucket,
    connection: Connection,
) -> Result<(), LsError> {
    let mut looking = Looking::new(connection, args.query(place), Looks::ForLife);
    let mut filter = Filter::new(args);
    let mut printer = Printer::new(args);
    let (mut line, began) = (ProgressLine::new(true), Instant::now());
    printer.begin(place.bucket.as_str())?;
    let mut shown = Shown { states: 0, held: 0, is_limited: false };
    let end = loop {
        let next = tokio::select! {
            biased;
            next = looking.next() => next,
            () = line.is_due() => {
                line.draw((), || progress::text(looking.progress(), began.elapsed()));
                continue;
            }
        };
        let mut seen = match next {
            Ok(Some(seen)) => seen,
            Ok(None) => break looking.unread(),
            Err(error) => break Err(error),
        };
        if !filter.lets_through(&mut seen) {
            continue;
        }
        progress_line::erase();
        printer.state(place.bucket.as_str(), &seen)?;
        shown.states += 1;
        shown.held += u64::from(seen.state.is_locked());
        if args.limit == Some(shown.states) {
            shown.is_limited = true;
            break looking.unread();
        }
    };
    progress_line::erase();
    printer.end(end.is_ok() && !shown.is_limited, looking.table())?;
    tell(args, (&shown, end.is_ok()), &filter, looking.table());
    end?;
    if args.exit_code && shown.held > 0 { Err(LsError::Held(shown.held)) } else { Ok(()) }
}

/// Says what the lines do not show. What could not be listed is not called empty.
fn tell(
    args: &LsArgs,
    (shown, is_whole): (&Shown, bool),
    filter: &Filter,
    table: Option<&TableSummary>,
) {
    if shown.states == 0 && is_whole && !args.json && !args.jsonl {
        let what = if args.asks_for_locks() { "no such lock" } else { "no state" };
        let place = args.address.as_deref().unwrap_or(".");
        output::note(&format!("{what} under {}", output::printable(place)));
    }
    if shown.is_limited {
        output::note(&format!("there may be more: --limit is {}", shown.states));
    }
    for note in filter.notes() {
        output::note(&note);
    }
    if let Some(table) = table {
        for note in of_table(table) {
            output::note(&note);
        }
    }
}

fn of_table(table: &TableSummary) -> Vec<String> {
    [
        (table.locks_of_other_buckets, "of other buckets in the lock table: not shown"),
        (table.locks_outside, "of other states of this bucket in the lock table: not shown"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {} {what}", if count == 1 { "lock" } else { "locks" }))
    .chain((table.strange_items > 0).then(|| {
        format!("{} items in the lock table name no state: not shown", table.strange_items)
    }))
    .collect()
}
