//! What a store said to one request.

use std::fmt;

use statelock_protocol::store::{ETag, Precondition, Refusal};

use crate::error::Trouble;
use crate::transport::failure::Failed;

/// What is known after a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) outcome: Outcome,
    pub(super) status: Option<u16>,
    pub(super) code: Option<Box<str>>,
    /// What the store says beside its code.
    pub(super) message: String,
    /// The tag of what was written, if it was.
    pub(super) etag: Option<ETag>,
}

/// The three answers, and none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The store says that it is done.
    Done,
    /// It says that it is not.
    Refused(Refusal),
    /// No answer, or one that leaves it open.
    Unknown,
    /// It was not sent.
    NotSent(NotSent),
}

/// Why nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSent {
    /// Somebody stopped the probe.
    Stopped,
    /// Its time is over.
    TimeOver,
    /// It has sent as many requests as it said.
    RequestsUsedUp,
}

impl Answer {
    pub(super) fn done(etag: Option<ETag>) -> Self {
        Self { outcome: Outcome::Done, status: None, code: None, message: String::new(), etag }
    }

    pub(super) fn not_sent(why: NotSent) -> Self {
        let message = String::new();
        Self { outcome: Outcome::NotSent(why), status: None, code: None, message, etag: None }
    }

    /// The answer began, and its body did not come.
    pub(super) fn broken_off(error: &dyn fmt::Display) -> Self {
        let message = format!("the body broke off: {error}");
        Self { outcome: Outcome::Unknown, status: None, code: None, message, etag: None }
    }

    /// As of an operation whose status comes before its end: whether it is done stands in the body, which was not
    /// understood.
    pub(super) fn with_end_in_body(self) -> Self {
        match self.outcome {
            Outcome::Done => {
                let message = "whether it is done stands in the body, which was not understood";
                Self { outcome: Outcome::Unknown, message: message.to_owned(), ..self }
            }
            Outcome::Refused(_) | Outcome::Unknown | Outcome::NotSent(_) => self,
        }
    }

    /// There is no table to ask.
    pub(super) fn no_table() -> Self {
        Self::not_sent(NotSent::Stopped)
    }

    /// Whether the store says that it did it.
    pub(super) fn is_done(&self) -> bool {
        self.outcome == Outcome::Done
    }

    /// Whether nobody was there to be asked.
    pub(super) fn is_unreached(&self) -> bool {
        self.outcome == Outcome::Refused(Refusal::Unavailable) && self.status.is_none()
    }

    /// Whether the store says that another was faster. Whatever else it refuses for, it did not look at the condition.
    pub(super) fn has_lost(&self, condition: &Precondition) -> bool {
        match self.outcome {
            Outcome::Refused(Refusal::PreconditionFailed | Refusal::Conflict) => true,
            // Some stores say so where the object that was to be replaced has just gone.
            Outcome::Refused(Refusal::NoSuchKey) => matches!(condition, Precondition::IfMatch(_)),
            Outcome::Refused(
                Refusal::NoSuchBucket
                | Refusal::NoSuchTable
                | Refusal::Denied
                | Refusal::Invalid
                | Refusal::Unsupported
                | Refusal::Unavailable,
            )
            | Outcome::Done
            | Outcome::Unknown
            | Outcome::NotSent(_) => false,
        }
    }

    /// Whether the same request may be answered the next time.
    pub(super) fn is_passing(&self) -> bool {
        match self.outcome {
            Outcome::Unknown | Outcome::Refused(Refusal::Unavailable) => true,
            Outcome::Done | Outcome::Refused(_) | Outcome::NotSent(_) => false,
        }
    }

    /// As in a table of answers: without what differs from request to request.
    pub(super) fn kind(&self) -> String {
        match (self.outcome, self.status, &self.code) {
            (Outcome::Done, _, _) => "done".to_owned(),
            (Outcome::NotSent(why), _, _) => format!("not sent: {why}"),
            (_, Some(status), Some(code)) => format!("{status} {code}"),
            (_, Some(status), None) => status.to_string(),
            (_, None, _) => "no answer".to_owned(),
        }
    }
}

impl From<Failed> for Answer {
    fn from(failed: Failed) -> Self {
        let Failed { refusal, trouble } = failed;
        let Trouble { status, code, message, .. } = trouble;
        // Some stores write the body of an answer in a way of their own.
        let is_done = status.is_some_and(|status| (200..300).contains(&status)) && code.is_none();
        let outcome = match refusal {
            Some(refusal) => Outcome::Refused(refusal),
            None if is_done => Outcome::Done,
            None => Outcome::Unknown,
        };
        Self { outcome, status, code, message, etag: None }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind())?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "stopped",
            Self::TimeOver => "the time is over",
            Self::RequestsUsedUp => "as many requests as were announced are sent",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_comes_before_the_end_is_no_answer() {
        let trouble = Trouble {
            service: "S3",
            operation: "any",
            endpoint: None,
            status: Some(200),
            code: None,
            message: String::new(),
            request_id: None,
            was_sent: true,
        };
        let answer = Answer::from(Failed { refusal: None, trouble });
        assert_eq!(answer.outcome, Outcome::Done, "of an operation whose status is its end");
        let answer = answer.with_end_in_body();
        assert_eq!(answer.outcome, Outcome::Unknown);
        assert!(answer.to_string().starts_with("200: whether it is done stands in"), "{answer}");
        let refused = Answer { outcome: Outcome::Refused(Refusal::Denied), ..Answer::done(None) };
        assert_eq!(refused.clone().with_end_in_body(), refused);
    }
}
