//! What to look out for on a store, whichever way states are locked there.

use statelock_client::probe::{Finding, Operation, ProbeReport, Verdict};

use super::versions;

/// A clock that is more than this off is worth saying.
const CLOCK_SECONDS: u64 = 60;

/// All that is worth saying, each once.
pub(super) fn of(report: &ProbeReport) -> Vec<String> {
    let mut cautions: Vec<String> = Vec::new();
    for caution in report.findings.iter().filter_map(of_finding) {
        if !cautions.contains(&caution) {
            cautions.push(caution);
        }
    }
    if versions::differ(report) {
        cautions.push(
            "the endpoints do not agree whether the bucket keeps versions: they may be stores that do not share it"
                .to_owned(),
        );
    }
    let off = report.clock_ahead_seconds.map(i64::unsigned_abs);
    if let Some(seconds) = off.filter(|seconds| *seconds > CLOCK_SECONDS) {
        let by = crate::span::shown(seconds);
        cautions.push(format!(
            "the store's clock and the one here are {by} apart: set the wrong one, before signatures are refused"
        ));
    }
    cautions
}

/// What a finding means beside the conclusions.
pub(super) fn of_finding(finding: &Finding) -> Option<String> {
    let text = match (finding.operation, finding.verdict) {
        (_, Verdict::Enforced | Verdict::NotKnown) => return None,
        (Operation::DeleteIfMatch, _) => {
            "deletes are not bound to what was read: a release or a `statelock force-unlock` can remove a lock that was \
             taken a moment before"
        }
        (Operation::PutIfMatch | Operation::PutIfMatchConcurrent, verdict) => {
            return Some(unbound_writes(verdict));
        }
        (Operation::CompleteIfAbsent | Operation::CompleteIfMatch, _) => {
            "large states that statelock writes in parts are not bound to what was read"
        }
        (Operation::ETag, _) => {
            "ETags are not what a condition needs: statelock's bound writes fail or mean nothing here"
        }
        (Operation::ItemDeleteIfEqual, _) => {
            "OpenTofu releases items of the lock table on a condition, which this one does not keep"
        }
        (Operation::RefusalStatus, _) => {
            "a lock that is held is answered with 409, which asks to repeat: clients report it less clearly"
        }
        (Operation::ListAfterWrite, _) => {
            "listings are late: a workspace that was just made may be missing from `terraform workspace list`"
        }
        (Operation::ListAfterDelete, _) => {
            "listings are late: a workspace that was just deleted may still be listed"
        }
        (
            Operation::ChecksumHeaderVerified
            | Operation::ChecksumTrailerVerified
            | Operation::Md5Verified,
            _,
        ) => "a body whose checksum is wrong is stored: what is damaged on its way stays so",
        (
            Operation::BodySha256Trailer
            | Operation::BodyCrc32Trailer
            | Operation::BodyCrc32TrailerSigned,
            Verdict::Ignored,
        ) => {
            "the framing of aws-chunked is stored as if it were part of the body: a client that sends it destroys states"
        }
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
        ) => return None,
    };
    Some(text.to_owned())
}

/// Who writes by `If-Match`. Terraform and OpenTofu do not.
fn unbound_writes(verdict: Verdict) -> String {
    let how = match verdict {
        Verdict::Rejected => {
            return "If-Match of PutObject is refused. Locks do without it; who relies on it cannot write here: `statelock \
                    state push` and `state restore`, and any other program that commits to this bucket by ETags"
                .to_owned();
        }
        Verdict::Racy => "holds for one writer, and not for several at once",
        Verdict::Ignored | Verdict::Enforced | Verdict::NotKnown => "is not looked at",
    };
    format!(
        "If-Match of PutObject {how}. Locks do without it; not safe is who relies on it: `statelock state push` and \
         `state restore` can replace what somebody wrote after they looked, and so can any other program that commits to \
         this bucket by ETags"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(operation: Operation, verdict: Verdict) -> Finding {
        let (steps, rounds, samples, note) = (Vec::new(), None, None, None);
        Finding { operation, verdict, steps, rounds, samples, note }
    }

    #[test]
    fn who_relies_on_if_match_is_named_where_it_is_raced() {
        let racy = of_finding(&finding(Operation::PutIfMatchConcurrent, Verdict::Racy)).unwrap();
        for part in ["not for several at once", "`statelock state push`", "any other program"] {
            assert!(racy.contains(part), "{racy}");
        }
        let ignored = of_finding(&finding(Operation::PutIfMatch, Verdict::Ignored)).unwrap();
        assert!(ignored.contains("is not looked at"), "{ignored}");
    }

    #[test]
    fn what_is_fine_or_not_known_needs_no_caution() {
        for operation in Operation::ALL {
            for verdict in [Verdict::Enforced, Verdict::NotKnown] {
                assert_eq!(of_finding(&finding(operation, verdict)), None, "{operation:?}");
            }
        }
    }
}
