//! What each fault does to a request.

use std::io;
use std::time::Duration;

use super::message::{Kind, Message};
use super::refusing::{answered, is_conditional_write, refused};
use super::upstream::{Reply, Upstream};
use super::{Before, Fault, Shared, forgetful, table};

/// How long a racy store takes between its look and its write. All writers of a round have looked by
/// then, on two busy cores too.
pub(super) const BETWEEN: Duration = Duration::from_millis(150);
/// The same where writers of one endpoint wait for each other.
const BETWEEN_LOCKED: Duration = Duration::from_millis(20);
/// Bodies that are longer are large, in bytes.
const LARGE: usize = 64 * 1024;

/// Answers a request as a store with this fault would.
pub(super) fn answer(
    shared: &Shared,
    message: &Message,
    upstream: &mut Upstream,
) -> io::Result<Reply> {
    if let Some(refusal) = refused(shared.fault, message) {
        return Ok(refusal);
    }
    match (shared.fault, message.kind()) {
        (Fault::IfNoneMatchIgnored, Kind::PutObject) if message.has_header("if-none-match") => {
            upstream.overwrite(message, &["if-none-match"])
        }
        (Fault::IfMatchOnPutIgnored | Fault::IfMatchOfLargeBodiesIgnored, Kind::PutObject)
            if message.has_header("if-match") && is_meant(shared.fault, &message.body) =>
        {
            upstream.overwrite(message, &["if-match"])
        }
        (Fault::IfMatchOnDeleteIgnored, Kind::DeleteObject) => {
            upstream.pass_without(message, &["if-match"])
        }
        (Fault::CompleteConditionsIgnored, Kind::CompleteUpload) => {
            upstream.pass_without(message, &["if-match", "if-none-match"])
        }
        (Fault::IfNoneMatchInverted, Kind::PutObject) if message.has_header("if-none-match") => {
            inverted(message, upstream)
        }
        (
            Fault::ConditionRaced | Fault::IfMatchRaced | Fault::LockedPerEndpoint,
            Kind::PutObject,
        ) if message.has_condition() => raced_there(shared, message, upstream),
        (
            Fault::IgnoredAfterDelete | Fault::IgnoredAfterOverwrite | Fault::IgnoredForSpecialKeys,
            kind,
        ) => forgetful::ignored_there(shared, message, kind, upstream),
        (Fault::KnownLate, kind) => forgetful::known_late(shared, message, kind, upstream),
        (Fault::ConflictForFailedCondition | Fault::FailedConditionAnswered(_), kind)
            if is_conditional_write(message, kind) =>
        {
            answered_with(shared.fault, message, upstream)
        }
        (Fault::LockedPerEndpoint, Kind::PutItem) => item_raced_in_turn(shared, message, upstream),
        (Fault::DeleteMarkerIsAnObject, Kind::PutObject | Kind::DeleteObject | Kind::Other) => {
            with_markers(shared, message, upstream)
        }
        (Fault::StaleReads, kind) => with_stale_reads(shared, message, kind, upstream),
        (Fault::StaleListings, kind) => with_stale_listings(shared, message, kind, upstream),
        (Fault::ItemConditionIgnored, Kind::PutItem | Kind::DeleteItem) => {
            table::without_condition(message, upstream)
        }
        (Fault::ItemConditionRaced, Kind::PutItem) => table::raced(message, upstream, BETWEEN),
        (Fault::StaleItems, kind) => table::stale(shared, message, kind, upstream),
        // No fault, or a request that it is not about.
        (
            Fault::Nothing
            | Fault::IfNoneMatchIgnored
            | Fault::IfMatchOnPutIgnored
            | Fault::IfMatchOnDeleteIgnored
            | Fault::IfNoneMatchInverted
            | Fault::ConditionRaced
            | Fault::LockedPerEndpoint
            | Fault::DeleteMarkerIsAnObject
            | Fault::IfMatchOfLargeBodiesIgnored
            | Fault::IfMatchRaced
            | Fault::ConditionRequired
            | Fault::ConditionRequiredForLocks
            | Fault::FailedConditionAnswered(_)
            | Fault::ConditionsNotImplemented
            | Fault::ConflictForFailedCondition
            | Fault::CompleteConditionsIgnored
            | Fault::TrailersRefused
            | Fault::ItemConditionIgnored
            | Fault::ItemConditionRaced,
            _,
        ) => upstream.pass(message),
    }
}

/// Whether a fault of `If-Match` is about a body.
fn is_meant(fault: Fault, body: &[u8]) -> bool {
    fault == Fault::IfMatchOnPutIgnored || body.len() > LARGE
}

/// Answers who lost with the status of the fault.
fn answered_with(fault: Fault, message: &Message, upstream: &mut Upstream) -> io::Result<Reply> {
    let status = if let Fault::FailedConditionAnswered(status) = fault { status } else { 409 };
    let reply = upstream.pass(message)?;
    Ok(if reply.status == 412 { answered(status) } else { reply })
}

/// Races for a condition of an object, if the fault is about it.
fn raced_there(shared: &Shared, message: &Message, upstream: &mut Upstream) -> io::Result<Reply> {
    if shared.fault == Fault::LockedPerEndpoint {
        let _turn = shared.turn();
        return raced(message, upstream, BETWEEN_LOCKED);
    }
    if shared.fault == Fault::IfMatchRaced && !message.has_header("if-match") {
        return upstream.pass(message);
    }
    raced(message, upstream, BETWEEN)
}

/// Races for a condition of an item, one writer of this endpoint after the other.
fn item_raced_in_turn(
    shared: &Shared,
    message: &Message,
    upstream: &mut Upstream,
) -> io::Result<Reply> {
    let _turn = shared.turn();
    table::raced(message, upstream, BETWEEN_LOCKED)
}

/// Writes over what is there, and refuses a free key.
fn inverted(message: &Message, upstream: &mut Upstream) -> io::Result<Reply> {
    let is_free = upstream.ask("HEAD", message.path())?.status() == 404;
    if is_free {
        let words = "At least one of the pre-conditions you specified did not hold";
        return Ok(Reply::error(412, "PreconditionFailed", words));
    }
    upstream.overwrite(message, &["if-none-match"])
}

/// Looks, takes its time, and writes without the condition if it held.
fn raced(message: &Message, upstream: &mut Upstream, between: Duration) -> io::Result<Reply> {
    let found = upstream.ask("HEAD", message.path())?;
    let held = match (found.status(), message.head.header("if-match")) {
        (404, None) => true,
        (200, Some(wanted)) => {
            let etag = found.head.header("etag").unwrap_or_default();
            etag.trim_matches('"') == wanted.trim_matches('"')
        }
        _ => false,
    };
    if !held {
        return upstream.pass(message); // the store itself says why not
    }
    pause(between);
    upstream.overwrite(message, &["if-none-match", "if-match"])
}

/// Takes a delete marker for an object, where a key has to be free.
fn with_markers(shared: &Shared, message: &Message, upstream: &mut Upstream) -> io::Result<Reply> {
    let path = message.path();
    let has_marker = shared.memory().markers.contains(path);
    if has_marker && message.has_header("if-none-match") {
        let words = "At least one of the pre-conditions you specified did not hold";
        return Ok(Reply::error(412, "PreconditionFailed", words));
    }
    let reply = upstream.pass(message)?;
    let is_delete = message.kind() == Kind::DeleteObject;
    // Our own server keeps no versions of lockfiles and says so; a store of this kind does keep them.
    if is_delete && reply.is_success() && keeps_versions(path, upstream)? {
        shared.memory().markers.insert(path.to_owned());
    } else if reply.is_success() && message.kind() != Kind::ReadObject {
        shared.memory().markers.remove(path);
    }
    Ok(reply)
}

fn keeps_versions(path: &str, upstream: &Upstream) -> io::Result<bool> {
    let bucket = path.split('/').nth(1).unwrap_or_default();
    let answer = upstream.ask("GET", &format!("/{bucket}?versioning="))?;
    Ok(answer.text().contains("<Status>Enabled</Status>"))
}

/// Remembers what stood there before each write, and shows it once to another connection.
fn with_stale_reads(
    shared: &Shared,
    message: &Message,
    kind: Kind,
    upstream: &mut Upstream,
) -> io::Result<Reply> {
    let path = message.path();
    match kind {
        Kind::PutObject | Kind::DeleteObject | Kind::CompleteUpload => {
            let before = Reply::from(upstream.ask("GET", path)?);
            let reply = upstream.pass(message)?;
            if reply.is_success() {
                let before = Before { writer: upstream.number, reply: before };
                shared.memory().before.insert(path.to_owned(), before);
            }
            Ok(reply)
        }
        Kind::ReadObject => match shared.stale(path, upstream.number) {
            Some(stale) => Ok(stale.for_method(message.method())),
            None => upstream.pass(message),
        },
        Kind::ListObjects | Kind::PutItem | Kind::DeleteItem | Kind::GetItem | Kind::Other => {
            upstream.pass(message)
        }
    }
}

/// Remembers what was written and deleted, and lists it as it was before, once.
fn with_stale_listings(
    shared: &Shared,
    message: &Message,
    kind: Kind,
    upstream: &mut Upstream,
) -> io::Result<Reply> {
    let reply = upstream.pass(message)?;
    if !reply.is_success() {
        return Ok(reply);
    }
    match kind {
        Kind::PutObject | Kind::CompleteUpload => shared.memory().listings.written(message.path()),
        Kind::DeleteObject => shared.memory().listings.deleted(message.path()),
        Kind::ListObjects => return Ok(shared.memory().listings.stale(&reply)),
        Kind::ReadObject | Kind::PutItem | Kind::DeleteItem | Kind::GetItem | Kind::Other => {}
    }
    Ok(reply)
}

impl Shared {
    /// What stood there before the last write, if this connection is the first other one to look.
    pub(super) fn stale(&self, place: &str, reader: u64) -> Option<Reply> {
        let mut memory = self.memory();
        let is_for_it = memory.before.get(place).is_some_and(|before| before.writer != reader);
        if is_for_it { memory.before.remove(place).map(|before| before.reply) } else { None }
    }
}

#[expect(clippy::disallowed_methods, reason = "the time between look and write is the fault")]
pub(super) fn pause(time: Duration) {
    std::thread::sleep(time);
}
