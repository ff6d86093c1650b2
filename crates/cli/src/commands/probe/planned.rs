//! What a probe would do, told instead of doing it.

use std::process;

use serde::Serialize;
use serde_json::{Value, json};
use statelock_client::probe::{PlannedCheck, Probe};

use super::arguments::ProbeArgs;
use super::document::SCHEMA;
use super::error::ProbeVerbError;
use crate::output;

/// The plan for programs. What has the name of a member of the report means the same.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: u32,
    statelock_version: &'static str,
    dry_run: bool,
    bucket: &'a str,
    prefix: &'a str,
    dynamodb_table: Option<&'a str>,
    probe_id: &'a str,
    keys_below: String,
    endpoints: Vec<Value>,
    /// Those that would be tried with.
    writers: usize,
    rounds: usize,
    requests_max: u64,
    seconds_max: f64,
    /// Objects and items that there may be before they are removed.
    written_max: u64,
    operations: Vec<Value>,
    command_to_clean: String,
}

/// Tells it.
pub(super) fn told(args: &ProbeArgs, probe: &Probe) -> Result<process::ExitCode, ProbeVerbError> {
    if args.json {
        let text = serde_json::to_string(&document(args, probe)).map_err(ProbeVerbError::Json)?;
        output::data(&(text + "\n")).map_err(ProbeVerbError::Stdout)?;
    }
    output::note("nothing was sent");
    Ok(process::ExitCode::SUCCESS)
}

fn document<'a>(args: &'a ProbeArgs, probe: &'a Probe) -> Document<'a> {
    let (plan, target) = (probe.plan(), probe.target());
    Document {
        schema: SCHEMA,
        statelock_version: env!("CARGO_PKG_VERSION"),
        dry_run: true,
        bucket: target.bucket.as_str(),
        prefix: &target.prefix,
        dynamodb_table: args.dynamodb_table.as_deref(),
        probe_id: probe.id().as_str(),
        keys_below: probe.base(),
        endpoints: probe.urls().map(|url| json!({ "url": url })).collect(),
        writers: plan.limits.writers,
        rounds: plan.limits.rounds,
        requests_max: plan.requests_max(),
        seconds_max: plan.limits.time.as_secs_f64(),
        written_max: plan.written_max(),
        operations: plan.checks.iter().flat_map(operations).collect(),
        command_to_clean: args.command_to_clean(),
    }
}

fn operations(check: &PlannedCheck) -> impl Iterator<Item = Value> {
    let told = |operation: &statelock_client::probe::Operation| {
        json!({
            "operation": operation.id(),
            "title": operation.title(),
            "at_once": operation.is_at_once(),
        })
    };
    check.operations.iter().map(told)
}
