//! Hints: what is worth telling, and proves nothing.

use super::observed::{ClientsSeen, Observations, Who};
use super::process::list;
use super::{Finding, Says, Source};
use crate::lock::info::LockInfo;

/// How far the holder's clock may be ahead before that is told.
const CLOCK_SLACK_SECONDS: i64 = 10;

/// Operations of Terraform and OpenTofu, as far as their names are not `OperationType…` or `state-…`.
const STOCK_OPERATIONS: [&str; 8] = [
    "",
    "init",
    "taint",
    "untaint",
    "workspace-new",
    "backend from plan",
    "migration source state",
    "migration destination state",
];

/// Whether the lock was taken by a command of Terraform or OpenTofu, which holds it while it works. One that a person took, to keep
/// others out, says nothing about processes.
pub fn is_of_stock_client(info: &LockInfo) -> bool {
    let operation = info.operation.as_str();
    operation.starts_with("OperationType")
        || operation.starts_with("state-")
        || STOCK_OPERATIONS.contains(&operation)
}

/// About the host that a lock info names, for a lock of a client that leaves no stamp.
pub(super) fn of_host(holder: &Who, seen: &Observations) -> Option<Finding> {
    let Who { user, host } = holder;
    let text = match &seen.clients {
        ClientsSeen::NotLookedFor => return None,
        ClientsSeen::Unknown { why } => {
            format!("whether terraform or tofu runs on this host, {host}, cannot be told: {why}")
        }
        ClientsSeen::Seen { found, may_be_more: None } if found.is_empty() => format!(
            "no terraform or tofu runs on this host, {host}, now: {} is likely gone, not proven to \
             be",
            if user.is_empty() { "the holder" } else { user }
        ),
        ClientsSeen::Seen { found, may_be_more: Some(why) } if found.is_empty() => {
            format!("no terraform or tofu was seen on this host, {host}, but {why}")
        }
        ClientsSeen::Seen { found, .. } => {
            format!("on this host, {host}, terraform or tofu runs: {}", list(found))
        }
    };
    Some(Finding::new(Source::Host, Says::Hint, &text))
}

/// About a lock that was made in the observer's future.
pub(super) fn of_clock(info: &LockInfo, now_seconds: i64) -> Option<Finding> {
    let ahead = info.created.unix_seconds().saturating_sub(now_seconds);
    (ahead > CLOCK_SLACK_SECONDS).then(|| {
        let text = format!(
            "the lock was made {ahead} s in this machine's future: the clocks differ, and its age \
             is not what it seems"
        );
        Finding::new(Source::Clock, Says::Hint, &text)
    })
}
