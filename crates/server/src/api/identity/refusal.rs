//! What the two services refuse, with the codes and statuses of AWS.

use bytes::Bytes;
use http::{Response, StatusCode};

use super::answer::{document, element, elements, response, text};
use super::{IdentityService, ROOT_ARN};
use crate::auth::sigv4::SigV4Error;

/// An error answer, before the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(super) fn missing_action() -> Self {
        let message = "The request is missing an action or a required parameter.";
        Self::new(StatusCode::BAD_REQUEST, "MissingAction", message)
    }

    pub(super) fn invalid_action(action: &str, version: &str) -> Self {
        let message = format!("Could not find operation {action} for version {version}");
        Self::new(StatusCode::BAD_REQUEST, "InvalidAction", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "Only GET and POST are allowed here.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "InvalidAction", message)
    }

    pub(super) fn denied(action: &str) -> Self {
        let message = format!("User: {ROOT_ARN} is not authorized to perform: {action}");
        Self::new(StatusCode::FORBIDDEN, "AccessDenied", message)
    }

    pub(super) fn no_such_user(name: &str) -> Self {
        let message = format!("The user with name {name} cannot be found.");
        Self::new(StatusCode::NOT_FOUND, "NoSuchEntity", message)
    }

    /// Puts the error into its envelope.
    pub(super) fn render(&self, service: IdentityService, request_id: &str) -> Response<Bytes> {
        let fields = [("Type", "Sender"), ("Code", self.code), ("Message", &self.message)];
        let error = element("Error", &elements(&fields));
        let inside = error + &element("RequestId", &text(request_id));
        response(self.status, document("ErrorResponse", service, &inside), request_id)
    }
}

impl From<SigV4Error> for Refusal {
    fn from(error: SigV4Error) -> Self {
        let (status, code) = match &error {
            SigV4Error::Missing => (StatusCode::FORBIDDEN, "MissingAuthenticationToken"),
            SigV4Error::Malformed(_) | SigV4Error::UnsupportedAlgorithm => {
                (StatusCode::BAD_REQUEST, "IncompleteSignature")
            }
            SigV4Error::UnknownKey { .. } => (StatusCode::FORBIDDEN, "InvalidClientTokenId"),
            SigV4Error::Expired => (StatusCode::BAD_REQUEST, "RequestExpired"),
            // The SDKs correct their clock when they meet this code with the text of a skew.
            SigV4Error::Skewed { .. }
            | SigV4Error::WrongScope(_)
            | SigV4Error::HeaderNotSigned { .. }
            | SigV4Error::SignedHeaderMissing { .. }
            | SigV4Error::PayloadMismatch
            | SigV4Error::Mismatch => (StatusCode::FORBIDDEN, "SignatureDoesNotMatch"),
        };
        Self::new(status, code, error.to_string())
    }
}
