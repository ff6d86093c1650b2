//! A refused body is kept: found by its id, once, bounded, through restarts and sweeps.

use std::sync::Arc;

use statelock_server::engine::{
    EngineError, GuardPolicy, ListingRequest, VersionListingRequest, WriteClaim,
};
use statelock_server::storage::Storage;
use statelock_server::storage::embedded::EmbeddedStorage;

use crate::harness::{BUCKET, World, refused, snapshot};

#[tokio::test]
async fn p7_a_refused_body_is_given_back_by_its_id_and_is_no_version() {
    let world = World::new().await;
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    let offered = snapshot(4, &"refused ".repeat(300_000));
    let refused = refused(world.put(1, &offered).await);
    let kept = world.kept().await;
    let [(id, body)] = kept.as_slice() else { panic!("{} bodies", kept.len()) };
    assert_eq!(*body, offered);
    assert!(refused.message.contains(&format!("--version-id {id} ")), "{}", refused.message);
    let page = ListingRequest {
        bucket: BUCKET.to_owned(),
        prefix: String::new(),
        delimiter: String::new(),
        after: None,
        limit: 10,
    };
    assert_eq!(world.engine.list(page.clone()).await.unwrap().items.len(), 1);
    let versions = VersionListingRequest { page, after_version: None };
    assert_eq!(world.engine.list_versions(versions).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn p7_the_same_bytes_are_kept_once_and_of_others_the_newest_hundred() {
    let world = World::new().await;
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    let again = snapshot(4, "again");
    let first = refused(world.put(1, &again).await);
    assert_eq!(first, refused(world.put(1, &again).await), "the same answer, naming the same id");
    for number in 0..103 {
        refused(world.put(1, &snapshot(1, &number.to_string())).await);
    }
    let kept: Vec<_> = world.kept().await.into_iter().map(|(_, body)| body).collect();
    let expected: Vec<_> = (3..103).rev().map(|n: u64| snapshot(1, &n.to_string())).collect();
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn p12_a_refused_body_outlives_sweeps_and_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let offered = snapshot(4, &"refused ".repeat(300_000));
    let storage: Arc<dyn Storage> = Arc::new(EmbeddedStorage::open(directory.path()).unwrap());
    let world = World::with(GuardPolicy::default(), Arc::clone(&storage)).await;
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    refused(world.put(1, &offered).await);
    world.advance(100 * 3600);
    world.engine.sweep().await.unwrap();
    storage.close().await.unwrap();
    drop((world, storage));
    let storage = Arc::new(EmbeddedStorage::open(directory.path()).unwrap());
    let world = World::reopened(storage);
    world.engine.sweep_at_start().await.unwrap();
    let kept = world.kept().await;
    assert_eq!(kept.iter().map(|(_, body)| body.as_str()).collect::<Vec<_>>(), [offered.as_str()]);
}

#[tokio::test]
async fn a_refused_body_can_be_removed_and_goes_with_its_bucket() {
    let world = World::new().await;
    let version = world.put(1, &snapshot(5, "stored")).await.unwrap().version;
    for output in ["one", "two"] {
        refused(world.put(1, &snapshot(4, output)).await);
    }
    let (id, _) = world.kept().await[0];
    world.delete(Some(id), WriteClaim::Unnamed).await.unwrap();
    assert_eq!(world.kept().await.len(), 1);
    assert_eq!(world.body(Some(id)).await, None);
    world.delete(version, WriteClaim::Unnamed).await.unwrap();
    let sender = crate::harness::s3(1);
    world.engine.delete_bucket(BUCKET.to_owned(), sender).await.unwrap();
    let made = statelock_server::records::Versioning::Enabled;
    world.engine.create_bucket(BUCKET.to_owned(), String::new(), made, None).await.unwrap();
    assert_eq!(world.kept().await, [], "a bucket of the same name has nothing of the old one");
}

#[tokio::test]
async fn p10_a_refusal_and_what_came_before_are_recorded() {
    let world = World::new().await;
    let stored = world.put(1, &snapshot(5, "stored")).await.unwrap();
    refused(world.put(1, &snapshot(4, "older")).await);
    world.delete(stored.version, WriteClaim::Unnamed).await.unwrap();
    world.put(1, "no state").await.unwrap();
    world.delete(None, WriteClaim::Unnamed).await.unwrap();
    let records = world.audit().await;
    assert_eq!(
        world.actions().await,
        [
            "StateWritten Done",
            "StateWriteRefused Refused",
            "VersionDeleted Done",
            "ObjectWritten Done",
            "ObjectDeleted Done",
        ]
    );
    let [written, refusal, removed, ..] = records.as_slice() else { panic!() };
    assert_eq!((written.serial_before, written.serial_after), (None, Some(5)));
    assert_eq!(written.version, stored.version.map(|id| id.to_string()));
    assert_eq!(written.lineage.as_deref(), Some("L"));
    assert_eq!((refusal.serial_before, refusal.serial_after), (Some(5), Some(4)));
    assert_eq!(refusal.version, Some(world.kept().await[0].0.to_string()));
    assert!(refusal.reason.as_ref().unwrap().contains("serial 5"), "{refusal:?}");
    assert_eq!((removed.serial_before, removed.serial_after), (Some(5), None));
}

#[tokio::test]
async fn a_refused_body_of_nothing_known_is_not_found() {
    let world = World::new().await;
    world.put(1, &snapshot(5, "stored")).await.unwrap();
    let unknown = statelock_server::records::VersionId::Id { sequence: 1, nonce: 2 };
    let (bucket, key) = (BUCKET.to_owned(), crate::harness::KEY.to_owned());
    let answer = world.engine.quarantined_body(bucket, key, unknown).await;
    assert!(matches!(answer, Err(EngineError::NoSuchVersion)), "{answer:?}");
}
