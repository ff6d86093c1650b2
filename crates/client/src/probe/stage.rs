//! What all checks of a probe share: seats, names, allowance, and a list of what was written.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use statelock_protocol::lock::LockInfo;
use statelock_protocol::store::{BucketName, ETag, Precondition, Refusal, TableName};

use super::answer::{Answer, NotSent, Outcome};
use super::body::BodyForm;
use super::limits::Limits;
use super::seat::{Seat, Service};
use crate::connection::headers::of_write;
use crate::settings::ObjectSettings;
use crate::system;
use crate::transport::failure::failed;

/// How often a request is sent again that the store only puts off, as long as nothing races.
pub(super) const ATTEMPTS: u8 = 4;

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
    pub(super) async fn put_alone(&self, put: (&str, Bytes), condition: &Precondition) -> Answer {
        self.put_alone_as(put, condition, self.form()).await
    }

    /// As [`Self::put_alone`], in this form.
    pub(super) async fn put_alone_as(
        &self,
        (key, body): (&str, Bytes),
        condition: &Precondition,
        form: BodyForm,
    ) -> Answer {
        let mut attempt = 0;
        loop {
            let put = (key, body.clone());
            let answer = self.put_as(self.first(), put, condition, (form, false)).await;
            attempt += 1;
            if attempt >= ATTEMPTS || !is_repeated(&answer, condition) {
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
            if attempt >= ATTEMPTS || !is_repeated(&answer, condition) {
                return answer;
            }
            system::pause(attempt).await;
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

/// Whether a request is sent again: the store asks to come again, or it may have been done and does no harm twice.
fn is_repeated(answer: &Answer, condition: &Precondition) -> bool {
    match answer.outcome {
        Outcome::Refused(Refusal::Unavailable | Refusal::Conflict) => true,
        Outcome::Unknown => matches!(condition, Precondition::None),
        Outcome::Done | Outcome::Refused(_) | Outcome::NotSent(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_been_done_is_repeated_only_without_a_condition() {
        let told = |outcome| Answer { outcome, ..Answer::done(None) };
        let tag = Precondition::IfMatch(ETag::new("tag"));
        for (outcome, freely, bound) in [
            (Outcome::Unknown, true, false),
            (Outcome::Refused(Refusal::Unavailable), true, true),
            (Outcome::Refused(Refusal::PreconditionFailed), false, false),
            (Outcome::Done, false, false),
            (Outcome::NotSent(NotSent::Stopped), false, false),
        ] {
            let answer = told(outcome);
            assert_eq!(is_repeated(&answer, &Precondition::None), freely, "{outcome:?}");
            assert_eq!(is_repeated(&answer, &Precondition::IfAbsent), bound, "{outcome:?}");
            assert_eq!(is_repeated(&answer, &tag), bound, "{outcome:?}");
        }
    }
}
