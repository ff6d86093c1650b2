//! What a probe will do, said before it does it.

use statelock_client::probe::{Operation, Probe};

use super::arguments::ProbeArgs;
use crate::output::printable;
use crate::span;

/// All of it, for standard error.
pub(super) fn of(args: &ProbeArgs, probe: &Probe) -> String {
    let (plan, target) = (probe.plan(), probe.target());
    let place = format!("s3://{}/{}", target.bucket, probe.base());
    let table = target
        .table
        .as_ref()
        .map(|table| format!(", and items of the lock table `{table}` whose LockID begins so"));
    let at_once = plan.checks.iter().flat_map(|check| &check.operations);
    let at_once = at_once.filter(|operation| Operation::is_at_once(**operation)).count();
    let lines = [
        format!("probe of {}{}", args.address, at(args)),
        format!("  writes below     {place}{}", table.unwrap_or_default()),
        format!(
            "  sends            at most {} requests, {} at once, within {}",
            grouped(plan.requests_max()),
            plan.limits.writers,
            span::shown(plan.limits.time.as_secs())
        ),
        format!(
            "  races            {} writers in {} rounds, for each of {at_once} operations",
            plan.limits.writers, plan.limits.rounds
        ),
        format!(
            "  removes          what it wrote, at most {} small objects and items; and what probes older than an \
             hour left",
            grouped(plan.written_max())
        ),
        "  leaves alone     all other keys, and the settings of the bucket".to_owned(),
    ];
    printable_lines(&lines)
}

/// The endpoints, as they were named.
fn at(args: &ProbeArgs) -> String {
    if args.endpoint_url.is_empty() {
        return String::new();
    }
    format!(" at {}", args.endpoint_url.join(" and "))
}

fn printable_lines(lines: &[String]) -> String {
    lines.iter().map(|line| printable(line) + "\n").collect()
}

/// Digits in groups of three.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
