//! Every action of the audit log is written by something, and explained to whoever reads it.

use std::collections::BTreeSet;
use std::time::Duration;

use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::{ETag, Precondition};
use statelock_server::engine::tables::{DeleteItem, NewTable, PutItem};
use statelock_server::engine::{AllowOverwrite, EngineError, Protocol};
use statelock_server::records::{AuditAction, Item, Versioning};

use crate::clients::{Client, lock_info};
use crate::server::{BUCKET, KEY, SECOND, Server, TABLE, memory, run};

/// The names of all actions: what is said to who sends another one.
fn all_actions() -> BTreeSet<String> {
    let error = serde_json::from_str::<AuditAction>("\"none of them\"").unwrap_err().to_string();
    let (_, listed) = error.split_once("expected one of ").unwrap();
    let names = listed.split('`').skip(1).step_by(2).map(str::to_owned);
    let names: BTreeSet<_> = names.collect();
    for name in &names {
        serde_json::from_str::<AuditAction>(&format!("\"{name}\"")).unwrap();
    }
    names
}

async fn do_all_to_locks(server: &Server, (one, other): (&Client, &Client)) {
    for facet in [Facet::Lockfile, Facet::LockTable] {
        assert!(one.take(facet, "dual").await);
    }
    one.release(Facet::Lockfile, "dual").await;
    one.release(Facet::LockTable, "dual").await;
    assert!(one.take(Facet::Lockfile, "old").await);
    let etag = server.lockfile().await.unwrap().0.content.unwrap().etag;
    other.put(lock_info("new"), Precondition::IfMatch(ETag::new(etag))).await.unwrap();
    server.clock.advance(61 * SECOND);
    one.force_unlock(Facet::Http, "new").await;
}

async fn do_all_to_objects(server: &Server, client: &Client) {
    server.write_state(client, 1).await;
    let refused = server.try_write(client, KEY, "no state".to_owned()).await;
    assert!(matches!(refused, Err(EngineError::WriteRefused(_))), "{refused:?}");
    let allow = AllowOverwrite {
        bucket: BUCKET.to_owned(),
        key: KEY.to_owned(),
        duration: Duration::from_mins(1),
        reason: "a test".to_owned(),
        sender: client.sender(Protocol::Admin),
    };
    server.engine.allow_overwrite(allow).await.unwrap();
    server.write(client, KEY, "no state".to_owned()).await;
    server.write_state(client, 2).await;
    server.write_digest(client, BUCKET, "another").await;
    server.remove(client, KEY, None).await;
    server.write(client, "notes.txt", "notes".to_owned()).await;
    let (bucket, key) = (BUCKET.to_owned(), "notes.txt".to_owned());
    let tags = vec![("team".to_owned(), "a".to_owned())];
    let tagged = server.engine.set_tags(bucket, key, None, tags, client.sender(Protocol::S3));
    let version = tagged.await.unwrap();
    server.remove(client, "notes.txt", None).await;
    server.remove(client, "notes.txt", Some(version)).await;
}

async fn do_all_to_buckets_and_tables(server: &Server, client: &Client) {
    let (engine, name) = (&server.engine, || "more".to_owned());
    let by = || client.sender(Protocol::DynamoDb);
    engine.create_bucket(name(), "r".to_owned(), Versioning::Enabled, Some(by())).await.unwrap();
    let change = engine.change_bucket(name(), by(), |record| {
        record.versioning = Versioning::Suspended;
    });
    change.await.unwrap();
    engine.delete_bucket(name(), by()).await.unwrap();
    engine.create_table(NewTable::lock_table("more", "r"), Some(by())).await.unwrap();
    let change = engine.change_table(name(), by(), |record| {
        record.point_in_time_recovery = true;
        Ok(())
    });
    change.await.unwrap();
    engine.delete_table(name(), by()).await.unwrap();
    let item: Item = serde_json::from_str(r#"{"LockID":{"S":"a note"}}"#).unwrap();
    let (table, key) = (TABLE.to_owned(), item.clone());
    let put = PutItem { table: table.clone(), item, condition: None, sender: by() };
    engine.put_item(put).await.unwrap();
    let removal = DeleteItem { table, key, condition: None, sender: by() };
    engine.delete_item(removal).await.unwrap();
}

#[test]
fn p10_every_action_is_recorded_by_what_it_names() {
    run(async {
        let server = Server::with_bucket(memory()).await;
        let (one, other) = (server.client(1), server.client(2));
        do_all_to_locks(&server, (&one, &other)).await;
        do_all_to_objects(&server, &one).await;
        do_all_to_buckets_and_tables(&server, &one).await;
        let name = |action: &AuditAction| {
            serde_json::to_value(action).unwrap().as_str().unwrap().to_owned()
        };
        let records = server.audit().await;
        let recorded: BTreeSet<_> = records.iter().map(|record| name(&record.action)).collect();
        assert_eq!(recorded, all_actions());
    });
}

#[test]
fn p10_every_action_is_explained_in_the_documentation() {
    let page = include_str!("../../../../docs/operations/audit.md");
    for action in all_actions() {
        assert!(page.contains(&format!("`{action}`")), "{action}");
    }
}
