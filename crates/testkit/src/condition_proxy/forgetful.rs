//! Stores that forget `If-None-Match` in some cases, or learn too late of what they wrote.

use std::io;

use super::broken::{BETWEEN, pause};
use super::message::{Kind, Message};
use super::upstream::{Reply, Upstream};
use super::{Fault, Shared, Taken};

/// Takes the condition and writes over what is there, in the one case that the fault is about.
pub(super) fn ignored_there(
    shared: &Shared,
    message: &Message,
    kind: Kind,
    upstream: &mut Upstream,
) -> io::Result<Reply> {
    let path = message.path();
    if kind == Kind::PutObject && message.has_header("if-none-match") {
        let is = |fault| shared.fault == fault;
        let times = shared.memory().written.get(path).copied().unwrap_or_default();
        let was_deleted = shared.memory().deleted.contains(path);
        if is(Fault::IgnoredAfterDelete) && was_deleted
            || is(Fault::IgnoredAfterOverwrite) && times > 1
            || is(Fault::IgnoredForSpecialKeys) && path.contains('%')
        {
            return upstream.overwrite(message, &["if-none-match"]);
        }
    }
    let reply = upstream.pass(message)?;
    if reply.is_success() {
        let mut memory = shared.memory();
        match kind {
            Kind::DeleteObject => {
                memory.deleted.insert(path.to_owned());
            }
            Kind::PutObject if !message.has_condition() => {
                *memory.written.entry(path.to_owned()).or_default() += 1;
            }
            Kind::PutObject
            | Kind::ReadObject
            | Kind::CompleteUpload
            | Kind::ListObjects
            | Kind::PutItem
            | Kind::DeleteItem
            | Kind::GetItem
            | Kind::Other => {}
        }
    }
    Ok(reply)
}

/// What becomes of a writer who wants a key that has to be free.
enum Turn {
    /// Nobody had it.
    First,
    /// Somebody writes just now.
    During,
    /// Somebody has written, and it is not known here yet.
    LetIn,
    /// It is known.
    After,
}

/// Keeps writers of one moment apart, and lets one in who comes just after.
pub(super) fn known_late(
    shared: &Shared,
    message: &Message,
    kind: Kind,
    upstream: &mut Upstream,
) -> io::Result<Reply> {
    let path = message.path();
    if kind == Kind::DeleteObject {
        shared.memory().taken.remove(path);
    }
    if kind != Kind::PutObject || !message.has_header("if-none-match") {
        return upstream.pass(message);
    }
    match turn(shared, path, upstream.number) {
        Turn::First => {
            pause(BETWEEN);
            let reply = upstream.pass(message)?;
            if let Some(taken) = shared.memory().taken.get_mut(path) {
                taken.is_done = true;
            }
            Ok(reply)
        }
        Turn::During => {
            let words = "At least one of the pre-conditions you specified did not hold";
            Ok(Reply::error(412, "PreconditionFailed", words))
        }
        Turn::LetIn => upstream.overwrite(message, &["if-none-match"]),
        Turn::After => upstream.pass(message),
    }
}

fn turn(shared: &Shared, path: &str, writer: u64) -> Turn {
    let mut memory = shared.memory();
    let Some(taken) = memory.taken.get_mut(path) else {
        let taken = Taken { writer, is_done: false, is_let_in: false };
        memory.taken.insert(path.to_owned(), taken);
        return Turn::First;
    };
    if !taken.is_done {
        return Turn::During;
    }
    if taken.writer == writer || taken.is_let_in {
        return Turn::After;
    }
    taken.is_let_in = true;
    Turn::LetIn
}
