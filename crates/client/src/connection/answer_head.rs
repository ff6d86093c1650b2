//! What the head of an answer says beside what its operation defines.

use std::fmt::Debug;

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_smithy_runtime_api::http::Headers;

/// Hears the head of each answer to the calls that it is given to, errors included.
pub(crate) trait HearsHead: Debug + Send + Sync + 'static {
    /// One answer came.
    fn hear(&self, headers: &Headers);
}

/// What hears, as the SDK takes it.
#[derive(Clone, Debug)]
pub(crate) struct Hearing<T>(pub(crate) T);

impl<T: HearsHead> Intercept for Hearing<T> {
    fn name(&self) -> &'static str {
        "Hearing"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.hear(context.response().headers());
        Ok(())
    }
}
