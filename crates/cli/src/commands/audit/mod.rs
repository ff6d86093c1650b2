//! `statelock audit`: what happened on a server, and whether its log of that is whole.

mod error;
mod log;
mod row;
mod since;
mod verify;

use std::io;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value};

pub(crate) use error::AuditError;

use log::{Head, Log};
use row::Table;
use since::Since;

use crate::address::AddressArgs;
use crate::admin_client::{AdminClient, AdminClientError, ServerArgs};
use crate::output;

/// The version of the JSON that is printed; members are added without a new one.
const SCHEMA: u32 = 1;
/// How many records are shown, if nothing says from where on.
const LIMIT: u32 = 50;
/// How long `--follow` waits before it asks again.
const FOLLOW_PAUSE: Duration = Duration::from_secs(1);

/// Show who did what: locks, state writes and everything else that had an effect, from the server's
/// audit log.
///
/// Oldest first: the newest 50, or with --since or --after all that match. Without an address: of everything on
/// the server.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock audit s3://tfstate/network/terraform.tfstate --since 1h
  statelock audit --lock-id d0d7fbe6-e907-5504-520e-ce1b6ee7b800
  statelock audit --after 41   # everything that came later than record 41
  statelock audit --follow
  statelock audit --verify   # exit code 11 if a record was removed or changed")]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    address: AddressArgs,

    #[command(flatten)]
    server: ServerArgs,

    /// Only what happened to this lock.
    #[arg(long, value_name = "ID")]
    lock_id: Option<String>,

    /// Only what happened since: a time (RFC 3339), or a span such as 90s, 15m, 1h, 7d, 2w.
    #[arg(long, value_name = "TIME", value_parser = since::parse)]
    since: Option<Since>,

    /// Only what came later than the record of this number.
    #[arg(long, value_name = "NUMBER")]
    after: Option<u64>,

    /// Only the newest so many records [default: 50; with --since or --after: all].
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: Option<u32>,

    /// Go on with what happens, until Ctrl-C.
    #[arg(long)]
    follow: bool,

    /// Check that no record was removed, changed or moved, instead of showing any.
    #[arg(long, conflicts_with_all = ["address", "lock_id", "since", "after", "limit", "follow"])]
    verify: bool,

    /// Print JSON: one document, or with --follow one per line.
    #[arg(long)]
    json: bool,
}

/// One audit record as the server gives it out. A newer server may say more than this program knows.
type Record = Map<String, Value>;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    records: &'a [Record],
    /// Whether there may be older records that match: the limit was reached.
    truncated: bool,
    head: &'a Head,
}

#[derive(Serialize)]
struct Line<'a> {
    schema: u32,
    record: &'a Record,
}

/// Shows or checks the audit log.
///
/// # Errors
/// [`AuditError`].
pub(crate) fn run(args: &AuditArgs) -> Result<(), AuditError> {
    let client = AdminClient::new(&args.server).map_err(AdminClientError::from)?;
    let done = if args.verify {
        verify::run(&client, args.json)
    } else {
        show(&Log::new(&client, filter(args)), args)
    };
    match done {
        // Whoever reads has seen enough.
        Err(AuditError::Stdout(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn filter(args: &AuditArgs) -> Vec<(&'static str, String)> {
    let mut filter = Vec::new();
    if let Some(state) = args.address.state() {
        filter.push(("bucket", state.bucket().to_string()));
        filter.push(("key", state.object_key().to_string()));
    }
    if let Some(id) = &args.lock_id {
        filter.push(("lock_id", id.clone()));
    }
    if let Some(since) = &args.since {
        filter.push(("since_micros", since.micros().to_string()));
    }
    filter
}

fn show(log: &Log<'_>, args: &AuditArgs) -> Result<(), AuditError> {
    let mut table = Table::default();
    let is_document = args.json && !args.follow;
    let seen = match (args.limit, args.since.is_some() || args.after.is_some()) {
        (None, true) if is_document => return all_as_document(log, args.after),
        (None, true) => log.after(args.after.unwrap_or(0), |records| {
            print_records(records, args.json, &mut table)
        })?,
        (limit, _) => {
            let limit = limit.unwrap_or(LIMIT);
            let newest = log.newest(limit, args.after)?;
            if is_document {
                return document(&newest.records, newest.truncated, &newest.head);
            }
            print_records(&newest.records, args.json, &mut table)?;
            if newest.truncated {
                output::note(&format!("there may be older ones: --limit is {limit}"));
            }
            newest.head
        }
    };
    note_shorter_log(&seen, args.after);
    if !args.follow {
        return Ok(());
    }
    let mut seen = seen.number;
    loop {
        pause();
        seen = log.after(seen, |records| print_records(records, args.json, &mut table))?.number;
    }
}

/// A log that ends before the record that was named is another one, or one that was restored.
fn note_shorter_log(head: &Head, after: Option<u64>) {
    if let Some(after) = after.filter(|after| *after > head.number) {
        let newest = head.number;
        output::note(&format!("there is no record {after}: the newest one is {newest}"));
    }
}

fn all_as_document(log: &Log<'_>, after: Option<u64>) -> Result<(), AuditError> {
    let mut all = Vec::new();
    let head = log.after(after.unwrap_or(0), |records| {
        all.extend_from_slice(records);
        Ok(())
    })?;
    note_shorter_log(&head, after);
    document(&all, false, &head)
}

fn document(records: &[Record], truncated: bool, head: &Head) -> Result<(), AuditError> {
    print(&json(&Document { schema: SCHEMA, records, truncated, head })?)
}

fn print_records(records: &[Record], as_json: bool, table: &mut Table) -> Result<(), AuditError> {
    if !as_json {
        return print(&table.render(records));
    }
    let lines = records.iter().map(|record| json(&Line { schema: SCHEMA, record }));
    print(&lines.collect::<Result<String, _>>()?)
}

fn print(text: &str) -> Result<(), AuditError> {
    output::data(text).map_err(AuditError::Stdout)
}

/// One line of JSON.
fn json(document: &impl Serialize) -> Result<String, AuditError> {
    let text = serde_json::to_string(document).map_err(AuditError::Json)?;
    Ok(text + "\n")
}

#[expect(clippy::disallowed_methods, reason = "a server cannot be waited for, only asked again")]
fn pause() {
    std::thread::sleep(FOLLOW_PAUSE);
}
