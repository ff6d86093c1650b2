//! What the findings together say of a way of locking.

use super::operation::{Need, Operation};
use super::verdict::{Finding, Verdict};

/// Whether a way of locking is safe on a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// Whether it is.
    pub safety: Safety,
    /// Why it is not, or why that is not known.
    pub because: Vec<Reason>,
}

/// Whether it is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Safety {
    /// Nothing was found against it.
    Safe,
    /// Something was.
    NotSafe,
    /// Something that is needed could not be tried to the end.
    NotKnown,
}

/// One finding that keeps a way of locking from being safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Which.
    pub operation: Operation,
    /// How it was judged.
    pub verdict: Verdict,
}

impl Safety {
    /// Its name for programs. Never changes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::NotSafe => "not_safe",
            Self::NotKnown => "not_known",
        }
    }
}

/// Of `use_lockfile`.
pub fn lockfile(findings: &[Finding]) -> Conclusion {
    of(findings, |need| matches!(need, Need::Lockfile | Need::State))
}

/// Of `dynamodb_table`. States are in the bucket there too.
pub fn lock_table(findings: &[Finding]) -> Conclusion {
    of(findings, |need| matches!(need, Need::LockTable | Need::State))
}

/// Of what else is bound to conditions: releases and writes of statelock, and of whoever writes there in that way.
pub fn other_conditions(findings: &[Finding]) -> Conclusion {
    let has_table = findings.iter().any(|one| one.operation == Operation::ItemPutIfAbsent);
    let Conclusion { safety, mut because } = of(findings, |need| need == Need::Fencing);
    // Nothing is missing of a table that is not there.
    because.retain(|one| has_table || one.operation != Operation::ItemDeleteIfEqual);
    let safety = if because.is_empty() { Safety::Safe } else { safety };
    Conclusion { safety, because }
}

fn of(findings: &[Finding], is_needed: impl Fn(Need) -> bool) -> Conclusion {
    let needed = findings.iter().filter(|finding| is_needed(finding.operation.need()));
    let reason =
        |finding: &Finding| Reason { operation: finding.operation, verdict: finding.verdict };
    let (mut bad, mut open) = (Vec::new(), Vec::new());
    for finding in needed {
        if finding.verdict.is_bad() {
            bad.push(finding);
        } else if finding.verdict == Verdict::NotKnown {
            open.push(reason(finding));
        }
    }
    // Of what is missing nothing is known.
    let is_found = |one: &Operation| findings.iter().any(|finding| finding.operation == *one);
    let missing = Operation::ALL.into_iter().filter(|one| is_needed(one.need()) && !is_found(one));
    let verdict = Verdict::NotKnown;
    open.extend(
        missing
            .filter(|one| !one.is_about_versions())
            .map(|operation| Reason { operation, verdict }),
    );
    // What was not tried because something else is bad is no reason of its own.
    let is_tried = |finding: &&Finding| {
        !finding.steps.is_empty() || finding.rounds.is_some() || finding.samples.is_some()
    };
    let tried: Vec<_> = bad.iter().copied().filter(is_tried).map(reason).collect();
    let bad = if tried.is_empty() { bad.into_iter().map(reason).collect() } else { tried };
    match (bad.is_empty(), open.is_empty()) {
        (false, _) => Conclusion { safety: Safety::NotSafe, because: bad },
        (true, false) => Conclusion { safety: Safety::NotKnown, because: open },
        (true, true) => Conclusion { safety: Safety::Safe, because: Vec::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::verdict::Samples;

    fn finding(operation: Operation, verdict: Verdict) -> Finding {
        let samples = Some(Samples::default());
        Finding { operation, verdict, steps: Vec::new(), rounds: None, samples, note: None }
    }

    fn all_but(operation: Operation, verdict: Verdict) -> Vec<Finding> {
        let verdict_of =
            |one: Operation| if one == operation { verdict } else { Verdict::Enforced };
        Operation::ALL.into_iter().map(|one| finding(one, verdict_of(one))).collect()
    }

    #[test]
    fn each_operation_counts_for_what_needs_it_and_for_nothing_else() {
        for operation in Operation::ALL {
            for verdict in [Verdict::Rejected, Verdict::Ignored, Verdict::Racy, Verdict::NotKnown] {
                let findings = all_but(operation, verdict);
                let expected = |needs: &[Need]| match verdict {
                    _ if !needs.contains(&operation.need()) => Safety::Safe,
                    Verdict::NotKnown => Safety::NotKnown,
                    Verdict::Rejected | Verdict::Ignored | Verdict::Racy => Safety::NotSafe,
                    Verdict::Enforced => Safety::Safe,
                };
                let told = (lockfile(&findings).safety, lock_table(&findings).safety);
                let lockfile = expected(&[Need::Lockfile, Need::State]);
                let lock_table = expected(&[Need::LockTable, Need::State]);
                assert_eq!(told, (lockfile, lock_table), "{operation:?} {verdict:?}");
            }
        }
    }

    #[test]
    fn a_clean_lockfile_says_nothing_of_other_conditions() {
        let racy = all_but(Operation::PutIfMatchConcurrent, Verdict::Racy);
        assert_eq!(lockfile(&racy).safety, Safety::Safe);
        let others = other_conditions(&racy);
        let operation = Operation::PutIfMatchConcurrent;
        assert_eq!(others.because, [Reason { operation, verdict: Verdict::Racy }]);
        assert_eq!(others.safety, Safety::NotSafe);
        let mut without_table = all_but(Operation::PutIfAbsent, Verdict::Racy);
        assert_eq!(other_conditions(&without_table).safety, Safety::Safe);
        without_table.retain(|one| !one.operation.id().starts_with("item_"));
        assert_eq!(other_conditions(&without_table).safety, Safety::Safe);
        assert_eq!(other_conditions(&[]).safety, Safety::NotKnown);
    }

    #[test]
    fn something_bad_goes_before_something_not_known() {
        let findings = [
            finding(Operation::PutIfAbsent, Verdict::NotKnown),
            finding(Operation::PutIfAbsentConcurrent, Verdict::Racy),
        ];
        let conclusion = lockfile(&findings);
        assert_eq!(conclusion.safety, Safety::NotSafe);
        let operation = Operation::PutIfAbsentConcurrent;
        assert_eq!(conclusion.because, [Reason { operation, verdict: Verdict::Racy }]);
    }

    #[test]
    fn nothing_tried_is_nothing_known() {
        assert_eq!(lockfile(&[]).safety, Safety::NotKnown);
        let reads = [finding(Operation::PutIfAbsent, Verdict::Enforced)];
        assert_eq!(lock_table(&reads).safety, Safety::NotKnown);
    }

    #[test]
    fn what_is_missing_is_not_known_unless_there_can_be_none() {
        for operation in Operation::ALL {
            let mut findings = all_but(operation, Verdict::Enforced);
            findings.retain(|finding| finding.operation != operation);
            let is_needed = matches!(operation.need(), Need::Lockfile | Need::State);
            let expected = match operation {
                Operation::PutIfAbsentAfterDeleteMarker
                | Operation::PutIfAbsentAfterDeleteMarkerConcurrent => Safety::Safe,
                _ if is_needed => Safety::NotKnown,
                _ => Safety::Safe,
            };
            assert_eq!(lockfile(&findings).safety, expected, "{operation:?}");
        }
    }

    #[test]
    fn what_follows_from_another_is_no_reason_of_its_own() {
        let mut untried = finding(Operation::PutIfAbsentConcurrent, Verdict::Ignored);
        untried.samples = None;
        let alone = finding(Operation::PutIfAbsent, Verdict::Ignored);
        let operations: Vec<_> =
            lockfile(&[alone, untried]).because.iter().map(|reason| reason.operation).collect();
        assert_eq!(operations, [Operation::PutIfAbsent]);
    }
}
