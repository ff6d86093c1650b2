//! What a client was shown is the condition that it leaves out when it removes a lockfile.

use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::ETag;
use statelock_server::engine::{Clock, DeleteCondition, EngineError};

use crate::clients::{Client, lock_info};
use crate::server::{SECOND, Server, on_both};

/// `carol` holds after somebody else removed the orphan that `slow` has read.
async fn orphan_seen_by(server: &Server, slow: &Client) {
    assert!(server.client(99).take(Facet::Lockfile, "orphan").await);
    let quick = server.client(1).called("quick");
    assert_eq!(slow.read().await, Some(lock_info("orphan")));
    assert_eq!(quick.read().await, Some(lock_info("orphan")));
    quick.delete(DeleteCondition::None).await.unwrap();
    assert!(server.client(3).called("carol").take(Facet::Lockfile, "carol").await);
}

async fn is_refused(server: &Server, slow: &Client) {
    let refused = slow.delete(DeleteCondition::None).await;
    let Err(EngineError::LockRefused(message)) = refused else { panic!("{refused:?}") };
    assert!(message.contains("lock ID carol"), "{message}");
    assert_eq!(server.holder().await.as_deref(), Some("carol"));
    assert_eq!(server.lockfile().await.unwrap().1, lock_info("carol"));
}

#[test]
fn p4_of_two_who_force_the_same_orphan_the_slower_does_not_remove_the_next_lock() {
    on_both(|server| async move {
        let slow = server.client(2);
        orphan_seen_by(&server, &slow).await;
        is_refused(&server, &slow).await;
        // Not a minute later either, on the same connection.
        server.clock.advance(600 * SECOND);
        is_refused(&server, &slow).await;
        // It reads the lock again, and then means it.
        assert_eq!(slow.read().await, Some(lock_info("carol")));
        slow.delete(DeleteCondition::None).await.unwrap();
        assert_eq!(server.holder().await, None);
    });
}

#[test]
fn p4_the_slower_is_refused_on_another_connection_too() {
    on_both(|server| async move {
        let slow = server.client(2);
        orphan_seen_by(&server, &slow).await;
        is_refused(&server, &slow.on_connection(22)).await;
        // A client that looks otherwise is another client, and was shown nothing.
        slow.on_connection(23).called("stranger").delete(DeleteCondition::None).await.unwrap();
        assert_eq!(server.holder().await, None);
    });
}

#[test]
fn p4_the_slower_is_refused_behind_a_proxy_that_shares_connections() {
    on_both(|server| async move {
        let slow = server.client(2).proxied();
        orphan_seen_by(&server, &slow).await;
        // The proxy sends somebody else's read over the connection in between.
        let other = server.client(2).proxied().called("other");
        assert_eq!(other.read().await, Some(lock_info("carol")));
        is_refused(&server, &slow).await;
    });
}

#[test]
fn p4_a_lock_that_was_removed_through_another_facet_is_not_the_next_one() {
    on_both(|server| async move {
        let slow = server.client(2);
        assert!(server.client(99).take(Facet::Http, "orphan").await);
        assert_eq!(slow.read().await, Some(lock_info("orphan")), "shown as a lockfile");
        server.client(1).release(Facet::Http, "orphan").await;
        assert!(server.client(3).called("carol").take(Facet::LockTable, "carol").await);
        is_refused(&server, &slow).await;
    });
}

#[test]
fn a_holder_is_never_refused_its_own_release() {
    on_both(|server| async move {
        let plain = server.client(1);
        let ways: [(Client, Client, &str); 6] = [
            (plain.clone(), plain.clone(), "one connection"),
            (plain.clone(), plain.on_connection(11), "another connection"),
            (plain.proxied(), plain.proxied(), "a proxy"),
            (plain.proxied(), plain.proxied().on_connection(12), "a proxy's other connection"),
            (plain.clone(), plain.proxied(), "a proxy on the way back"),
            (plain.clone(), plain.on_connection(13).called("updated"), "another User-Agent"),
        ];
        for (round, (taking, releasing, how)) in ways.into_iter().enumerate() {
            let (before, id) = (format!("before-{round}"), format!("own-{round}"));
            // Others who look the same come and go before and meanwhile.
            let other = taking.on_connection(50 + u64::try_from(round).unwrap());
            assert!(other.take(Facet::Lockfile, &before).await);
            other.release(Facet::Lockfile, &before).await;
            assert!(taking.take(Facet::Lockfile, &id).await);
            assert!(!other.take(Facet::Lockfile, &format!("other-{round}")).await);
            assert_eq!(other.read().await, Some(lock_info(&id)));
            releasing.read().await;
            let released = releasing.delete(DeleteCondition::None).await;
            assert!(released.is_ok(), "{how}: {released:?}");
            assert_eq!(server.holder().await, None, "{how}");
        }
    });
}

#[test]
fn a_holder_is_not_refused_its_release_without_a_read_or_after_hours() {
    on_both(|server| async move {
        let client = server.client(1);
        for hours in [0, 10] {
            let id = format!("own-{hours}");
            assert!(client.take(Facet::Lockfile, &id).await);
            server.clock.advance(hours * 3_600 * SECOND);
            server.engine.sweep().await.unwrap();
            client.delete(DeleteCondition::None).await.unwrap();
            assert_eq!(server.holder().await, None);
            assert!(client.take(Facet::Lockfile, &format!("other-{id}")).await);
            server.clock.advance(hours * 3_600 * SECOND);
            client.on_connection(2).delete(DeleteCondition::None).await.unwrap();
            assert_eq!(server.holder().await, None);
        }
    });
}

#[test]
fn p4_a_removal_that_names_the_lock_means_it_whatever_its_connection_saw_and_when() {
    on_both(|server| async move {
        let before = server.clock.now_micros();
        let slow = server.client(2);
        server.clock.advance(SECOND);
        orphan_seen_by(&server, &slow).await;
        let etag = server.lockfile().await.unwrap().0.content.unwrap().etag;
        let named = || DeleteCondition::IfMatch(ETag::new(etag.clone()));
        // On the connection that was shown another lock, and has been idle since before this one.
        slow.idle_since(before).delete(named()).await.unwrap();
        assert_eq!(server.holder().await, None);
        let late = slow.delete(named()).await;
        assert!(matches!(late, Err(EngineError::NoSuchKey)), "{late:?}");
    });
}
