//! What `verify` found out, for people.

use super::problem::Problem;
use super::report::{StepReport, UnitReport, VersionsReport, WorkspaceReport};
use crate::output;

/// A unit, line by line.
pub(super) fn of_unit(report: &UnitReport) -> String {
    let mut lines = vec![headline(report)];
    for workspace in &report.workspaces {
        lines.extend(of_workspace(workspace));
    }
    for problem in &report.problems {
        lines.push(format!("  FAILED  {}", problem.expected));
        lines.extend(of_problem(problem));
    }
    lines.extend(report.notes.iter().map(|note| format!("  note    {note}")));
    lines.push(if report.is_verified() { "  verified" } else { "  NOT verified" }.to_owned());
    let shown: Vec<_> = lines.iter().map(|line| output::printable(line)).collect();
    shown.join("\n") + "\n\n"
}

fn headline(report: &UnitReport) -> String {
    let phase = report.phase.unwrap_or("unknown");
    match &report.table {
        Some(table) => format!("{}: {phase}, lock table `{table}`", report.unit),
        None => format!("{}: {phase}", report.unit),
    }
}

fn of_workspace(report: &WorkspaceReport) -> Vec<String> {
    let WorkspaceReport { workspace, state, locked, lock_id, leftovers_removed, .. } = report;
    let how = if state == locked { "locked itself" } else { "a throw-away state beside it" };
    let mut lines = vec![format!("  workspace {workspace}: {state} ({how})")];
    if *leftovers_removed > 0 {
        lines.push(format!("    note    {leftovers_removed} of proofs that were killed: removed"));
    }
    for step in report.steps.iter().chain(&report.digest) {
        let id = lock_id.as_ref().filter(|_| step.step == "taken");
        lines.extend(of_step(step, id));
    }
    lines.extend(report.versions.as_ref().and_then(of_versions));
    lines
}

fn of_step(step: &StepReport, id: Option<&String>) -> Vec<String> {
    let id = id.map(|id| format!(": {id}")).unwrap_or_default();
    match &step.problem {
        None => vec![format!("    ok      {}{id}", step.text)],
        Some(problem) => {
            let mut lines = vec![format!("    FAILED  {}", step.text)];
            lines.extend(of_problem(problem).into_iter().map(|line| format!("  {line}")));
            lines
        }
    }
}

fn of_problem(problem: &Problem) -> Vec<String> {
    vec![
        format!("          found: {}", problem.found),
        format!("          to do: {}", problem.action),
    ]
}

fn of_versions(versions: &VersionsReport) -> Option<String> {
    let VersionsReport { removed, left, problem } = versions;
    let why = problem.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    match (removed, left) {
        (0, 0) if problem.is_none() => None,
        (0, 0) => {
            Some(format!("    note    whether versions of lockfiles are left is not known{why}"))
        }
        (removed, 0) => Some(format!(
            "    ok      versions and delete markers of the throw-away lockfile: {removed} removed"
        )),
        (_, left) => Some(format!(
            "    note    versions and delete markers of throw-away lockfiles: {left} left, {removed} removed{why}"
        )),
    }
}

/// All units in one line.
pub(super) fn summary(reports: &[UnitReport], total: usize) -> String {
    let verified = reports.iter().filter(|report| report.is_verified()).count();
    let not_tried = total.saturating_sub(reports.len());
    let failed = reports.len().saturating_sub(verified);
    let mut words = vec![format!("{total} {}", backends(total)), format!("{verified} verified")];
    if failed > 0 {
        words.push(format!("{failed} not verified"));
    }
    if not_tried > 0 {
        words.push(format!("{not_tried} not tried"));
    }
    format!(
        "{}: {}\n",
        words.first().cloned().unwrap_or_default(),
        words.get(1..).unwrap_or_default().join(", ")
    )
}

/// `backend` or `backends`.
pub(super) fn backends(count: usize) -> &'static str {
    if count == 1 { "backend" } else { "backends" }
}
