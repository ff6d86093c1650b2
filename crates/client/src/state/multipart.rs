//! A write in parts: they are uploaded first, and take effect together, on the condition, at the end.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use futures::{StreamExt as _, TryStreamExt as _};
use statelock_protocol::store::{ETag, Refusal};

use super::StateObject;
use super::put::SendError;
use super::source::StateSource;
use super::write::{Expected, Written};
use crate::connection::headers;
use crate::connection::headers::with_customer_key;
use crate::system;
use crate::transport::failure::{Failed, failed};

/// Parts on their way at the same time. Each is in memory.
const PARTS_AT_ONCE: usize = 3;
/// Attempts at a part. They may be repeated as one likes: parts have no effect.
const ATTEMPTS_MAX: u8 = 6;

/// An upload whose parts are all there.
pub(super) struct Upload {
    id: String,
    parts: Vec<CompletedPart>,
}

impl Upload {
    /// Uploads all parts. When that fails, what was uploaded is removed.
    pub(super) async fn begin(
        object: &StateObject,
        source: &StateSource,
    ) -> Result<Self, SendError> {
        let mut upload = Self { id: object.create_upload().await?, parts: Vec::new() };
        let id = upload.id.as_str();
        let sent = futures::stream::iter(0..source.pieces().len())
            .map(|index| object.send_part(source, id, index))
            .buffered(PARTS_AT_ONCE)
            .try_collect()
            .await;
        match sent {
            Ok(parts) => {
                upload.parts = parts;
                Ok(upload)
            }
            Err(error) => {
                upload.abort(object).await;
                Err(error)
            }
        }
    }

    /// Makes the parts the state, once.
    pub(super) async fn complete(
        &self,
        object: &StateObject,
        source: &StateSource,
        condition: Option<&Expected>,
    ) -> Result<Written, SendError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(self.parts.clone())).build();
        let call = object
            .connection
            .bodies()
            .complete_multipart_upload()
            .bucket(object.bucket.as_str())
            .key(object.key.as_str())
            .upload_id(&self.id)
            .multipart_upload(parts);
        let call = with_customer_key!(call, object.connection.objects());
        let call = match condition {
            None => call,
            Some(Expected::Absent) => call.if_none_match("*"),
            Some(Expected::Stored(etag)) => call.if_match(etag.quoted()),
        };
        let sent = call.send().await;
        let output = sent.map_err(|error| failed("S3", "CompleteMultipartUpload", &error))?;
        Ok(Written {
            etag: ETag::new(output.e_tag().unwrap_or_default()),
            version_id: output.version_id().map(str::to_owned),
            digest: *source.digest(),
            was_read_back: false,
        })
    }

    /// Removes the parts. What fails here stays in the bucket until a lifecycle rule removes it.
    pub(super) async fn abort(self, object: &StateObject) {
        let mut attempt = 0;
        loop {
            let call = object.connection.reads().abort_multipart_upload();
            let call = call.bucket(object.bucket.as_str()).key(object.key.as_str());
            let sent = call.upload_id(&self.id).send().await;
            let Err(error) = sent.map_err(|error| failed("S3", "AbortMultipartUpload", &error))
            else {
                return;
            };
            if !again(&error, &mut attempt).await {
                tracing::debug!(trouble = %error.trouble, "parts of an upload stay");
                return;
            }
        }
    }
}

impl StateObject {
    async fn create_upload(&self) -> Result<String, Failed> {
        let objects = self.connection.objects();
        let mut attempt = 0;
        loop {
            let call = self
                .connection
                .effects()
                .create_multipart_upload()
                .bucket(self.bucket.as_str())
                .key(self.key.as_str())
                .content_type("application/json");
            let call = headers::of_upload(call, objects, &objects.state_tags);
            let checksum = (!objects.skip_checksum).then_some(ChecksumAlgorithm::Sha256);
            let sent = call.set_checksum_algorithm(checksum).send().await;
            match sent.map_err(|error| failed("S3", "CreateMultipartUpload", &error)) {
                Ok(output) => return Ok(output.upload_id.unwrap_or_default()),
                Err(error) if again(&error, &mut attempt).await => {}
                Err(error) => return Err(certain(error)),
            }
        }
    }

    async fn send_part(
        &self,
        source: &StateSource,
        upload: &str,
        index: usize,
    ) -> Result<CompletedPart, SendError> {
        let bytes = source.piece(index)?;
        let number = i32::try_from(index).unwrap_or(i32::MAX).saturating_add(1);
        let checksum = self.checksum_of(source, index);
        let mut attempt = 0;
        loop {
            let call = self
                .connection
                .bodies()
                .upload_part()
                .bucket(self.bucket.as_str())
                .key(self.key.as_str())
                .upload_id(upload)
                .part_number(number)
                .set_checksum_sha256(checksum.clone())
                .body(ByteStream::from(bytes.clone()));
            let call = with_customer_key!(call, self.connection.objects());
            match call.send().await.map_err(|error| failed("S3", "UploadPart", &error)) {
                Ok(output) => {
                    let part = CompletedPart::builder().part_number(number);
                    let part = part.set_e_tag(output.e_tag).set_checksum_sha256(checksum);
                    return Ok(part.build());
                }
                Err(error) if again(&error, &mut attempt).await => {}
                Err(error) => return Err(certain(error).into()),
            }
        }
    }
}

/// Whether to try again, after a pause.
async fn again(error: &Failed, attempt: &mut u8) -> bool {
    *attempt += 1;
    let may_pass = matches!(error.refusal, None | Some(Refusal::Unavailable | Refusal::Conflict));
    let goes_on = may_pass && *attempt < ATTEMPTS_MAX;
    if goes_on {
        system::pause(*attempt).await;
    }
    goes_on
}

/// Parts change no state, answered or not: that they failed is certain to have had no effect.
fn certain(error: Failed) -> Failed {
    Failed { refusal: error.refusal.or(Some(Refusal::Unavailable)), trouble: error.trouble }
}
