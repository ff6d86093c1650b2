//! One write may break the rule by permission: once, in time, and never the lock.

use statelock_protocol::lock::unified::Facet;
use statelock_server::engine::{EngineError, RefusedWriteKind, WriteClaim};

use crate::harness::{World, refused, snapshot, snapshot_of};

#[tokio::test]
async fn p7_a_permission_lets_one_write_pass_and_the_next_is_guarded_again() {
    let world = World::new().await;
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    world.allow(300).await.unwrap();
    world.put(1, &snapshot(2, "back")).await.unwrap();
    assert_eq!(world.stored().await, Some(snapshot(2, "back")));
    refused(world.put(1, &snapshot(1, "further back")).await);
    let records = world.audit().await;
    let [_, allowed, used, written, refusal] = &records[..] else { panic!("{records:?}") };
    assert_eq!(
        format!("{:?} {:?}", allowed.action, allowed.protocol),
        "OverwriteAllowed Some(Admin)"
    );
    assert_eq!(allowed.reason.as_deref(), Some("a rollback"));
    assert_eq!(format!("{:?}", used.action), "OverwriteUsed");
    assert!(used.reason.as_ref().unwrap().ends_with("permitted because: a rollback"), "{used:?}");
    assert_eq!((written.serial_before, written.serial_after), (Some(5), Some(2)));
    assert_eq!(format!("{:?}", refusal.action), "StateWriteRefused");
}

#[tokio::test]
async fn p7_a_permission_covers_lineage_and_what_is_no_state() {
    for offered in [snapshot_of("M", 1, "foreign"), String::new()] {
        let world = World::new().await;
        world.put(1, &snapshot(9, "stored")).await.unwrap();
        world.allow(300).await.unwrap();
        world.put(1, &offered).await.unwrap();
        assert_eq!(world.stored().await, Some(offered));
    }
}

#[tokio::test]
async fn p7_a_permission_ends() {
    let world = World::new().await;
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    world.allow(300).await.unwrap();
    world.advance(300);
    refused(world.put(1, &snapshot(2, "back")).await);
    world.engine.sweep().await.unwrap();
    refused(world.put(1, &snapshot(2, "back")).await);
}

#[tokio::test]
async fn a_permission_waits_for_a_write_that_needs_it() {
    let world = World::new().await;
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    world.allow(300).await.unwrap();
    world.put(1, &snapshot(6, "ordinary")).await.unwrap();
    world.put(1, &snapshot(2, "back")).await.unwrap();
    assert_eq!(world.stored().await, Some(snapshot(2, "back")));
}

#[tokio::test]
async fn p6_a_permission_never_lifts_the_lock() {
    let world = World::new().await;
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    world.lock(1, "aaaaaaaa-0000-0000-0000-000000000000", Facet::Http).await;
    world.allow(300).await.unwrap();
    assert_eq!(
        refused(world.post(None, &snapshot(2, "back")).await).kind,
        RefusedWriteKind::Locked
    );
    let delete = world.delete(None, WriteClaim::Unnamed).await;
    assert!(matches!(delete, Err(EngineError::WriteRefused(_))), "{delete:?}");
    // It was not used up by that.
    let holder = Some("aaaaaaaa-0000-0000-0000-000000000000");
    world.post(holder, &snapshot(2, "back")).await.unwrap();
}

#[tokio::test]
async fn nothing_is_permitted_where_nothing_is_stored() {
    let world = World::new().await;
    assert!(matches!(world.allow(300).await, Err(EngineError::NoSuchKey)));
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    world.delete(None, WriteClaim::Unnamed).await.unwrap();
    assert!(matches!(world.allow(300).await, Err(EngineError::NoSuchKey)));
}
