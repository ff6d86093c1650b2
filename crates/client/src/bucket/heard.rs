//! What the head of an answer says beside what the operation defines.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

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
    /// What was heard so far.
    pub(super) fn head(&self) -> Head {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Head> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Heard {
    fn name(&self) -> &'static str {
        "Heard"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.response().headers();
        let text = |name: &str| headers.get(name).map(str::to_owned);
        let date = headers.get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        *self.lock() = Head {
            not_applied: text("x-statelock-not-applied"),
            date_unix_seconds: date.map(|date| date.secs()),
            region: text("x-amz-bucket-region"),
        };
        Ok(())
    }
}
