//! P6: who does not hold the lock does not replace the state.

use statelock_protocol::lock::unified::Facet;
use statelock_server::engine::tables::{NewTable, ScanItems};
use statelock_server::engine::{EngineError, RefusedWriteKind, Sender, WriteClaim};

use crate::harness::{World, lock_id, refused, s3, snapshot, state};

const A: &str = "aaaaaaaa-0000-0000-0000-000000000000";
const B: &str = "bbbbbbbb-0000-0000-0000-000000000000";

#[tokio::test]
async fn p6_only_the_id_that_holds_writes_through_http() {
    let world = World::new().await;
    world.post(None, &snapshot(1, "before")).await.unwrap();
    assert_eq!(
        refused(world.post(Some(A), &snapshot(2, "early")).await).kind,
        RefusedWriteKind::LockGone
    );
    for (facet, id) in Facet::ALL.into_iter().zip(["one", "two", "three"]) {
        world.lock(1, id, facet).await;
        for claim in [Some(B), None] {
            let refused = refused(world.post(claim, &snapshot(9, "other")).await);
            assert_eq!(refused.kind, RefusedWriteKind::Locked);
            assert_eq!(refused.holder.unwrap().id, Some(lock_id(id)));
        }
        assert_eq!(world.stored().await, Some(snapshot(1, "before")));
        world.unlock(1, Some(id), facet).await;
    }
    world.lock(1, A, Facet::Http).await;
    world.post(Some(A), &snapshot(2, "holder")).await.unwrap();
    world.unlock(1, Some(A), Facet::Http).await;
    refused(world.post(Some(A), &snapshot(3, "late")).await);
    assert_eq!(world.stored().await, Some(snapshot(2, "holder")));
}

#[tokio::test]
async fn p6_a_client_whose_lock_was_removed_does_not_write_over_the_next_holder() {
    let world = World::new().await;
    world.put(1, &snapshot(1, "start")).await.unwrap();
    world.lock(1, A, Facet::Lockfile).await;
    // Somebody removes that lock by force; the next holder is at work.
    world.unlock(3, Some(A), Facet::Lockfile).await;
    world.lock(2, B, Facet::Lockfile).await;
    let late = refused(world.put(1, &snapshot(2, "first holder")).await);
    assert_eq!(late.kind, RefusedWriteKind::Locked);
    assert!(late.message.contains(&format!("own lock {A} was removed")), "{}", late.message);
    world.put(2, &snapshot(2, "second holder")).await.unwrap();
    world.unlock(2, Some(B), Facet::Lockfile).await;
    // The lock is free, and the rule still protects what the second holder wrote.
    let late = refused(world.put(1, &snapshot(2, "first holder")).await);
    assert_eq!(late.kind, RefusedWriteKind::Conflict);
    assert_eq!(world.stored().await, Some(snapshot(2, "second holder")));
    assert_eq!(world.kept().await.len(), 1, "the same bytes are kept once");
}

#[tokio::test]
async fn p6_even_on_another_connection_the_later_of_two_equal_serials_is_refused() {
    let world = World::new().await;
    world.put(1, &snapshot(1, "start")).await.unwrap();
    world.lock(1, A, Facet::Lockfile).await;
    world.unlock(3, Some(A), Facet::Lockfile).await;
    world.lock(2, B, Facet::Lockfile).await;
    // A connection that did nothing with the lock says nothing about its client.
    world.put(7, &snapshot(2, "first holder")).await.unwrap();
    refused(world.put(2, &snapshot(2, "second holder")).await);
    assert_eq!(world.stored().await, Some(snapshot(2, "first holder")));
    assert_eq!(world.kept().await[0].1, snapshot(2, "second holder"));
}

#[tokio::test]
async fn p6_who_takes_its_own_lock_again_writes() {
    let world = World::new().await;
    world.lock(1, A, Facet::Lockfile).await;
    world.unlock(1, Some(A), Facet::Lockfile).await;
    world.lock(1, B, Facet::Lockfile).await;
    world.put(1, &snapshot(1, "mine")).await.unwrap();
}

#[tokio::test]
async fn p6_another_principal_does_not_write_a_locked_state() {
    let world = World::new().await;
    world.lock(1, A, Facet::LockTable).await;
    let mut other = s3(1);
    other.principal = "other".to_owned();
    let answer = world.put_as(other.clone(), WriteClaim::Unnamed, &snapshot(1, "x")).await;
    assert_eq!(refused(answer).kind, RefusedWriteKind::Locked);
    world.unlock(1, Some(A), Facet::LockTable).await;
    world.put_as(other, WriteClaim::Unnamed, &snapshot(1, "x")).await.unwrap();
}

#[tokio::test]
async fn p6_a_lock_that_was_taken_through_http_keeps_s3_out() {
    let world = World::new().await;
    world.lock(1, A, Facet::Http).await;
    refused(world.put(1, &snapshot(1, "x")).await);
    assert_eq!(world.stored().await, None);
    world.post(Some(A), &snapshot(1, "x")).await.unwrap();
}

#[tokio::test]
async fn p6_a_locked_state_is_not_deleted() {
    let world = World::new().await;
    world.put(1, &snapshot(1, "x")).await.unwrap();
    world.lock(1, A, Facet::Lockfile).await;
    for claim in [WriteClaim::Unnamed, WriteClaim::Http(None), WriteClaim::Http(Some(lock_id(B)))] {
        let answer = world.delete(None, claim).await;
        assert!(matches!(answer, Err(EngineError::WriteRefused(_))), "{answer:?}");
    }
    assert_eq!(world.stored().await, Some(snapshot(1, "x")));
    world.delete(None, WriteClaim::Http(Some(lock_id(A)))).await.unwrap();
    assert_eq!(world.stored().await, None);
    world.unlock(1, Some(A), Facet::Lockfile).await;
    world.put(1, &snapshot(1, "x")).await.unwrap();
    world.delete(None, WriteClaim::Unnamed).await.unwrap();
    assert_eq!(world.stored().await, None);
}

/// How many items a lock table lists.
async fn items(world: &World) -> usize {
    let scan = ScanItems {
        table: "locks".to_owned(),
        filter: None,
        projection: None,
        after: None,
        limit: None,
        segment: None,
    };
    world.engine.scan(scan).await.unwrap().items.len()
}

/// Nothing but the clock ends it here: its row stays as it is.
#[tokio::test]
async fn p6_a_lock_whose_time_to_be_given_back_is_over_is_nobodys() {
    let world = World::new().await;
    world.engine.create_table(NewTable::lock_table("locks", "r"), None).await.unwrap();
    world.put(1, &snapshot(1, "start")).await.unwrap();
    for facet in [Facet::Lockfile, Facet::LockTable] {
        world.lock(1, A, facet).await;
    }
    world.unlock(1, Some(A), Facet::Lockfile).await;
    // With that and with the next write passes a second each: of the five, one is left then.
    world.advance(2);
    assert!(world.engine.lock_holder(state()).await.unwrap().is_some());
    assert_eq!(items(&world).await, 1);
    let other = Sender { principal: "other".to_owned(), ..s3(2) };
    let body = snapshot(2, "other");
    let write = || world.put_as(other.clone(), WriteClaim::Unnamed, &body);
    refused(write().await);
    world.advance(1);
    assert_eq!(world.engine.lock_holder(state()).await.unwrap(), None);
    assert_eq!(items(&world).await, 0);
    write().await.unwrap();
    world.post(None, &snapshot(3, "unlocked")).await.unwrap();
    assert_eq!(
        refused(world.post(Some(A), &snapshot(4, "late")).await).kind,
        RefusedWriteKind::LockGone
    );
    world.delete(None, WriteClaim::Unnamed).await.unwrap();
    assert_eq!(world.stored().await, None);
}

#[tokio::test]
async fn p10_who_is_refused_is_not_recorded_under_the_name_of_the_holder() {
    let world = World::new().await;
    world.lock(1, A, Facet::LockTable).await;
    world.put(1, &snapshot(1, "holder")).await.unwrap();
    let other = Sender { principal: "other".to_owned(), ..s3(1) };
    refused(world.put_as(other, WriteClaim::Unnamed, &snapshot(2, "x")).await);
    // Refused for its serial, the writer may well be the holder.
    refused(world.put(1, &snapshot(1, "again")).await);
    let records = world.audit().await;
    let written = records.iter().rev().take(3).rev();
    let by: Vec<_> =
        written.map(|record| (record.principal.as_deref(), record.who.as_deref())).collect();
    let holder = (Some("root"), Some("client-1"));
    assert_eq!(by, [holder, (Some("other"), None), holder]);
}
