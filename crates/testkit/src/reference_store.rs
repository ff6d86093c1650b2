//! The object-store contract in the most obvious code: the oracle that others are compared with.
//!
//! One map per bucket, one request at a time, nothing lost, nothing late. Versions and delete
//! markers are invisible at this level, so there are none.

use std::collections::BTreeMap;

use statelock_protocol::state::Digest;
use statelock_protocol::store::{
    BucketName, ETag, ListedObject, ObjectKey, ObjectRequest, ObjectSuccess, Precondition, Refusal,
    Reply, StoredObject,
};

type Bucket = BTreeMap<ObjectKey, StoredObject>;

/// A change that a request made. Refused requests and deletions of nothing make none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// An object was stored, with this tag.
    Written(BucketName, ObjectKey, ETag),
    /// An object that was there is gone.
    Deleted(BucketName, ObjectKey),
}

/// An object store in memory. Its ETags are the MD5 of the bytes.
#[derive(Clone, Debug, Default)]
pub struct ReferenceStore {
    buckets: BTreeMap<BucketName, Bucket>,
    effects: Vec<Effect>,
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

    /// Everything that changed, in order.
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// Answers one request.
    pub fn call(&mut self, request: ObjectRequest) -> Reply<ObjectSuccess> {
        match self.answer(request) {
            Ok(success) => Reply::Applied(success),
            Err(refusal) => Reply::Refused(refusal),
        }
    }

    fn answer(&mut self, request: ObjectRequest) -> Result<ObjectSuccess, Refusal> {
        match request {
            ObjectRequest::Read { bucket, key } => {
                let object = self.bucket(&bucket)?.get(&key).ok_or(Refusal::NoSuchKey)?;
                Ok(ObjectSuccess::Read(object.clone()))
            }
            ObjectRequest::Write { bucket, key, body, precondition } => {
                let objects = self.bucket(&bucket)?;
                check(&precondition, objects.get(&key))?;
                let etag = ETag::new(Digest::of(&body).to_string());
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
}
