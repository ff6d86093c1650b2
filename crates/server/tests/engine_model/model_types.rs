//! What the model holds, is asked and answers.

use bytes::Bytes;
use md5::{Digest, Md5};
use statelock_server::engine::EngineError;
use statelock_server::records::VersionId;

use crate::harness::Call;

/// A version or, without a body, a delete marker.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) id: VersionId,
    pub(crate) object: Option<Object>,
}

/// What is stored in a version: one body, or one per part.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    pub(crate) pieces: Vec<Bytes>,
    pub(crate) etag: String,
    pub(crate) tag: Option<u8>,
    pub(crate) lock_id: Option<String>,
}

impl Object {
    pub(crate) fn whole(body: Bytes, lock_id: Option<String>) -> Self {
        Self { etag: hex(&Md5::digest(&body)), pieces: vec![body], tag: None, lock_id }
    }
}

/// Every answer there is; an error by its name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Written(String, Option<VersionId>),
    Deleted(Option<VersionId>, bool),
    Tagged(VersionId),
    Part(String),
    Done,
    Refused(String),
}

pub(crate) fn refused(error: &EngineError) -> Answer {
    // The words name the holder; which words, is no rule.
    if matches!(error, EngineError::LockRefused(_)) {
        return Answer::Refused("LockRefused".to_owned());
    }
    Answer::Refused(format!("{error:?}"))
}

/// A write or a delete of an object.
pub(crate) struct Request<'a, C> {
    pub(crate) key: &'a str,
    pub(crate) condition: C,
    pub(crate) call: Call,
    /// The id that the engine chose, for a new version; it must be one that was never seen.
    pub(crate) chosen: Option<VersionId>,
}

/// A body that was received and not yet used.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) object: Object,
    /// When its last piece was stored, if it was stored at all.
    pub(crate) stored_at: Option<u64>,
    pub(crate) swept: bool,
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}
