//! The report for people.

use statelock_client::probe::{
    Conclusion, EndpointReport, Interrupted, PlaceReport, ProbeReport, Reason, Safety, Verdict,
};

use super::outcome::Outcome;
use super::{summary, versions};
use crate::output::printable;

/// Before the block of the clients that know no lockfile.
const FOR_OLDER: &str = "For Terraform and OpenTofu up to 1.9, which know no lockfile (newer ones that share states with them need \
                         both, use_lockfile and dynamodb_table):";
/// The widest verdict.
const VERDICT_WIDTH: usize = 9;

/// All of it. With `is_verbose` with every request.
pub(super) fn of(outcome: &Outcome<'_>, is_verbose: bool) -> String {
    let mut lines = head(outcome);
    lines.push(String::new());
    lines.extend(operations(outcome, is_verbose));
    lines.push(String::new());
    lines.push(conclusion("use_lockfile", &outcome.lockfile));
    if let (Some(table), Some(by_table)) = (&outcome.args.dynamodb_table, &outcome.lock_table) {
        lines.push(conclusion(&format!("dynamodb_table `{}`", printable(table)), by_table));
    }
    if outcome.other_conditions.safety == Safety::NotSafe {
        lines.push(conclusion("what else relies on conditions", &outcome.other_conditions));
    }
    let advice = &outcome.advice;
    if let Some(block) = &advice.block {
        lines.extend([String::new(), block.trim_end().to_owned()]);
    }
    if let Some(block) = &advice.table_block {
        lines.extend([String::new(), FOR_OLDER.to_owned(), String::new()]);
        lines.push(block.trim_end().to_owned());
    }
    // Who can write there may not take that for being able to lock there.
    if advice.can_lock && !advice.clients.is_empty() {
        lines.push(String::new());
        lines.extend(advice.clients.iter().map(|client| format!("  {}", client.line())));
    }
    if !advice.cautions.is_empty() {
        lines.push(String::new());
        lines.extend(advice.cautions.iter().map(|caution| format!("- {caution}")));
    }
    lines.join("\n") + "\n"
}

/// Those that got an answer; it may be fewer than announced.
pub(super) fn writers(report: &ProbeReport) -> usize {
    report.endpoints.iter().map(|endpoint| endpoint.writers).sum()
}

fn head(outcome: &Outcome<'_>) -> Vec<String> {
    let report = outcome.report;
    let limits = outcome.probe.plan().limits;
    let differ = versions::differ(report);
    let versions = if differ {
        "whether it keeps versions is answered in different ways"
    } else {
        versions::told(report.versioning)
    };
    let mut lines = vec![format!(
        "{}: {versions}; {} writers, {} rounds, {} requests in {} s",
        printable(&outcome.args.address.to_string()),
        writers(report),
        limits.rounds,
        report.requests,
        report.took.as_secs()
    )];
    lines.extend(report.endpoints.iter().map(endpoint));
    if differ {
        let told = |PlaceReport { name, versioning }: &PlaceReport| {
            format!("  {}: {}", printable(name), versions::told(*versioning))
        };
        lines.extend(report.places.iter().map(told));
    }
    if let Some(ahead) = report.clock_ahead_seconds.filter(|ahead| *ahead != 0) {
        let by = crate::span::shown(ahead.unsigned_abs());
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        lines.push(format!("  its clock is {by} {direction} the one here"));
    }
    match report.interrupted {
        None => {}
        Some(Interrupted::LimitReached) => {
            lines.push(
                "  it ended before its end, because its time or its requests were used up"
                    .to_owned(),
            );
        }
        Some(Interrupted::Stopped) => lines.push("  it was stopped before its end".to_owned()),
    }
    lines
}

/// Which endpoint and which addresses were spoken to, if there is a choice.
fn endpoint(report: &EndpointReport) -> String {
    let EndpointReport { url, addresses, unreachable, writers } = report;
    let url = url.as_deref().unwrap_or("the usual endpoint");
    let list = |addresses: &std::collections::BTreeSet<std::net::IpAddr>| {
        addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("  {writers} writers at {}", printable(url));
    if !addresses.is_empty() {
        text = format!("{text} ({})", list(addresses));
    }
    if !unreachable.is_empty() {
        text = format!("{text}; not reached: {}", list(unreachable));
    }
    text
}

fn operations(outcome: &Outcome<'_>, is_verbose: bool) -> Vec<String> {
    let findings = &outcome.report.findings;
    let tried = findings.iter().map(|finding| finding.operation);
    let all = tried.chain(outcome.report.skipped.iter().map(|skipped| skipped.operation));
    let width = all.map(|operation| operation.title().len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for finding in findings {
        let (title, verdict) = (finding.operation.title(), finding.verdict.to_string());
        let evidence = summary::of(finding);
        let line = format!("  {title:<width$}  {verdict:<VERDICT_WIDTH$}  {evidence}");
        lines.push(line.trim_end().to_owned());
        if is_verbose {
            lines.extend(summary::lines(finding).iter().map(|line| format!("      {line}")));
        }
    }
    for skipped in &outcome.report.skipped {
        let title = skipped.operation.title();
        lines.push(format!("  {title:<width$}  {:<VERDICT_WIDTH$}  {}", "-", skipped.because));
    }
    lines
}

/// What it comes to, in one sentence.
fn conclusion(what: &str, conclusion: &Conclusion) -> String {
    let because = because(&conclusion.because);
    match conclusion.safety {
        Safety::Safe => format!("{what} is safe here: nothing was found against it"),
        Safety::NotSafe => format!("{what} is NOT SAFE here, because {because}"),
        Safety::NotKnown => format!("whether {what} is safe here is not known, because {because}"),
    }
}

/// Reasons, as the end of a sentence.
pub(super) fn because(reasons: &[Reason]) -> String {
    if reasons.is_empty() {
        return "nothing was tried".to_owned();
    }
    let told = |Reason { operation, verdict }: &Reason| {
        let verdict = match verdict {
            Verdict::Rejected => "is refused",
            Verdict::Ignored => "is accepted and not done",
            Verdict::Racy => "is not done when several ask at once",
            Verdict::NotKnown => "could not be tried to the end",
            Verdict::Enforced => "is done",
        };
        format!("\"{}\" {verdict}", operation.title())
    };
    reasons.iter().map(told).collect::<Vec<_>>().join("; ")
}
