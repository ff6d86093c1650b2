//! `audit` does and tells, `off` does.

use std::sync::Arc;

use statelock_protocol::lock::unified::Facet;
use statelock_server::engine::{GuardMode, GuardPolicy};
use statelock_server::storage::memory::MemoryStorage;

use crate::harness::{World, snapshot};

const A: &str = "aaaaaaaa-0000-0000-0000-000000000000";

async fn world(mode: GuardMode) -> World {
    let policy = GuardPolicy { mode, direct_clients: false };
    let world = World::with(policy, Arc::new(MemoryStorage::new())).await;
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    world.put(1, &snapshot(4, "older")).await.unwrap();
    world.lock(1, A, Facet::Http).await;
    world.post(None, &snapshot(6, "nobody")).await.unwrap();
    assert_eq!(world.stored().await, Some(snapshot(6, "nobody")));
    assert_eq!(world.kept().await, []);
    world
}

#[tokio::test]
async fn p10_audit_records_what_would_have_been_refused_and_does_it() {
    let world = world(GuardMode::Audit).await;
    let [stored, objection, older, ..] = &world.audit().await[..] else { panic!() };
    assert_eq!(objection.reason.as_deref().map(|reason| reason.contains("newer")), Some(true));
    assert_eq!((stored.serial_after, older.serial_after), (Some(5), Some(4)));
    assert_eq!(
        world.actions().await,
        [
            "StateWritten Done",
            "StateWriteRefused Done",
            "StateWritten Done",
            "LockAcquired Done",
            "StateWriteRefused Done",
            "StateWritten Done",
        ]
    );
}

#[tokio::test]
async fn off_judges_nothing_and_records_what_is_done() {
    let world = world(GuardMode::Off).await;
    assert_eq!(
        world.actions().await,
        ["StateWritten Done", "StateWritten Done", "LockAcquired Done", "StateWritten Done"]
    );
    let last = world.audit().await.pop().unwrap();
    assert_eq!((last.serial_before, last.serial_after), (Some(4), Some(6)));
    assert_eq!(last.lock_id.as_deref(), Some(A));
}
