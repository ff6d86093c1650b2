//! P7: within a lineage the serial grows, and a state gives way to states only.

use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::Precondition;
use statelock_server::engine::{PutRequest, RefusedWriteKind, Sender, WriteClaim};
use statelock_server::records::{BodyKind, Headers};

use crate::harness::{BUCKET, KEY, World, refused, s3, snapshot, snapshot_of};

#[tokio::test]
async fn p7_a_serial_that_does_not_grow_replaces_nothing() {
    let world = World::new().await;
    let stored = snapshot(5, "stored");
    world.put(1, &stored).await.unwrap();
    for offered in [snapshot(4, "older"), snapshot(5, "other"), snapshot_of("M", 9, "foreign")] {
        let refused = refused(world.put(2, &offered).await);
        assert_eq!(refused.kind, RefusedWriteKind::Conflict);
        assert_eq!(world.stored().await.as_ref(), Some(&stored));
    }
    world.put(2, &snapshot(6, "newer")).await.unwrap();
    assert_eq!(world.stored().await, Some(snapshot(6, "newer")));
}

#[tokio::test]
async fn p7_a_state_gives_way_to_no_empty_damaged_or_foreign_bytes() {
    let world = World::new().await;
    let stored = snapshot(5, "stored");
    world.put(1, &stored).await.unwrap();
    for offered in ["", "text", &stored[..stored.len() - 9], r#"{"version":9,"serial":7}"#] {
        refused(world.put(1, offered).await);
        assert_eq!(world.stored().await.as_ref(), Some(&stored), "{offered}");
    }
}

#[tokio::test]
async fn what_is_no_state_is_not_guarded() {
    let world = World::new().await;
    for body in ["text", "", "other text", &snapshot(3, "a")] {
        world.put(1, body).await.unwrap();
        assert_eq!(world.stored().await.as_deref(), Some(body));
    }
}

#[tokio::test]
async fn p7_a_deleted_state_is_no_state_any_more() {
    let world = World::new().await;
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    world.delete(None, WriteClaim::Unnamed).await.unwrap();
    world.put(1, &snapshot_of("M", 1, "new")).await.unwrap();
    assert_eq!(world.stored().await, Some(snapshot_of("M", 1, "new")));
}

#[tokio::test]
async fn p7_large_states_are_judged_by_what_comes_first_in_them_and_read_to_their_end() {
    let world = World::new().await;
    let large = |serial| snapshot(serial, &"x".repeat(3_500_000));
    world.put(1, &large(5)).await.unwrap();
    refused(world.put(1, &large(4)).await);
    let six = large(6);
    refused(world.put(1, &six[..six.len() - 1]).await);
    world.put(1, &six).await.unwrap();
    let found = world.engine.find(BUCKET.to_owned(), KEY.to_owned(), None, false).await.unwrap();
    let facts = found.0.content.unwrap().facts.unwrap();
    assert!(matches!(facts.kind, BodyKind::State(state) if state.serial == 6));
    let kept: Vec<_> = world.kept().await.into_iter().map(|(_, body)| body.len()).collect();
    assert_eq!(kept, [six.len() - 1, large(4).len()]);
}

#[tokio::test]
async fn p9_the_same_call_with_the_same_state_is_one_write() {
    let world = World::new().await;
    let call = |id: &str| {
        let mut sender = s3(1);
        sender.invocation = Some(id.to_owned());
        sender
    };
    let state = snapshot(5, "a");
    let first = world.put_as(call("one"), WriteClaim::Unnamed, &state).await.unwrap();
    let again = world.put_as(call("one"), WriteClaim::Unnamed, &state).await.unwrap();
    assert_eq!(first, again, "the second delivery is answered like the first");
    let other = world.put_as(call("two"), WriteClaim::Unnamed, &state).await.unwrap();
    assert_ne!(first.version, other.version, "another call with the same bytes is another write");
    // Who sends no id says nothing about calls: each is one.
    let unnamed = world.put(1, &state).await.unwrap();
    assert_ne!(unnamed.version, world.put(1, &state).await.unwrap().version);
    assert_eq!(world.actions().await, ["StateWritten Done"; 4]);
}

#[tokio::test]
async fn p9_a_late_duplicate_of_a_state_write_does_not_undo_what_came_after() {
    let world = World::new().await;
    let mut sender = s3(1);
    sender.invocation = Some("one".to_owned());
    let first = snapshot(5, "a");
    world.put_as(sender.clone(), WriteClaim::Unnamed, &first).await.unwrap();
    world.put(2, &snapshot(6, "b")).await.unwrap();
    refused(world.put_as(sender, WriteClaim::Unnamed, &first).await);
    assert_eq!(world.stored().await, Some(snapshot(6, "b")));
}

#[tokio::test]
async fn a_condition_that_fails_is_answered_before_the_guard() {
    let world = World::new().await;
    world.put(1, &snapshot(5, "a")).await.unwrap();
    let request = PutRequest {
        bucket: BUCKET.to_owned(),
        key: KEY.to_owned(),
        precondition: Precondition::IfAbsent,
        headers: Headers::default(),
        tags: Vec::new(),
        checksum: None,
        claim: WriteClaim::Unnamed,
        sender: s3(1),
    };
    let staged = world.stage(snapshot(4, "b").as_bytes()).await;
    let answer = world.engine.put(request, staged).await;
    assert!(
        matches!(
            answer,
            Err(statelock_server::engine::EngineError::PreconditionFailed("If-None-Match"))
        ),
        "{answer:?}"
    );
    assert_eq!(world.kept().await, []);
}

/// By a client that gave up on it, or that a network delivers a second time.
#[tokio::test]
async fn p9_a_late_duplicate_of_a_state_write_does_not_bring_a_deleted_state_back() {
    let world = World::new().await;
    let call = |id: &str| Sender { invocation: Some(id.to_owned()), ..s3(1) };
    let put = |id: &str, body: String| {
        let (world, sender) = (&world, call(id));
        async move { world.put_as(sender, WriteClaim::Unnamed, &body).await }
    };
    world.lock(1, "mine", Facet::Lockfile).await;
    let first = put("one", snapshot(5, "a")).await.unwrap();
    let second = put("two", snapshot(6, "b")).await.unwrap();
    world.unlock(1, Some("mine"), Facet::Lockfile).await;
    world.delete(None, WriteClaim::Unnamed).await.unwrap();
    let recorded = world.actions().await;
    // The newest and an older one: each has had its effect, and is answered like then.
    for next_holder in [false, true] {
        if next_holder {
            world.lock(2, "next", Facet::Lockfile).await;
        }
        assert_eq!(put("two", snapshot(6, "b")).await.unwrap(), second);
        assert_eq!(put("one", snapshot(5, "a")).await.unwrap(), first);
        assert_eq!(world.stored().await, None);
    }
    assert_eq!(world.actions().await.len(), recorded.len() + 1, "the next lock alone");
    world.unlock(2, Some("next"), Facet::Lockfile).await;
    // An empty state gives way to any lineage, and not to a write that was done before it.
    let empty = r#"{"version":4,"serial":1,"lineage":"M","outputs":{},"resources":[]}"#;
    world.put(2, empty).await.unwrap();
    assert_eq!(put("two", snapshot(6, "b")).await.unwrap(), second);
    assert_eq!(world.stored().await.as_deref(), Some(empty));
    // Another call is another write, and so are other bytes.
    world.delete(None, WriteClaim::Unnamed).await.unwrap();
    put("one", snapshot(5, "other")).await.unwrap();
    world.delete(None, WriteClaim::Unnamed).await.unwrap();
    put("three", snapshot(5, "a")).await.unwrap();
    assert_eq!(world.stored().await, Some(snapshot(5, "a")));
}

#[tokio::test]
async fn p9_the_call_of_another_access_key_is_another_call() {
    let world = World::new().await;
    let call = |principal: &str| Sender {
        invocation: Some("one".to_owned()),
        principal: principal.to_owned(),
        ..s3(1)
    };
    let body = snapshot(5, "a");
    let first = world.put_as(call("root"), WriteClaim::Unnamed, &body).await.unwrap();
    let other = world.put_as(call("other"), WriteClaim::Unnamed, &body).await.unwrap();
    assert_ne!(first.version, other.version);
    assert_eq!(world.audit().await.last().unwrap().principal.as_deref(), Some("other"));
}
