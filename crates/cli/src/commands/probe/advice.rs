//! What follows from a report: how to configure clients, and what to look out for.

use statelock_client::probe::{Conclusion, ProbeReport, Safety};

use super::arguments::ProbeArgs;
use super::block::{self, By};
use super::cautions;
use super::clients::{self, ClientAdvice};

/// What to do.
#[derive(Clone, Debug)]
pub(super) struct Advice {
    /// The backend block, where there is a safe way to lock.
    pub(super) block: Option<String>,
    /// The one of clients that know no lockfile, beside a block for those that do.
    pub(super) table_block: Option<String>,
    /// Whether there is a safe way to lock.
    pub(super) can_lock: bool,
    /// What each kind of client needs to write.
    pub(super) clients: Vec<ClientAdvice>,
    /// What to look out for.
    pub(super) cautions: Vec<String>,
}

/// Makes it of the findings and of the conclusions about lockfiles and about the table, if there is one.
pub(super) fn of(
    args: &ProbeArgs,
    report: &ProbeReport,
    (lockfile, lock_table): (&Conclusion, Option<&Conclusion>),
) -> Advice {
    let endpoints = args.endpoints();
    // Without an endpoint it is AWS.
    let is_plain = endpoints.objects.as_ref().is_some_and(|url| url.starts_with("http://"));
    let has_table = args.dynamodb_table.is_some();
    let clients = clients::advice(&report.findings, is_plain, has_table);
    // The newest client that writes here; older ones need no more than it does.
    let newest = clients.iter().find(|client| client.writes == Some(true));
    let table = args
        .dynamodb_table
        .as_deref()
        .filter(|_| lock_table.is_some_and(|conclusion| conclusion.safety == Safety::Safe));
    let by = match (lockfile.safety, table) {
        (Safety::Safe, _) => Some(By::Lockfile),
        (Safety::NotSafe | Safety::NotKnown, Some(table)) => Some(By::LockTable(table)),
        (Safety::NotSafe | Safety::NotKnown, None) => None,
    };
    let arguments = newest.map_or(&[][..], |client| client.arguments);
    let region = report.region.as_deref();
    let block = by.zip(newest).map(|(by, _)| block::of(args, &endpoints, (by, region), arguments));
    let table_block = match by {
        Some(By::Lockfile) => table.and_then(|table| {
            let mut older = clients.iter().filter(|client| !client.knows_lockfile);
            let newest = older.find(|client| client.writes == Some(true))?;
            Some(block::of(args, &endpoints, (By::LockTable(table), region), newest.arguments))
        }),
        Some(By::LockTable(_)) | None => None,
    };
    let mut cautions = Vec::new();
    if by.is_none() && lockfile.safety == Safety::NotSafe {
        cautions.push(without_a_lock(has_table).to_owned());
    }
    cautions.extend(cautions::of(report));
    Advice { block, table_block, can_lock: by.is_some(), clients, cautions }
}

fn without_a_lock(has_table: bool) -> &'static str {
    if has_table {
        "do not lock by this store: keep states in another one, or behind `statelock serve`"
    } else {
        "do not use `use_lockfile` here: lock by a lock table (try it with --dynamodb-table), or keep states in another \
         store or behind `statelock serve`"
    }
}
