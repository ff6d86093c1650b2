//! What a check found, for programs.

use serde::Serialize;

use super::excess::Excess;
use super::lacking::{Depending, Lack, Why};
use super::{Checked, SCHEMA, report};
use crate::commands::iam::needs::Ask;
use crate::policy::{Subject, Which};

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    schema: u32,
    address: &'a str,
    role: &'a str,
    mode: &'a str,
    policies: &'a [String],
    /// Whether nothing is lacking.
    sufficient: bool,
    /// How many permissions are needed.
    needed: usize,
    lacks: Vec<LackDocument<'a>>,
    depends: Vec<DependsDocument<'a>>,
    too_much: Vec<ExcessDocument<'a>>,
    remarks: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct AskDocument<'a> {
    action: &'a str,
    resource: String,
    condition_key: Option<&'a str>,
    condition_value: Option<String>,
    sent: &'a str,
    without: &'a str,
}

#[derive(Debug, Serialize)]
struct LackDocument<'a> {
    #[serde(flatten)]
    ask: AskDocument<'a>,
    /// `not_allowed`, `allowed_in_part`, `denied` or `denied_in_part`.
    why: &'static str,
    statements: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DependsDocument<'a> {
    #[serde(flatten)]
    ask: AskDocument<'a>,
    on: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ExcessDocument<'a> {
    /// `high`, `medium` or `low`.
    danger: &'static str,
    action: &'a str,
    resource: &'a str,
    statement: String,
    problems: Vec<String>,
}

/// Makes it.
pub(super) fn of(checked: &Checked, sufficient: bool) -> Document<'_> {
    let judgement = &checked.judgement;
    let remarks = checked.policies.iter().flat_map(|policy| &policy.remarks);
    Document {
        schema: SCHEMA,
        address: &checked.address,
        role: checked.role,
        mode: &checked.mode,
        policies: &checked.files,
        sufficient,
        needed: judgement.asked,
        lacks: judgement.lacks.iter().map(|one| lack(checked, one)).collect(),
        depends: judgement.depends.iter().map(|one| depends(checked, one)).collect(),
        too_much: checked.excess.iter().map(|one| excess(checked, one)).collect(),
        remarks: remarks.map(String::as_str).collect(),
    }
}

fn lack<'a>(checked: &Checked, lack: &'a Lack) -> LackDocument<'a> {
    let names = |all: &[Which]| all.iter().map(|which| checked.statement(*which)).collect();
    let (why, statements) = match &lack.why {
        Why::NotAllowed => ("not_allowed", Vec::new()),
        Why::AllowedInPart(all) => ("allowed_in_part", names(all)),
        Why::Denied(which) => ("denied", names(&[*which])),
        Why::DeniedInPart(all) => ("denied_in_part", names(all)),
    };
    LackDocument { ask: asked(&lack.ask), why, statements }
}

fn depends<'a>(checked: &Checked, depending: &'a Depending) -> DependsDocument<'a> {
    let on = depending.on.iter().map(|one| report::dependence(checked, one)).collect();
    DependsDocument { ask: asked(&depending.ask), on }
}

fn excess<'a>(checked: &Checked, excess: &'a Excess) -> ExcessDocument<'a> {
    ExcessDocument {
        danger: excess.danger.name(),
        action: &excess.action,
        resource: &excess.resource,
        statement: checked.statement(excess.statement),
        problems: excess.problems.iter().map(report::problem_words).collect(),
    }
}

fn asked(ask: &Ask) -> AskDocument<'_> {
    AskDocument {
        action: ask.action,
        resource: ask.resource.shown(),
        condition_key: ask.value.as_ref().map(|(key, _)| *key),
        condition_value: ask.value.as_ref().map(|(_, value)| Subject::shown(value)),
        sent: ask.sent,
        without: ask.without,
    }
}
