//! The report for programs.

use serde::Serialize;
use serde_json::{Value, json};
use statelock_client::probe::{Conclusion, Finding, Interrupted, Rounds, Skipped, TriedStep};
use statelock_client::protocol::lock::CreatedAt;

use super::clients::ClientAdvice;
use super::outcome::Outcome;
use super::{cautions, left, summary, text, versions};
use crate::exit_code::ExitCode;

/// The version of this JSON; members are added without a new one.
pub(super) const SCHEMA: u32 = 1;

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    schema: u32,
    statelock_version: &'static str,
    dry_run: bool,
    date: String,
    bucket: &'a str,
    prefix: &'a str,
    dynamodb_table: Option<&'a str>,
    probe_id: &'a str,
    /// What the keys that it wrote began with.
    keys_below: String,
    endpoints: Vec<Value>,
    /// The endpoints, and the addresses of each.
    places: Vec<Value>,
    /// `enabled`, `suspended`, `off`, `not_known`, or `differs` where the places do not agree.
    versioning: &'static str,
    region: Option<&'a str>,
    clock_ahead_seconds: Option<i64>,
    /// Those that got an answer.
    writers: usize,
    rounds: usize,
    requests: u64,
    requests_max: u64,
    seconds: f64,
    /// Whether everything was tried.
    complete: bool,
    exit_code: u8,
    conclusions: Value,
    operations: Vec<Value>,
    skipped: Vec<Value>,
    advice: Value,
    removed: Value,
    removed_of_earlier: Option<Value>,
    left: Vec<Value>,
    /// Prefixes of probes that may still run.
    young_of_earlier: &'a [String],
    command_to_clean: &'a str,
}

/// Makes it.
pub(super) fn of<'a>(outcome: &'a Outcome<'_>) -> Document<'a> {
    let (report, plan) = (outcome.report, outcome.probe.plan());
    let target = outcome.probe.target();
    let advice = &outcome.advice;
    Document {
        schema: SCHEMA,
        statelock_version: env!("CARGO_PKG_VERSION"),
        dry_run: false,
        date: date(report.began_unix_seconds),
        bucket: target.bucket.as_str(),
        prefix: &target.prefix,
        dynamodb_table: outcome.args.dynamodb_table.as_deref(),
        probe_id: outcome.probe.id().as_str(),
        keys_below: outcome.probe.base(),
        endpoints: report.endpoints.iter().map(endpoint).collect(),
        places: report.places.iter().map(place).collect(),
        versioning: if versions::differ(report) {
            "differs"
        } else {
            versions::id(report.versioning)
        },
        region: report.region.as_deref(),
        clock_ahead_seconds: report.clock_ahead_seconds,
        writers: text::writers(report),
        rounds: plan.limits.rounds,
        requests: report.requests,
        requests_max: plan.requests_max(),
        seconds: report.took.as_secs_f64(),
        complete: match report.interrupted {
            None => true,
            Some(Interrupted::Stopped | Interrupted::LimitReached) => false,
        },
        exit_code: outcome.exit_code().map_or(0, ExitCode::number),
        conclusions: json!({
            "use_lockfile": conclusion(&outcome.lockfile),
            "dynamodb_table": outcome.lock_table.as_ref().map(conclusion),
            "other_conditions": conclusion(&outcome.other_conditions),
        }),
        operations: report.findings.iter().map(finding).collect(),
        skipped: report.skipped.iter().map(skipped).collect(),
        advice: json!({
            "backend": advice.block,
            "backend_with_dynamodb_table": advice.table_block,
            "clients": advice.clients.iter().map(client).collect::<Vec<_>>(),
            "cautions": advice.cautions,
        }),
        removed: left::removed(&report.cleaned),
        removed_of_earlier: report.earlier.as_ref().map(left::removed),
        left: left::lefts(&report.cleaned),
        young_of_earlier: &report.young,
        command_to_clean: &outcome.command_to_clean,
    }
}

/// A time as in lock infos.
pub(super) fn date(unix_seconds: i64) -> String {
    CreatedAt::from_unix(unix_seconds, 0).map(|time| time.to_string()).unwrap_or_default()
}

fn endpoint(report: &statelock_client::probe::EndpointReport) -> Value {
    json!({
        "url": report.url,
        "addresses": report.addresses,
        "not_reached": report.unreachable,
        "writers": report.writers,
    })
}

fn place(report: &statelock_client::probe::PlaceReport) -> Value {
    json!({ "name": report.name, "versioning": versions::id(report.versioning) })
}

fn conclusion(conclusion: &Conclusion) -> Value {
    let reasons = conclusion.because.iter().map(
        |reason| json!({ "operation": reason.operation.id(), "verdict": reason.verdict.id() }),
    );
    let is_safe = conclusion.because.is_empty();
    json!({
        "verdict": conclusion.safety.id(),
        "because": reasons.collect::<Vec<_>>(),
        "text": (!is_safe).then(|| text::because(&conclusion.because)),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "operation": finding.operation.id(),
        "title": finding.operation.title(),
        "verdict": finding.verdict.id(),
        "evidence": summary::of(finding),
        "caution": cautions::of_finding(finding),
        "steps": finding.steps.iter().map(step).collect::<Vec<_>>(),
        "rounds": finding.rounds.as_ref().map(rounds),
        "looks": finding.samples.map(|samples| json!({
            "right": samples.right,
            "stale": samples.stale,
            "unanswered": samples.unanswered,
        })),
    })
}

fn step(step: &TriedStep) -> Value {
    let TriedStep { request, due, answer, found, verdict } = step;
    json!({
        "request": request,
        "due": due.id(),
        "answer": answer,
        "found": found,
        "verdict": verdict.id(),
    })
}

fn rounds(rounds: &Rounds) -> Value {
    json!({
        "writers": rounds.writers,
        "winners": rounds.winners,
        "answers": rounds.answers,
        "late_winners": rounds.late_winners,
        "other_bytes": rounds.wrong_bytes,
        "undecided": rounds.undecided,
    })
}

fn skipped(skipped: &Skipped) -> Value {
    json!({ "operation": skipped.operation.id(), "because": skipped.because })
}

fn client(advice: &ClientAdvice) -> Value {
    let variables =
        advice.environment.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    json!({
        "clients": advice.clients,
        "writes": advice.writes,
        "arguments": advice.arguments,
        "environment": variables.collect::<serde_json::Map<_, _>>(),
    })
}
