//! What every scenario stands on: a server, terraform, and an independent look into the bucket.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::TryStreamExt;
use object_store::aws::AmazonS3;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use statelock_testkit::real_clients::terraform::{Output, Terraform, TerraformProject};
use statelock_testkit::server_process::ServerProcess;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The bucket that the first start makes.
pub(crate) const BUCKET: &str = "tfstate";

/// Scenarios that load both cores or depend on timing take turns.
pub(crate) fn heavy() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running server with an empty bucket.
pub(crate) struct Stage {
    pub(crate) server: ServerProcess,
    pub(crate) terraform: Terraform,
    /// Scratch files of the scenario, beside the server's data.
    pub(crate) scratch: TempDir,
    runtime: Runtime,
    bucket: AmazonS3,
}

impl Stage {
    /// Starts a server, or records that `scenario` is skipped because there is no terraform.
    pub(crate) fn new(scenario: &str) -> Option<Self> {
        let terraform = Terraform::find(&format!("terraform: {scenario}"))?;
        let scratch = TempDir::with_prefix("statelock-stage-").expect("a scratch directory");
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        let server = ServerProcess::start(binary, &scratch.path().join("data"), &[]);
        let (access_key, secret_key) = server.credentials();
        let bucket = crate::bucket::open(server.endpoint(), (access_key, secret_key));
        let runtime = Runtime::new().expect("a runtime");
        Some(Self { server, terraform, scratch, runtime, bucket })
    }

    /// A project on this server.
    pub(crate) fn project(&self, key: &str, config: &str) -> TerraformProject {
        let env = self.server.client_env();
        TerraformProject::new(&self.terraform, &env, BUCKET, key, config)
    }

    /// A project that reaches this server through `endpoint`.
    pub(crate) fn project_through(
        &self,
        endpoint: &str,
        key: &str,
        config: &str,
    ) -> TerraformProject {
        let env = self.server.client_env_through(endpoint);
        TerraformProject::new(&self.terraform, &env, BUCKET, key, config)
    }

    /// An object's bytes, if it exists.
    pub(crate) fn object(&self, key: &str) -> Option<Vec<u8>> {
        let path = object_store::path::Path::parse(key).expect("a key");
        self.runtime.block_on(async {
            match self.bucket.get(&path).await {
                Ok(found) => Some(found.bytes().await.expect("the object's body").to_vec()),
                Err(object_store::Error::NotFound { .. }) => None,
                Err(error) => {
                    let nothing: Option<Vec<u8>> = None;
                    assert!(nothing.is_some(), "cannot read {key}: {error}");
                    nothing
                }
            }
        })
    }

    /// An object's entity tag.
    pub(crate) fn etag(&self, key: &str) -> String {
        let path = object_store::path::Path::parse(key).expect("a key");
        let meta = self.runtime.block_on(self.bucket.head(&path)).expect("the object exists");
        meta.e_tag.expect("an entity tag")
    }

    /// Creates an object that must not exist yet.
    pub(crate) fn create(&self, key: &str, body: &str) {
        let path = object_store::path::Path::parse(key).expect("a key");
        let put = self.bucket.put_opts(&path, body.to_owned().into(), PutMode::Create.into());
        self.runtime.block_on(put).expect("the object is created");
    }

    /// Deletes an object.
    pub(crate) fn delete(&self, key: &str) {
        let path = object_store::path::Path::parse(key).expect("a key");
        self.runtime.block_on(self.bucket.delete(&path)).expect("the object is deleted");
    }

    /// All keys of the bucket.
    pub(crate) fn keys(&self) -> Vec<String> {
        let listing = self.bucket.list(None).map_ok(|object| object.location.to_string());
        self.runtime.block_on(listing.try_collect()).expect("the bucket can be listed")
    }

    /// Asserts that no lock is left anywhere in the bucket.
    pub(crate) fn assert_no_lock(&self) {
        let keys = self.keys();
        let locks: Vec<_> = keys.iter().filter(|key| key.ends_with(".tflock")).collect();
        assert!(locks.is_empty(), "locks are left: {locks:?}\n{}", self.server.stderr());
    }

    /// The stored state as JSON.
    pub(crate) fn state(&self, key: &str) -> serde_json::Value {
        let bytes = self.object(key).expect("a state is stored");
        serde_json::from_slice(&bytes).expect("the state is JSON")
    }

    /// The stored state's serial.
    pub(crate) fn serial(&self, key: &str) -> u64 {
        self.state(key)["serial"].as_u64().expect("the state has a serial")
    }

    /// The ID in the stored lock, which must exist.
    pub(crate) fn lock_id(&self, key: &str) -> String {
        let bytes = self.object(&format!("{key}.tflock")).expect("the lock is held");
        let info: serde_json::Value = serde_json::from_slice(&bytes).expect("lock info");
        info["ID"].as_str().expect("a lock ID").to_owned()
    }
}

/// How many resource instances the state holds.
pub(crate) fn instances(state: &serde_json::Value) -> usize {
    let resources = state["resources"].as_array().expect("the state lists resources");
    resources.iter().filter_map(|resource| resource["instances"].as_array()).map(Vec::len).sum()
}

/// The exit code of a command that ended by itself.
pub(crate) fn code(output: &Output) -> Option<i32> {
    output.status.and_then(|status| status.code())
}
