//! What stock clients send, in bytes, and what they make of answers.
//!
//! The clients themselves are those of [`crate::explorer::client`].

use statelock_protocol::lock::steps::{LockReply, LockRequest};
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::{
    ItemCondition, ObjectRequest, ObjectSuccess, Precondition, Refusal, Reply, TableRequest,
    TableSuccess,
};

use super::scene::{holder_of, info_bytes, scene};
use super::store::Wire;
use crate::explorer::message::{Answer, Naming, Request};

/// The bytes of a request. `me` sends it, and means the lock of `about`. `None` for `http`.
pub fn wire(request: Request, me: usize, about: usize) -> Option<Wire> {
    let scene = scene();
    let text = |who| String::from_utf8_lossy(info_bytes(who)).into_owned();
    let (bucket, object) = (scene.bucket.clone(), scene.lockfile.clone());
    let (table, key) = (scene.table.clone(), scene.item.clone());
    let step = match request {
        Request::Take(Facet::Http) | Request::Look(Facet::Http) | Request::Drop(Facet::Http, _) => {
            return None;
        }
        Request::Drop(Facet::LockTable, Naming::Nothing | Naming::Id | Naming::Force) => {
            return Some(Wire::DeleteItem);
        }
        Request::Take(Facet::Lockfile) => LockRequest::Object(ObjectRequest::Write {
            bucket,
            key: object,
            body: info_bytes(me).to_vec(),
            precondition: Precondition::IfAbsent,
        }),
        Request::Look(Facet::Lockfile) => {
            LockRequest::Object(ObjectRequest::Read { bucket, key: object })
        }
        Request::Drop(Facet::Lockfile, _) => LockRequest::Object(ObjectRequest::Delete {
            bucket,
            key: object,
            precondition: Precondition::None,
        }),
        Request::Take(Facet::LockTable) => {
            LockRequest::Table(TableRequest::Put { table, key, info: text(me) })
        }
        Request::Look(Facet::LockTable) => LockRequest::Table(TableRequest::Read { table, key }),
        // Parsed and written again, whatever was read.
        Request::Drop(Facet::LockTable, Naming::Info) => LockRequest::Table(TableRequest::Delete {
            table,
            key,
            condition: ItemCondition::InfoIs(text(about)),
        }),
    };
    Some(Wire::Step(step))
}

/// What a stock client understands; `None` for an answer after which the SDK tries again.
pub fn understood(reply: &LockReply) -> Option<Answer> {
    match reply {
        LockReply::Object(Reply::Applied(ObjectSuccess::Read(object))) => {
            Some(Answer::Shows(holder_of(&object.body)))
        }
        LockReply::Object(Reply::Refused(Refusal::NoSuchKey))
        | LockReply::Table(Reply::Applied(TableSuccess::Read(None))) => Some(Answer::Shows(None)),
        LockReply::Table(Reply::Applied(TableSuccess::Read(Some(item)))) => {
            let info = item.info.as_deref().unwrap_or_default();
            Some(Answer::Shows(holder_of(info.as_bytes())))
        }
        LockReply::Object(Reply::Applied(
            ObjectSuccess::Written(_) | ObjectSuccess::Deleted | ObjectSuccess::Listed(_),
        ))
        | LockReply::Table(Reply::Applied(TableSuccess::Put | TableSuccess::Deleted)) => {
            Some(Answer::Done)
        }
        LockReply::Object(Reply::Unknown | Reply::Refused(Refusal::Unavailable))
        | LockReply::Table(Reply::Unknown | Reply::Refused(Refusal::Unavailable)) => None,
        LockReply::Object(Reply::Refused(_)) | LockReply::Table(Reply::Refused(_)) => {
            Some(Answer::Refused)
        }
    }
}
