//! Locks on states whose bucket is not, not yet or no longer here.

use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::Precondition;
use statelock_server::engine::{EngineError, Protocol};
use statelock_server::storage::Storage;

use crate::clients::lock_info;
use crate::server::{BUCKET, LOCKFILE, Server, embedded, memory, on_both, run};

/// A server without the bucket.
fn on_both_without<F: Future<Output = ()>>(test: impl Fn(Server) -> F) {
    let one = |storage: std::sync::Arc<dyn Storage>| {
        run(async { test(Server::with_table(storage).await).await });
    };
    one(memory());
    let directory = tempfile::tempdir().unwrap();
    one(embedded(&directory));
}

#[test]
fn p1_a_state_in_a_bucket_elsewhere_is_locked_and_the_lock_is_there_when_the_bucket_comes() {
    on_both_without(|server| async move {
        let (alice, bob) = (server.client(1), server.client(2));
        assert!(alice.take(Facet::LockTable, "alice").await);
        assert!(!bob.take(Facet::LockTable, "bob-1").await);
        let refused = bob.put(lock_info("bob-2"), Precondition::IfAbsent).await;
        assert!(matches!(refused, Err(EngineError::NoSuchBucket)), "{refused:?}");
        assert!(server.engine.buckets().await.unwrap().is_empty(), "a lock makes no bucket");

        server.create_bucket(BUCKET).await;
        assert_eq!(server.listed().await, [LOCKFILE]);
        assert_eq!(server.lockfile().await.unwrap().1, lock_info("alice"));
        assert!(!bob.take(Facet::Lockfile, "bob-3").await);
        alice.release(Facet::LockTable, "alice").await;
        assert_eq!(server.lockfile().await, None);
        assert!(bob.take(Facet::Lockfile, "bob-4").await);
    });
}

#[test]
fn a_lock_in_a_bucket_that_never_comes_leaves_nothing() {
    on_both_without(|server| async move {
        let alice = server.client(1);
        assert!(alice.take(Facet::LockTable, "alice").await);
        alice.release(Facet::LockTable, "alice").await;
        assert_eq!(server.pieces().await, 0);
        server.clock.advance(3_600 * crate::server::SECOND);
        server.engine.sweep().await.unwrap();
        assert!(server.lock_rows().await.is_empty());
    });
}

#[test]
fn a_bucket_with_a_lock_that_is_held_is_not_deleted() {
    on_both(|server| async move {
        for facet in Facet::ALL {
            let (client, id) = (server.client(1), format!("held-{facet}"));
            assert!(client.take(facet, &id).await);
            let sender = client.sender(Protocol::S3);
            let deleted = server.engine.delete_bucket(BUCKET.to_owned(), sender).await;
            assert!(matches!(deleted, Err(EngineError::BucketNotEmpty)), "{facet}: {deleted:?}");
            assert_eq!(server.holder().await, Some(id.clone()));
            client.release(facet, &id).await;
            let sender = client.sender(Protocol::S3);
            server.engine.delete_bucket(BUCKET.to_owned(), sender).await.unwrap();
            server.create_bucket(BUCKET).await;
        }
    });
}
