//! A running server, a client that writes its requests by hand, and an S3 client as a second opinion.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::TryStreamExt;
use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use statelock_protocol::state::Digest;
use statelock_testkit::server_process::ServerProcess;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::wire::{Answer, Connection};

/// The state that most scenarios use.
pub(crate) const STATE: &str = "/_statelock/state/tfstate/app/terraform.tfstate";
/// Its key.
pub(crate) const KEY: &str = "app/terraform.tfstate";

/// A server with an empty bucket.
pub(crate) struct Stage {
    pub(crate) server: ServerProcess,
    pub(crate) scratch: TempDir,
    pub(crate) authorization: String,
    bucket: AmazonS3,
    runtime: Runtime,
}

impl Stage {
    /// Starts a server with these flags.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let scratch = TempDir::with_prefix("statelock-http-").expect("a scratch directory");
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        let server = ServerProcess::start(binary, &scratch.path().join("data"), flags);
        let (access_key, secret_key) = server.credentials();
        let authorization = basic(&access_key, &secret_key);
        let bucket = crate::bucket::open(server.endpoint(), (access_key, secret_key));
        let runtime = Runtime::new().expect("a runtime");
        Self { server, scratch, authorization, bucket, runtime }
    }

    /// A new connection.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.server.address()).expect("a connection")
    }

    /// One request on a connection of its own, with credentials and these header lines.
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> Answer {
        self.ask_on(&mut self.connect(), method, target, headers, body)
    }

    /// As [`Self::ask`], on a connection that there is already.
    pub(crate) fn ask_on(
        &self,
        connection: &mut Connection,
        method: &str,
        target: &str,
        headers: &str,
        body: &[u8],
    ) -> Answer {
        let length = body.len();
        let authorization = &self.authorization;
        let head = format!("{authorization}Content-Length: {length}\r\n{headers}");
        connection.send_head(method, target, &head);
        // A server may refuse and close before it has read everything; its answer counts.
        connection.send(body).ok();
        connection.answer()
    }

    /// The status of a request as terraform sends it: with `Content-MD5`.
    pub(crate) fn status(&self, method: &str, target: &str, body: &[u8]) -> u16 {
        self.ask(method, target, &content_md5(body), body).status
    }

    /// The state, if there is one.
    pub(crate) fn state(&self, target: &str) -> Option<Vec<u8>> {
        let answer = self.ask("GET", target, "", b"");
        match answer.status {
            200 => Some(answer.body),
            status => {
                assert_eq!(status, 404, "{}", answer.text());
                None
            }
        }
    }

    /// An object's bytes as an S3 client gets them.
    pub(crate) fn object(&self, key: &str) -> Option<Vec<u8>> {
        let path = Key::parse(key).expect("a key");
        self.runtime.block_on(async {
            let found = self.bucket.get(&path).await.ok()?;
            Some(found.bytes().await.expect("the object's body").to_vec())
        })
    }

    /// Writes an object by S3.
    pub(crate) fn put_object(&self, key: &str, body: &str) {
        let path = Key::parse(key).expect("a key");
        let put = self.bucket.put(&path, body.to_owned().into());
        self.runtime.block_on(put).expect("the object is written");
    }

    /// Creates an object by S3; whether there was none.
    pub(crate) fn create_object(&self, key: &str, body: &str) -> bool {
        let path = Key::parse(key).expect("a key");
        let put = self.bucket.put_opts(&path, body.to_owned().into(), PutMode::Create.into());
        match self.runtime.block_on(put) {
            Ok(_) => true,
            Err(error) => {
                assert!(
                    matches!(error, object_store::Error::AlreadyExists { .. }),
                    "cannot create {key}: {error}"
                );
                false
            }
        }
    }

    /// Deletes an object by S3.
    pub(crate) fn delete_object(&self, key: &str) {
        let path = Key::parse(key).expect("a key");
        self.runtime.block_on(self.bucket.delete(&path)).expect("the object is deleted");
    }

    /// How often this state was written, by the audit log.
    pub(crate) fn writes(&self, key: &str) -> usize {
        self.effects(key, "state_written")
    }

    /// How often the audit log says that this was done to a key.
    pub(crate) fn effects(&self, key: &str, action: &str) -> usize {
        let target = format!("/_statelock/admin/audit?bucket=tfstate&key={key}&limit=1000");
        let page = self.ask("GET", &target, "", b"");
        let page: serde_json::Value = serde_json::from_slice(&page.body).expect("the audit log");
        let records = page["records"].as_array().expect("records");
        records.iter().filter(|record| record["action"] == action).count()
    }

    /// All keys of the bucket.
    pub(crate) fn keys(&self) -> Vec<String> {
        let listing = self.bucket.list(None).map_ok(|object| object.location.to_string());
        self.runtime.block_on(listing.try_collect()).expect("the bucket can be listed")
    }

    /// Asserts that no lock is left.
    pub(crate) fn assert_no_lock(&self) {
        let keys = self.keys();
        let locks: Vec<_> = keys.iter().filter(|key| key.ends_with(".tflock")).collect();
        assert!(locks.is_empty(), "locks are left: {locks:?}\n{}", self.server.stderr());
    }
}

/// The header line of Basic authentication.
pub(crate) fn basic(username: &str, password: &str) -> String {
    let encoded = BASE64_STANDARD.encode(format!("{username}:{password}"));
    format!("Authorization: Basic {encoded}\r\n")
}

/// The header line that says what the body is.
pub(crate) fn content_md5(body: &[u8]) -> String {
    format!("Content-MD5: {}\r\n", md5_base64(body))
}

pub(crate) fn md5_base64(body: &[u8]) -> String {
    BASE64_STANDARD.encode(Digest::of(body).as_bytes())
}

/// A lock info as terraform 1.11 sends it.
pub(crate) fn lock_info(id: &str) -> String {
    format!(
        "{{\"ID\":\"{id}\",\"Operation\":\"OperationTypeApply\",\"Info\":\"\",\"Who\":\"me@ci\",\
         \"Version\":\"1.11.4\",\"Created\":\"2026-01-02T03:04:05.678Z\",\"Path\":\"\"}}"
    )
}

/// A small state.
pub(crate) fn state(serial: u64) -> String {
    format!(
        "{{\n  \"version\": 4,\n  \"terraform_version\": \"1.11.4\",\n  \"serial\": {serial},\n  \
         \"lineage\": \"11111111-2222-3333-4444-555555555555\",\n  \"outputs\": {{\n    \"n\": \
         {{\"value\": {serial}, \"type\": \"number\"}}\n  }},\n  \"resources\": [],\n  \
         \"check_results\": null\n}}\n"
    )
}

/// Asserts that the lock is refused and this lock info shown; its `Info` tells the place in line.
pub(crate) fn assert_held(answer: &Answer, holder: &str) {
    assert_eq!(answer.status, 423, "{}", answer.text());
    assert_eq!(answer.header("x-statelock-reason"), Some("held"));
    let fields = |text: &str| {
        let mut info: serde_json::Value = serde_json::from_str(text).expect("a lock info");
        info["Info"].take();
        info
    };
    assert_eq!(fields(&answer.text()), fields(holder));
}
