//! A store, a proxy in front that makes mistakes, and a way past it.
#![expect(clippy::panic, reason = "a store that cannot be looked at ends the test")]

use std::path::Path;
use std::time::Duration;

use statelock_client::protocol::lock::LockId;
use statelock_client::protocol::lock::steps::{LockMode, Looked};
use statelock_client::protocol::store::TableName;
use statelock_client::{BackendSettings, Claim, Secret, StateBackend, StaticCredentials};
use statelock_testkit::fault_proxy::FaultProxy;
use statelock_testkit::real_clients::terraform::LOCK_TABLE;
use statelock_testkit::store_server::{BUCKET, StoreServer};

/// One of the two servers.
pub(crate) struct Store(StoreServer);

/// The lock modes, all on one bucket and one table.
pub(crate) fn modes() -> [LockMode; 3] {
    let table = || TableName::new(LOCK_TABLE);
    [LockMode::Lockfile, LockMode::LockTable(table()), LockMode::Dual(table())]
}

/// Both servers, or as many as this machine has.
pub(crate) fn stores(scenario: &str) -> Vec<Store> {
    let ours = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    let moto = StoreServer::moto(&format!("lock faults on moto: {scenario}"));
    [Some(ours), moto].into_iter().flatten().map(Store).collect()
}

impl Store {
    pub(crate) fn name(&self) -> &'static str {
        self.0.name()
    }

    /// A proxy in front of it, to make mistakes.
    pub(crate) fn proxy(&self) -> FaultProxy {
        self.0.proxy()
    }

    /// A client that reaches it directly.
    pub(crate) async fn client(&self, mode: &LockMode, key: &str) -> StateBackend {
        self.client_through(&self.0.endpoint(), mode, key).await
    }

    /// A client that reaches it through an endpoint.
    pub(crate) async fn client_through(
        &self,
        endpoint: &str,
        mode: &LockMode,
        key: &str,
    ) -> StateBackend {
        let (access_key, secret_key) = self.0.credentials();
        let mut settings = BackendSettings::lockfile(BUCKET, key).expect("a key");
        settings.mode = mode.clone();
        settings.stores.region = Some("us-east-1".to_owned());
        settings.stores.endpoint_url = Some(endpoint.to_owned());
        settings.stores.attempt_timeout = Some(Duration::from_secs(2));
        let secret_key = Secret::new(secret_key);
        settings.stores.static_credentials =
            Some(StaticCredentials { access_key, secret_key, token: None });
        StateBackend::connect(settings).await.expect("settings are complete")
    }

    /// The lock IDs that are stored, in each place of the mode.
    pub(crate) async fn stored(&self, mode: &LockMode, key: &str) -> Vec<Option<LockId>> {
        let (seen, trouble) = self.client(mode, key).await.inspect().await;
        let id = |looked: &Looked| match looked {
            Looked::Absent => None,
            Looked::Found(lock) => lock.id(),
            Looked::Refused(_) | Looked::Unknown => panic!("cannot look: {trouble:?}"),
        };
        seen.places.iter().map(|(_, looked)| id(looked)).collect()
    }
}

/// What tests write into locks.
pub(crate) fn claim() -> Claim {
    Claim {
        operation: "test".to_owned(),
        who: "me@here".to_owned(),
        version: "0".to_owned(),
        ..Claim::default()
    }
}
