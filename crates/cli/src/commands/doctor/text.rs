//! A report for people: the worst first, what is right on one line.

use super::finding::{Finding, Findings, Severity};
use super::subject::Subject;
use crate::output::printable;

/// How far the lines of a finding are moved in.
const INDENT: &str = "    ";

/// All of it.
pub(super) fn of(subject: &Subject, findings: &Findings, is_verbose: bool) -> String {
    let settings = subject.backend.settings();
    let mut lines =
        vec![printable(&format!("{} (mode {})", settings.address, settings.mode)), String::new()];
    for finding in &findings.bad {
        lines.extend(self::finding(finding));
        lines.push(String::new());
    }
    if is_verbose {
        let fine =
            |check: &str, evidence: &str| format!("OK        {check}: {}", printable(evidence));
        lines.extend(findings.fine.iter().map(|one| fine(one.check, &one.evidence)));
    } else if !findings.fine.is_empty() {
        let mut names: Vec<_> = findings.fine.iter().map(|one| one.check).collect();
        names.dedup();
        lines.push(format!("OK        {}", names.join(", ")));
    }
    lines.push(sum(findings));
    lines.push(String::new());
    lines.join("\n")
}

fn finding(finding: &Finding) -> Vec<String> {
    let kind = finding.kind;
    let mut lines = vec![
        format!("{:<9} {}", kind.severity.name().to_uppercase(), kind.id),
        format!("{INDENT}found: {}", printable(&finding.evidence)),
        format!("{INDENT}means: {}", kind.consequence),
        format!("{INDENT}do:    {}", finding.fix.what),
    ];
    let paste = finding.fix.paste.iter().flat_map(|text| text.lines());
    lines.extend(paste.map(|line| format!("{INDENT}{INDENT}{}", printable(line))));
    lines
}

/// How many of each.
fn sum(findings: &Findings) -> String {
    let count = |severity| findings.bad.iter().filter(|one| one.kind.severity == severity).count();
    let counted = |severity, name: &str| {
        let count = count(severity);
        format!("{count} {name}{}", if count == 1 { "" } else { "s" })
    };
    format!(
        "{} critical, {}, {}, {} ok",
        count(Severity::Critical),
        counted(Severity::Warning, "warning"),
        counted(Severity::Notice, "notice"),
        findings.fine.len()
    )
}
