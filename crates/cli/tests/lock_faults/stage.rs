//! A store, a proxy in front that makes mistakes, and a way past it.
#![expect(clippy::panic, reason = "a store that cannot be looked at ends the test")]

use std::path::Path;
use std::time::Duration;

use statelock_client::protocol::lock::LockId;
use statelock_client::protocol::lock::steps::{LockMode, Looked};
use statelock_client::protocol::store::TableName;
use statelock_client::{BackendSettings, Claim, Secret, StateBackend, StaticCredentials};
use statelock_testkit::fault_proxy::FaultProxy;
use statelock_testkit::moto::Moto;
use statelock_testkit::server_process::ServerProcess;
use statelock_testkit::skip;
use tempfile::TempDir;

const BUCKET: &str = "tfstate";
const TABLE: &str = "terraform-locks";

/// One of the two servers.
pub(crate) enum Store {
    Statelock {
        server: ServerProcess,
        _data: TempDir,
    },
    /// The second proxy makes its conditional writes atomic.
    Moto {
        serialised: FaultProxy,
        _moto: Moto,
    },
}

/// The lock modes, all on one bucket and one table.
pub(crate) fn modes() -> [LockMode; 3] {
    let table = || TableName::new(TABLE);
    [LockMode::Lockfile, LockMode::LockTable(table()), LockMode::Dual(table())]
}

/// Both servers, or as many as this machine has.
pub(crate) fn stores(scenario: &str) -> Vec<Store> {
    let data = TempDir::with_prefix("statelock-faults-").expect("a directory");
    let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
    let server = ServerProcess::start(binary, &data.path().join("data"), &[]);
    let mut stores = vec![Store::Statelock { server, _data: data }];
    match Moto::start() {
        Ok(moto) => {
            moto.create_bucket(BUCKET);
            moto.create_lock_table(TABLE);
            stores.push(Store::Moto { serialised: moto.serialised(), _moto: moto });
        }
        Err(missing) => skip::skip(&format!("lock faults on moto: {scenario}"), &missing.0),
    }
    stores
}

impl Store {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Statelock { .. } => "statelock",
            Self::Moto { .. } => "moto",
        }
    }

    /// A proxy in front of it, to make mistakes.
    pub(crate) fn proxy(&self) -> FaultProxy {
        match self {
            Self::Statelock { server, .. } => FaultProxy::start(server.address()),
            Self::Moto { serialised, .. } => FaultProxy::start(serialised.address()),
        }
    }

    fn endpoint(&self) -> String {
        match self {
            Self::Statelock { server, .. } => server.endpoint(),
            Self::Moto { serialised, .. } => serialised.endpoint(),
        }
    }

    /// A client that reaches it directly.
    pub(crate) async fn client(&self, mode: &LockMode, key: &str) -> StateBackend {
        self.client_through(&self.endpoint(), mode, key).await
    }

    /// A client that reaches it through an endpoint.
    pub(crate) async fn client_through(
        &self,
        endpoint: &str,
        mode: &LockMode,
        key: &str,
    ) -> StateBackend {
        let (access_key, secret_key) = match self {
            Self::Statelock { server, .. } => server.credentials(),
            Self::Moto { .. } => ("test".to_owned(), "test".to_owned()),
        };
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
