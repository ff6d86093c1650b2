//! The reference store with the faults that a store can have.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use statelock_protocol::lock::steps::{LockReply, LockRequest};
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::{
    ETag, LockItem, ObjectRequest, ObjectSuccess, Precondition, Refusal, Reply, StoredObject,
    TableRequest, TableSuccess,
};

use super::faults::Fault;
use super::scene::{holder_of, scene};
use crate::reference_store::ReferenceStore;

/// What is sent: what the machines know, and what only stock clients send.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// A request of the contracts.
    Step(LockRequest),
    /// `DeleteItem` without a condition: Terraform's.
    DeleteItem,
}

/// A store as it may be.
#[derive(Clone, Debug)]
pub struct Store {
    reference: ReferenceStore,
    /// As it was before the last change.
    before: Option<ReferenceStore>,
    faults: &'static [Fault],
    lockfile_was_deleted: bool,
    /// What each client that was refused wanted to store: it is shown that once.
    in_line: BTreeMap<(usize, Facet), Vec<u8>>,
}

/// A lock in one place, as far as promises are about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// None.
    Nothing,
    /// The lock of this client.
    Of(usize),
    /// A lock that cannot be read.
    Unreadable,
}

impl Wire {
    /// Whether it may change something.
    pub fn has_effect(&self) -> bool {
        match self {
            Self::Step(
                LockRequest::Object(ObjectRequest::Read { .. } | ObjectRequest::List { .. })
                | LockRequest::Table(TableRequest::Read { .. }),
            ) => false,
            Self::Step(LockRequest::Object(_) | LockRequest::Table(_)) | Self::DeleteItem => true,
        }
    }

    /// Whether it carries a condition.
    pub fn is_conditional(&self) -> bool {
        match self {
            Self::Step(LockRequest::Object(
                ObjectRequest::Write { precondition, .. }
                | ObjectRequest::Delete { precondition, .. },
            )) => *precondition != Precondition::None,
            Self::Step(LockRequest::Table(_)) => self.has_effect(),
            Self::Step(LockRequest::Object(_)) | Self::DeleteItem => false,
        }
    }

    /// Whether it removes a lock.
    pub fn is_removal(&self) -> bool {
        matches!(
            self,
            Self::Step(
                LockRequest::Object(ObjectRequest::Delete { .. })
                    | LockRequest::Table(TableRequest::Delete { .. })
            ) | Self::DeleteItem
        )
    }

    /// Which place it is about.
    pub fn facet(&self) -> Facet {
        match self {
            Self::Step(LockRequest::Object(_)) => Facet::Lockfile,
            Self::Step(LockRequest::Table(_)) | Self::DeleteItem => Facet::LockTable,
        }
    }

    /// The answer that this did not happen.
    pub fn refused(&self, refusal: Refusal) -> LockReply {
        match self.facet() {
            Facet::Lockfile => LockReply::Object(Reply::Refused(refusal)),
            Facet::LockTable | Facet::Http => LockReply::Table(Reply::Refused(refusal)),
        }
    }

    /// No answer.
    pub fn unanswered(&self) -> LockReply {
        match self.facet() {
            Facet::Lockfile => LockReply::Object(Reply::Unknown),
            Facet::LockTable | Facet::Http => LockReply::Table(Reply::Unknown),
        }
    }
}

impl Store {
    /// A store with these faults; `reads_may_be_stale` makes it remember what was before.
    pub fn new(faults: &'static [Fault], reads_may_be_stale: bool) -> Self {
        let scene = scene();
        let mut reference =
            ReferenceStore::new().with_bucket(scene.bucket.clone()).with_table(scene.table.clone());
        if faults.contains(&Fault::EtagIsNotMd5) {
            reference = reference.with_opaque_etags();
        }
        let before = reads_may_be_stale.then(|| reference.clone());
        Self { reference, before, faults, lockfile_was_deleted: false, in_line: BTreeMap::new() }
    }

    /// Puts a lock there before anything happens.
    #[must_use]
    pub fn with_lock(mut self, facet: Facet, bytes: &[u8]) -> Self {
        let scene = scene();
        match facet {
            Facet::Lockfile => {
                self.reference.call(ObjectRequest::Write {
                    bucket: scene.bucket.clone(),
                    key: scene.lockfile.clone(),
                    body: bytes.to_vec(),
                    precondition: Precondition::None,
                });
            }
            Facet::LockTable | Facet::Http => {
                self.reference.call_table(TableRequest::Put {
                    table: scene.table.clone(),
                    key: scene.item.clone(),
                    info: String::from_utf8_lossy(bytes).into_owned(),
                });
            }
        }
        self
    }

    /// Answers a request.
    pub fn call(&mut self, wire: &Wire) -> LockReply {
        let kept = self.before.is_some().then(|| self.reference.clone());
        let reply = match wire {
            Wire::Step(LockRequest::Object(request)) => {
                LockReply::Object(self.call_object(request.clone()))
            }
            Wire::Step(LockRequest::Table(request)) => {
                LockReply::Table(self.reference.call_table(request.clone()))
            }
            Wire::DeleteItem => {
                let (table, key) = (scene().table.clone(), scene().item.clone());
                LockReply::Table(self.reference.delete_item(table, key))
            }
        };
        if !self.reference.take_effects().is_empty() {
            self.before = kept;
            self.lockfile_was_deleted |= self.faults.contains(&Fault::DeleteMarkerBlocksCreate)
                && wire.facet() == Facet::Lockfile
                && wire.is_removal();
        }
        reply
    }

    /// Whether this client may be shown itself as who is next.
    pub fn has_in_line(&self, who: usize, facet: Facet) -> bool {
        self.in_line.contains_key(&(who, facet))
    }

    /// Answers a read of who was refused and waits, if nobody holds the lock: as if it did itself.
    pub fn shown_next(&mut self, who: usize, wire: &Wire) -> Option<LockReply> {
        let facet = wire.facet();
        let shown = self.in_line.remove(&(who, facet))?;
        if self.bytes(facet).is_some() {
            return None;
        }
        Some(match facet {
            Facet::Lockfile => {
                let object = StoredObject { body: shown, etag: ETag::new("who is next") };
                LockReply::Object(Reply::Applied(ObjectSuccess::Read(object)))
            }
            Facet::LockTable | Facet::Http => {
                let info = Some(String::from_utf8_lossy(&shown).into_owned());
                let item = Some(LockItem { info });
                LockReply::Table(Reply::Applied(TableSuccess::Read(item)))
            }
        })
    }

    /// Remembers who was refused.
    pub fn note(&mut self, who: usize, wire: &Wire, reply: &LockReply) {
        if !self.faults.contains(&Fault::ShowsWhoIsNext) {
            return;
        }
        let refused = matches!(
            reply,
            LockReply::Object(Reply::Refused(Refusal::PreconditionFailed))
                | LockReply::Table(Reply::Refused(Refusal::PreconditionFailed))
        );
        let wanted = match wire {
            Wire::Step(LockRequest::Object(ObjectRequest::Write { body, .. })) => body.clone(),
            Wire::Step(LockRequest::Table(TableRequest::Put { info, .. })) => {
                info.clone().into_bytes()
            }
            Wire::Step(LockRequest::Object(_) | LockRequest::Table(_)) | Wire::DeleteItem => return,
        };
        if refused {
            self.in_line.insert((who, wire.facet()), wanted);
        } else {
            self.in_line.remove(&(who, wire.facet()));
        }
    }

    /// Answers a request that has no effect.
    pub fn read(&self, wire: &Wire) -> LockReply {
        match (wire, wire.facet()) {
            (Wire::Step(LockRequest::Object(ObjectRequest::Read { .. })), _) => {
                LockReply::Object(match self.lockfile() {
                    Some(object) => Reply::Applied(ObjectSuccess::Read(object.clone())),
                    None => Reply::Refused(Refusal::NoSuchKey),
                })
            }
            (Wire::Step(LockRequest::Table(TableRequest::Read { .. })), _) => {
                LockReply::Table(Reply::Applied(TableSuccess::Read(self.item().cloned())))
            }
            (_, Facet::Lockfile) => LockReply::Object(Reply::Refused(Refusal::Invalid)),
            (_, Facet::LockTable | Facet::Http) => {
                LockReply::Table(Reply::Refused(Refusal::Invalid))
            }
        }
    }

    /// Answers a read of the lockfile with what was true one change ago.
    pub fn call_before(&self, wire: &Wire) -> Option<LockReply> {
        let Wire::Step(LockRequest::Object(request @ ObjectRequest::Read { .. })) = wire else {
            return None;
        };
        let before = self.before.clone()?.call(request.clone());
        (before != self.reference.clone().call(request.clone()))
            .then_some(LockReply::Object(before))
    }

    fn call_object(&mut self, request: ObjectRequest) -> Reply<ObjectSuccess> {
        let has = |fault| self.faults.contains(&fault);
        match request {
            ObjectRequest::Write { bucket, key, body, precondition: Precondition::IfAbsent } => {
                let blocks = has(Fault::DeleteMarkerBlocksCreate) && self.lockfile_was_deleted;
                if blocks && self.lockfile().is_none() {
                    return Reply::Refused(Refusal::PreconditionFailed);
                }
                let precondition = if has(Fault::IgnoresIfNoneMatch) {
                    Precondition::None
                } else {
                    Precondition::IfAbsent
                };
                self.reference.call(ObjectRequest::Write { bucket, key, body, precondition })
            }
            ObjectRequest::Delete { precondition: Precondition::IfMatch(_), .. }
                if has(Fault::RefusesConditionalDelete) =>
            {
                Reply::Refused(Refusal::Unsupported)
            }
            ObjectRequest::Delete { bucket, key, precondition: Precondition::IfMatch(_) }
                if has(Fault::IgnoresConditionalDelete) =>
            {
                let precondition = Precondition::None;
                self.reference.call(ObjectRequest::Delete { bucket, key, precondition })
            }
            other @ (ObjectRequest::Read { .. }
            | ObjectRequest::Write { .. }
            | ObjectRequest::Delete { .. }
            | ObjectRequest::List { .. }) => self.reference.call(other),
        }
    }

    /// What stands in a place.
    pub fn standing(&self, facet: Facet) -> Standing {
        match self.bytes(facet) {
            None => Standing::Nothing,
            Some(bytes) => holder_of(bytes).map_or(Standing::Unreadable, Standing::Of),
        }
    }

    /// The bytes of the lock in a place.
    pub fn bytes(&self, facet: Facet) -> Option<&[u8]> {
        match facet {
            Facet::Lockfile => Some(&self.lockfile()?.body),
            Facet::LockTable | Facet::Http => {
                Some(self.item()?.info.as_deref().unwrap_or_default().as_bytes())
            }
        }
    }

    fn lockfile(&self) -> Option<&StoredObject> {
        self.reference.object(&scene().bucket, &scene().lockfile)
    }

    fn item(&self) -> Option<&LockItem> {
        self.reference.item(&scene().table, &scene().item)
    }
}

/// Two stores that are equal answer alike for ever.
impl Hash for Store {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let scene = scene();
        for reference in [Some(&self.reference), self.before.as_ref()].into_iter().flatten() {
            let lockfile = reference.object(&scene.bucket, &scene.lockfile);
            lockfile.map(|object| (&object.body, &object.etag)).hash(state);
            reference.item(&scene.table, &scene.item).hash(state);
            reference.tags_given().hash(state);
        }
        self.lockfile_was_deleted.hash(state);
        self.in_line.hash(state);
    }
}
