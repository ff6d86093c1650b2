//! One place of a lock, whichever protocol: what to send, and what an answer says.

use super::mark::{LockMark, StoredLock};
use super::{LockTable, Lockfile};
use super::{lock_table, lockfile};
use crate::lock::unified::Facet;
use crate::store::{
    ObjectRequest, ObjectSuccess, Precondition, Refusal, Reply, TableRequest, TableSuccess,
};

/// A request of a lock protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LockRequest {
    /// To the object store.
    Object(ObjectRequest),
    /// To the table.
    Table(TableRequest),
}

/// The answer to a [`LockRequest`], of the same kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockReply {
    /// From the object store.
    Object(Reply<ObjectSuccess>),
    /// From the table.
    Table(Reply<TableSuccess>),
}

/// Where a lock stands in one protocol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// As an object.
    Lockfile(Lockfile),
    /// As an item.
    LockTable(LockTable),
}

/// What a look at a place shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Looked {
    /// No lock.
    Absent,
    /// A lock, readable or not.
    Found(StoredLock),
    /// The store did not let us look.
    Refused(Refusal),
    /// No answer.
    Unknown,
}

pub(super) enum Taken {
    Applied(LockMark),
    Refused(Refusal),
    Unknown,
}

pub(super) enum Removed {
    Applied,
    Absent,
    Refused(Refusal),
    Unknown,
}

impl Place {
    /// Which facet of the lock it is.
    pub fn facet(&self) -> Facet {
        match self {
            Self::Lockfile(_) => Facet::Lockfile,
            Self::LockTable(_) => Facet::LockTable,
        }
    }

    pub(super) fn take(&self, info: &str) -> LockRequest {
        match self {
            Self::Lockfile(place) => LockRequest::Object(place.take(info.as_bytes())),
            Self::LockTable(place) => LockRequest::Table(place.take(info)),
        }
    }

    pub(super) fn look(&self) -> LockRequest {
        match self {
            Self::Lockfile(place) => LockRequest::Object(place.look()),
            Self::LockTable(place) => LockRequest::Table(place.look()),
        }
    }

    /// A removal on condition of `mark`.
    pub(super) fn remove(&self, mark: &LockMark) -> LockRequest {
        match (self, mark) {
            (Self::Lockfile(place), LockMark::ETag(etag)) => {
                LockRequest::Object(place.remove(Precondition::IfMatch(etag.clone())))
            }
            (Self::LockTable(place), LockMark::Info(info)) => {
                LockRequest::Table(place.remove(info.as_deref()))
            }
            // A mark of the other place matches nothing here; looking is always safe.
            (Self::Lockfile(_), LockMark::Info(_)) | (Self::LockTable(_), LockMark::ETag(_)) => {
                self.look()
            }
        }
    }

    /// A removal whatever is there, for object stores that know no condition. Every table does.
    pub(super) fn remove_unconditionally(&self, mark: &LockMark) -> LockRequest {
        match self {
            Self::Lockfile(place) => LockRequest::Object(place.remove(Precondition::None)),
            Self::LockTable(_) => self.remove(mark),
        }
    }

    pub(super) fn taken(&self, reply: LockReply, info: &str) -> Taken {
        match (self, reply) {
            (Self::Lockfile(_), LockReply::Object(reply)) => lockfile::taken(reply),
            (Self::LockTable(_), LockReply::Table(reply)) => lock_table::taken(&reply, info),
            (Self::Lockfile(_), LockReply::Table(_))
            | (Self::LockTable(_), LockReply::Object(_)) => Taken::Unknown,
        }
    }

    pub(super) fn looked(&self, reply: LockReply) -> Looked {
        match (self, reply) {
            (Self::Lockfile(_), LockReply::Object(reply)) => lockfile::looked(reply),
            (Self::LockTable(_), LockReply::Table(reply)) => lock_table::looked(reply),
            (Self::Lockfile(_), LockReply::Table(_))
            | (Self::LockTable(_), LockReply::Object(_)) => Looked::Unknown,
        }
    }

    pub(super) fn removed(&self, reply: &LockReply) -> Removed {
        match (self, reply) {
            (Self::Lockfile(_), LockReply::Object(reply)) => lockfile::removed(reply),
            (Self::LockTable(_), LockReply::Table(reply)) => lock_table::removed(reply),
            (Self::Lockfile(_), LockReply::Table(_))
            | (Self::LockTable(_), LockReply::Object(_)) => Removed::Unknown,
        }
    }
}
