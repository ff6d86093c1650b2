//! Reads and listings of a probe.

use bytes::Bytes;
use statelock_protocol::store::{ETag, Refusal};

use super::answer::{Answer, Outcome};
use super::seat::{Seat, Service};
use super::stage::{ATTEMPTS, Stage};
use crate::connection::headers::with_customer_key;
use crate::system;
use crate::transport::failure::failed;

/// What stands under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Found { body: Bytes, etag: ETag },
    Nothing,
    NotKnown(Answer),
}

impl Stage {
    /// Looks what stands under a key.
    pub(super) async fn look(&self, seat: &Seat, key: &str) -> Look {
        self.look_with(seat, key, false).await
    }

    /// As [`Self::look`]; with `is_checked` the store is asked for the checksum too.
    pub(super) async fn look_with(&self, seat: &Seat, key: &str, is_checked: bool) -> Look {
        let mut attempt = 0;
        loop {
            let look = self.look_once(seat, key, is_checked).await;
            attempt += 1;
            match look {
                Look::NotKnown(answer) if attempt < ATTEMPTS && answer.is_passing() => {
                    system::pause(attempt).await;
                }
                Look::Found { .. } | Look::Nothing | Look::NotKnown(_) => return look,
            }
        }
    }

    async fn look_once(&self, seat: &Seat, key: &str, is_checked: bool) -> Look {
        if let Err(why) = self.limits.admit(1) {
            return Look::NotKnown(Answer::not_sent(why));
        }
        let call = seat.objects.get_object().bucket(self.bucket.as_str()).key(key);
        let call = with_customer_key!(call, self.settings);
        let mode = is_checked.then_some(aws_sdk_s3::types::ChecksumMode::Enabled);
        let result = Box::pin(call.set_checksum_mode(mode).send()).await;
        let output = match result {
            Ok(output) => output,
            Err(error) => {
                let answer: Answer = failed("S3", "GetObject", &error).into();
                let is_nothing = answer.status == Some(404)
                    && answer.outcome != Outcome::Refused(Refusal::NoSuchBucket);
                return if is_nothing { Look::Nothing } else { Look::NotKnown(answer) };
            }
        };
        seat.note_use(Service::Objects);
        let etag = ETag::new(output.e_tag().unwrap_or_default());
        match output.body.collect().await {
            Ok(body) => {
                self.written().keys.note(key);
                Look::Found { body: body.into_bytes(), etag }
            }
            Err(error) => Look::NotKnown(Answer::broken_off(&error)),
        }
    }

    /// The keys below a prefix of the probe, and their ETags.
    pub(super) async fn list(
        &self,
        seat: &Seat,
        prefix: &str,
    ) -> Result<Vec<(String, ETag)>, Answer> {
        let mut found = Vec::new();
        let mut token = None;
        loop {
            self.limits.admit(1).map_err(Answer::not_sent)?;
            let call = seat.objects.list_objects_v2().bucket(self.bucket.as_str()).prefix(prefix);
            let result = Box::pin(call.set_continuation_token(token.clone()).send()).await;
            let output =
                result.map_err(|error| Answer::from(failed("S3", "ListObjectsV2", &error)))?;
            seat.note_use(Service::Objects);
            let contents = output.contents.unwrap_or_default().into_iter();
            found.extend(contents.map(|one| {
                (one.key.unwrap_or_default(), ETag::new(one.e_tag.unwrap_or_default()))
            }));
            token = output.next_continuation_token.filter(|next| Some(next) != token.as_ref());
            if output.is_truncated != Some(true) || token.is_none() {
                return Ok(found);
            }
        }
    }
}
