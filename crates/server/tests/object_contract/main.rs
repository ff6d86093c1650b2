//! The object-store contract, held by the server's engine over each storage engine.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests are test code, which clippy does not see outside of test functions"
)]

mod under_test;

use std::sync::Arc;

use statelock_protocol::store::BucketName;
use statelock_server::storage::Storage;
use statelock_server::storage::embedded::EmbeddedStorage;
use statelock_server::storage::memory::MemoryStorage;
use statelock_testkit::contract::{
    ObjectStoreUnderTest, race_for_one_key, race_for_one_version, run_all,
};

use crate::under_test::{BUCKET, EngineUnderTest, Versions};

fn holds_the_contract(open: impl Fn() -> Arc<dyn Storage>, versions: Versions) {
    let mut make =
        || -> Box<dyn ObjectStoreUnderTest> { Box::new(EngineUnderTest::new(open(), versions)) };
    if let Err(failed) = run_all(&mut make) {
        panic!("{failed}");
    }
}

fn decides_races(storage: Arc<dyn Storage>) {
    let store = EngineUnderTest::new(storage, Versions::Kept);
    let bucket = BucketName::new(BUCKET);
    let caller = |_: usize| {
        let store = store.clone();
        move |request| store.ask(request)
    };
    race_for_one_key(&bucket, 16, 50, caller).unwrap();
    race_for_one_version(&bucket, 16, 50, caller).unwrap();
}

fn memory() -> Arc<dyn Storage> {
    Arc::new(MemoryStorage::new())
}

#[test]
fn the_memory_engine_holds_the_contract() {
    holds_the_contract(memory, Versions::Kept);
    holds_the_contract(memory, Versions::None);
}

#[test]
fn p1_the_memory_engine_has_one_winner_of_each_race() {
    decides_races(memory());
}

#[test]
fn the_embedded_engine_holds_the_contract() {
    let directory = tempfile::tempdir().unwrap();
    let open = |name: &str| -> Arc<dyn Storage> {
        let path = tempfile::tempdir_in(directory.path()).unwrap().keep().join(name);
        Arc::new(EmbeddedStorage::open(&path).unwrap())
    };
    holds_the_contract(|| open("versioned"), Versions::Kept);
    holds_the_contract(|| open("unversioned"), Versions::None);
}

#[test]
fn p1_the_embedded_engine_has_one_winner_of_each_race() {
    let directory = tempfile::tempdir().unwrap();
    decides_races(Arc::new(EmbeddedStorage::open(directory.path()).unwrap()));
}
