//! Clients of every kind, as stock ones behave.

use bytes::Bytes;
use statelock_protocol::lock::unified::{AcquireOutcome, Facet, ReleaseOutcome, Released};
use statelock_protocol::lock::{LockId, LockInfo};
use statelock_protocol::store::Precondition;
use statelock_server::engine::tables::expression::{ExpressionKind, Placeholders};
use statelock_server::engine::tables::{DeleteItem, GetItem, PutItem, TableError, WriteOutcome};
use statelock_server::engine::{
    Clock, Connection, ConnectionId, DeleteCondition, DeleteRequest, Deleted, EngineError,
    LockfileView, Protocol, PutRequest, ReleaseLock, Sender, TakeLock, WriteClaim, Written,
};
use statelock_server::records::{AttributeValue, Headers, Item};
use statelock_server::storage::StorageError;

use crate::server::{BUCKET, KEY, LOCKFILE, Server, TABLE, state};

/// A client with one connection.
#[derive(Clone)]
pub(crate) struct Client {
    server: Server,
    connection: u64,
    user_agent: &'static str,
    proxied: bool,
    /// When its connection was used last; else right now.
    idle_since: Option<u64>,
}

impl Server {
    /// A client on this connection. All have the same access key, address and `User-Agent`.
    pub(crate) fn client(&self, connection: u64) -> Client {
        let user_agent = "APN/1.0 HashiCorp/1.0 Terraform/1.11.4";
        Client { server: self.clone(), connection, user_agent, proxied: false, idle_since: None }
    }
}

impl Client {
    /// The same client on another connection.
    pub(crate) fn on_connection(&self, connection: u64) -> Self {
        Self { connection, ..self.clone() }
    }

    /// The same client on a connection that it has not used since this moment.
    pub(crate) fn idle_since(&self, micros: u64) -> Self {
        Self { idle_since: Some(micros), ..self.clone() }
    }

    /// The same client behind a proxy.
    pub(crate) fn proxied(&self) -> Self {
        Self { proxied: true, ..self.clone() }
    }

    /// The same client under another `User-Agent`.
    pub(crate) fn called(&self, user_agent: &'static str) -> Self {
        Self { user_agent, ..self.clone() }
    }

    /// Sends now, after the answer to whatever it sent before.
    pub(crate) fn sender(&self, protocol: Protocol) -> Sender {
        let connection = Connection {
            id: ConnectionId(self.connection),
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            idle_since_micros: self.idle_since.unwrap_or_else(|| self.server.clock.now_micros()),
        };
        Sender {
            protocol,
            principal: "root".to_owned(),
            connection,
            proxied: self.proxied,
            user_agent: self.user_agent.to_owned(),
            invocation: None,
        }
    }

    /// Asks for the lock through a facet; whether it has it then.
    pub(crate) async fn take(&self, facet: Facet, id: &str) -> bool {
        match facet {
            Facet::Lockfile => match self.put(lock_info(id), Precondition::IfAbsent).await {
                Ok(_) => true,
                Err(EngineError::PreconditionFailed("If-None-Match")) => false,
                Err(other) => panic!("{other:?}"),
            },
            Facet::LockTable => match self.put_item(id).await {
                Ok(_) => true,
                Err(TableError::ConditionFailed(_)) => false,
                Err(other) => panic!("{other:?}"),
            },
            Facet::Http => match self.lock(id).await {
                AcquireOutcome::Granted(_) => true,
                AcquireOutcome::Refused(_) => false,
            },
        }
    }

    /// LOCK of an `http` backend.
    pub(crate) async fn lock(&self, id: &str) -> AcquireOutcome {
        let sender = self.sender(Protocol::Http);
        let request = TakeLock { state: state(), facet: Facet::Http, info: lock_info(id), sender };
        self.server.engine.take_lock(request).await.unwrap()
    }

    /// PutItem, on the condition that there is no lock.
    pub(crate) async fn put_item(&self, id: &str) -> Result<WriteOutcome, TableError> {
        let info = String::from_utf8(lock_info(id).to_vec()).unwrap();
        let mut item = key();
        item.insert("Info".to_owned(), AttributeValue::S(info));
        let condition = Placeholders::default()
            .condition(ExpressionKind::Condition, "attribute_not_exists(LockID)")
            .unwrap();
        let request = PutItem {
            table: TABLE.to_owned(),
            item,
            condition: Some(condition),
            sender: self.sender(Protocol::DynamoDb),
        };
        self.server.engine.put_item(request).await
    }

    /// The lock info of the lock table's item.
    pub(crate) async fn get_item(&self) -> Option<String> {
        let request = GetItem {
            table: TABLE.to_owned(),
            key: key(),
            projection: None,
            sender: self.sender(Protocol::DynamoDb),
        };
        match self.server.engine.get_item(request).await.unwrap()?.remove("Info") {
            Some(AttributeValue::S(info)) => Some(info),
            other => panic!("{other:?}"),
        }
    }

    /// DeleteItem without a condition.
    pub(crate) async fn delete_item(&self, call: Option<&str>) -> Result<WriteOutcome, TableError> {
        let invocation = call.map(str::to_owned);
        let sender = Sender { invocation, ..self.sender(Protocol::DynamoDb) };
        let request = DeleteItem { table: TABLE.to_owned(), key: key(), condition: None, sender };
        self.server.engine.delete_item(request).await
    }

    /// Writes a lockfile.
    pub(crate) async fn put(
        &self,
        body: Bytes,
        precondition: Precondition,
    ) -> Result<Written, EngineError> {
        self.put_as(body, precondition, self.sender(Protocol::S3)).await
    }

    pub(crate) async fn put_as(
        &self,
        body: Bytes,
        precondition: Precondition,
        sender: Sender,
    ) -> Result<Written, EngineError> {
        self.store((LOCKFILE, body), precondition, sender).await
    }

    /// Writes an object under another key.
    pub(crate) async fn put_under(&self, key: &str, body: Bytes) -> Result<Written, EngineError> {
        self.store((key, body), Precondition::None, self.sender(Protocol::S3)).await
    }

    async fn store(
        &self,
        (key, body): (&str, Bytes),
        precondition: Precondition,
        sender: Sender,
    ) -> Result<Written, EngineError> {
        let pieces = futures::stream::iter([Ok::<_, StorageError>(body)]);
        let staged = self.server.engine.stage(pieces, &[], EngineError::Storage).await.unwrap();
        let mut headers = Headers::default();
        headers.standard.insert("content-type".to_owned(), "application/json".to_owned());
        let request = PutRequest {
            bucket: BUCKET.to_owned(),
            key: key.to_owned(),
            precondition,
            headers,
            tags: Vec::new(),
            checksum: None,
            claim: WriteClaim::Unnamed,
            sender,
        };
        self.server.engine.put(request, staged).await
    }

    /// Reads who holds the lock, by its lockfile; the body.
    pub(crate) async fn read(&self) -> Option<Bytes> {
        let sender = self.sender(Protocol::S3);
        match self.server.engine.find_lockfile(state(), None, LockfileView::Stored, &sender).await {
            Ok((_, _, body)) => body,
            Err(EngineError::NoSuchKey) => None,
            Err(other) => panic!("{other:?}"),
        }
    }

    /// Removes the lockfile.
    pub(crate) async fn delete(&self, condition: DeleteCondition) -> Result<Deleted, EngineError> {
        self.server.engine.delete(self.delete_request(condition)).await
    }

    pub(crate) fn delete_request(&self, condition: DeleteCondition) -> DeleteRequest {
        DeleteRequest {
            bucket: BUCKET.to_owned(),
            key: LOCKFILE.to_owned(),
            version: None,
            condition,
            claim: WriteClaim::Unnamed,
            sender: self.sender(Protocol::S3),
        }
    }

    /// Releases a lock of its own, as a stock client does: it reads, compares and removes.
    pub(crate) async fn release(&self, facet: Facet, id: &str) {
        match facet {
            Facet::Lockfile => {
                assert_eq!(self.read().await, Some(lock_info(id)), "its own");
                self.delete(DeleteCondition::None).await.unwrap();
            }
            Facet::LockTable => {
                assert_eq!(self.get_item().await.as_deref().and_then(id_of).as_deref(), Some(id));
                self.delete_item(None).await.unwrap();
            }
            Facet::Http => {
                let outcome = self.unlock(Some(id)).await;
                assert!(matches!(outcome, ReleaseOutcome::Released(_)), "{outcome:?}");
            }
        }
    }

    /// `force-unlock ID`, as stock clients of each kind do it.
    pub(crate) async fn force_unlock(&self, facet: Facet, id: &str) {
        match facet {
            Facet::Lockfile | Facet::LockTable => self.release(facet, id).await,
            // Terraform sends no body with it.
            Facet::Http => {
                let outcome = self.unlock(None).await;
                let is_forced = matches!(
                    outcome,
                    ReleaseOutcome::Released(Released::Free { forced: true, .. })
                );
                assert!(is_forced, "{outcome:?}");
            }
        }
    }

    /// UNLOCK of an `http` backend, of the lock that it names or of whichever there is.
    pub(crate) async fn unlock(&self, id: Option<&str>) -> ReleaseOutcome {
        let id = id.map(|id| LockId::parse(id).unwrap());
        let sender = self.sender(Protocol::Http);
        let request = ReleaseLock { state: state(), facet: Facet::Http, id, sender };
        self.server.engine.release_lock(request).await.unwrap()
    }
}

/// The lock ID in a lock info. Who waits is shown the rest with its place in line.
pub(crate) fn id_of(info: &str) -> Option<String> {
    LockInfo::parse(info.as_bytes()).ok().map(|info| info.id.as_str().to_owned())
}

fn key() -> Item {
    let id = AttributeValue::S(format!("{BUCKET}/{KEY}"));
    [("LockID".to_owned(), id)].into_iter().collect()
}

/// A lock info with this ID, as Terraform marshals it.
pub(crate) fn lock_info(id: &str) -> Bytes {
    let text = format!(
        r#"{{"ID":"{id}","Operation":"OperationTypeApply","Info":"","Who":"a@b","Version":"1.11.4","Created":"2026-11-21T20:59:50.707283404Z","Path":"states/app/terraform.tfstate"}}"#
    );
    text.into()
}
