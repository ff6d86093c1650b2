//! What does a delete remove, and what does it leave?

use statelock_protocol::store::ETag;

use super::{Decision, Effect, Stored, match_etag};
use crate::engine::EngineError;
use crate::records::{VersionId, VersionRecord, Versioning};

/// A condition on a delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeleteCondition {
    /// Delete whatever is there.
    None,
    /// `If-Match: <etag>`.
    IfMatch(ETag),
    /// `If-Match: *`: only if there is an object.
    IfPresent,
}

/// A delete without a version id.
#[derive(Clone, Debug)]
pub(crate) struct Delete {
    pub(crate) condition: DeleteCondition,
    pub(crate) now_micros: u64,
    pub(crate) nonce: u64,
}

/// What a delete is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeleteAnswer {
    /// The delete marker that was added, if one was.
    pub(crate) marker: Option<VersionId>,
}

/// Decides a delete that names no version.
pub(crate) fn decide_delete(
    stored: &Stored,
    delete: &Delete,
) -> Result<Decision<DeleteAnswer>, EngineError> {
    check(stored.newest.as_ref(), &delete.condition)?;
    let mut effects = Vec::new();
    if stored.bucket.versioning != Versioning::Enabled
        && let Some(replaced) = &stored.null
    {
        effects.push(Effect::Remove(replaced.clone()));
    }
    let sequence = stored.next_sequence(delete.now_micros);
    let id = match stored.bucket.versioning {
        Versioning::Unversioned => {
            return Ok(Decision { effects, answer: DeleteAnswer { marker: None } });
        }
        Versioning::Enabled => VersionId::Id { sequence, nonce: delete.nonce },
        Versioning::Suspended => VersionId::Null,
    };
    let modified_micros = delete.now_micros;
    effects.push(Effect::Insert(VersionRecord { id, sequence, modified_micros, content: None }));
    Ok(Decision { effects, answer: DeleteAnswer { marker: Some(id) } })
}

/// S3's conditions on deletes, against the version that would go.
pub(crate) fn check(
    version: Option<&VersionRecord>,
    condition: &DeleteCondition,
) -> Result<(), EngineError> {
    let content = version.and_then(|version| version.content.as_ref());
    match (condition, content) {
        (DeleteCondition::None, _) | (DeleteCondition::IfPresent, Some(_)) => Ok(()),
        (DeleteCondition::IfPresent, None) if version.is_some() => {
            Err(EngineError::PreconditionFailed("If-Match"))
        }
        (DeleteCondition::IfPresent | DeleteCondition::IfMatch(_), None) => {
            Err(EngineError::NoSuchKey)
        }
        (DeleteCondition::IfMatch(expected), Some(content)) => match_etag(expected, content),
    }
}

#[cfg(test)]
mod tests {
    use statelock_protocol::store::ETag;

    use super::{DeleteCondition, decide_delete};
    use crate::engine::EngineError;
    use crate::engine::decision::Effect;
    use crate::engine::decision::fixture::{delete, marker, object, stored};
    use crate::records::{VersionId, Versioning};

    #[test]
    fn a_versioned_delete_adds_a_marker_and_removes_nothing() {
        for newest in [None, Some(object(5, "a")), Some(marker(5))] {
            let stored = stored(Versioning::Enabled, newest);
            let decision = decide_delete(&stored, &delete(DeleteCondition::None)).unwrap();
            let [Effect::Insert(version)] = decision.effects.as_slice() else {
                panic!("{decision:?}")
            };
            assert_eq!(version.content, None);
            assert_eq!(decision.answer.marker, Some(version.id));
        }
    }

    #[test]
    fn a_suspended_delete_replaces_the_null_version_by_a_null_marker() {
        let stored = stored(Versioning::Suspended, Some(object(5, "a")));
        let decision = decide_delete(&stored, &delete(DeleteCondition::None)).unwrap();
        assert_eq!(decision.effects[0], Effect::Remove(object(5, "a")));
        assert_eq!(decision.answer.marker, Some(VersionId::Null));
    }

    #[test]
    fn conditions_follow_s3() {
        let if_match = |etag: &str| DeleteCondition::IfMatch(ETag::new(etag));
        let present = stored(Versioning::Unversioned, Some(object(5, "a")));
        let deleted = stored(Versioning::Enabled, Some(marker(5)));
        let empty = stored(Versioning::Enabled, None);
        let outcome = |stored, condition| decide_delete(stored, &delete(condition)).map(|_| ());
        assert!(outcome(&present, if_match("a")).is_ok());
        assert!(outcome(&present, DeleteCondition::IfPresent).is_ok());
        assert!(matches!(
            outcome(&present, if_match("b")),
            Err(EngineError::PreconditionFailed("If-Match"))
        ));
        assert!(matches!(
            outcome(&deleted, DeleteCondition::IfPresent),
            Err(EngineError::PreconditionFailed("If-Match"))
        ));
        assert!(matches!(outcome(&deleted, if_match("a")), Err(EngineError::NoSuchKey)));
        assert!(matches!(outcome(&empty, DeleteCondition::IfPresent), Err(EngineError::NoSuchKey)));
    }
}
