//! What follows from a report: how to configure clients, and what to look out for.

use statelock_client::probe::{Conclusion, Finding, Operation, ProbeReport, Safety, Verdict};

use super::arguments::ProbeArgs;
use super::block::{self, By};
use super::clients::{self, ClientAdvice};

/// A clock that is more than this off is worth saying.
const CLOCK_SECONDS: u64 = 60;

/// What to do.
#[derive(Clone, Debug)]
pub(super) struct Advice {
    /// The backend block, where there is a safe way to lock.
    pub(super) block: Option<String>,
    /// What each kind of client needs.
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
    let mut cautions = Vec::new();
    if by.is_none() && lockfile.safety == Safety::NotSafe {
        cautions.push(without_a_lock(has_table).to_owned());
    }
    let mut told: Vec<_> = report.findings.iter().filter_map(caution).collect();
    told.dedup();
    cautions.extend(told.into_iter().map(str::to_owned));
    if let Some(ahead) =
        report.clock_ahead_seconds.filter(|ahead| ahead.unsigned_abs() > CLOCK_SECONDS)
    {
        let by = crate::span::shown(ahead.unsigned_abs());
        cautions.push(format!(
            "the store's clock and the one here are {by} apart: set the wrong one, before signatures are refused"
        ));
    }
    Advice { block, clients, cautions }
}

fn without_a_lock(has_table: bool) -> &'static str {
    if has_table {
        "do not lock by this store: keep states in another one, or behind `statelock serve`"
    } else {
        "do not use `use_lockfile` here: lock by a lock table (try it with --dynamodb-table), or keep states in another \
         store or behind `statelock serve`"
    }
}

/// What a finding means beside the conclusions.
fn caution(finding: &Finding) -> Option<&'static str> {
    match (finding.operation, finding.verdict) {
        (_, Verdict::Enforced | Verdict::NotKnown) => None,
        (Operation::DeleteIfMatch, _) => Some(
            "deletes are not bound to what was read: a release or a `statelock force-unlock` can remove a lock that was \
             taken a moment before",
        ),
        (Operation::PutIfMatch | Operation::PutIfMatchConcurrent, _) => Some(
            "writes are not bound to what was read: `statelock state push` and `restore` cannot be sure to replace what \
             they looked at",
        ),
        (Operation::CompleteIfAbsent | Operation::CompleteIfMatch, _) => {
            Some("large states that statelock writes in parts are not bound to what was read")
        }
        (Operation::ETag, _) => Some(
            "ETags are not what a condition needs: statelock's bound writes fail or mean nothing here",
        ),
        (Operation::ItemDeleteIfEqual, _) => Some(
            "OpenTofu releases items of the lock table on a condition, which this one does not keep",
        ),
        (Operation::RefusalStatus, _) => Some(
            "a lock that is held is answered with 409, which asks to repeat: clients report it less clearly",
        ),
        (Operation::ListAfterWrite, _) => Some(
            "listings are late: a workspace that was just made may be missing from `terraform workspace list`",
        ),
        (Operation::ListAfterDelete, _) => {
            Some("listings are late: a workspace that was just deleted may still be listed")
        }
        (
            Operation::ChecksumHeaderVerified
            | Operation::ChecksumTrailerVerified
            | Operation::Md5Verified,
            _,
        ) => Some("a body whose checksum is wrong is stored: what is damaged on its way stays so"),
        (
            Operation::BodySha256Trailer
            | Operation::BodyCrc32Trailer
            | Operation::BodyCrc32TrailerSigned,
            Verdict::Ignored,
        ) => Some(
            "the framing of aws-chunked is stored as if it were part of the body: a client that sends it destroys states",
        ),
        // Told by the conclusions, and by what clients need.
        (
            Operation::PutIfAbsent
            | Operation::PutIfAbsentAfterDelete
            | Operation::PutIfAbsentAfterDeleteMarker
            | Operation::PutIfAbsentConcurrent
            | Operation::PutIfAbsentAfterDeleteMarkerConcurrent
            | Operation::ReadAfterWrite
            | Operation::ReadAfterDelete
            | Operation::BodySigned
            | Operation::BodyUnsigned
            | Operation::BodyMd5
            | Operation::BodySha256Header
            | Operation::BodySha256HeaderUnsigned
            | Operation::BodyCrc32Header
            | Operation::BodySha256Trailer
            | Operation::BodyCrc32Trailer
            | Operation::BodyCrc32TrailerSigned
            | Operation::ReadChecksumMode
            | Operation::ItemPutIfAbsent
            | Operation::ItemPutIfAbsentConcurrent
            | Operation::ItemReadAfterWrite
            | Operation::ItemReadAfterDelete,
            Verdict::Rejected | Verdict::Ignored | Verdict::Racy,
        ) => None,
    }
}
