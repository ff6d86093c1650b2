//! P6: whoever loses its lock is known to have lost it, by whichever request that happened; and whoever
//! took one is known to have it.

use std::collections::BTreeMap;

use statelock_protocol::lock::unified::Facet;
use statelock_protocol::state::Digest;
use statelock_protocol::store::{ETag, Precondition};
use statelock_server::engine::tables::expression::{ExpressionKind, Placeholders};
use statelock_server::engine::tables::{BatchWrite, DeleteItem, NewTable, PutItem, UpdateItem};
use statelock_server::engine::{Protocol, PutRequest, RefusedWriteKind, Sender, WriteClaim};
use statelock_server::records::{AttributeValue, Headers, Item};

use crate::harness::{BUCKET, KEY, World, refused, s3, sender, snapshot, state};

const A: &str = "aaaaaaaa-0000-0000-0000-000000000000";
const B: &str = "bbbbbbbb-0000-0000-0000-000000000000";
const TABLE: &str = "locks";

/// A request that writes a lock, other than the ones that stock clients send.
#[derive(Clone, Copy, Debug)]
enum Way {
    Lockfile,
    PutItem,
    UpdateItem,
    Batch,
}

fn info(client: u64, id: &str) -> String {
    format!(r#"{{"ID":"{id}","Who":"client-{client}"}}"#)
}

fn key() -> Item {
    serde_json::from_str(&format!(r#"{{"LockID":{{"S":"{BUCKET}/{KEY}"}}}}"#)).unwrap()
}

fn placeholder(name: &str, text: &str) -> Placeholders {
    let value = (name.to_owned(), AttributeValue::S(text.to_owned()));
    Placeholders::new(BTreeMap::new(), BTreeMap::from([value]))
}

fn dynamo(client: u64) -> Sender {
    sender(Protocol::DynamoDb, client)
}

impl World {
    async fn with_table() -> Self {
        let world = Self::new().await;
        world.engine.create_table(NewTable::lock_table(TABLE, "r"), None).await.unwrap();
        world
    }

    /// The lock info that is shown.
    async fn shown(&self, way: Way) -> Option<String> {
        let facet = match way {
            Way::Lockfile => Facet::Lockfile,
            Way::PutItem | Way::UpdateItem | Way::Batch => Facet::LockTable,
        };
        let held = self.engine.lock_holder(state()).await.unwrap();
        held.map(|(hold, _)| String::from_utf8(hold.shown_through(facet)).unwrap())
    }

    /// Writes lock `id` as `client`: over the lock that stands, which it names, or where there is none.
    async fn write_lock(&self, way: Way, client: u64, id: &str) {
        let old = self.shown(way).await;
        let new = info(client, id);
        let condition = old.as_ref().map(|old| {
            let kind = ExpressionKind::Condition;
            placeholder(":old", old).condition(kind, "Info = :old").unwrap()
        });
        let mut item = key();
        item.insert("Info".to_owned(), AttributeValue::S(new.clone()));
        let table = TABLE.to_owned();
        match way {
            Way::Lockfile => {
                let precondition = match &old {
                    None => Precondition::IfAbsent,
                    Some(old) => {
                        Precondition::IfMatch(ETag::new(Digest::of(old.as_bytes()).to_string()))
                    }
                };
                self.put_lockfile(client, &new, precondition).await;
            }
            Way::PutItem => {
                let put = PutItem { table, item, condition, sender: dynamo(client) };
                self.engine.put_item(put).await.unwrap();
            }
            Way::UpdateItem => {
                let update = placeholder(":new", &new).update("SET Info = :new").unwrap();
                let (key, sender) = (key(), dynamo(client));
                let update = UpdateItem { table, key, update, condition, sender };
                self.engine.update_item(update).await.unwrap();
            }
            Way::Batch => {
                let put = PutItem { table, item, condition: None, sender: dynamo(client) };
                self.engine.batch_write(vec![BatchWrite::Put(put)]).await.unwrap();
            }
        }
        self.advance(1);
        let held = self.engine.lock_holder(state()).await.unwrap();
        assert_eq!(held.and_then(|(hold, _)| hold.id).unwrap().as_str(), id, "{way:?}");
    }

    async fn put_lockfile(&self, client: u64, body: &str, precondition: Precondition) {
        let request = PutRequest {
            bucket: BUCKET.to_owned(),
            key: format!("{KEY}.tflock"),
            precondition,
            headers: Headers::default(),
            tags: Vec::new(),
            checksum: None,
            claim: WriteClaim::Unnamed,
            sender: s3(client),
        };
        let staged = self.stage(body.as_bytes()).await;
        self.engine.put(request, staged).await.unwrap();
    }

    async fn remove_in_a_batch(&self, client: u64) {
        let (table, key, sender) = (TABLE.to_owned(), key(), dynamo(client));
        let delete = DeleteItem { table, key, condition: None, sender };
        self.engine.batch_write(vec![BatchWrite::Delete(delete)]).await.unwrap();
        self.advance(1);
    }

    /// Client 1 had lock A and lost it, client 2 has B: only 2 writes.
    async fn only_the_second_writes(&self, how: &str) {
        let late = refused(self.put(1, &snapshot(2, "first holder")).await);
        assert_eq!(late.kind, RefusedWriteKind::Locked, "{how}");
        assert!(late.message.contains(&format!("own lock {A} was removed")), "{}", late.message);
        self.put(2, &snapshot(2, "second holder")).await.unwrap();
        assert_eq!(self.stored().await, Some(snapshot(2, "second holder")), "{how}");
    }
}

#[tokio::test]
async fn p6_who_lost_its_lock_to_one_that_was_put_in_its_place_does_not_write() {
    for way in [Way::Lockfile, Way::PutItem, Way::UpdateItem] {
        for facet in [Facet::Lockfile, Facet::LockTable] {
            let world = World::with_table().await;
            world.put(1, &snapshot(1, "start")).await.unwrap();
            world.lock(1, A, facet).await;
            world.write_lock(way, 2, B).await;
            world.only_the_second_writes(&format!("{facet}, replaced by {way:?}")).await;
        }
    }
}

#[tokio::test]
async fn p6_however_a_lock_was_taken_its_holder_is_known_when_it_is_lost() {
    for first in [Way::Lockfile, Way::PutItem, Way::UpdateItem, Way::Batch] {
        for second in [Way::Lockfile, Way::PutItem, Way::UpdateItem, Way::Batch] {
            let world = World::with_table().await;
            world.put(1, &snapshot(1, "start")).await.unwrap();
            world.write_lock(first, 1, A).await;
            world.remove_in_a_batch(3).await;
            world.write_lock(second, 2, B).await;
            world.only_the_second_writes(&format!("{first:?}, then {second:?}")).await;
        }
    }
}

#[tokio::test]
async fn who_replaces_its_own_lock_writes() {
    let world = World::with_table().await;
    world.write_lock(Way::Lockfile, 1, A).await;
    world.write_lock(Way::Lockfile, 1, B).await;
    world.put(1, &snapshot(1, "mine")).await.unwrap();
}

#[tokio::test]
async fn p6_a_batch_that_is_refused_took_and_removed_nothing() {
    let world = World::with_table().await;
    world.put(1, &snapshot(1, "start")).await.unwrap();
    world.write_lock(Way::Lockfile, 1, A).await;
    // The lock is removed, and then all of it is undone because of the second write.
    let delete =
        DeleteItem { table: TABLE.to_owned(), key: key(), condition: None, sender: dynamo(3) };
    let item = serde_json::from_str(r#"{"NoKey":{"S":"x"}}"#).unwrap();
    let put = PutItem { table: TABLE.to_owned(), item, condition: None, sender: dynamo(3) };
    let refused = world.engine.batch_write(vec![BatchWrite::Delete(delete), BatchWrite::Put(put)]);
    refused.await.unwrap_err();
    world.put(1, &snapshot(2, "holder")).await.unwrap();
}

/// The client may be the next holder, on its other connection.
#[tokio::test]
async fn a_lock_whose_time_was_over_was_taken_from_nobody() {
    let world = World::with_table().await;
    for facet in [Facet::Lockfile, Facet::LockTable] {
        world.lock(1, A, facet).await;
    }
    world.unlock(1, Some(A), Facet::Lockfile).await;
    world.advance(5);
    world.write_lock(Way::Lockfile, 5, B).await;
    world.put(1, &snapshot(1, "mine")).await.unwrap();
}

#[tokio::test]
async fn p6_who_lost_its_lock_does_not_write_under_one_that_cannot_be_read() {
    let world = World::with_table().await;
    world.put(1, &snapshot(1, "start")).await.unwrap();
    world.write_lock(Way::Lockfile, 1, A).await;
    world.remove_in_a_batch(3).await;
    world.put_lockfile(2, "no lock info", Precondition::IfAbsent).await;
    world.only_the_second_writes("an unreadable lock").await;
}

#[tokio::test]
async fn p6_the_access_key_that_counts_is_of_who_put_the_lock_there() {
    let world = World::with_table().await;
    world.write_lock(Way::PutItem, 1, A).await;
    let other = Sender { principal: "other".to_owned(), ..dynamo(2) };
    let mut item = key();
    item.insert("Info".to_owned(), AttributeValue::S(info(2, B)));
    let old = world.shown(Way::PutItem).await.unwrap();
    let named = placeholder(":old", &old).condition(ExpressionKind::Condition, "Info = :old");
    let condition = Some(named.unwrap());
    let put = PutItem { table: TABLE.to_owned(), item, condition, sender: other };
    world.engine.put_item(put).await.unwrap();
    let late = refused(world.put(7, &snapshot(1, "root")).await);
    assert!(late.message.contains("another access key took it"), "{}", late.message);
    let other = Sender { principal: "other".to_owned(), ..s3(8) };
    world.put_as(other, WriteClaim::Unnamed, &snapshot(1, "other")).await.unwrap();
}
