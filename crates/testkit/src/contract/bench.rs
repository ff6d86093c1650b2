//! The bench a case works at: short forms of requests, under a key prefix of its own.

use anyhow::{Context, anyhow, bail};
use statelock_protocol::store::{
    BucketName, ETag, ListedObject, ObjectKey, ObjectRequest, ObjectSuccess, Precondition, Refusal,
    Reply, StoredObject,
};

use super::{CaseResult, ObjectStoreUnderTest};

/// A store, and the key prefix that belongs to one case.
pub struct Bench<'a> {
    store: &'a mut dyn ObjectStoreUnderTest,
    bucket: BucketName,
    prefix: String,
}

impl std::fmt::Debug for Bench<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bench").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl<'a> Bench<'a> {
    /// A bench for the case of this name.
    pub fn new(store: &'a mut dyn ObjectStoreUnderTest, case_name: &str) -> Self {
        let bucket = store.bucket();
        Self { store, bucket, prefix: format!("contract/{case_name}/") }
    }

    /// What every key of this case starts with.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key that this case calls `name`.
    pub(super) fn key(&self, name: &str) -> ObjectKey {
        ObjectKey::new(format!("{}{name}", self.prefix))
    }

    /// Sends a request as it is.
    pub(super) fn call(&mut self, request: ObjectRequest) -> Reply<ObjectSuccess> {
        self.store.call(request)
    }

    /// Writes, and returns the answer whatever it is.
    pub(super) fn try_write(
        &mut self,
        name: &str,
        body: &[u8],
        precondition: Precondition,
    ) -> Reply<ObjectSuccess> {
        let (bucket, key) = (self.bucket.clone(), self.key(name));
        self.call(ObjectRequest::Write { bucket, key, body: body.to_vec(), precondition })
    }

    /// Writes without a precondition, which has to be applied.
    pub(super) fn write(&mut self, name: &str, body: &[u8]) -> anyhow::Result<ETag> {
        let reply = self.try_write(name, body, Precondition::None);
        written(reply).with_context(|| format!("writing `{name}`"))
    }

    /// Deletes, and returns the answer whatever it is.
    pub(super) fn try_delete(
        &mut self,
        name: &str,
        precondition: Precondition,
    ) -> Reply<ObjectSuccess> {
        let (bucket, key) = (self.bucket.clone(), self.key(name));
        self.call(ObjectRequest::Delete { bucket, key, precondition })
    }

    /// Deletes without a precondition, which has to be applied.
    pub(super) fn delete(&mut self, name: &str) -> CaseResult {
        let reply = self.try_delete(name, Precondition::None);
        deleted(&reply).with_context(|| format!("deleting `{name}`"))
    }

    /// Reads an object that has to be there.
    pub(super) fn read(&mut self, name: &str) -> anyhow::Result<StoredObject> {
        match self.try_read(name) {
            Reply::Applied(ObjectSuccess::Read(object)) => Ok(object),
            other => Err(unexpected("an object", &other)),
        }
        .with_context(|| format!("reading `{name}`"))
    }

    /// Reads, and returns the answer whatever it is.
    pub(super) fn try_read(&mut self, name: &str) -> Reply<ObjectSuccess> {
        let (bucket, key) = (self.bucket.clone(), self.key(name));
        self.call(ObjectRequest::Read { bucket, key })
    }

    /// Checks that exactly these bytes are stored.
    pub(super) fn expect_body(&mut self, name: &str, body: &[u8]) -> CaseResult {
        let stored = self.read(name)?.body;
        if stored == body {
            return Ok(());
        }
        let (found, wanted) = (stored.len(), body.len());
        bail!("`{name}` holds {found} bytes that are not the {wanted} bytes expected")
    }

    /// Checks that nothing is stored.
    pub(super) fn expect_missing(&mut self, name: &str) -> CaseResult {
        let reply = self.try_read(name);
        refused(&reply, Refusal::NoSuchKey).with_context(|| format!("reading `{name}`"))
    }

    /// One page of keys that start with this case's prefix and `prefix`.
    pub(super) fn list(
        &mut self,
        prefix: &str,
        after: Option<ObjectKey>,
        limit: usize,
    ) -> anyhow::Result<Vec<ListedObject>> {
        let (bucket, prefix) = (self.bucket.clone(), format!("{}{prefix}", self.prefix));
        match self.call(ObjectRequest::List { bucket, prefix, after, limit }) {
            Reply::Applied(ObjectSuccess::Listed(page)) => Ok(page),
            other => Err(unexpected("a page of a listing", &other)),
        }
    }

    /// As [`Bench::list`], but only the keys, without this case's prefix.
    pub(super) fn list_names(
        &mut self,
        prefix: &str,
        after: Option<ObjectKey>,
        limit: usize,
    ) -> anyhow::Result<Vec<String>> {
        let page = self.list(prefix, after, limit)?;
        let name = |object: ListedObject| {
            let key = object.key.as_str();
            let name = key.strip_prefix(&self.prefix).map(str::to_owned);
            name.ok_or_else(|| anyhow!("`{key}` is listed without the prefix asked for"))
        };
        page.into_iter().map(name).collect()
    }
}

/// The tag of an applied write.
pub(super) fn written(reply: Reply<ObjectSuccess>) -> anyhow::Result<ETag> {
    match reply {
        Reply::Applied(ObjectSuccess::Written(etag)) if !etag.as_str().is_empty() => Ok(etag),
        other => Err(unexpected("an applied write with a tag", &other)),
    }
}

/// Checks that a delete was applied.
pub(super) fn deleted(reply: &Reply<ObjectSuccess>) -> CaseResult {
    match reply {
        Reply::Applied(ObjectSuccess::Deleted) => Ok(()),
        other => Err(unexpected("an applied delete", other)),
    }
}

/// Checks that a request was refused for this reason.
pub(super) fn refused(reply: &Reply<ObjectSuccess>, refusal: Refusal) -> CaseResult {
    if *reply == Reply::Refused(refusal) {
        return Ok(());
    }
    Err(unexpected(&format!("refused as {refusal:?}"), reply))
}

/// An answer that is not the promised one, without its bytes.
fn unexpected(promised: &str, reply: &Reply<ObjectSuccess>) -> anyhow::Error {
    match reply {
        Reply::Applied(ObjectSuccess::Read(object)) => {
            anyhow!("expected {promised}, got an object of {} bytes", object.body.len())
        }
        Reply::Applied(ObjectSuccess::Listed(page)) => {
            anyhow!("expected {promised}, got a listing of {} keys", page.len())
        }
        other => anyhow!("expected {promised}, got {other:?}"),
    }
}
