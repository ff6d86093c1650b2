//! Writes of a lockfile that no stock client sends.

use bytes::Bytes;
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::{ETag, Precondition};
use statelock_server::engine::tables::{DeleteItem, PutItem};
use statelock_server::engine::{EngineError, LockedState, Protocol};
use statelock_server::records::{AttributeValue, Item};

use crate::clients::lock_info;
use crate::server::{SECOND, TABLE, on_both};

#[test]
fn p1_an_unconditional_write_does_not_replace_a_lock_and_is_told_whose() {
    on_both(|server| async move {
        for holding in Facet::ALL {
            let id = format!("held-{holding}");
            assert!(server.client(1).take(holding, &id).await);
            let refused =
                server.client(2).put(lock_info(&format!("other-{id}")), Precondition::None).await;
            let Err(EngineError::LockRefused(message)) = refused else { panic!("{refused:?}") };
            let whose = format!("s3://states/app/terraform.tfstate is held with lock ID {id}.");
            assert!(message.contains(&whose), "{message}");
            assert_eq!(server.lockfile().await.unwrap().1, lock_info(&id));
            server.client(1).release(holding, &id).await;
        }
    });
}

#[test]
fn a_write_that_names_the_stored_lockfile_replaces_it_once() {
    on_both(|server| async move {
        for holding in Facet::ALL {
            let (old, new) = (format!("old-{holding}"), format!("new-{holding}"));
            assert!(server.client(1).take(holding, &old).await);
            let etag = server.lockfile().await.unwrap().0.content.unwrap().etag;
            let named = || Precondition::IfMatch(ETag::new(etag.clone()));
            let client = server.client(2);
            let mut sender = client.sender(Protocol::S3);
            sender.invocation = Some(format!("call-{holding}"));
            let first = client.put_as(lock_info(&new), named(), sender.clone()).await.unwrap();
            assert_eq!(server.holder().await, Some(new.clone()));
            assert_eq!(server.facets().await, [Facet::Lockfile]);
            // Its answer is lost. The ETag that it names is gone, because it had its effect.
            let again = client.put_as(lock_info(&new), named(), sender).await.unwrap();
            assert_eq!(again.etag, first.etag);
            // Another call with the old ETag comes too late.
            let late = server.client(3).put(lock_info(&format!("third-{new}")), named()).await;
            assert!(matches!(late, Err(EngineError::PreconditionFailed("If-Match"))), "{late:?}");
            client.release(Facet::Lockfile, &new).await;
        }
    });
}

/// No state can be stored under a key that ends in `/`: so nothing locks it, and `dir/.tflock` is anybody's.
#[test]
fn an_item_for_a_key_that_ends_in_a_slash_touches_no_object() {
    on_both(|server| async move {
        assert_eq!(LockedState::new("states", "dir/"), None);
        let (client, body) = (server.client(1), Bytes::from_static(b"mine, and no lock"));
        client.put_under("dir/.tflock", body.clone()).await.unwrap();
        let key: Item = [("LockID".to_owned(), AttributeValue::S("states/dir/".to_owned()))].into();
        let (table, sender) = (TABLE.to_owned(), client.sender(Protocol::DynamoDb));
        let delete = DeleteItem { table, key: key.clone(), condition: None, sender };
        server.engine.delete_item(delete.clone()).await.unwrap();
        let stored =
            || server.engine.find("states".to_owned(), "dir/.tflock".to_owned(), None, true);
        assert_eq!(stored().await.unwrap().2, Some(body.clone()));
        // It is an item like any other, whatever it says.
        let mut item = key;
        item.insert("Info".to_owned(), AttributeValue::S("{\"ID\":\"x\"}".to_owned()));
        let (table, sender) = (TABLE.to_owned(), client.sender(Protocol::DynamoDb));
        let put = PutItem { table, item: item.clone(), condition: None, sender };
        server.engine.put_item(put).await.unwrap();
        assert_eq!(server.lock_rows().await, Vec::<serde_json::Value>::new());
        let removed = server.engine.delete_item(delete).await.unwrap();
        assert_eq!(removed.before, Some(item));
        assert_eq!(stored().await.unwrap().2, Some(body));
    });
}

#[test]
fn a_body_larger_than_any_lock_info_is_no_lockfile() {
    on_both(|server| async move {
        let largest = 64 << 10;
        let large = Bytes::from(vec![b' '; largest + 1]);
        let refused = server.client(1).put(large, Precondition::IfAbsent).await;
        assert!(matches!(refused, Err(EngineError::TooLarge(65_536))), "{refused:?}");
        assert_eq!(server.lockfile().await, None);
        assert_eq!(server.pieces().await, 0);
        let fits = Bytes::from(vec![b' '; largest]);
        server.client(1).put(fits, Precondition::IfAbsent).await.unwrap();
    });
}

#[test]
fn p1_an_unreadable_lockfile_holds_against_everybody_its_writer_included() {
    on_both(|server| async move {
        let body = || Bytes::from_static(b"{\"ID\":\"\"}");
        server.client(1).put(body(), Precondition::IfAbsent).await.unwrap();
        for precondition in [Precondition::IfAbsent, Precondition::None] {
            let again = server.client(1).put(body(), precondition).await;
            assert!(again.is_err(), "{again:?}");
        }
        for facet in Facet::ALL {
            server.clock.advance(SECOND);
            assert!(!server.client(2).take(facet, &format!("new-{facet}")).await);
        }
        assert_eq!(server.lockfile().await.unwrap().1, body());
    });
}
