//! The three kinds of answer to a request.

/// What is known after a request.
///
/// There is deliberately no conversion from [`Reply::Unknown`] to anything: only reading back, and
/// comparing identifiers, turns it into a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply<T> {
    /// The request took effect, or for a read, this is what was stored.
    Applied(T),
    /// The request definitely had no effect.
    Refused(Refusal),
    /// The request was sent and no answer came: it may or may not have taken effect.
    Unknown,
}

/// Why a request had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// A precondition did not hold (HTTP 412, `ConditionalCheckFailedException`).
    PreconditionFailed,
    /// Another request on the same key was in the way; the store asks to repeat (HTTP 409,
    /// `TransactionConflictException`).
    Conflict,
    /// There is no such object, or for `If-Match`, nothing to match (HTTP 404 `NoSuchKey`).
    NoSuchKey,
    /// There is no such bucket (HTTP 404 `NoSuchBucket`).
    NoSuchBucket,
    /// There is no such table (`ResourceNotFoundException`).
    NoSuchTable,
    /// The credentials do not allow it (HTTP 403).
    Denied,
    /// The request makes no sense to this store (HTTP 400).
    Invalid,
    /// The store does not do this (HTTP 501).
    Unsupported,
    /// The store is overloaded or shutting down and says that nothing was done (HTTP 503
    /// with an error code of S3, or throttling).
    Unavailable,
}

impl<T> Reply<T> {
    /// The value of an applied request.
    pub fn applied(self) -> Option<T> {
        match self {
            Self::Applied(value) => Some(value),
            Self::Refused(_) | Self::Unknown => None,
        }
    }

    /// Applies `change` to the value of an applied request.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reply<U> {
        match self {
            Self::Applied(value) => Reply::Applied(change(value)),
            Self::Refused(refusal) => Reply::Refused(refusal),
            Self::Unknown => Reply::Unknown,
        }
    }
}
