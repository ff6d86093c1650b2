//! Listings through the library: the workspaces of a backend, and futures that are dropped.

use std::time::Duration;

use statelock_client::listing::{Listing, ListingQuery, ListingScope};
use statelock_client::protocol::state::{StateKey, WorkspaceKeyPrefix};
use statelock_client::protocol::store::BucketName;
use statelock_client::{Connection, ObjectSettings, Secret, StaticCredentials, StoreSettings};
use statelock_testkit::fake_store::{FakeStore, Holdings};

const LOCK: &[u8] = br#"{"ID":"one","Operation":"","Info":"","Who":"u@h","Version":"1","Created":"2026-01-01T00:00:00Z","Path":""}"#;

fn store(keys: impl IntoIterator<Item = String>) -> FakeStore {
    let body = |key: &str| if key.ends_with(".tflock") { LOCK.to_vec() } else { Vec::new() };
    let objects = keys.into_iter().map(|key| (key.clone(), body(&key))).collect();
    FakeStore::start(Holdings { objects, ..Holdings::default() }, |_| None)
}

async fn connection(store: &FakeStore) -> Connection {
    let env = store.client_env();
    let endpoint = env.iter().find(|(name, _)| name == "AWS_ENDPOINT_URL").expect("an endpoint");
    let credentials = StaticCredentials {
        access_key: "test".into(),
        secret_key: Secret::new("test"),
        token: None,
    };
    let settings = StoreSettings {
        region: Some("us-east-1".into()),
        endpoint_url: Some(endpoint.1.clone()),
        static_credentials: Some(credentials),
        ..StoreSettings::default()
    };
    Connection::open(&settings, &ObjectSettings::default()).await.expect("a connection")
}

#[tokio::test]
async fn the_workspaces_of_a_backend_are_listed_and_no_other_state() {
    let store = store(
        [
            "app/x.tfstate",
            "app/x.tfstate.tflock",
            "app/x.tfstate2",
            "env:/dev/app/x.tfstate",
            "env:/dev/app/y.tfstate",
            "env:/dev/deep/app/x.tfstate",
            "env:/new/app/x.tfstate.tflock",
            "zzz.tfstate",
        ]
        .map(str::to_owned),
    );
    let mut query = ListingQuery::prefix(BucketName::new("b"), "");
    query.scope = ListingScope::Workspaces {
        key: StateKey::parse("app/x.tfstate").expect("a key"),
        prefix: WorkspaceKeyPrefix::default(),
    };
    let mut listing = Listing::new(Box::pin(connection(&store)).await, query);
    let mut lines = Vec::new();
    while let Some(state) = listing.next().await.expect("a whole listing") {
        lines.push((state.key.to_string(), state.object.is_some(), state.is_locked()));
    }
    let line = |key: &str, exists, locked| (key.to_owned(), exists, locked);
    assert_eq!(
        lines,
        [
            line("app/x.tfstate", true, true),
            line("env:/dev/app/x.tfstate", true, false),
            line("env:/new/app/x.tfstate", false, true),
        ]
    );
    let prefixes: Vec<_> = store
        .asked()
        .into_iter()
        .filter(|asked| asked.operation == "ListObjectsV2")
        .map(|asked| asked.key)
        .collect();
    assert_eq!(prefixes, ["app/x.tfstate", "app/x.tfstate.tflock", "env:/"]);
}

#[tokio::test]
async fn nothing_is_lost_or_told_twice_when_futures_are_dropped() {
    let key = |number: usize| format!("{number:04}.tfstate");
    let keys = (0..2500).map(key);
    let locks = (0..2500).filter(|number| number % 50 == 0).map(|n| key(n) + ".tflock");
    let store = store(keys.chain(locks));
    let query = ListingQuery::prefix(BucketName::new("b"), "");
    let mut listing = Listing::new(Box::pin(connection(&store)).await, query);
    let (mut lines, mut dropped) = (Vec::new(), 0);
    loop {
        match tokio::time::timeout(Duration::from_micros(200), listing.next()).await {
            Ok(next) => match next.expect("a whole listing") {
                Some(state) => lines.push((state.key.to_string(), state.is_locked())),
                None => break,
            },
            Err(_) => dropped += 1,
        }
    }
    let expected: Vec<_> = (0..2500).map(|number| (key(number), number % 50 == 0)).collect();
    assert!(lines == expected && dropped > 0, "{} lines, {dropped} dropped", lines.len());
    assert!(listing.next().await.expect("still whole").is_none(), "the end stays the end");
    assert_eq!((listing.progress().pages, listing.progress().objects), (3, 2550));
}
