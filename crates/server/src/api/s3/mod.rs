//! The S3 API: parse (the framework does), build one command, call the engine, render.
//!
//! The framework is s3s; what it leaves to its user stands here: checksums, conditions, limits. An
//! operation that is not overridden answers 501 `NotImplemented`.

mod bucket_settings;
mod buckets;
mod checksum_fields;
mod checksums;
mod conditions;
mod copying;
mod error;
mod listing;
mod metadata;
mod multipart;
mod objects;
mod parts;
mod reading;
mod service;
mod tagging;
mod upload_listing;
mod version_listing;

use s3s::{S3Request, S3Result};

pub(crate) use error::CONDITION_HEADER;
pub use service::{HostRule, S3Settings, build_service};

use crate::engine::{self, Connection, Engine, Protocol, Sender};
use crate::records::{BucketRecord, VersionId, VersionRecord};

/// The operations over an engine.
#[derive(Clone, Debug)]
struct S3Api {
    engine: Engine,
    /// The region that buckets get when their creator names none.
    region: String,
    /// Bounds how many bodies are received at a time, and so how much memory they take.
    intake: std::sync::Arc<tokio::sync::Semaphore>,
}

/// Who sent a request that the framework has verified.
fn sender<T>(request: &S3Request<T>) -> S3Result<Sender> {
    let connection = request.extensions.get::<Connection>().copied();
    let principal = request.credentials.as_ref().map(|key| key.access_key.as_str());
    match (connection, principal) {
        (Some(connection), Some(principal)) => {
            Ok(Sender::from_headers(Protocol::S3, principal, connection, &request.headers))
        }
        // Access is checked before, and the listener names every connection.
        (None, _) | (_, None) => Err(error::internal()),
    }
}

/// A version id from a query. What was never given out is refused like on S3.
fn version_id(text: Option<&str>) -> S3Result<Option<VersionId>> {
    let parse = |text: &str| {
        text.parse::<VersionId>().map_err(|_| {
            error::s3_error(s3s::S3ErrorCode::InvalidArgument, "Invalid version id specified")
        })
    };
    text.filter(|text| !text.is_empty()).map(parse).transpose()
}

/// The text of the version id to show with an object, if one is shown.
fn shown_version(key: &str, bucket: &BucketRecord, version: &VersionRecord) -> Option<String> {
    engine::shown_version(bucket, key, version).map(|id| id.to_string())
}
