//! What the heads of answers about a bucket say of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_smithy_runtime_api::http::Headers;

use crate::connection::answer_head::{Hearing, HearsHead};

/// What was heard in the answers to one call, errors included. The last answer counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<Head>>);

/// The headers that matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// What the store says that it only shows.
    pub(super) not_applied: Option<String>,
    /// The store's clock, in seconds since 1970.
    pub(super) date_unix_seconds: Option<i64>,
    /// The region of the bucket.
    pub(super) region: Option<String>,
}

impl Heard {
    /// As an interceptor of a call.
    pub(super) fn hearing(&self) -> Hearing<Self> {
        Hearing(self.clone())
    }

    /// What was heard so far.
    pub(super) fn head(&self) -> Head {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Head> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HearsHead for Heard {
    fn hear(&self, headers: &Headers) {
        let text = |name: &str| headers.get(name).map(str::to_owned);
        let date = headers.get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        *self.lock() = Head {
            not_applied: text("x-statelock-not-applied"),
            date_unix_seconds: date.map(|date| date.secs()),
            region: text("x-amz-bucket-region"),
        };
    }
}
