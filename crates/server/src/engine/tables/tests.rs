//! Operations on tables that are no lock tables, over the memory storage.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::expression::{ExpressionKind, Placeholders};
use super::{BatchWrite, GetItem, NewTable, PutItem, ScanItems, TableError};
use crate::engine::{
    AuditFilter, AuditOrder, AuditQuery, Clock, Connection, ConnectionId, Engine, Limits, Protocol,
    Sender,
};
use crate::records::{Item, KeyAttribute, KeySchema, KeyType};
use crate::storage::memory::MemoryStorage;
use crate::system::SystemRandomness;

const START_SECONDS: u64 = 1_700_000_000;

struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now_micros(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Server {
    engine: Engine,
    clock: Arc<TestClock>,
}

impl Server {
    async fn with_table() -> Self {
        let clock = Arc::new(TestClock(AtomicU64::new(START_SECONDS * 1_000_000)));
        let shared: Arc<dyn Clock> = clock.clone();
        let engine = Engine::new(
            Arc::new(MemoryStorage::new()),
            shared,
            Arc::new(SystemRandomness),
            Limits::default(),
        );
        let server = Self { engine, clock };
        server.create("things").await.unwrap();
        server
    }

    async fn create(&self, name: &str) -> Result<(), TableError> {
        let hash = KeyAttribute { name: "id".to_owned(), key_type: KeyType::S };
        let key = KeySchema { hash, range: None };
        let new = NewTable { key, ..NewTable::lock_table(name, "us-east-1") };
        self.engine.create_table(new, None).await.map(|_| ())
    }

    async fn put(&self, item: &str) {
        self.engine.put_item(put(item, None)).await.unwrap();
    }

    async fn names(&self) -> Vec<String> {
        let scan = ScanItems {
            table: "things".to_owned(),
            filter: None,
            projection: None,
            after: None,
            limit: None,
            segment: None,
        };
        let page = self.engine.scan(scan).await.unwrap();
        page.items.iter().map(|item| format!("{:?}", item["id"])).collect()
    }
}

fn sender() -> Sender {
    let connection = Connection {
        id: ConnectionId(1),
        peer: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        idle_since_micros: 0,
    };
    Sender::from_headers(Protocol::DynamoDb, "AKID", connection, &http::HeaderMap::new())
}

fn item(json: &str) -> Item {
    serde_json::from_str(json).unwrap()
}

fn put(json: &str, condition: Option<&str>) -> PutItem {
    let condition = condition
        .map(|text| Placeholders::default().condition(ExpressionKind::Condition, text).unwrap());
    PutItem { table: "things".to_owned(), item: item(json), condition, sender: sender() }
}

#[tokio::test]
async fn items_expire_only_after_the_second_that_they_name() {
    let server = Server::with_table().await;
    for (id, until) in [
        ("a", format!(r#"{{"N": "{}"}}"#, START_SECONDS + 10)),
        ("b", format!(r#"{{"N": "{}.9"}}"#, START_SECONDS + 20)),
        ("c", r#"{"N": "12"}"#.to_owned()),
        ("d", format!(r#"{{"S": "{}"}}"#, START_SECONDS + 10)),
    ] {
        server.put(&format!(r#"{{"id": {{"S": "{id}"}}, "until": {until}}}"#)).await;
    }
    server.put(r#"{"id": {"S": "e"}}"#).await;
    let later = |seconds: u64| {
        server.clock.0.store((START_SECONDS + seconds) * 1_000_000, Ordering::Relaxed);
    };
    later(15);
    assert_eq!(server.engine.expire_items().await.unwrap(), 0, "nobody asked for it");
    let enabled = server.engine.change_table("things".to_owned(), sender(), |record| {
        record.expiry_attribute = Some("until".to_owned());
        Ok(())
    });
    enabled.await.unwrap();
    later(10);
    assert_eq!(server.engine.expire_items().await.unwrap(), 0, "the second has not passed");
    later(11);
    assert_eq!(server.engine.expire_items().await.unwrap(), 1);
    later(21);
    assert_eq!(server.engine.expire_items().await.unwrap(), 1);
    assert_eq!(server.names().await.len(), 3, "no time, a text, or a time too long ago");
    let filter = AuditFilter { key: Some("a".to_owned()), ..AuditFilter::default() };
    let query = AuditQuery { from: None, limit: 9, order: AuditOrder::OldestFirst, filter };
    let records = server.engine.audit_page(query).await.unwrap().records;
    assert_eq!(records, [], "a table without locks does not fill the log");
}

#[tokio::test]
async fn many_items_expire_in_batches() {
    let server = Server::with_table().await;
    for number in 0..150 {
        let until = START_SECONDS - u64::from(number % 3 == 0);
        let json = format!(r#"{{"id": {{"S": "{number}"}}, "until": {{"N": "{until}"}}}}"#);
        server.put(&json).await;
    }
    let change = server.engine.change_table("things".to_owned(), sender(), |record| {
        record.expiry_attribute = Some("until".to_owned());
        Ok(())
    });
    change.await.unwrap();
    assert_eq!(server.engine.expire_items().await.unwrap(), 50);
    let described = server.engine.table("things".to_owned()).await.unwrap();
    assert_eq!(described.items, 100);
}

#[tokio::test]
async fn of_many_conditional_puts_one_is_applied() {
    let server = Server::with_table().await;
    let puts = (0..16).map(|number| {
        let engine = server.engine.clone();
        let json = format!(r#"{{"id": {{"S": "x"}}, "by": {{"N": "{number}"}}}}"#);
        async move {
            match engine.put_item(put(&json, Some("attribute_not_exists(id)"))).await {
                Ok(_) => Some(item(&json)),
                Err(TableError::ConditionFailed(_)) => None,
                Err(error) => panic!("{error}"),
            }
        }
    });
    let applied: Vec<_> = futures::future::join_all(puts).await.into_iter().flatten().collect();
    assert_eq!(applied.len(), 1);
    let get = GetItem {
        table: "things".to_owned(),
        key: item(r#"{"id": {"S": "x"}}"#),
        projection: None,
        sender: sender(),
    };
    assert_eq!(server.engine.get_item(get).await.unwrap().as_ref(), applied.first());
}

#[tokio::test]
async fn a_batch_is_made_whole_or_not_at_all() {
    let server = Server::with_table().await;
    let good = BatchWrite::Put(put(r#"{"id": {"S": "a"}}"#, None));
    let bad = BatchWrite::Put(put(r#"{"id": {"N": "1"}}"#, None));
    let refused = server.engine.batch_write(vec![good.clone(), bad]).await;
    assert!(matches!(refused, Err(TableError::Invalid(_))), "{refused:?}");
    assert_eq!(server.names().await, Vec::<String>::new());
    server.engine.batch_write(vec![good]).await.unwrap();
    assert_eq!(server.names().await.len(), 1);
}

#[tokio::test]
async fn a_deleted_table_leaves_nothing_for_one_of_the_same_name() {
    let server = Server::with_table().await;
    for number in 0..70 {
        server.put(&format!(r#"{{"id": {{"S": "{number}"}}}}"#)).await;
    }
    let exists = server.create("things").await;
    assert!(matches!(exists, Err(TableError::TableExists(name)) if name == "things"));
    server.engine.delete_table("things".to_owned(), sender()).await.unwrap();
    let gone = server.engine.table("things".to_owned()).await;
    assert!(matches!(gone, Err(TableError::NoSuchTable(_))));
    server.create("things").await.unwrap();
    assert_eq!(server.names().await, Vec::<String>::new());
}
