//! Items of a lock table that a client writes otherwise than Terraform does.

use std::collections::BTreeMap;

use statelock_protocol::lock::unified::Facet;
use statelock_server::engine::Protocol;
use statelock_server::engine::tables::expression::{ExpressionKind, Placeholders};
use statelock_server::engine::tables::{
    BatchWrite, DeleteItem, GetItem, PutItem, TableError, UpdateItem,
};
use statelock_server::records::{AttributeValue, Item};

use crate::clients::{Client, lock_info};
use crate::server::{BUCKET, KEY, SECOND, Server, TABLE, on_both};

fn key() -> Item {
    let id = AttributeValue::S(format!("{BUCKET}/{KEY}"));
    [("LockID".to_owned(), id)].into_iter().collect()
}

/// The attribute that a client adds.
const MORE: &str = "More";

impl Client {
    async fn put_lock(
        &self,
        server: &Server,
        (id, more): (&str, Option<&str>),
        condition: Option<&str>,
    ) -> Result<(), TableError> {
        let mut item = key();
        let info = String::from_utf8(lock_info(id).to_vec()).unwrap();
        let more = more.map(|more| (MORE.to_owned(), AttributeValue::S(more.to_owned())));
        item.extend([("Info".to_owned(), AttributeValue::S(info))].into_iter().chain(more));
        let kind = ExpressionKind::Condition;
        let condition =
            condition.map(|text| Placeholders::default().condition(kind, text).unwrap());
        let sender = self.sender(Protocol::DynamoDb);
        let put = PutItem { table: TABLE.to_owned(), item, condition, sender };
        server.engine.put_item(put).await.map(|_| ())
    }

    /// What the client added, as it is shown.
    async fn more(&self, server: &Server) -> Option<String> {
        let (table, key, projection) = (TABLE.to_owned(), key(), None);
        let get = GetItem { table, key, projection, sender: self.sender(Protocol::DynamoDb) };
        match server.engine.get_item(get).await.unwrap().expect("a lock").remove(MORE) {
            Some(AttributeValue::S(more)) => Some(more),
            None => None,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn p1_a_condition_that_any_lock_fulfils_replaces_none() {
    on_both(|server| async move {
        for facet in Facet::ALL {
            assert!(server.client(1).take(facet, "held").await);
            let conditions = [
                None,
                Some("attribute_exists(LockID)"),
                Some("attribute_exists(Info)"),
                Some("attribute_not_exists(More)"),
            ];
            for (condition, client) in conditions.into_iter().zip(2..) {
                let id = format!("other-{facet}-{client}");
                let put = server.client(client).put_lock(&server, (&id, None), condition).await;
                assert!(matches!(put, Err(TableError::ConditionFailed(Some(_)))), "{put:?}");
                assert_eq!(server.holder().await.as_deref(), Some("held"), "{condition:?}");
            }
            server.client(1).release(facet, "held").await;
            server.clock.advance(20 * SECOND);
        }
    });
}

#[test]
fn what_is_written_beside_a_lock_is_shown_with_that_lock_only() {
    on_both(|server| async move {
        let (one, two) = (server.client(1), server.client(2));
        one.put_lock(&server, ("a", Some("mine")), None).await.unwrap();
        assert_eq!(two.more(&server).await.as_deref(), Some("mine"));
        // Through another facet nobody removes the item: its rest stays behind, and is not shown.
        two.force_unlock(Facet::Lockfile, "a").await;
        assert!(two.take(Facet::Lockfile, "b").await);
        assert_eq!(two.more(&server).await, None);
        two.release(Facet::Lockfile, "b").await;
        assert_eq!(one.get_item().await, None);
        // Nor does it come back with a lock of that ID, which was written without it.
        server.clock.advance(SECOND);
        one.put_lock(&server, ("a", None), None).await.unwrap();
        assert_eq!(two.more(&server).await, None);
    });
}

#[test]
fn p1_what_is_no_lock_is_not_written_over_one_that_stands() {
    on_both(|server| async move {
        let (holder, other) = (server.client(1), server.client(2));
        let sender = || other.sender(Protocol::DynamoDb);
        let table = || TABLE.to_owned();
        let put = || {
            let mut item = key();
            item.insert(MORE.to_owned(), AttributeValue::S("no lock".to_owned()));
            PutItem { table: table(), item, condition: None, sender: sender() }
        };
        for facet in Facet::ALL {
            assert!(holder.take(facet, "held").await);
            let whole = server.engine.put_item(put()).await;
            let batch = server.engine.batch_write(vec![BatchWrite::Put(put())]).await.map(|_| ());
            let removal = Placeholders::default().update("REMOVE Info").unwrap();
            let (key, condition) = (key(), None);
            let update =
                UpdateItem { table: table(), key, update: removal, condition, sender: sender() };
            let update = server.engine.update_item(update).await.map(|_| ());
            for refused in [whole.map(|_| ()), batch, update] {
                let shown = matches!(&refused, Err(TableError::ConditionFailed(Some(item))) if item.contains_key("Info"));
                assert!(shown, "{facet}: {refused:?}");
            }
            assert_eq!(server.holder().await.as_deref(), Some("held"));
            assert_eq!(other.more(&server).await, None);
            holder.release(facet, "held").await;
            server.clock.advance(20 * SECOND);
        }
        server.engine.put_item(put()).await.unwrap();
        assert_eq!(other.more(&server).await.as_deref(), Some("no lock"));
    });
}

/// As OpenTofu removes its lock: on the condition of the very text that it read.
#[test]
fn p4_a_removal_whose_condition_names_the_lock_means_it_whatever_its_connection_saw() {
    on_both(|server| async move {
        let (slow, carol) = (server.client(2), server.client(3).called("carol"));
        assert!(server.client(1).take(Facet::LockTable, "orphan").await);
        assert!(slow.get_item().await.is_some());
        server.client(4).force_unlock(Facet::LockTable, "orphan").await;
        assert!(carol.take(Facet::LockTable, "carol").await);
        let unnamed = slow.delete_item(None).await;
        assert!(unnamed.is_err(), "it was shown another lock: {unnamed:?}");
        let remove = |id: &str| {
            let info = AttributeValue::S(String::from_utf8(lock_info(id).to_vec()).unwrap());
            let values = BTreeMap::from([(":info".to_owned(), info)]);
            let mut placeholders = Placeholders::new(BTreeMap::new(), values);
            let condition = placeholders.condition(ExpressionKind::Condition, "Info = :info");
            let (table, condition) = (TABLE.to_owned(), Some(condition.unwrap()));
            let sender = slow.sender(Protocol::DynamoDb);
            server.engine.delete_item(DeleteItem { table, key: key(), condition, sender })
        };
        let another = remove("orphan").await;
        assert!(matches!(another, Err(TableError::ConditionFailed(Some(_)))), "{another:?}");
        assert_eq!(server.holder().await.as_deref(), Some("carol"));
        remove("carol").await.unwrap();
        assert_eq!(server.holder().await, None);
    });
}
