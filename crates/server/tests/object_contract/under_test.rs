//! The server's engine as the contract sees it.

use std::sync::Arc;

use bytes::Bytes;
use statelock_protocol::store::{
    BucketName, ETag, ListedObject, ObjectKey, ObjectRequest, ObjectSuccess, Precondition, Refusal,
    Reply, StoredObject,
};
use statelock_server::engine::{
    Connection, ConnectionId, DeleteCondition, DeleteRequest, Engine, EngineError, Limits,
    ListingItem, ListingRequest, Protocol, PutRequest, Sender, WriteClaim,
};
use statelock_server::records::{Headers, Versioning};
use statelock_server::storage::{Storage, StorageError};
use statelock_server::{SystemClock, SystemRandomness};
use statelock_testkit::contract::ObjectStoreUnderTest;
use tokio::runtime::{Builder, Runtime};

pub(crate) const BUCKET: &str = "contract";
/// Room for everything that the suite stores at once.
const BODY_SIZE_BYTES_MAX: u64 = 16 << 20;

/// Whether the bucket under test keeps versions; the contract is the same.
#[derive(Clone, Copy)]
pub(crate) enum Versions {
    Kept,
    None,
}

#[derive(Clone)]
pub(crate) struct EngineUnderTest {
    runtime: Arc<Runtime>,
    engine: Engine,
}

impl EngineUnderTest {
    pub(crate) fn new(storage: Arc<dyn Storage>, versions: Versions) -> Self {
        let runtime = Arc::new(Builder::new_multi_thread().enable_all().build().unwrap());
        let limits = Limits { body_size_bytes_max: BODY_SIZE_BYTES_MAX, ..Limits::default() };
        let engine =
            Engine::new(storage, Arc::new(SystemClock), Arc::new(SystemRandomness), limits);
        let versioning = match versions {
            Versions::Kept => Versioning::Enabled,
            Versions::None => Versioning::Unversioned,
        };
        let made = engine.create_bucket(BUCKET.to_owned(), String::new(), versioning, None);
        runtime.block_on(made).unwrap();
        Self { runtime, engine }
    }

    pub(crate) fn ask(&self, request: ObjectRequest) -> Reply<ObjectSuccess> {
        match self.runtime.block_on(self.answer(request)) {
            Ok(success) => Reply::Applied(success),
            Err(error) => refusal(&error),
        }
    }

    async fn answer(&self, request: ObjectRequest) -> Result<ObjectSuccess, EngineError> {
        match request {
            ObjectRequest::Read { bucket, key } => self.read(&bucket, &key).await,
            ObjectRequest::Write { bucket, key, body, precondition } => {
                self.write(&bucket, &key, body, precondition).await
            }
            ObjectRequest::Delete { bucket, key, precondition } => {
                self.delete(&bucket, &key, precondition).await
            }
            ObjectRequest::List { bucket, prefix, after, limit } => {
                let after = after.map(|key| key.as_str().to_owned());
                let bucket = bucket.as_str().to_owned();
                let delimiter = String::new();
                let page = ListingRequest { bucket, prefix, delimiter, after, limit };
                let listing = self.engine.list(page).await?;
                Ok(ObjectSuccess::Listed(listing.items.into_iter().map(listed).collect()))
            }
        }
    }

    async fn read(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<ObjectSuccess, EngineError> {
        let (bucket, key) = (bucket.as_str().to_owned(), key.as_str().to_owned());
        let (version, _, _) = self.engine.find(bucket, key, None, false).await?;
        let content = version.content.ok_or(EngineError::NoSuchKey)?;
        let mut pieces = self.engine.read_body(&content, 0..content.size);
        let mut body = Vec::new();
        while let Some(piece) = pieces.recv().await {
            body.extend_from_slice(&piece?);
        }
        Ok(ObjectSuccess::Read(StoredObject { body, etag: ETag::new(content.etag) }))
    }

    async fn write(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        body: Vec<u8>,
        precondition: Precondition,
    ) -> Result<ObjectSuccess, EngineError> {
        let pieces = futures::stream::iter([Ok::<_, StorageError>(Bytes::from(body))]);
        let staged = self.engine.stage(pieces, &[], EngineError::Storage).await?;
        let put = PutRequest {
            bucket: bucket.as_str().to_owned(),
            key: key.as_str().to_owned(),
            precondition,
            headers: Headers::default(),
            tags: Vec::new(),
            checksum: None,
            claim: WriteClaim::Unnamed,
            sender: sender(),
        };
        let written = self.engine.put(put, staged).await?;
        Ok(ObjectSuccess::Written(ETag::new(written.etag)))
    }

    async fn delete(
        &self,
        bucket: &BucketName,
        key: &ObjectKey,
        precondition: Precondition,
    ) -> Result<ObjectSuccess, EngineError> {
        let condition = match precondition {
            Precondition::None => DeleteCondition::None,
            Precondition::IfMatch(etag) => DeleteCondition::IfMatch(etag),
            // No wire says this about a delete; the contract calls it invalid.
            Precondition::IfAbsent => return Err(EngineError::InvalidPartOrder),
        };
        let delete = DeleteRequest {
            bucket: bucket.as_str().to_owned(),
            key: key.as_str().to_owned(),
            version: None,
            condition,
            claim: WriteClaim::Unnamed,
            sender: sender(),
        };
        self.engine.delete(delete).await.map(|_| ObjectSuccess::Deleted)
    }
}

fn listed(item: ListingItem) -> ListedObject {
    match item {
        ListingItem::Object(key, version) => {
            let content = version.content.expect("a listed object has content");
            let etag = ETag::new(content.etag);
            ListedObject { key: ObjectKey::new(key), size: content.size, etag }
        }
        ListingItem::CommonPrefix(prefix) => panic!("no delimiter was given, yet: {prefix}"),
    }
}

fn refusal(error: &EngineError) -> Reply<ObjectSuccess> {
    Reply::Refused(match error {
        EngineError::NoSuchBucket => Refusal::NoSuchBucket,
        EngineError::NoSuchKey => Refusal::NoSuchKey,
        EngineError::PreconditionFailed(_) => Refusal::PreconditionFailed,
        EngineError::InvalidPartOrder => Refusal::Invalid,
        other => panic!("the contract knows no such answer: {other}"),
    })
}

impl ObjectStoreUnderTest for EngineUnderTest {
    fn call(&mut self, request: ObjectRequest) -> Reply<ObjectSuccess> {
        self.ask(request)
    }

    fn bucket(&self) -> BucketName {
        BucketName::new(BUCKET)
    }
}

fn sender() -> Sender {
    let peer = std::net::Ipv4Addr::LOCALHOST.into();
    let connection = Connection { id: ConnectionId(1), peer, idle_since_micros: 0 };
    Sender {
        protocol: Protocol::S3,
        principal: "root".to_owned(),
        connection,
        proxied: false,
        user_agent: String::new(),
        invocation: None,
    }
}
