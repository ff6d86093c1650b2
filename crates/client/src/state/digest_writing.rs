//! Writing a digest, as a machine: what to send next, given the answer before. It sends nothing itself.
//!
//! A write whose answer was lost may be carried out at any later time, when somebody else holds the lock and has
//! written another state and its digest. So each write carries the value that was read just before as its
//! condition, and the lock is looked at between the two: what comes late finds another value, and does nothing.

use aws_sdk_dynamodb::types::AttributeValue;
use statelock_protocol::state::Digest;
use statelock_protocol::store::Refusal;

use super::digest_item::StoredDigest;
use super::error::DigestError;
use crate::error::Trouble;
use crate::handle::Standing;
use crate::transport::failure::Failed;

/// Writes of one digest.
const WRITES_MAX: u8 = 5;

/// What an item has as its digest, exactly as it is; `None` if it has none, or is not there.
pub(super) type DigestValue = Option<AttributeValue>;

/// What to do next.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// After a pause, if it is not 0, ask this.
    Ask {
        /// How many times in a row this was in vain.
        pause: u8,
        /// What.
        ask: Ask,
    },
    /// Nothing more.
    Done(Result<(), DigestError>),
}

/// A question or a write.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ask {
    /// What does the table say?
    Read,
    /// Does the lock still stand?
    LookAtLock,
    /// Write the digest, if the table says this, or that digest already.
    Write {
        /// What was read.
        over: DigestValue,
    },
}

/// The answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// What the table says.
    Value(DigestValue),
    /// It did not say.
    NotRead(Trouble),
    /// Whether the lock stands.
    Standing(Standing),
    /// What came of the write.
    Written(Result<(), Failed>),
}

/// The machine.
#[derive(Clone, Debug)]
pub(super) struct DigestWriting {
    digest: Digest,
    writes_left: u8,
    /// What was read last.
    seen: DigestValue,
    /// Why the last write had no effect, or may have none.
    trouble: Option<Trouble>,
}

impl DigestWriting {
    pub(super) fn new(digest: Digest) -> Self {
        Self { digest, writes_left: WRITES_MAX, seen: None, trouble: None }
    }

    pub(super) fn next(&mut self, answer: Option<Answer>) -> Next {
        match answer {
            None => Next::Ask { pause: 0, ask: Ask::Read },
            Some(Answer::Value(value)) => self.read(value),
            Some(Answer::NotRead(trouble)) => Next::Done(Err(DigestError::Table(trouble))),
            Some(Answer::Standing(Standing::Held)) => {
                self.writes_left = self.writes_left.saturating_sub(1);
                Next::Ask { pause: 0, ask: Ask::Write { over: self.seen.clone() } }
            }
            Some(Answer::Standing(Standing::Lost(places))) => {
                Next::Done(Err(DigestError::LockLost(places)))
            }
            Some(Answer::Standing(Standing::Unknown(trouble))) => {
                Next::Done(Err(DigestError::LockUnknown { trouble }))
            }
            // What is stored says more than any answer: it is read in each case.
            Some(Answer::Written(result)) => {
                Next::Ask { pause: self.written(result), ask: Ask::Read }
            }
        }
    }

    fn read(&mut self, value: DigestValue) -> Next {
        if self.is_digest(value.as_ref()) {
            return Next::Done(Ok(()));
        }
        if self.writes_left == 0 {
            let found = StoredDigest::of(value.as_ref());
            let error = self.trouble.take().map(DigestError::Table);
            return Next::Done(Err(error.unwrap_or(DigestError::Another(found))));
        }
        self.seen = value;
        Next::Ask { pause: 0, ask: Ask::LookAtLock }
    }

    /// Notes what came of a write; how long to wait.
    fn written(&mut self, result: Result<(), Failed>) -> u8 {
        self.trouble = None;
        let Err(Failed { refusal, trouble }) = result else { return 0 };
        match refusal {
            // Something else is there than what was read: what it is, the next read says.
            Some(Refusal::PreconditionFailed) => 0,
            None | Some(Refusal::Unavailable | Refusal::Conflict) => {
                self.trouble = Some(trouble);
                WRITES_MAX.saturating_sub(self.writes_left)
            }
            // It will be the same each time; but an earlier write may have been carried out.
            Some(
                Refusal::NoSuchKey
                | Refusal::NoSuchBucket
                | Refusal::NoSuchTable
                | Refusal::Denied
                | Refusal::Invalid
                | Refusal::Unsupported,
            ) => {
                self.trouble = Some(trouble);
                self.writes_left = 0;
                0
            }
        }
    }

    fn is_digest(&self, value: Option<&AttributeValue>) -> bool {
        StoredDigest::of(value) == StoredDigest::Digest(self.digest)
    }
}
