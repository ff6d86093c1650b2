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
/// How long `--follow` waits before it asks again.
const FOLLOW_PAUSE: Duration = Duration::from_secs(1);

/// Show who did what: locks, state writes and everything else that had an effect, from the server's
/// audit log.
///
/// The newest records, oldest first. Without an address: of everything on the server.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock audit s3://tfstate/network/terraform.tfstate --since 1h
  statelock audit --lock-id d0d7fbe6-e907-5504-520e-ce1b6ee7b800
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

    /// How many records at most.
    #[arg(long, value_name = "COUNT", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,

    /// Go on with what happens, until Ctrl-C.
    #[arg(long)]
    follow: bool,

    /// Check that no record was removed, changed or moved, instead of showing any.
    #[arg(long, conflicts_with_all = ["address", "lock_id", "since", "limit", "follow"])]
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
    let newest = log.newest(args.limit)?;
    let mut table = Table::default();
    if args.json && !args.follow {
        let (records, truncated, head) = (&*newest.records, newest.truncated, &newest.head);
        return print(&json(&Document { schema: SCHEMA, records, truncated, head })?);
    }
    print_records(&newest.records, args.json, &mut table)?;
    if newest.truncated {
        output::note(&format!("there may be older ones: --limit is {}", args.limit));
    }
    if !args.follow {
        return Ok(());
    }
    let mut seen = newest.head.number;
    loop {
        pause();
        let (records, head) = log.after(seen)?;
        print_records(&records, args.json, &mut table)?;
        seen = head;
    }
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
