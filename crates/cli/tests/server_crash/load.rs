//! Writers that work until the server is killed under them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ObjectStore, ObjectStoreExt, PutMode, RetryConfig};
use statelock_testkit::server_process::ServerProcess;

use crate::ledger::{Ledger, Operation};

/// Acknowledged writes of all writers together.
pub(crate) struct Progress(AtomicUsize);

impl Progress {
    pub(crate) fn new(acknowledged: usize) -> Self {
        Self(AtomicUsize::new(acknowledged))
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A client that never retries: each request has one outcome, or was cut off.
pub(crate) fn client(server: &ServerProcess) -> AmazonS3 {
    let (access_key, secret_key) = server.credentials();
    let retry = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    AmazonS3Builder::new()
        .with_endpoint(server.endpoint())
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_bucket_name("tfstate")
        .with_access_key_id(access_key)
        .with_secret_access_key(secret_key)
        .with_retry(retry)
        .build()
        .expect("a store client")
}

/// Works through the writer's operations until one fails, which only a kill may cause.
pub(crate) async fn write_until_cut_off(
    store: AmazonS3,
    mut ledger: Ledger,
    progress: Arc<Progress>,
    killed: Arc<AtomicBool>,
) -> Ledger {
    loop {
        let operation = ledger.next_operation();
        match perform(&store, &operation).await {
            Ok(etag) => {
                ledger.acknowledge(&operation, etag);
                progress.0.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => {
                assert!(killed.load(Ordering::SeqCst), "{operation:?} before the kill: {error}");
                ledger.cut_off(&operation);
                return ledger;
            }
        }
    }
}

async fn perform(
    store: &AmazonS3,
    operation: &Operation,
) -> Result<Option<String>, object_store::Error> {
    let path = operation.key().into();
    match operation {
        Operation::Put { body, .. } => {
            store.put(&path, body.bytes().into()).await.map(|put| put.e_tag)
        }
        Operation::Create { body, .. } => {
            let created = store.put_opts(&path, body.bytes().into(), PutMode::Create.into());
            created.await.map(|put| put.e_tag)
        }
        Operation::Delete { .. } => store.delete(&path).await.map(|()| None),
    }
}
