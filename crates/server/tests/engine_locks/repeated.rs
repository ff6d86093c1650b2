//! Requests on lockfiles that an SDK sends again, because an answer was lost or late.

use bytes::Bytes;
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::Precondition;
use statelock_server::engine::{
    DeleteCondition, DeleteRequest, EngineError, Protocol, Sender, Written,
};

use crate::clients::{Client, lock_info};
use crate::server::{SECOND, on_both};

impl Client {
    fn calling(&self, call: &str) -> Sender {
        Sender { invocation: Some(call.to_owned()), ..self.sender(Protocol::S3) }
    }

    async fn put_by(&self, body: Bytes, call: &str) -> Result<Written, EngineError> {
        self.put_as(body, Precondition::IfAbsent, self.calling(call)).await
    }

    fn delete_by(&self, call: &str) -> DeleteRequest {
        DeleteRequest { sender: self.calling(call), ..self.delete_request(DeleteCondition::None) }
    }
}

#[test]
fn p9_a_repeated_lock_write_with_the_stored_id_is_answered_like_the_first() {
    on_both(|server| async move {
        let client = server.client(1);
        let first = client.put_by(lock_info("a"), "call-1").await.unwrap();
        // An attempt of the same call, another call, and one without a name; and other bytes of the
        // same lock ID, which are not stored.
        let others = [lock_info("a"), Bytes::from_static(br#"{"ID":"a"}"#)];
        for (call, body) in [("call-1", &others[0]), ("call-2", &others[0]), ("call-3", &others[1])]
        {
            server.clock.advance(SECOND);
            let again = client.put_by(body.clone(), call).await.unwrap();
            assert_eq!(again, first, "{call}");
        }
        let unnamed = client.put(lock_info("a"), Precondition::IfAbsent).await.unwrap();
        assert_eq!(unnamed, first);
        assert_eq!(server.lockfile().await.unwrap().1, lock_info("a"));
        assert_eq!(server.pieces().await, 1);
    });
}

#[test]
fn p1_unreadable_lock_bodies_never_count_as_the_same_lock() {
    on_both(|server| async move {
        for body in ["", "{}", "not a lock info", r#"{"ID":""}"#] {
            let body = || Bytes::from_static(body.as_bytes());
            let client = server.client(1);
            client.put(body(), Precondition::IfAbsent).await.unwrap();
            for call in ["call-1", "call-2"] {
                let again = client.put_by(body(), call).await;
                assert!(matches!(again, Err(EngineError::PreconditionFailed(_))), "{again:?}");
            }
            assert_eq!(server.lockfile().await.unwrap().1, body());
            client.delete(DeleteCondition::None).await.unwrap();
            // Else the calls would be known to be refused.
            server.clock.advance(3_600 * SECOND);
            server.engine.sweep().await.unwrap();
        }
    });
}

#[test]
fn p9_a_lock_write_that_arrives_after_the_release_does_not_bring_the_lock_back() {
    on_both(|server| async move {
        let client = server.client(1);
        client.put_by(lock_info("a"), "call-1").await.unwrap();
        client.release(Facet::Lockfile, "a").await;
        let late = client.put_by(lock_info("a"), "call-1").await;
        assert!(matches!(late, Err(EngineError::PreconditionFailed("If-None-Match"))), "{late:?}");
        assert_eq!(server.lockfile().await, None);
        // What was refused stays refused, and says nothing about a new call with the same lock ID.
        let again = client.put_by(lock_info("a"), "call-1").await;
        assert!(again.is_err(), "{again:?}");
        client.put_by(lock_info("a"), "call-2").await.unwrap();
        assert_eq!(server.holder().await.as_deref(), Some("a"));
    });
}

#[test]
fn p3_a_lock_write_that_was_refused_takes_no_lock_when_it_arrives_again() {
    on_both(|server| async move {
        let (holder, client) = (server.client(1), server.client(2));
        holder.put_by(lock_info("held"), "call-1").await.unwrap();
        let refused = client.put_by(lock_info("a"), "call-2").await;
        assert!(matches!(refused, Err(EngineError::PreconditionFailed(_))), "{refused:?}");
        holder.release(Facet::Lockfile, "held").await;
        // Its client gave up, and nobody would release this lock.
        let late = client.put_by(lock_info("a"), "call-2").await;
        assert!(matches!(late, Err(EngineError::PreconditionFailed(_))), "{late:?}");
        assert_eq!(server.holder().await, None);
    });
}

#[test]
fn p4_a_release_delivered_twice_leaves_the_next_holder_alone() {
    on_both(|server| async move {
        let client = server.client(1);
        client.put_by(lock_info("a"), "call-1").await.unwrap();
        let release = client.delete_by("call-2");
        server.engine.delete(release.clone()).await.unwrap();
        server.client(3).put_by(lock_info("b"), "call-3").await.unwrap();
        // It is answered as before, on whichever connection it comes.
        server.engine.delete(release).await.unwrap();
        let elsewhere = server.client(4).called("unknown").delete_by("call-2");
        server.engine.delete(elsewhere).await.unwrap();
        assert_eq!(server.lockfile().await.unwrap().1, lock_info("b"));
    });
}

#[test]
fn p4_p9_a_refused_release_stays_refused_when_it_comes_again_after_all_was_shown() {
    on_both(|server| async move {
        let (holder, slow, other) = (server.client(1), server.client(2), server.client(3));
        assert!(holder.take(Facet::LockTable, "first").await);
        assert!(slow.get_item().await.is_some());
        holder.release(Facet::LockTable, "first").await;
        assert!(other.take(Facet::LockTable, "next").await);
        assert!(slow.delete_item(Some("call")).await.is_err(), "it means the first lock");
        other.release(Facet::LockTable, "next").await;
        assert!(other.take(Facet::LockTable, "last").await);
        // Its connection was shown the last lock, and the copy of the call still means the first.
        let again = slow.on_connection(4);
        assert!(again.get_item().await.is_some());
        assert!(again.delete_item(Some("call")).await.is_err());
        assert_eq!(server.holder().await, Some("last".to_owned()));
    });
}
