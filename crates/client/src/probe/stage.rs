//! What all checks of a probe share: seats, names, allowance, and a list of what was written.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use statelock_protocol::lock::LockInfo;
use statelock_protocol::store::{BucketName, ETag, Precondition, Refusal, TableName};

use super::answer::{Answer, NotSent};
use super::body::BodyForm;
use super::limits::Limits;
use super::seat::{Seat, Service};
use crate::connection::headers::{of_upload, of_write, with_customer_key};
use crate::settings::ObjectSettings;
use crate::system;
use crate::transport::failure::failed;

/// How often a request is sent again that the store only puts off, as long as nothing races.
const ATTEMPTS: u8 = 4;

/// The common ground of the checks.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) seats: Vec<Seat>,
    pub(super) bucket: BucketName,
    /// What all keys of this probe begin with; it ends with `/`.
    pub(super) base: String,
    pub(super) table: Option<TableName>,
    pub(super) settings: ObjectSettings,
    pub(super) limits: Limits,
    pub(super) form: Mutex<BodyForm>,
    written: Mutex<Written>,
}

/// What may be there because of this probe.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub(super) keys: BTreeSet<String>,
    /// Key and upload id.
    pub(super) uploads: BTreeSet<(String, String)>,
    pub(super) items: BTreeSet<String>,
}

/// What stands under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Found { body: Bytes, etag: ETag },
    Nothing,
    NotKnown(Answer),
}

impl Stage {
    pub(super) fn new(
        seats: Vec<Seat>,
        (bucket, base): (BucketName, String),
        table: Option<TableName>,
        settings: ObjectSettings,
        limits: Limits,
    ) -> Self {
        let form = Mutex::new(BodyForm::Sha256Header);
        let written = Mutex::default();
        Self { seats, bucket, base, table, settings, limits, form, written }
    }

    /// The seat for what is done alone.
    ///
    /// There is always one: a probe without any does not begin.
    pub(super) fn first(&self) -> &Seat {
        self.seat(0)
    }

    /// A seat by its number, round and round.
    #[expect(clippy::expect_used, reason = "a probe without a seat does not begin")]
    pub(super) fn seat(&self, number: usize) -> &Seat {
        let index = number.checked_rem(self.seats.len());
        index.and_then(|index| self.seats.get(index)).expect("at least one seat")
    }

    /// The key with this name below the probe's own prefix.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.base)
    }

    /// The LockID with this name, of the form that clients use: bucket and key.
    pub(super) fn lock_id(&self, name: &str) -> String {
        format!("{}/{}{name}", self.bucket, self.base)
    }

    /// A lock info as Terraform writes it, of nobody.
    pub(super) fn lock_info(&self, name: &str, who: &str) -> Bytes {
        let Ok(id) = system::new_lock_id() else { return Bytes::from(who.to_owned()) };
        let info = LockInfo {
            id,
            operation: OPERATION.to_owned(),
            info: who.to_owned(),
            who: "statelock probe".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created: system::now(),
            path: self.lock_id(name),
        };
        Bytes::from(info.marshal())
    }

    pub(super) fn form(&self) -> BodyForm {
        *self.form.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_form(&self, form: BodyForm) {
        *self.form.lock().unwrap_or_else(PoisonError::into_inner) = form;
    }

    /// What may be there.
    pub(super) fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an object, in the form that is known to be accepted.
    pub(super) async fn put(
        &self,
        seat: &Seat,
        (key, body): (&str, Bytes),
        condition: &Precondition,
    ) -> Answer {
        self.put_as(seat, (key, body), condition, (self.form(), false)).await
    }

    /// Writes an object where nothing else is at work, and again while the store puts it off.
    pub(super) async fn put_alone(
        &self,
        (key, body): (&str, Bytes),
        condition: &Precondition,
    ) -> Answer {
        let mut attempt = 0;
        loop {
            let answer = self.put(self.first(), (key, body.clone()), condition).await;
            attempt += 1;
            if attempt >= ATTEMPTS || !is_put_off(&answer) {
                return answer;
            }
            system::pause(attempt).await;
        }
    }

    /// Writes an object in a form, with a wrong checksum if that is asked for.
    pub(super) async fn put_as(
        &self,
        seat: &Seat,
        (key, body): (&str, Bytes),
        condition: &Precondition,
        (form, is_wrong): (BodyForm, bool),
    ) -> Answer {
        if let Err(why) = self.limits.admit(1) {
            return Answer::not_sent(why);
        }
        self.send_put(seat, (key, body), condition, (form, is_wrong)).await
    }

    /// As [`Self::put_as`], of a request that is admitted already.
    pub(super) async fn send_put(
        &self,
        seat: &Seat,
        (key, body): (&str, Bytes),
        condition: &Precondition,
        (form, is_wrong): (BodyForm, bool),
    ) -> Answer {
        self.written().keys.insert(key.to_owned());
        let call = seat.objects.put_object().bucket(self.bucket.as_str()).key(key);
        let call = call.content_type("application/json");
        let call = of_write(call, &self.settings, &self.settings.lock_tags);
        let call = match condition {
            Precondition::None => call,
            Precondition::IfAbsent => call.if_none_match("*"),
            Precondition::IfMatch(etag) => call.if_match(etag.quoted()),
        };
        let answer = match Box::pin(form.send(call, body, is_wrong)).await {
            Ok(output) => Answer::done(output.e_tag().map(ETag::new)),
            Err(error) => failed("S3", "PutObject", &error).into(),
        };
        seat.note_use(Service::Objects);
        answer
    }

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
                    && answer.outcome != super::answer::Outcome::Refused(Refusal::NoSuchBucket);
                return if is_nothing { Look::Nothing } else { Look::NotKnown(answer) };
            }
        };
        seat.note_use(Service::Objects);
        let etag = ETag::new(output.e_tag().unwrap_or_default());
        match output.body.collect().await {
            Ok(body) => Look::Found { body: body.into_bytes(), etag },
            Err(error) => Look::NotKnown(Answer::broken_off(&error)),
        }
    }

    /// Deletes an object.
    pub(super) async fn delete(&self, seat: &Seat, key: &str, condition: &Precondition) -> Answer {
        let mut attempt = 0;
        loop {
            if let Err(why) = self.limits.admit(1) {
                return Answer::not_sent(why);
            }
            let call = seat.objects.delete_object().bucket(self.bucket.as_str()).key(key);
            let call = match condition {
                Precondition::None | Precondition::IfAbsent => call,
                Precondition::IfMatch(etag) => call.if_match(etag.quoted()),
            };
            let answer = match Box::pin(call.send()).await {
                Ok(_) => Answer::done(None),
                Err(error) => failed("S3", "DeleteObject", &error).into(),
            };
            seat.note_use(Service::Objects);
            attempt += 1;
            if attempt >= ATTEMPTS || !is_put_off(&answer) {
                return answer;
            }
            system::pause(attempt).await;
        }
    }

    /// Begins an upload in parts; its id.
    pub(super) async fn create_upload(&self, key: &str) -> Result<String, Answer> {
        self.limits.admit(1).map_err(Answer::not_sent)?;
        let call = self.first().objects.create_multipart_upload();
        let call = call.bucket(self.bucket.as_str()).key(key).content_type("application/json");
        let call = of_upload(call, &self.settings, &self.settings.state_tags);
        let result = Box::pin(call.send()).await;
        let output =
            result.map_err(|error| Answer::from(failed("S3", "CreateMultipartUpload", &error)))?;
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
        self.written().keys.insert(key.to_owned());
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
            Err(error) => failed("S3", "CompleteMultipartUpload", &error).into(),
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

    /// Makes sure that the connection of a seat is open, if the store keeps connections at all.
    pub(super) async fn warm(&self, seat: &Seat, service: Service) -> Result<(), NotSent> {
        if seat.is_warm(service) {
            return Ok(());
        }
        self.limits.admit(1)?;
        match (service, &self.table) {
            (Service::Tables, Some(table)) => {
                self.read_item_once(seat, table, &self.lock_id("nothing")).await.ok();
            }
            (Service::Objects, _) | (Service::Tables, None) => {
                let call = seat.objects.head_bucket().bucket(self.bucket.as_str());
                Box::pin(call.send()).await.map(|_| ()).unwrap_or_default();
            }
        }
        seat.note_use(service);
        Ok(())
    }
}

/// What the lock info of a probe says that it is for.
pub(super) const OPERATION: &str = "statelock-probe";

/// Whether the store asks to come again.
fn is_put_off(answer: &Answer) -> bool {
    use super::answer::Outcome;
    matches!(answer.outcome, Outcome::Refused(Refusal::Unavailable | Refusal::Conflict))
}
