//! A report for programs.

use serde::Serialize;

use super::finding::{Findings, Severity};
use super::subject::Subject;

/// The version of this JSON; members are added without a new one.
const SCHEMA: u32 = 1;

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    schema: u32,
    address: String,
    bucket: &'a str,
    key: String,
    mode: String,
    lock_table: Option<&'a str>,
    /// How bad the worst finding is.
    worst: Severity,
    exit_code: u8,
    findings: Vec<FindingDocument<'a>>,
}

/// A finding; of what is right, consequence and fix are `null`.
#[derive(Debug, Serialize)]
struct FindingDocument<'a> {
    id: &'a str,
    severity: Severity,
    evidence: &'a str,
    consequence: Option<&'a str>,
    fix: Option<&'a str>,
    /// What to paste to put it right.
    paste: Option<&'a str>,
}

/// Makes it.
pub(super) fn of<'a>(subject: &'a Subject, findings: &'a Findings) -> Document<'a> {
    let settings = subject.backend.settings();
    let bad = findings.bad.iter().map(|one| FindingDocument {
        id: one.kind.id,
        severity: one.kind.severity,
        evidence: &one.evidence,
        consequence: Some(one.kind.consequence),
        fix: Some(&one.fix.what),
        paste: one.fix.paste.as_deref(),
    });
    let fine = findings.fine.iter().map(|one| FindingDocument {
        id: one.check,
        severity: Severity::Ok,
        evidence: &one.evidence,
        consequence: None,
        fix: None,
        paste: None,
    });
    Document {
        schema: SCHEMA,
        address: settings.address.to_string(),
        bucket: settings.address.bucket().as_str(),
        key: settings.address.object_key().as_str().to_owned(),
        mode: settings.mode.to_string(),
        lock_table: subject.table.as_ref().map(|table| table.name().as_str()),
        worst: findings.worst(),
        exit_code: findings.exit_code().map_or(0, crate::exit_code::ExitCode::number),
        findings: bad.chain(fine).collect(),
    }
}
