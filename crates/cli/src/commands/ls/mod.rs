//! `statelock ls`: every state and every lock of a bucket.

mod error;
mod filter;
mod holder;
mod json;
mod list;
mod looking;
mod printer;
mod progress;
mod text;
mod watch;

use std::io;
use std::time::Duration;

use clap::Args;
use statelock_client::listing::ListingQuery;

pub(crate) use error::LsError;

use filter::Filter;

use crate::backend::{self, BackendArgs, ResolvedBucket};
use crate::span;

/// The version of the JSON that is printed; members are added without a new one.
const SCHEMA: u32 = 1;

/// Show the states and locks of a bucket.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = "Examples:
  statelock ls             # the workspaces of the Terraform directory here
  statelock ls s3://tfstate
  statelock ls s3://tfstate/network/ --held
  statelock ls s3://tfstate --dynamodb-table terraform-locks --older-than 4h
  statelock ls s3://tfstate --orphaned --jsonl
  statelock ls s3://tfstate --watch=30s
  statelock ls s3://tfstate --held --exit-code   # exit code 3 if anything is locked")]
pub(crate) struct LsArgs {
    /// Bucket, or beginning of keys in it: s3://BUCKET[/PREFIX]; or a Terraform directory, for all its
    /// workspaces [default: .].
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// Only what is locked.
    #[arg(long)]
    held: bool,

    /// Only locks that are older than a span such as 90s, 15m, 4h, 7d.
    #[arg(long, value_name = "SPAN", value_parser = age)]
    older_than: Option<Age>,

    /// Only locks whose holder is certainly gone.
    #[arg(long)]
    orphaned: bool,

    /// Only states, with size and last write; locks are not read.
    #[arg(long, conflicts_with_all = ["held", "older_than", "orphaned", "exit_code"])]
    states: bool,

    /// Every object, not only those whose key ends with .tfstate.
    #[arg(long, conflicts_with_all = ["held", "older_than", "orphaned"])]
    all: bool,

    /// How many states at most.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    /// Go on with what changes, until Ctrl-C; looks again after each interval [default: 10s].
    #[arg(
        long, value_name = "INTERVAL", value_parser = interval, num_args = 0..=1, require_equals = true,
        default_missing_value = "10s", conflicts_with_all = ["states", "all", "limit", "exit_code"]
    )]
    watch: Option<Duration>,

    /// Print one JSON document; with --watch as --jsonl.
    #[arg(long)]
    json: bool,

    /// Print JSON, one state per line.
    #[arg(long, conflicts_with = "json")]
    jsonl: bool,

    /// End with exit code 3 if any state that is shown is locked.
    #[arg(long)]
    exit_code: bool,

    #[command(flatten)]
    backend: BackendArgs,
}

/// A span in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Age(u64);

fn age(text: &str) -> Result<Age, &'static str> {
    span::seconds(text).map(Age).ok_or("not a span such as 90s, 15m, 4h, 7d or 2w")
}

fn interval(text: &str) -> Result<Duration, &'static str> {
    match span::seconds(text) {
        Some(0) => Err("too short: at least 1s"),
        Some(seconds) => Ok(Duration::from_secs(seconds)),
        None => Err("not a span such as 10s, 5m or 1h"),
    }
}

impl LsArgs {
    /// Whether only locks are of interest.
    fn asks_for_locks(&self) -> bool {
        self.held || self.older_than.is_some() || self.orphaned || self.watch.is_some()
    }

    fn query(&self, place: &ResolvedBucket) -> ListingQuery {
        ListingQuery {
            bucket: place.bucket.clone(),
            scope: place.scope.clone(),
            mode: place.mode.clone(),
            selection: Filter::selection(self),
            reads_locks: !self.states,
        }
    }
}

/// Shows what is there.
///
/// # Errors
/// [`LsError`].
pub(crate) fn run(args: &LsArgs) -> Result<(), LsError> {
    let runtime = backend::runtime()?;
    let done = runtime.block_on(async {
        let place = args.backend.resolve_bucket(args.address.as_deref())?;
        let connection = place.connect().await?;
        match args.watch {
            Some(interval) => watch::run(args, &place, &connection, interval).await,
            None => list::run(args, &place, connection).await,
        }
    });
    // A CI that is being asked need not be waited for when nobody reads any more.
    runtime.shutdown_background();
    match done {
        // Whoever reads has seen enough.
        Err(LsError::Stdout(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Seconds since 1970.
fn now() -> i64 {
    use statelock_server::engine::Clock as _;
    let micros = statelock_server::SystemClock.now_micros();
    i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_spans_of_at_least_a_second() {
        assert_eq!(interval("5m"), Ok(Duration::from_mins(5)));
        for text in ["0s", "", "fast", "10"] {
            assert!(interval(text).is_err(), "{text}");
        }
        assert_eq!(age("0s"), Ok(Age(0)));
    }
}
