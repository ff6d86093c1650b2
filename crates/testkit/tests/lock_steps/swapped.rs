//! A mutant that takes the places in the other order: every request goes to the other place, and every
//! answer comes from there.

use statelock_protocol::lock::steps::{
    Acquire, AcquireOutcome, LockMachine, LockReply, LockRequest, Send, Step,
};
use statelock_protocol::state::Digest;
use statelock_protocol::store::{
    ETag, ItemCondition, LockItem, ObjectRequest, ObjectSuccess, Precondition, Refusal, Reply,
    StoredObject, TableRequest, TableSuccess,
};
use statelock_testkit::explorer::steps::rules::Rules;
use statelock_testkit::explorer::steps::scene::{info_bytes, scene};

/// The lock table first.
#[derive(Debug)]
pub(crate) struct SwappedPlaces;

impl Rules for SwappedPlaces {
    fn acquire(
        &self,
        machine: &mut Acquire,
        sent: Option<&LockRequest>,
        reply: Option<LockReply>,
        me: usize,
    ) -> Step<AcquireOutcome> {
        match machine.next(reply.map(|reply| answer(sent, reply))) {
            Step::Send(Send { request, pause }) => {
                Step::Send(Send { request: swapped(request, me), pause })
            }
            Step::Done(outcome) => Step::Done(outcome),
        }
    }
}

fn tag(bytes: &[u8]) -> ETag {
    ETag::new(Digest::of(bytes).to_string())
}

fn swapped(request: LockRequest, me: usize) -> LockRequest {
    let scene = scene();
    let (bucket, object) = (scene.bucket.clone(), scene.lockfile.clone());
    let (table, key) = (scene.table.clone(), scene.item.clone());
    let own = String::from_utf8_lossy(info_bytes(me)).into_owned();
    match request {
        LockRequest::Object(ObjectRequest::Write { .. }) => {
            LockRequest::Table(TableRequest::Put { table, key, info: own })
        }
        LockRequest::Object(ObjectRequest::Read { .. } | ObjectRequest::List { .. }) => {
            LockRequest::Table(TableRequest::Read { table, key })
        }
        LockRequest::Object(ObjectRequest::Delete { .. }) => {
            let condition = ItemCondition::InfoIs(own);
            LockRequest::Table(TableRequest::Delete { table, key, condition })
        }
        LockRequest::Table(TableRequest::Put { info, .. }) => {
            let (body, precondition) = (info.into_bytes(), Precondition::IfAbsent);
            LockRequest::Object(ObjectRequest::Write { bucket, key: object, body, precondition })
        }
        LockRequest::Table(TableRequest::Read { .. }) => {
            LockRequest::Object(ObjectRequest::Read { bucket, key: object })
        }
        LockRequest::Table(TableRequest::Delete { .. }) => {
            let precondition = Precondition::IfMatch(tag(info_bytes(me)));
            LockRequest::Object(ObjectRequest::Delete { bucket, key: object, precondition })
        }
    }
}

fn answer(sent: Option<&LockRequest>, reply: LockReply) -> LockReply {
    let was_read = matches!(sent, Some(LockRequest::Object(ObjectRequest::Read { .. })));
    match reply {
        LockReply::Table(Reply::Unknown) => LockReply::Object(Reply::Unknown),
        LockReply::Table(Reply::Refused(refusal)) => LockReply::Object(Reply::Refused(refusal)),
        LockReply::Table(Reply::Applied(success)) => LockReply::Object(match success {
            // The mark of what was taken is the tag that it has in the lockfile.
            TableSuccess::Put => Reply::Applied(ObjectSuccess::Written(tag(b""))),
            TableSuccess::Deleted => Reply::Applied(ObjectSuccess::Deleted),
            TableSuccess::Read(None) => Reply::Refused(Refusal::NoSuchKey),
            TableSuccess::Read(Some(LockItem { info })) => {
                let body = info.unwrap_or_default().into_bytes();
                let etag = tag(&body);
                Reply::Applied(ObjectSuccess::Read(StoredObject { body, etag }))
            }
        }),
        LockReply::Object(Reply::Unknown) => LockReply::Table(Reply::Unknown),
        LockReply::Object(Reply::Refused(Refusal::NoSuchKey)) if was_read => {
            LockReply::Table(Reply::Applied(TableSuccess::Read(None)))
        }
        LockReply::Object(Reply::Refused(refusal)) => LockReply::Table(Reply::Refused(refusal)),
        LockReply::Object(Reply::Applied(success)) => {
            LockReply::Table(Reply::Applied(match success {
                ObjectSuccess::Written(_) => TableSuccess::Put,
                ObjectSuccess::Deleted | ObjectSuccess::Listed(_) => TableSuccess::Deleted,
                ObjectSuccess::Read(object) => TableSuccess::Read(Some(LockItem {
                    info: Some(String::from_utf8_lossy(&object.body).into_owned()),
                })),
            }))
        }
    }
}
