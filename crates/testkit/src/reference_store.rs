//! The contracts of an object store and of a lock table in the most obvious code: the oracle that
//! others are compared with.
//!
//! One map per bucket and per table, one request at a time, nothing lost, nothing late. Versions and
//! delete markers are invisible at this level, so there are none.

use std::collections::BTreeMap;

use statelock_protocol::state::{Digest, LockTableKey};
use statelock_protocol::store::{
    BucketName, ETag, ItemCondition, ListedObject, LockItem, ObjectKey, ObjectRequest,
    ObjectSuccess, Precondition, Refusal, Reply, StoredObject, TableName, TableRequest,
    TableSuccess,
};

type Bucket = BTreeMap<ObjectKey, StoredObject>;
type Table = BTreeMap<LockTableKey, LockItem>;

/// A change that a request made. Refused requests and deletions of nothing make none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// An object was stored, with this tag.
    Written(BucketName, ObjectKey, ETag),
    /// An object that was there is gone.
    Deleted(BucketName, ObjectKey),
    /// An item was stored.
    ItemPut(TableName, LockTableKey),
    /// An item that was there is gone.
    ItemDeleted(TableName, LockTableKey),
}

/// An object store and lock tables in memory. Its ETags are the MD5 of the bytes, unless it is told
/// otherwise.
#[derive(Clone, Debug, Default)]
pub struct ReferenceStore {
    buckets: BTreeMap<BucketName, Bucket>,
    tables: BTreeMap<TableName, Table>,
    effects: Vec<Effect>,
    /// How many tags were given, where each write has its own.
    tags_given: Option<u64>,
}

impl ReferenceStore {
    /// A store without buckets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an empty bucket, unless it is there.
    #[must_use]
    pub fn with_bucket(mut self, name: BucketName) -> Self {
        self.buckets.entry(name).or_default();
        self
    }

    /// Adds an empty lock table, unless it is there.
    #[must_use]
    pub fn with_table(mut self, name: TableName) -> Self {
        self.tables.entry(name).or_default();
        self
    }

    /// Gives every write a tag of its own, as S3 does for objects that are encrypted with KMS.
    #[must_use]
    pub fn with_opaque_etags(mut self) -> Self {
        self.tags_given.get_or_insert(0);
        self
    }

    /// Everything that changed, in order.
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// Everything that changed since this was asked last.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// How many tags were given, if each write has its own.
    pub fn tags_given(&self) -> Option<u64> {
        self.tags_given
    }

    /// An object's current version.
    pub fn object(&self, bucket: &BucketName, key: &ObjectKey) -> Option<&StoredObject> {
        self.buckets.get(bucket)?.get(key)
    }

    /// An item.
    pub fn item(&self, table: &TableName, key: &LockTableKey) -> Option<&LockItem> {
        self.tables.get(table)?.get(key)
    }

    /// Answers one request.
    pub fn call(&mut self, request: ObjectRequest) -> Reply<ObjectSuccess> {
        match self.answer(request) {
            Ok(success) => Reply::Applied(success),
            Err(refusal) => Reply::Refused(refusal),
        }
    }

    /// Answers one request to a lock table.
    pub fn call_table(&mut self, request: TableRequest) -> Reply<TableSuccess> {
        match self.answer_table(request) {
            Ok(success) => Reply::Applied(success),
            Err(refusal) => Reply::Refused(refusal),
        }
    }

    /// `DeleteItem` without a condition, which the contract does not have and Terraform sends.
    pub fn delete_item(&mut self, table: TableName, key: LockTableKey) -> Reply<TableSuccess> {
        let Some(items) = self.tables.get_mut(&table) else {
            return Reply::Refused(Refusal::NoSuchTable);
        };
        if items.remove(&key).is_some() {
            self.effects.push(Effect::ItemDeleted(table, key));
        }
        Reply::Applied(TableSuccess::Deleted)
    }

    fn answer_table(&mut self, request: TableRequest) -> Result<TableSuccess, Refusal> {
        match request {
            TableRequest::Read { table, key } => {
                Ok(TableSuccess::Read(self.table(&table)?.get(&key).cloned()))
            }
            TableRequest::Put { table, key, info } => {
                let items = self.table(&table)?;
                if items.contains_key(&key) {
                    return Err(Refusal::PreconditionFailed);
                }
                items.insert(key.clone(), LockItem { info: Some(info) });
                self.effects.push(Effect::ItemPut(table, key));
                Ok(TableSuccess::Put)
            }
            TableRequest::Delete { table, key, condition } => {
                let items = self.table(&table)?;
                let holds = items.get(&key).is_some_and(|item| match (&condition, &item.info) {
                    (ItemCondition::InfoIs(info), Some(stored)) => info == stored,
                    (ItemCondition::NoInfo, None) => true,
                    (ItemCondition::InfoIs(_), None) | (ItemCondition::NoInfo, Some(_)) => false,
                });
                if !holds {
                    return Err(Refusal::PreconditionFailed);
                }
                items.remove(&key);
                self.effects.push(Effect::ItemDeleted(table, key));
                Ok(TableSuccess::Deleted)
            }
        }
    }

    fn answer(&mut self, request: ObjectRequest) -> Result<ObjectSuccess, Refusal> {
        match request {
            ObjectRequest::Read { bucket, key } => {
                let object = self.bucket(&bucket)?.get(&key).ok_or(Refusal::NoSuchKey)?;
                Ok(ObjectSuccess::Read(object.clone()))
            }
            ObjectRequest::Write { bucket, key, body, precondition } => {
                check(&precondition, self.bucket(&bucket)?.get(&key))?;
                let etag = self.tag_of(&body);
                let objects = self.bucket(&bucket)?;
                objects.insert(key.clone(), StoredObject { body, etag: etag.clone() });
                self.effects.push(Effect::Written(bucket, key, etag.clone()));
                Ok(ObjectSuccess::Written(etag))
            }
            ObjectRequest::Delete { bucket, key, precondition } => {
                let objects = self.bucket(&bucket)?;
                if precondition == Precondition::IfAbsent {
                    return Err(Refusal::Invalid);
                }
                check(&precondition, objects.get(&key))?;
                if objects.remove(&key).is_some() {
                    self.effects.push(Effect::Deleted(bucket, key));
                }
                Ok(ObjectSuccess::Deleted)
            }
            ObjectRequest::List { bucket, prefix, after, limit } => {
                let objects = self.bucket(&bucket)?;
                Ok(ObjectSuccess::Listed(list(objects, &prefix, after.as_ref(), limit)))
            }
        }
    }

    fn tag_of(&mut self, body: &[u8]) -> ETag {
        match &mut self.tags_given {
            Some(given) => {
                *given += 1;
                ETag::new(format!("tag-{given}"))
            }
            None => ETag::new(Digest::of(body).to_string()),
        }
    }

    fn table(&mut self, name: &TableName) -> Result<&mut Table, Refusal> {
        self.tables.get_mut(name).ok_or(Refusal::NoSuchTable)
    }

    fn bucket(&mut self, name: &BucketName) -> Result<&mut Bucket, Refusal> {
        self.buckets.get_mut(name).ok_or(Refusal::NoSuchBucket)
    }
}

fn check(precondition: &Precondition, stored: Option<&StoredObject>) -> Result<(), Refusal> {
    match (precondition, stored) {
        (Precondition::None, _) | (Precondition::IfAbsent, None) => Ok(()),
        (Precondition::IfMatch(_), None) => Err(Refusal::NoSuchKey),
        (Precondition::IfMatch(etag), Some(object)) if *etag == object.etag => Ok(()),
        (Precondition::IfAbsent | Precondition::IfMatch(_), Some(_)) => {
            Err(Refusal::PreconditionFailed)
        }
    }
}

/// Keys are ordered by their bytes, which is how `BTreeMap` orders text.
fn list(
    objects: &Bucket,
    prefix: &str,
    after: Option<&ObjectKey>,
    limit: usize,
) -> Vec<ListedObject> {
    objects
        .iter()
        .filter(|(key, _)| key.as_str().starts_with(prefix))
        .filter(|(key, _)| after.is_none_or(|after| *key > after))
        .take(limit)
        .map(|(key, object)| ListedObject {
            key: key.clone(),
            size: u64::try_from(object.body.len()).unwrap_or(u64::MAX),
            etag: object.etag.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> BucketName {
        BucketName::new("bkt")
    }

    fn key() -> ObjectKey {
        ObjectKey::new("k")
    }

    fn write(body: &[u8], precondition: Precondition) -> ObjectRequest {
        ObjectRequest::Write { bucket: bucket(), key: key(), body: body.to_vec(), precondition }
    }

    #[test]
    fn etags_are_the_md5_of_the_bytes() {
        let mut store = ReferenceStore::new().with_bucket(bucket());
        let reply = store.call(write(b"abc", Precondition::None));
        let etag = ETag::new("900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(reply, Reply::Applied(ObjectSuccess::Written(etag)));
    }

    #[test]
    fn the_log_holds_effects_and_nothing_else() {
        let mut store = ReferenceStore::new().with_bucket(bucket());
        let delete =
            |precondition| ObjectRequest::Delete { bucket: bucket(), key: key(), precondition };
        store.call(delete(Precondition::None));
        store.call(write(b"abc", Precondition::IfAbsent));
        store.call(write(b"def", Precondition::IfAbsent));
        store.call(ObjectRequest::Read { bucket: bucket(), key: key() });
        store.call(delete(Precondition::IfMatch(ETag::new("other"))));
        store.call(delete(Precondition::None));
        let etag = ETag::new("900150983cd24fb0d6963f7d28e17f72");
        let written = Effect::Written(bucket(), key(), etag);
        assert_eq!(store.effects(), [written, Effect::Deleted(bucket(), key())]);
    }

    #[test]
    fn opaque_etags_differ_for_the_same_bytes() {
        let mut store = ReferenceStore::new().with_bucket(bucket()).with_opaque_etags();
        let first = store.call(write(b"abc", Precondition::None));
        assert_ne!(first, store.call(write(b"abc", Precondition::None)));
    }

    #[test]
    fn an_item_is_put_once_and_deleted_on_condition_of_its_info() {
        let (table, key) = (TableName::new("t"), LockTableKey::new("b/k"));
        let mut store = ReferenceStore::new().with_table(table.clone());
        let put = |info: &str| TableRequest::Put {
            table: table.clone(),
            key: key.clone(),
            info: info.to_owned(),
        };
        let delete =
            |condition| TableRequest::Delete { table: table.clone(), key: key.clone(), condition };
        let info_is = |info: &str| delete(ItemCondition::InfoIs(info.to_owned()));
        let failed = Reply::Refused(Refusal::PreconditionFailed);
        assert_eq!(store.call_table(info_is("one")), failed, "there is no item");
        assert_eq!(store.call_table(put("one")), Reply::Applied(TableSuccess::Put));
        assert_eq!(store.call_table(put("one")), failed);
        assert_eq!(store.call_table(info_is("two")), failed);
        assert_eq!(store.call_table(delete(ItemCondition::NoInfo)), failed);
        assert_eq!(store.item(&table, &key), Some(&LockItem { info: Some("one".to_owned()) }));
        assert_eq!(store.call_table(info_is("one")), Reply::Applied(TableSuccess::Deleted));
        assert_eq!(store.item(&table, &key), None);
        let put = Effect::ItemPut(table.clone(), key.clone());
        assert_eq!(store.take_effects(), [put, Effect::ItemDeleted(table, key)]);
        let elsewhere = store.delete_item(TableName::new("other"), LockTableKey::new("b/k"));
        assert_eq!(elsewhere, Reply::Refused(Refusal::NoSuchTable));
    }
}
