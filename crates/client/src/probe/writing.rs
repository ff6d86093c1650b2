//! Objects that a probe writes and deletes.

use bytes::Bytes;
use statelock_protocol::store::{ETag, Precondition, Refusal};

use super::answer::{Answer, Outcome};
use super::body::BodyForm;
use super::seat::{Seat, Service};
use super::stage::{ATTEMPTS, Stage};
use crate::connection::headers::of_write;
use crate::system;
use crate::transport::failure::failed;

impl Stage {
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
        self.put_alone_as(self.first(), put, condition, self.form()).await
    }

    /// Puts a lock where none is, as clients do; without the condition where the store does not do that.
    ///
    /// A policy of the bucket may forbid lockfiles that are written without it.
    pub(super) async fn put_lock(&self, (key, body): (&str, Bytes)) -> Answer {
        let answer = self.put_alone((key, body.clone()), &Precondition::IfAbsent).await;
        if answer.is_done() {
            return answer;
        }
        self.put_alone((key, body), &Precondition::None).await
    }

    /// As [`Self::put_alone`], by this writer and in this form.
    pub(super) async fn put_alone_as(
        &self,
        seat: &Seat,
        (key, body): (&str, Bytes),
        condition: &Precondition,
        form: BodyForm,
    ) -> Answer {
        let mut attempt = 0;
        loop {
            let put = (key, body.clone());
            let answer = self.put_as(seat, put, condition, (form, false)).await;
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
        self.written().keys.note(key);
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
        self.written().keys.answered(key, &answer);
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
}

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
    use crate::probe::answer::NotSent;

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
