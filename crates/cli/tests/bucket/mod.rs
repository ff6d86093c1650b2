//! A store's bucket through a client that nobody here wrote: an independent look at what is stored.

use object_store::aws::{AmazonS3, AmazonS3Builder};

/// A client of the bucket `tfstate`; the key is access key and secret key.
pub(crate) fn open(
    endpoint: impl Into<String>,
    key: (impl Into<String>, impl Into<String>),
) -> AmazonS3 {
    AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_bucket_name("tfstate")
        .with_access_key_id(key.0)
        .with_secret_access_key(key.1)
        .build()
        .expect("a store client")
}
