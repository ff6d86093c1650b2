//! Every kind of client removes every kind of lock.

use statelock_protocol::lock::unified::{Facet, ReleaseOutcome};
use statelock_server::engine::DeleteCondition;

use crate::server::{Server, on_both};

async fn forces(server: &Server, held: &[Facet], through: Facet) {
    // An `http` force-unlock without an ID is taken for a repetition when it comes again soon.
    server.clock.advance(crate::server::SECOND * 61);
    let (holder, somebody) = (server.client(1), server.client(2));
    let id = format!("{held:?}-{through}");
    for facet in held {
        assert!(holder.take(*facet, &id).await);
    }
    somebody.force_unlock(through, &id).await;
    let is_partly = held.len() > 1 && held.contains(&through) && through != Facet::Http;
    if is_partly {
        // Whoever removes one half means the lock: the other follows.
        assert_eq!(server.holder().await, Some(id.clone()));
        server.clock.advance(crate::server::SECOND * 5);
    }
    assert_eq!(server.holder().await, None, "{held:?} forced through {through}");
    let next = format!("next-{id}");
    assert!(somebody.take(through, &next).await);
    // What the holder that lost its lock does at last changes nothing.
    for facet in held {
        match facet {
            Facet::Lockfile => drop(holder.delete(DeleteCondition::None).await),
            Facet::LockTable => drop(holder.delete_item(None).await),
            Facet::Http => drop(holder.unlock(Some(&id)).await),
        }
        assert_eq!(server.holder().await, Some(next.clone()), "{held:?}, {through}, {facet}");
    }
    somebody.release(through, &next).await;
    assert_eq!(server.lockfile().await, None);
}

#[test]
fn p4_a_lock_is_forced_through_every_facet_and_its_holder_cannot_harm_the_next() {
    on_both(|server| async move {
        for through in Facet::ALL {
            for held in Facet::ALL {
                forces(&server, &[held], through).await;
            }
            forces(&server, &[Facet::Lockfile, Facet::LockTable], through).await;
        }
    });
}

#[test]
fn p4_a_release_with_another_id_releases_nothing() {
    on_both(|server| async move {
        for held in Facet::ALL {
            let id = format!("held-{held}");
            assert!(server.client(1).take(held, &id).await);
            let outcome = server.client(2).unlock(Some("another")).await;
            assert!(matches!(outcome, ReleaseOutcome::Refused(_)), "{outcome:?}");
            assert_eq!(server.holder().await, Some(id.clone()));
            assert!(server.lockfile().await.is_some());
            server.client(1).release(held, &id).await;
        }
    });
}
