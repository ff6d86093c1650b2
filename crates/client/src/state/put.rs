//! A write in one request.

use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use statelock_protocol::store::ETag;

use super::StateObject;
use super::error::{SourceError, WriteError};
use super::source::StateSource;
use super::write::{Expected, Written};
use crate::connection::headers;
use crate::transport::failure::{Failed, failed};

/// Why one attempt at a write did not do it.
pub(super) enum SendError {
    /// What the store said, or did not say.
    Failed(Failed),
    /// The bytes could not be had.
    Source(SourceError),
    /// There is a reason not to send.
    Stopped(Box<WriteError>),
}

impl From<Failed> for SendError {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<SourceError> for SendError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl StateObject {
    /// Sends the whole state once.
    pub(super) async fn put(
        &self,
        source: &StateSource,
        condition: Option<&Expected>,
    ) -> Result<Written, SendError> {
        let objects = self.connection.objects();
        let call = self
            .connection
            .bodies()
            .put_object()
            .bucket(self.bucket.as_str())
            .key(self.key.as_str())
            .content_type("application/json")
            .body(ByteStream::from(source.piece(0)?));
        let call = headers::of_write(call, objects, &objects.state_tags);
        let call = match condition {
            None => call,
            Some(Expected::Absent) => call.if_none_match("*"),
            Some(Expected::Stored(etag)) => call.if_match(etag.quoted()),
        };
        let checksum = self.checksum_of(source, 0);
        let sent = call.set_checksum_sha256(checksum).send().await;
        let output = sent.map_err(|error| failed("S3", "PutObject", &error))?;
        Ok(Written {
            etag: ETag::new(output.e_tag().unwrap_or_default()),
            version_id: output.version_id().map(str::to_owned),
            digest: *source.digest(),
            was_read_back: false,
        })
    }

    /// The checksum header of a piece, unless the store refuses them.
    pub(super) fn checksum_of(&self, source: &StateSource, piece: usize) -> Option<String> {
        let sends = !self.connection.objects().skip_checksum;
        source.pieces().get(piece).filter(|_| sends).map(|hash| STANDARD.encode(hash))
    }
}
