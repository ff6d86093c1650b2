//! A look at locks and states past terraform, through each of the three protocols.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::TryStreamExt;
use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::{Value, json};
use statelock_testkit::real_clients::terraform::{LOCK_TABLE, http_address};
use statelock_testkit::server_process::{ServerProcess, wait_until};
use tokio::runtime::Runtime;
use ureq::http::Request;

/// The bucket that the first start makes.
pub(crate) const BUCKET: &str = "tfstate";
/// What is left of a lock of two halves is gone some seconds after the first was given back.
const RELEASE_BOUND: Duration = Duration::from_secs(20);

/// Clients of the three protocols.
pub(crate) struct Look {
    runtime: Runtime,
    bucket: AmazonS3,
    agent: ureq::Agent,
    endpoint: String,
    key: (String, String),
}

impl Look {
    pub(crate) fn at(server: &ServerProcess) -> Self {
        let key = server.credentials();
        let bucket = crate::bucket::open(server.endpoint(), (&key.0, &key.1));
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .proxy(None);
        let agent = config.build().new_agent();
        let runtime = Runtime::new().expect("a runtime");
        Self { runtime, bucket, agent, endpoint: server.endpoint(), key }
    }

    /// All keys of the bucket.
    pub(crate) fn keys(&self) -> Vec<String> {
        let listing = self.bucket.list(None).map_ok(|object| object.location.to_string());
        self.runtime.block_on(listing.try_collect()).expect("the bucket can be listed")
    }

    /// An object's bytes, if it exists.
    pub(crate) fn object(&self, key: &str) -> Option<Vec<u8>> {
        let path = Key::parse(key).expect("a key");
        self.runtime.block_on(async {
            match self.bucket.get(&path).await {
                Ok(found) => Some(found.bytes().await.expect("the object's body").to_vec()),
                Err(error) => {
                    let absent = matches!(error, object_store::Error::NotFound { .. });
                    assert!(absent, "cannot read {key}: {error}");
                    None
                }
            }
        })
    }

    /// Writes an object without a condition; what the server says against it.
    pub(crate) fn write(&self, key: &str, body: &'static [u8]) -> Result<(), String> {
        let path = Key::parse(key).expect("a key");
        let written = self.runtime.block_on(self.bucket.put(&path, body.into()));
        written.map(drop).map_err(|error| error.to_string())
    }

    /// The lock infos that a scan of the lock table shows, by the `LockID` of their items.
    pub(crate) fn scan(&self) -> Vec<(String, Value)> {
        let found = self.dynamodb("Scan", &json!({ "TableName": LOCK_TABLE }));
        let items = found["Items"].as_array().expect("items").iter();
        let lock = |item: &Value| {
            let info = serde_json::from_str(item["Info"]["S"].as_str()?).expect("a lock info");
            Some((item["LockID"]["S"].as_str()?.to_owned(), info))
        };
        items.filter_map(lock).collect()
    }

    /// The digest that the lock table shows for a state.
    pub(crate) fn digest(&self, key: &str) -> Option<String> {
        let id = json!({ "LockID": { "S": format!("{BUCKET}/{key}-md5") } });
        let found = self.dynamodb("GetItem", &json!({ "TableName": LOCK_TABLE, "Key": id }));
        found["Item"]["Digest"]["S"].as_str().map(str::to_owned)
    }

    /// Takes the lock over HTTP; the answer's status.
    pub(crate) fn lock(&self, key: &str, id: &str) -> u16 {
        self.http("LOCK", key, &lock_info(id))
    }

    /// Gives the lock back over HTTP; the answer's status.
    pub(crate) fn unlock(&self, key: &str, id: &str) -> u16 {
        self.http("UNLOCK", key, &lock_info(id))
    }

    /// The ID of the lock, which must be held and be the same in the bucket and in the lock table.
    pub(crate) fn lock_id(&self, key: &str) -> String {
        let lockfile = self.object(&format!("{key}.tflock")).expect("the lockfile is shown");
        let lockfile: Value = serde_json::from_slice(&lockfile).expect("a lock info");
        let id = lockfile["ID"].as_str().expect("a lock ID").to_owned();
        let name = format!("{BUCKET}/{key}");
        let items: Vec<_> = self.scan().into_iter().filter(|(item, _)| *item == name).collect();
        assert_eq!(items.len(), 1, "one lock is in the lock table: {items:?}");
        assert_eq!(items[0].1["ID"], id.as_str(), "the lock table shows the same lock");
        id
    }

    /// Asserts that the lock is free in each protocol. What is left of a half may take its time.
    pub(crate) fn assert_free(&self, key: &str) {
        let lockfile = format!("{key}.tflock");
        let name = format!("{BUCKET}/{key}");
        let is_free = || {
            let is_held = self.keys().contains(&lockfile)
                || self.object(&lockfile).is_some()
                || self.scan().iter().any(|(item, _)| *item == name);
            (!is_held).then_some(())
        };
        let freed = wait_until(RELEASE_BOUND, is_free);
        assert!(freed.is_some(), "{key} is still locked: {:?}, {:?}", self.keys(), self.scan());
        assert_eq!(self.lock(key, "looks-whether-it-is-free"), 200, "LOCK of {key}");
        assert_eq!(self.unlock(key, "looks-whether-it-is-free"), 200, "UNLOCK of {key}");
    }

    fn http(&self, method: &str, key: &str, body: &str) -> u16 {
        let (user, password) = &self.key;
        let credentials = BASE64_STANDARD.encode(format!("{user}:{password}"));
        let request = Request::builder()
            .method(method)
            .uri(http_address(&self.endpoint, BUCKET, key))
            .header("authorization", format!("Basic {credentials}"))
            .header("content-type", "application/json")
            .body(body.to_owned())
            .expect("a request");
        // The server knows an HTTP client's late request by its connection: each of ours has its own.
        let agent = ureq::Agent::from(self.agent.config().clone());
        agent.run(request).expect("an answer").status().as_u16()
    }

    fn dynamodb(&self, operation: &str, body: &Value) -> Value {
        let body = body.to_string();
        let mut request = Request::builder()
            .method("POST")
            .uri(format!("{}/", self.endpoint))
            .header("host", self.endpoint.trim_start_matches("http://"))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .body(body.clone())
            .expect("a request");
        self.sign(&mut request);
        let mut answer = self.agent.run(request).expect("an answer");
        let text = answer.body_mut().read_to_string().expect("the answer's body");
        assert_eq!(answer.status(), 200, "{operation} {body}: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    #[expect(clippy::disallowed_methods, reason = "a signature says when it was made")]
    fn sign(&self, request: &mut Request<String>) {
        let (id, secret) = self.key.clone();
        let identity = Credentials::new(id, secret, None, None, "test").into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("dynamodb")
            .time(std::time::SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .expect("all that a signature needs");
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().expect("text")));
        let body = SignableBody::Bytes(request.body().as_bytes());
        let uri = request.uri().to_string();
        let signable = SignableRequest::new("POST", &uri, headers, body).expect("a request");
        let signed = sign(signable, &params.into()).expect("a signature");
        signed.into_parts().0.apply_to_request_http1x(request);
    }
}

/// A lock info as terraform 1.11 sends it over HTTP.
pub(crate) fn lock_info(id: &str) -> String {
    format!(
        "{{\"ID\":\"{id}\",\"Operation\":\"OperationTypeApply\",\"Info\":\"\",\"Who\":\"me@ci\",\
         \"Version\":\"1.11.4\",\"Created\":\"2026-01-02T03:04:05.678Z\",\"Path\":\"\"}}"
    )
}
