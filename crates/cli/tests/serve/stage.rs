//! A running server, an ordinary client of it, and presigned requests to write by hand.

use std::path::Path;
use std::time::Duration;

use futures::TryStreamExt;
use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use object_store::signer::Signer;
use object_store::{ObjectStore, ObjectStoreExt};
use statelock_testkit::server_process::{ServerProcess, wait_until};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::wire::Connection;

/// How long a presigned request is good for.
const SIGNED_FOR: Duration = Duration::from_mins(15);

/// A server and a client of its first bucket.
pub(crate) struct Stage {
    pub(crate) server: ServerProcess,
    client: AmazonS3,
    runtime: Runtime,
    _data: Option<TempDir>,
}

impl Stage {
    /// Starts a server with these flags on an empty data directory.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let data = TempDir::with_prefix("statelock-serve-").expect("a data directory");
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        let server = ServerProcess::start(binary, data.path(), flags);
        Self { _data: Some(data), ..Self::with(server) }
    }

    /// Takes a server that runs already.
    pub(crate) fn with(server: ServerProcess) -> Self {
        let (access_key, secret_key) = server.credentials();
        let client = client_of(&server.endpoint(), &access_key, &secret_key);
        let runtime = Runtime::new().expect("a runtime");
        Self { server, client, runtime, _data: None }
    }

    /// Stores an object.
    pub(crate) fn put(&self, key: &str, body: impl Into<object_store::PutPayload>) {
        let stored = self.runtime.block_on(self.client.put(&Key::from(key), body.into()));
        stored.expect("the object is stored");
    }

    /// Reads an object, if it is there.
    pub(crate) fn get(&self, key: &str) -> Result<Vec<u8>, object_store::Error> {
        let read = async {
            let found = self.client.get(&Key::from(key)).await?;
            found.bytes().await.map(|bytes| bytes.to_vec())
        };
        self.runtime.block_on(read)
    }

    /// All keys of the bucket.
    pub(crate) fn keys(&self) -> Vec<String> {
        let listing = self.client.list(None).map_ok(|object| object.location.to_string());
        self.runtime.block_on(listing.try_collect()).expect("the bucket can be listed")
    }

    /// Path and query of a request that needs no further signature; its body is not signed.
    pub(crate) fn presigned(&self, method: &str, key: &str) -> String {
        let method = method.parse().expect("a method");
        let key = Key::from(key);
        let signed = self.client.signed_url(method, &key, SIGNED_FOR);
        let url = self.runtime.block_on(signed).expect("a signed URL");
        format!("{}?{}", url.path(), url.query().expect("a signature"))
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.server.address()).expect("a connection")
    }

    /// The body of an answer to GET that must be 200.
    pub(crate) fn page(&self, path: &str) -> String {
        let mut connection = self.connect();
        connection.send_head("GET", path, "");
        let answer = connection.answer();
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.text()
    }

    /// Whether this line appears among the metrics within ten seconds.
    pub(crate) fn becomes(&self, line: &str) -> bool {
        let appeared = || self.page("/_statelock/metrics").lines().any(|found| found == line);
        wait_until(Duration::from_secs(10), || appeared().then_some(())).is_some()
    }

    /// The server's process id, as its data directory's lock file names it.
    pub(crate) fn pid(&self) -> u32 {
        let lock = self.server.credentials_file().with_file_name("lock");
        let text = std::fs::read_to_string(lock).expect("a lock file");
        text.trim().parse().expect("a process id")
    }
}

/// A client with a key, for the bucket `tfstate`.
pub(crate) fn client_of(endpoint: &str, access_key: &str, secret_key: &str) -> AmazonS3 {
    crate::bucket::open(endpoint, (access_key, secret_key))
}
