//! Requests to a table that only read, repeated where that may help.

use std::future::Future;

use statelock_protocol::store::Refusal;

use super::failure::{Failed, failed};
use crate::error::StoreError;
use crate::system;

/// Attempts of a request that changes nothing.
const ATTEMPTS: u8 = 5;

/// Sends a request that only reads, and again where that may help.
pub(crate) async fn repeated<T, E, F>(
    operation: &'static str,
    mut send: impl FnMut() -> F,
) -> Result<T, Box<StoreError>>
where
    F: Future<
        Output = Result<
            T,
            aws_sdk_dynamodb::error::SdkError<E, aws_smithy_runtime_api::http::Response>,
        >,
    >,
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut attempt = 0;
    loop {
        let error = match send().await {
            Ok(output) => return Ok(output),
            Err(error) => failed("DynamoDB", operation, &error),
        };
        attempt += 1;
        if attempt >= ATTEMPTS || !is_worth_repeating(&error) {
            return Err(Box::new(error.into()));
        }
        system::pause(attempt).await;
    }
}

/// Throttled, overloaded, or no answer.
fn is_worth_repeating(error: &Failed) -> bool {
    matches!(error.refusal, None | Some(Refusal::Unavailable))
}
