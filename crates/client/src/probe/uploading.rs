//! Objects that a probe sends in parts.

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use statelock_protocol::store::{ETag, Precondition};

use super::answer::Answer;
use super::stage::Stage;
use crate::connection::headers::{of_upload, with_customer_key};
use crate::transport::failure::failed;

impl Stage {
    /// Begins an upload in parts; its id.
    pub(super) async fn create_upload(&self, key: &str) -> Result<String, Answer> {
        self.limits.admit(1).map_err(Answer::not_sent)?;
        let call = self.first().objects.create_multipart_upload();
        let call = call.bucket(self.bucket.as_str()).key(key).content_type("application/json");
        let call = of_upload(call, &self.settings, &self.settings.state_tags);
        let result = Box::pin(call.send()).await;
        let output = result.map_err(|error| {
            let answer = Answer::from(failed("S3", "CreateMultipartUpload", &error));
            // One may be there, and only a listing can tell its id.
            self.written().keys.note(key);
            self.written().keys.answered(key, &answer);
            answer
        })?;
        let id = output.upload_id.unwrap_or_default();
        self.written().uploads.insert((key.to_owned(), id.clone()));
        Ok(id)
    }

    /// Sends the only part of an upload.
    pub(super) async fn send_part(
        &self,
        (key, id): (&str, &str),
        body: Bytes,
    ) -> Result<CompletedPart, Answer> {
        self.limits.admit(1).map_err(Answer::not_sent)?;
        let call = self.first().objects.upload_part().bucket(self.bucket.as_str()).key(key);
        let call = with_customer_key!(call, self.settings);
        let result = Box::pin(call.upload_id(id).part_number(1).body(body.into()).send()).await;
        let output = result.map_err(|error| Answer::from(failed("S3", "UploadPart", &error)))?;
        Ok(CompletedPart::builder().part_number(1).set_e_tag(output.e_tag).build())
    }

    /// Makes an upload the object.
    pub(super) async fn complete(
        &self,
        (key, id): (&str, &str),
        part: CompletedPart,
        condition: &Precondition,
    ) -> Answer {
        if let Err(why) = self.limits.admit(1) {
            return Answer::not_sent(why);
        }
        self.written().keys.note(key);
        let parts = CompletedMultipartUpload::builder().parts(part).build();
        let call = self.first().objects.complete_multipart_upload();
        let call = call.bucket(self.bucket.as_str()).key(key).upload_id(id).multipart_upload(parts);
        let call = with_customer_key!(call, self.settings);
        let call = match condition {
            Precondition::None => call,
            Precondition::IfAbsent => call.if_none_match("*"),
            Precondition::IfMatch(etag) => call.if_match(etag.quoted()),
        };
        match Box::pin(call.send()).await {
            Ok(output) => {
                self.written().uploads.remove(&(key.to_owned(), id.to_owned()));
                Answer::done(output.e_tag().map(ETag::new))
            }
            Err(error) => {
                Answer::from(failed("S3", "CompleteMultipartUpload", &error)).with_end_in_body()
            }
        }
    }
}
