//! Lockfiles: no versions, no delete markers, and every request has its effect once.
//!
//! Terraform takes a lock by writing `<key>.tflock` with `If-None-Match: *` and releases it by an
//! unconditional DELETE. Its SDK repeats a request whose answer was lost, under the same invocation
//! ID; Terraform itself repeats the whole call under a new one, with the same lock ID.
//!
//! 1. A write of the same bytes under a remembered invocation does nothing: the first attempt may
//!    arrive after its lock was released, and must not bring it back. It is answered as before while
//!    those bytes are stored, else its condition fails: a sender that lost the first answer, and
//!    since then its lock, must not be told that it holds it. Other bytes are another request,
//!    whatever its invocation says.
//! 2. A conditional write of the lock ID that is stored is answered as if it had just been stored,
//!    and remembered like the one that stored it.
//! 3. A delete under a remembered invocation does nothing: by now the lockfile may be another's.
//! 4. Everything else is as S3 does it, on the version `null`.

use statelock_protocol::store::Precondition;

use super::delete::{Delete, DeleteAnswer};
use super::write::{Write, WriteAnswer, version};
use super::{Decision, Effect, Stored, delete, write};
use crate::engine::EngineError;
use crate::records::{LockTrail, TrailEntry, TrailOperation, VersionId};

pub(super) fn decide_write(
    stored: &Stored,
    trail: &LockTrail,
    write: Write,
) -> Result<Decision<WriteAnswer>, EngineError> {
    let etag = write.content.etag.clone();
    let written = TrailOperation::Written(etag.clone());
    if trail.remembers(write.invocation.as_deref(), &written, write.now_micros) {
        return repeated(stored, &write.precondition, etag);
    }
    if let (Precondition::IfAbsent, Some(held)) = (&write.precondition, stored.current())
        && let Some(content) = &held.content
        && content.lock_id.is_some()
        && content.lock_id == write.content.lock_id
    {
        let remembered = remember(trail, write.invocation, written, write.now_micros);
        return Ok(Decision {
            effects: remembered.into_iter().collect(),
            answer: WriteAnswer::Repeated(content.etag.clone()),
        });
    }
    write::check(stored, &write.precondition)?;
    let mut effects: Vec<_> = stored.newest.iter().cloned().map(Effect::Remove).collect();
    effects.extend(remember(trail, write.invocation.clone(), written, write.now_micros));
    let version = version(stored, write, VersionId::Null);
    effects.push(Effect::Insert(version.clone()));
    Ok(Decision { effects, answer: WriteAnswer::Written(version) })
}

/// The answer to a write that had its effect before.
fn repeated(
    stored: &Stored,
    precondition: &Precondition,
    etag: String,
) -> Result<Decision<WriteAnswer>, EngineError> {
    let current = stored.current().and_then(|version| version.content.as_ref());
    let still_there = current.is_some_and(|content| content.etag == etag);
    match precondition {
        Precondition::IfAbsent if !still_there => {
            Err(EngineError::PreconditionFailed("If-None-Match"))
        }
        Precondition::IfMatch(_) if !still_there => {
            Err(EngineError::PreconditionFailed("If-Match"))
        }
        // An unconditional write claims nothing about what is there afterwards.
        Precondition::None | Precondition::IfAbsent | Precondition::IfMatch(_) => {
            Ok(Decision::nothing(WriteAnswer::Repeated(etag)))
        }
    }
}

pub(super) fn decide_delete(
    stored: &Stored,
    trail: &LockTrail,
    delete: &Delete,
) -> Result<Decision<DeleteAnswer>, EngineError> {
    let answer = DeleteAnswer { marker: None };
    let deleted = TrailOperation::Deleted;
    if trail.remembers(delete.invocation.as_deref(), &deleted, delete.now_micros) {
        return Ok(Decision::nothing(answer));
    }
    delete::check(stored.newest.as_ref(), &delete.condition)?;
    let mut effects: Vec<_> = stored.newest.iter().cloned().map(Effect::Remove).collect();
    effects.extend(remember(trail, delete.invocation.clone(), deleted, delete.now_micros));
    Ok(Decision { effects, answer })
}

/// An SDK's invocation id has 36; a longer one is not remembered, so that a trail stays small.
const INVOCATION_SIZE_BYTES_MAX: usize = 128;

fn remember(
    trail: &LockTrail,
    invocation: Option<String>,
    operation: TrailOperation,
    at_micros: u64,
) -> Option<Effect> {
    let invocation = invocation.filter(|id| id.len() <= INVOCATION_SIZE_BYTES_MAX)?;
    Some(Effect::Remember(trail.with(TrailEntry { invocation, operation, at_micros })))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{World, lock_write};
    use super::*;
    use crate::engine::decision::DeleteCondition;

    #[test]
    fn p9_a_repeated_lock_write_with_the_stored_id_is_answered_like_the_first() {
        let mut world = World::lockfile();
        let first = world.write(lock_write("alice", "call-1")).unwrap();
        let again = world.write(lock_write("alice", "call-2")).unwrap();
        let WriteAnswer::Written(version) = first else { panic!("{first:?}") };
        assert_eq!(again, WriteAnswer::Repeated(version.content.unwrap().etag));
        assert!(matches!(
            world.write(lock_write("bob", "call-3")),
            Err(EngineError::PreconditionFailed("If-None-Match"))
        ));
        assert_eq!(world.holder(), Some("alice"));
    }

    #[test]
    fn p9_a_lock_write_that_arrives_after_the_release_does_not_bring_the_lock_back() {
        let mut world = World::lockfile();
        world.write(lock_write("alice", "call-1")).unwrap();
        world.delete("call-2", DeleteCondition::None).unwrap();
        let late = world.write(lock_write("alice", "call-1"));
        assert!(matches!(late, Err(EngineError::PreconditionFailed("If-None-Match"))));
        assert_eq!(world.holder(), None);
    }

    #[test]
    fn p4_a_release_delivered_twice_leaves_the_next_holder_alone() {
        let mut world = World::lockfile();
        world.write(lock_write("alice", "call-1")).unwrap();
        world.delete("call-2", DeleteCondition::None).unwrap();
        world.write(lock_write("bob", "call-3")).unwrap();
        world.delete("call-2", DeleteCondition::None).unwrap();
        assert_eq!(world.holder(), Some("bob"));
    }

    #[test]
    fn the_same_lock_id_may_be_taken_again_by_a_new_call() {
        // A client on both lockfile and lock table gives the lockfile back and retries with one ID.
        let mut world = World::lockfile();
        world.write(lock_write("alice", "call-1")).unwrap();
        world.delete("call-2", DeleteCondition::None).unwrap();
        let again = world.write(lock_write("alice", "call-3")).unwrap();
        assert!(matches!(again, WriteAnswer::Written(_)));
        assert_eq!(world.holder(), Some("alice"));
    }

    #[test]
    fn p1_unreadable_lock_bodies_never_count_as_the_same_lock() {
        let mut world = World::lockfile();
        let mut unreadable = lock_write("alice", "call-1");
        unreadable.content.lock_id = None;
        world.write(unreadable.clone()).unwrap();
        unreadable.invocation = Some("call-2".to_owned());
        assert!(world.write(unreadable).is_err());
    }

    #[test]
    fn a_lockfile_leaves_no_version_and_no_marker_behind() {
        let mut world = World::lockfile();
        world.write(lock_write("alice", "call-1")).unwrap();
        world.delete("call-2", DeleteCondition::None).unwrap();
        assert!(world.stored.newest.is_none());
    }
}
