//! A lock taken through one facet is taken through all.

use statelock_protocol::lock::unified::{AcquireOutcome, Facet, Granted, LockRefusal};

use crate::clients::{id_of, lock_info};
use crate::server::{Server, on_both};

async fn excludes(server: &Server, holding: Facet, asking: Facet) {
    let (alice, bob) = (server.client(1), server.client(2));
    let id = format!("alice-{holding}-{asking}");
    assert!(alice.take(holding, &id).await, "{holding} is free");
    assert!(!bob.take(asking, &format!("bob-{id}")).await, "{asking} while {holding} holds");
    assert_eq!(server.holder().await, Some(id.clone()));
    alice.release(holding, &id).await;
    assert_eq!(server.holder().await, None);
    assert!(bob.take(asking, &format!("late-{id}")).await, "{asking} after {holding}");
    bob.release(asking, &format!("late-{id}")).await;
}

#[test]
fn p1_a_lock_through_any_facet_excludes_every_other() {
    on_both(|server| async move {
        for holding in Facet::ALL {
            for asking in Facet::ALL {
                excludes(&server, holding, asking).await;
            }
        }
    });
}

#[test]
fn p1_a_refusal_says_who_holds() {
    on_both(|server| async move {
        for holding in Facet::ALL {
            let (alice, bob) = (server.client(1), server.client(2));
            let id = format!("alice-{holding}");
            assert!(alice.take(holding, &id).await);
            let answer = bob.lock(&format!("bob-{holding}")).await;
            let AcquireOutcome::Refused(LockRefusal::Held(hold)) = answer else {
                panic!("{answer:?}")
            };
            assert_eq!(hold.id.unwrap().as_str(), id);
            // The others are refused without words, and ask.
            let other = server.client(3);
            assert_eq!(other.read().await, Some(lock_info(&id)));
            assert_eq!(other.get_item().await.as_deref().and_then(id_of).as_deref(), Some(&*id));
            alice.release(holding, &id).await;
        }
    });
}

#[test]
fn p5_the_same_id_has_each_facet_that_it_asks_for() {
    on_both(|server| async move {
        for first in Facet::ALL {
            for second in Facet::ALL.into_iter().filter(|second| *second != first) {
                let (client, id) = (server.client(1), format!("{first}-{second}"));
                assert!(client.take(first, &id).await);
                assert!(client.take(second, &id).await, "{first}, then {second}");
                let mut both = [first, second];
                both.sort();
                assert_eq!(server.facets().await, both);
                // Asked again, nothing changes.
                assert!(client.take(first, &id).await);
                assert!(client.take(second, &id).await);
                assert_eq!(server.facets().await, both);
                client.release(first, &id).await;
                client.release(second, &id).await;
                assert_eq!(server.holder().await, None);
            }
        }
    });
}

#[test]
fn p9_a_request_for_a_lock_that_is_repeated_finds_it_taken_by_itself() {
    on_both(|server| async move {
        let client = server.client(1);
        assert_eq!(client.lock("once").await, AcquireOutcome::Granted(Granted::Taken));
        assert_eq!(client.lock("once").await, AcquireOutcome::Granted(Granted::Repeated));
        client.release(Facet::Http, "once").await;
        for facet in [Facet::Lockfile, Facet::LockTable] {
            let again = format!("again-{facet}");
            assert!(client.take(facet, &again).await);
            assert!(client.take(facet, &again).await);
            client.release(facet, &again).await;
        }
    });
}
