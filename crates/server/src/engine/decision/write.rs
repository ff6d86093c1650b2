//! May this write replace what is stored, and what does it leave?

use statelock_protocol::store::Precondition;

use super::{Decision, Effect, Stored, match_etag};
use crate::engine::EngineError;
use crate::records::{Content, VersionId, VersionRecord, Versioning};

/// A write, its body already received and verified.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    pub(crate) content: Content,
    pub(crate) precondition: Precondition,
    pub(crate) now_micros: u64,
    pub(crate) nonce: u64,
}

/// Decides a write; the answer is the version that it adds.
pub(crate) fn decide_write(
    stored: &Stored,
    write: Write,
) -> Result<Decision<VersionRecord>, EngineError> {
    check(stored.current().and_then(|version| version.content.as_ref()), &write.precondition)?;
    let id = match stored.bucket.versioning {
        Versioning::Enabled => {
            VersionId::Id { sequence: stored.next_sequence(write.now_micros), nonce: write.nonce }
        }
        Versioning::Unversioned | Versioning::Suspended => VersionId::Null,
    };
    let version = version(stored, write, id);
    let mut effects = Vec::new();
    if let (VersionId::Null, Some(replaced)) = (id, &stored.null) {
        effects.push(Effect::Remove(replaced.clone()));
    }
    effects.push(Effect::Insert(version.clone()));
    Ok(Decision { effects, answer: version })
}

/// The version that a write adds.
fn version(stored: &Stored, write: Write, id: VersionId) -> VersionRecord {
    VersionRecord {
        id,
        sequence: stored.next_sequence(write.now_micros),
        modified_micros: write.now_micros,
        content: Some(write.content),
    }
}

/// S3's conditions on writes; a delete marker counts as no object.
pub(crate) fn check(
    current: Option<&Content>,
    precondition: &Precondition,
) -> Result<(), EngineError> {
    match (precondition, current) {
        (Precondition::None, _) | (Precondition::IfAbsent, None) => Ok(()),
        (Precondition::IfAbsent, Some(_)) => Err(EngineError::PreconditionFailed("If-None-Match")),
        (Precondition::IfMatch(_), None) => Err(EngineError::NoSuchKey),
        (Precondition::IfMatch(expected), Some(content)) => match_etag(expected, content),
    }
}

#[cfg(test)]
mod tests {
    use statelock_protocol::store::{ETag, Precondition};

    use super::decide_write;
    use crate::engine::EngineError;
    use crate::engine::decision::Effect;
    use crate::engine::decision::fixture::{marker, object, stored, write};
    use crate::records::{VersionId, Versioning};

    #[test]
    fn if_absent_counts_a_delete_marker_as_absent() {
        let empty = stored(Versioning::Enabled, None);
        let deleted = stored(Versioning::Enabled, Some(marker(5)));
        let present = stored(Versioning::Enabled, Some(object(5, "a")));
        assert!(decide_write(&empty, write("b", Precondition::IfAbsent)).is_ok());
        assert!(decide_write(&deleted, write("b", Precondition::IfAbsent)).is_ok());
        assert!(matches!(
            decide_write(&present, write("b", Precondition::IfAbsent)),
            Err(EngineError::PreconditionFailed("If-None-Match"))
        ));
    }

    #[test]
    fn if_match_tells_missing_from_different() {
        let if_match = |etag: &str| Precondition::IfMatch(ETag::new(etag));
        let present = stored(Versioning::Unversioned, Some(object(5, "a")));
        assert!(decide_write(&present, write("b", if_match("a"))).is_ok());
        assert!(matches!(
            decide_write(&present, write("b", if_match("x"))),
            Err(EngineError::PreconditionFailed("If-Match"))
        ));
        for missing in [None, Some(marker(5))] {
            let missing = stored(Versioning::Enabled, missing);
            assert!(matches!(
                decide_write(&missing, write("b", if_match("a"))),
                Err(EngineError::NoSuchKey)
            ));
        }
    }

    #[test]
    fn a_versioned_write_keeps_what_it_replaces_even_if_the_clock_went_back() {
        let present = stored(Versioning::Enabled, Some(object(5_000_000, "a")));
        let decision = decide_write(&present, write("b", Precondition::None)).unwrap();
        let [Effect::Insert(version)] = decision.effects.as_slice() else { panic!("{decision:?}") };
        assert_eq!(version.sequence, 5_000_001);
        assert!(matches!(version.id, VersionId::Id { sequence: 5_000_001, .. }));
        assert_eq!(decision.answer, *version);
    }

    #[test]
    fn an_unversioned_write_replaces_the_null_version() {
        let present = stored(Versioning::Unversioned, Some(object(5, "a")));
        let decision = decide_write(&present, write("b", Precondition::None)).unwrap();
        assert_eq!(decision.effects.len(), 2);
        assert_eq!(decision.effects[0], Effect::Remove(object(5, "a")));
    }
}
