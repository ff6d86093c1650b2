//! Lockfiles that were stored before there were records of locks.

use bytes::Bytes;
use statelock_protocol::lock::unified::{Facet, ReleaseOutcome};
use statelock_protocol::store::Precondition;

use crate::clients::lock_info;
use crate::server::{Server, on_both};

/// Leaves this lockfile as an earlier version did.
async fn leave(server: &Server, body: Bytes) {
    server.client(9).put(body, Precondition::IfAbsent).await.unwrap();
    server.forget_lock_rows().await;
}

#[test]
fn p1_a_lockfile_of_earlier_holds_against_every_facet() {
    on_both(|server| async move {
        leave(&server, lock_info("earlier")).await;
        assert_eq!(server.holder().await.as_deref(), Some("earlier"));
        for facet in Facet::ALL {
            assert!(!server.client(1).take(facet, &format!("new-{facet}")).await, "{facet}");
        }
        assert_eq!(server.lockfile().await.unwrap().1, lock_info("earlier"));
    });
}

#[test]
fn a_lockfile_of_earlier_is_released_by_its_holder() {
    on_both(|server| async move {
        leave(&server, lock_info("earlier")).await;
        server.client(1).release(Facet::Lockfile, "earlier").await;
        assert_eq!(server.holder().await, None);
        assert_eq!(server.lockfile().await, None);
        assert_eq!(server.pieces().await, 0);
    });
}

#[test]
fn a_lockfile_of_earlier_is_its_holders_through_other_facets_too() {
    on_both(|server| async move {
        leave(&server, lock_info("earlier")).await;
        assert!(server.client(1).take(Facet::LockTable, "earlier").await);
        assert_eq!(server.facets().await, [Facet::Lockfile, Facet::LockTable]);
        assert_eq!(server.lockfile().await.unwrap().1, lock_info("earlier"));
    });
}

#[test]
fn a_lockfile_of_earlier_is_forced_through_every_facet() {
    on_both(|server| async move {
        for through in Facet::ALL {
            leave(&server, lock_info(&format!("earlier-{through}"))).await;
            let client = server.client(1);
            client.force_unlock(through, &format!("earlier-{through}")).await;
            assert_eq!(server.holder().await, None, "{through}");
            assert_eq!(server.lockfile().await, None, "{through}");
            // As if nothing had been, for the next turn.
            server.clock.advance(3_600 * crate::server::SECOND);
            server.engine.sweep().await.unwrap();
        }
    });
}

#[test]
fn p1_an_unreadable_lockfile_of_earlier_holds_and_is_forced_by_the_id_that_others_see() {
    on_both(|server| async move {
        leave(&server, Bytes::from_static(b"not a lock info")).await;
        let hold = server.hold().await.unwrap();
        for facet in Facet::ALL {
            assert!(!server.client(1).take(facet, &format!("new-{facet}")).await, "{facet}");
        }
        let id = hold.shown_id(Facet::Http).unwrap();
        let outcome = server.client(1).unlock(Some(id.as_str())).await;
        assert!(matches!(outcome, ReleaseOutcome::Released(_)), "{outcome:?}");
        assert_eq!(server.lockfile().await, None);
    });
}
