//! Reasons not to move yet that no file shows.

use super::super::survey::LockPhase;
use super::Report;

/// The questions that are left.
pub(super) fn of(report: &Report<'_>) -> Vec<&'static str> {
    let units = &report.survey.units;
    let has_table = units.iter().any(|unit| unit.phase.is_some_and(LockPhase::has_table));
    let is_done = units.iter().all(|unit| unit.phase == Some(LockPhase::Lockfile));
    let mut questions = Vec::new();
    if has_table {
        questions.extend([
            "Do modules that were not scanned name the same lock tables? A table may go only when nobody names it.",
            "Does anything else read or write the lock tables: scripts that release locks, dashboards, alarms, a Lambda?",
            "Must each lock and release be audited? Calls of DynamoDB are in CloudTrail only as data events of the table; \
             lockfiles need data events of the bucket instead, before the move.",
            "Do many pipelines wait for the same lock at once? A waiting client asks again every 1 to 16 seconds either way; \
             with lockfiles it fails at once when the lock is released between its two requests.",
            "Do scripts read `terraform output -json` or `-raw`? Terraform 1.11 and newer warn of `dynamodb_table`, and where \
             standard output and standard error are one, the warning is in the data until the table is left out.",
        ]);
    }
    if !is_done {
        questions.extend([
            "Which versions of Terraform and OpenTofu really run: on laptops, in CI images, in Atlantis or another runner? \
             A client older than 1.10 fails on `use_lockfile`.",
            "May all roles that lock also delete `*.tflock`? Who may put and not delete leaves a lock after each run.",
        ]);
        if report.online.is_none() {
            questions.push(
                "Do the buckets have Object Lock or bucket policies that refuse unencrypted objects or deletes? \
                 --online asks the stores for some of it, `statelock doctor` for all.",
            );
        }
    }
    questions
}
