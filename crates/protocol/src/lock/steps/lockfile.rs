//! The lock as a lockfile: an object that is made by a conditional write (`use_lockfile`).
//!
//! Facts: `docs/protocol/lockfile.md`.

use super::mark::{LockMark, StoredLock};
use super::place::{Looked, Removed, Taken};
use crate::state::StateAddress;
use crate::store::{
    BucketName, ObjectKey, ObjectRequest, ObjectSuccess, Precondition, Refusal, Reply,
};

/// Where a lockfile stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lockfile {
    /// The bucket, which is that of the state.
    pub bucket: BucketName,
    /// The lockfile's own key.
    pub key: ObjectKey,
}

impl Lockfile {
    /// The lockfile of a state.
    pub fn of(address: &StateAddress) -> Self {
        Self { bucket: address.bucket().clone(), key: address.lockfile_key() }
    }

    pub(super) fn take(&self, info: &[u8]) -> ObjectRequest {
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        let precondition = Precondition::IfAbsent;
        ObjectRequest::Write { bucket, key, body: info.to_vec(), precondition }
    }

    pub(super) fn look(&self) -> ObjectRequest {
        ObjectRequest::Read { bucket: self.bucket.clone(), key: self.key.clone() }
    }

    pub(super) fn remove(&self, precondition: Precondition) -> ObjectRequest {
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        ObjectRequest::Delete { bucket, key, precondition }
    }
}

pub(super) fn taken(reply: Reply<ObjectSuccess>) -> Taken {
    match reply {
        Reply::Applied(ObjectSuccess::Written(etag)) => Taken::Applied(LockMark::ETag(etag)),
        Reply::Refused(refusal) => Taken::Refused(refusal),
        Reply::Applied(
            ObjectSuccess::Read(_) | ObjectSuccess::Deleted | ObjectSuccess::Listed(_),
        )
        | Reply::Unknown => Taken::Unknown,
    }
}

pub(super) fn looked(reply: Reply<ObjectSuccess>) -> Looked {
    match reply {
        Reply::Applied(ObjectSuccess::Read(object)) => {
            let mark = LockMark::ETag(object.etag);
            Looked::Found(StoredLock { bytes: object.body, mark })
        }
        Reply::Refused(Refusal::NoSuchKey) => Looked::Absent,
        Reply::Refused(refusal) => Looked::Refused(refusal),
        Reply::Applied(
            ObjectSuccess::Written(_) | ObjectSuccess::Deleted | ObjectSuccess::Listed(_),
        )
        | Reply::Unknown => Looked::Unknown,
    }
}

pub(super) fn removed(reply: &Reply<ObjectSuccess>) -> Removed {
    match reply {
        Reply::Applied(ObjectSuccess::Deleted) => Removed::Applied,
        // `If-Match` finds nothing to match.
        Reply::Refused(Refusal::NoSuchKey) => Removed::Absent,
        Reply::Refused(refusal) => Removed::Refused(*refusal),
        Reply::Applied(
            ObjectSuccess::Read(_) | ObjectSuccess::Written(_) | ObjectSuccess::Listed(_),
        )
        | Reply::Unknown => Removed::Unknown,
    }
}
