//! The one thing to do next.

use statelock_protocol::lock::evidence::Life;

use super::facts::{DigestVerdict, Facts};
use super::locks::{FoundLock, Shape};
use crate::backend::command;
use crate::output;

/// The next step, with a command that is safe to run.
pub(super) fn step(facts: &Facts) -> String {
    let named = facts.named.as_str();
    let again = || command("status", named, "");
    if facts.locks.is_partial {
        return format!("look again when every place can be read: {}", again());
    }
    let dead = facts.locks.found.iter().find(|found| is_dead(found));
    match (facts.locks.shape(), dead, facts.locks.found.first()) {
        (Shape::Free, _, _) if facts.digest() == DigestVerdict::Disagrees => digest(named),
        (Shape::Free, _, _) | (_, _, None) if facts.is_without_state() => {
            "nothing, if no state was written yet; else look whether key and workspace are right"
                .to_owned()
        }
        (Shape::Free, _, _) | (_, _, None) => "nothing; the lock is free".to_owned(),
        (Shape::Held, _, Some(lock)) => held(lock, named),
        (Shape::Half, Some(lock), _) => {
            format!("its holder is gone; remove the half that is left: {}", force(lock, named))
        }
        // Clients that have not moved, or have moved on, take one place alone and hold the lock by it.
        (Shape::Half, None, Some(lock)) => format!(
            "wait for it, its holder may lock by this place alone: {}; only if that is gone: {}",
            command("wait", named, ""),
            force(lock, named)
        ),
        (Shape::Split, Some(lock), _) => {
            format!("remove the one whose holder is gone: {}", force(lock, named))
        }
        (Shape::Split, None, Some(_)) => format!(
            "find out whose holder is gone, and remove that one: {}",
            command("force-unlock", named, "LOCK_ID")
        ),
    }
}

fn held(lock: &FoundLock, named: &str) -> String {
    let wait = command("wait", named, "");
    match (lock.life(), &lock.holder) {
        (Some(Life::Dead { .. }), _) => {
            format!("its holder is gone; remove it: {}", force(lock, named))
        }
        (Some(Life::Alive { .. }), _) => format!("wait for it: {wait}"),
        (Some(Life::Unknown { .. }), Some(holder)) => format!(
            "wait for it: {wait}; or ask {}, and only if that is gone: {}",
            output::printable(&holder.info.who),
            force(lock, named)
        ),
        (Some(Life::Unknown { .. }) | None, _) => format!(
            "find out who wrote it, for it holds nevertheless; only if nobody works on the state: {}",
            force(lock, named)
        ),
    }
}

fn digest(named: &str) -> String {
    format!(
        "look at the state, and if it is right, write it again with its digest: {} > state.json, then {}",
        command("state pull --ignore-digest", named, ""),
        command("state push", named, "state.json")
    )
}

fn force(lock: &FoundLock, named: &str) -> String {
    command("force-unlock", named, &lock.id())
}

fn is_dead(lock: &FoundLock) -> bool {
    lock.life().is_some_and(|life| match life {
        Life::Dead { .. } => true,
        Life::Alive { .. } | Life::Unknown { .. } => false,
    })
}
