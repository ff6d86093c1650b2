//! What an error of the SDK says: refused, or unknown.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use statelock_protocol::store::{Refusal, Reply};

use crate::connection::endpoint_url::text_without_users;
use crate::connection::unanswered::Unanswered;
use crate::error::{BUCKET_IN_HOST, StoreError, Trouble};

/// An error, understood.
#[derive(Debug)]
pub(crate) struct Failed {
    /// `None`: whether the request had an effect is not known.
    pub(crate) refusal: Option<Refusal>,
    pub(crate) trouble: Trouble,
}

impl Failed {
    pub(crate) fn reply<T>(self) -> (Reply<T>, Option<Trouble>) {
        let reply = self.refusal.map_or(Reply::Unknown, Reply::Refused);
        (reply, Some(self.trouble))
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed.refusal {
            Some(refusal) => Self::Refused { refusal, trouble: failed.trouble },
            None => Self::Unknown(failed.trouble),
        }
    }
}

/// Understands an error of `operation`.
pub(crate) fn failed<E>(
    service: &'static str,
    operation: &'static str,
    error: &SdkError<E, HttpResponse>,
) -> Failed
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut trouble = Trouble {
        service,
        operation,
        endpoint: None,
        status: None,
        code: None,
        message: String::new(),
        request_id: None,
        was_sent: true,
    };
    let refusal = match error {
        SdkError::ServiceError(context) => {
            let (raw, service_error) = (context.raw(), context.err());
            let status = raw.status().as_u16();
            let code = service_error.code().unwrap_or_default();
            trouble.status = Some(status);
            trouble.code = service_error.code().map(Into::into);
            trouble.message = service_error.message().map(str::to_owned).unwrap_or_default();
            let id = ["x-amz-request-id", "x-amzn-requestid"];
            trouble.request_id = id.iter().find_map(|name| raw.headers().get(name)).map(Into::into);
            if service == "DynamoDB" {
                table_refusal(status, code)
            } else {
                object_refusal(status, code)
            }
        }
        SdkError::ResponseError(context) => {
            trouble.status = Some(context.raw().status().as_u16());
            trouble.message = "the answer is not one of this service".into();
            None
        }
        SdkError::ConstructionFailure(_) => {
            trouble.was_sent = false;
            trouble.message = causes(error);
            Some(Refusal::Invalid)
        }
        SdkError::DispatchFailure(failure) => {
            trouble.endpoint = endpoint(error);
            trouble.message = causes(error);
            if is_bucket_host_unknown(error) {
                trouble.message = format!("{}; {BUCKET_IN_HOST}", trouble.message);
            }
            let certain = not_sent(failure.as_connector_error().and_then(Error::source));
            trouble.was_sent = certain.is_none();
            certain
        }
        SdkError::TimeoutError(_) => {
            trouble.endpoint = endpoint(error);
            trouble.message = "it took too long".into();
            None
        }
        // The SDK may add kinds; nothing is known of them.
        _ => {
            trouble.message = causes(error);
            None
        }
    };
    Failed { refusal, trouble }
}

/// Understands an error of a request with a condition, whose header is `header`. Stores that do not know it
/// answer 501, or 400 with a code for a bad request; only one that names the header is about that and nothing else.
pub(crate) fn failed_on_condition<E>(
    operation: &'static str,
    header: &str,
    error: &SdkError<E, HttpResponse>,
) -> Failed
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let mut failed = failed("S3", operation, error);
    let is_code = |code: &str| matches!(code, "InvalidArgument" | "InvalidRequest");
    if failed.refusal == Some(Refusal::Invalid)
        && failed.trouble.code.as_deref().is_some_and(is_code)
        && let SdkError::ServiceError(context) = error
        && let Some(body) = context.raw().body().bytes()
        && String::from_utf8_lossy(body).to_ascii_lowercase().contains(header)
    {
        failed.refusal = Some(Refusal::Unsupported);
    }
    failed
}

/// Where the request went, if it got so far.
fn endpoint<E: Error>(error: &E) -> Option<Box<str>> {
    Unanswered::among(error.source()?).map(|unanswered| unanswered.endpoint.as_str().into())
}

/// Whether no such host is known, and its name begins with the bucket's.
fn is_bucket_host_unknown<E: Error>(error: &E) -> bool {
    let unanswered = error.source().and_then(Unanswered::among);
    let mut cause = unanswered.filter(|one| one.is_bucket_in_host).and_then(Error::source);
    while let Some(error) = cause {
        // The HTTP client has no type for it that others could name.
        if error.to_string() == "dns error" {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The causes in one line, the least technical of them.
fn causes<E: Error>(error: &E) -> String {
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let innermost = last.to_string();
    // The SDK quotes an endpoint that it does not understand.
    text_without_users(&if innermost.is_empty() {
        DisplayErrorContext(error).to_string()
    } else {
        innermost
    })
}

/// Whether it is certain that nothing was sent: no connection, or no credentials to sign with.
fn not_sent(cause: Option<&(dyn Error + 'static)>) -> Option<Refusal> {
    let mut cause = cause;
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<CredentialsError>() {
            return Some(without_credentials(error));
        }
        let client = error.downcast_ref::<hyper_util::client::legacy::Error>();
        if client.is_some_and(hyper_util::client::legacy::Error::is_connect) {
            return Some(Refusal::Unavailable);
        }
        cause = error.source();
    }
    None
}

/// Credentials that are not there will not come; a service that gives them may answer the next time.
fn without_credentials(error: &CredentialsError) -> Refusal {
    match error {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
            Refusal::Denied
        }
        // The SDK may add kinds; all that there are now may pass.
        _ => Refusal::Unavailable,
    }
}

/// What S3 says. `None`: a server error, which may come after the effect.
fn object_refusal(status: u16, code: &str) -> Option<Refusal> {
    match (status, code) {
        (_, "NoSuchBucket") => Some(Refusal::NoSuchBucket),
        (_, "SlowDown" | "ServiceUnavailable" | "Throttling" | "ThrottlingException")
        | (429, _) => Some(Refusal::Unavailable),
        (412, _) => Some(Refusal::PreconditionFailed),
        (409, _) => Some(Refusal::Conflict),
        // A 404 without a code may be that of a proxy that has lost its way to the store.
        (404, "") => None,
        (404, _) => Some(Refusal::NoSuchKey),
        (401 | 403, _)
        | (_, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired" | "RequestExpired") => {
            Some(Refusal::Denied)
        }
        (501 | 405, _) | (_, "NotImplemented") => Some(Refusal::Unsupported),
        // "The server did not receive your request in time": whether it did in the end is open.
        (_, "RequestTimeout") | (408, _) => None,
        (300..=499, _) => Some(Refusal::Invalid),
        _ => None,
    }
}

/// What DynamoDB says.
fn table_refusal(status: u16, code: &str) -> Option<Refusal> {
    match (status, code) {
        (_, "ConditionalCheckFailedException") => Some(Refusal::PreconditionFailed),
        (_, "TransactionConflictException" | "ReplicatedWriteConflictException") => {
            Some(Refusal::Conflict)
        }
        (409, _) => Some(Refusal::Conflict),
        (_, "ResourceNotFoundException") => Some(Refusal::NoSuchTable),
        (
            _,
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "Throttling"
            | "RequestLimitExceeded",
        )
        | (429, _) => Some(Refusal::Unavailable),
        (
            _,
            "AccessDeniedException"
            | "AccessDenied"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "MissingAuthenticationTokenException"
            | "MissingAuthenticationToken"
            | "IncompleteSignatureException"
            | "ExpiredTokenException"
            | "ExpiredToken"
            | "InvalidClientTokenId",
        )
        | (401 | 403, _) => Some(Refusal::Denied),
        (_, "UnknownOperationException") | (501 | 405, _) => Some(Refusal::Unsupported),
        (408, _) => None,
        (300..=499, _) => Some(Refusal::Invalid),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_sdk_s3::operation::delete_object::DeleteObjectError;
    use aws_sdk_s3::primitives::SdkBody;
    use aws_smithy_runtime_api::http::StatusCode;

    use super::*;

    #[test]
    fn only_what_certainly_had_no_effect_is_a_refusal() {
        for (status, code, refusal) in [
            (412, "PreconditionFailed", Some(Refusal::PreconditionFailed)),
            (409, "ConditionalRequestConflict", Some(Refusal::Conflict)),
            (404, "NoSuchKey", Some(Refusal::NoSuchKey)),
            (404, "NoSuchBucket", Some(Refusal::NoSuchBucket)),
            (404, "NotFound", Some(Refusal::NoSuchKey)),
            (404, "", None),
            (403, "AccessDenied", Some(Refusal::Denied)),
            (400, "ExpiredToken", Some(Refusal::Denied)),
            (400, "InvalidArgument", Some(Refusal::Invalid)),
            (301, "PermanentRedirect", Some(Refusal::Invalid)),
            (501, "NotImplemented", Some(Refusal::Unsupported)),
            (503, "SlowDown", Some(Refusal::Unavailable)),
            (503, "", None),
            (500, "InternalError", None),
            (502, "", None),
            (504, "", None),
            (400, "RequestTimeout", None),
        ] {
            assert_eq!(object_refusal(status, code), refusal, "{status} {code}");
        }
        for (status, code, refusal) in [
            (400, "ConditionalCheckFailedException", Some(Refusal::PreconditionFailed)),
            (400, "TransactionConflictException", Some(Refusal::Conflict)),
            (400, "ResourceNotFoundException", Some(Refusal::NoSuchTable)),
            (400, "ProvisionedThroughputExceededException", Some(Refusal::Unavailable)),
            (400, "AccessDeniedException", Some(Refusal::Denied)),
            (400, "ExpiredTokenException", Some(Refusal::Denied)),
            (400, "ValidationException", Some(Refusal::Invalid)),
            (500, "InternalServerError", None),
            (503, "", None),
        ] {
            assert_eq!(table_refusal(status, code), refusal, "{status} {code}");
        }
    }

    /// What a DELETE with `If-Match` came to that was answered so.
    fn on_condition(status: u16, code: &str, body: &str) -> Option<Refusal> {
        let known = DeleteObjectError::generic(ErrorMetadata::builder().code(code).build());
        let status = StatusCode::try_from(status).unwrap();
        let raw = HttpResponse::new(status, SdkBody::from(body));
        let error = SdkError::service_error(known, raw);
        failed_on_condition("DeleteObject", "if-match", &error).refusal
    }

    #[test]
    fn p4_only_an_answer_that_is_about_the_condition_says_that_there_is_none() {
        let names_it = "<Error><Code>x</Code><ArgumentName>If-Match</ArgumentName></Error>";
        for (status, code, body, refusal) in [
            (501, "NotImplemented", "", Refusal::Unsupported),
            (501, "", "", Refusal::Unsupported),
            (400, "NotImplemented", "", Refusal::Unsupported),
            (405, "MethodNotAllowed", "", Refusal::Unsupported),
            (400, "InvalidArgument", names_it, Refusal::Unsupported),
            (400, "InvalidRequest", names_it, Refusal::Unsupported),
            (
                400,
                "InvalidArgument",
                "<Error><Code>InvalidArgument</Code></Error>",
                Refusal::Invalid,
            ),
            (400, "AuthorizationHeaderMalformed", names_it, Refusal::Invalid),
            (400, "", "<html>If-Match</html>", Refusal::Invalid),
            (403, "InvalidArgument", names_it, Refusal::Denied),
            (412, "PreconditionFailed", names_it, Refusal::PreconditionFailed),
        ] {
            assert_eq!(on_condition(status, code, body), Some(refusal), "{status} {code} {body}");
        }
    }
}
