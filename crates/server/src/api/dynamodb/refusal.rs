//! What the API refuses, with the types, statuses and texts of DynamoDB.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Map, Value};

use super::answer;
use crate::auth::sigv4::SigV4Error;
use crate::engine::EngineError;
use crate::engine::tables::TableError;
use crate::engine::tables::expression::ExpressionError;
use crate::records::Item;
use crate::storage::StorageError;

/// Errors of the API's own model.
const MODEL: &str = "com.amazonaws.dynamodb.v20120810#";
/// Errors of the framework below it.
const SERVICE: &str = "com.amazon.coral.service#";

/// An error answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    status: StatusCode,
    /// With its prefix.
    error_type: String,
    /// The framework's own errors spell it with a capital.
    message_member: &'static str,
    message: String,
    /// The item that did not fulfil the condition.
    pub(super) item: Option<Box<Item>>,
}

impl Refusal {
    fn new(prefix: &str, name: &str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error_type: format!("{prefix}{name}"),
            message_member: "message",
            message: message.into(),
            item: None,
        }
    }

    fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// A request that means nothing, or nothing here.
    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new("com.amazon.coral.validate#", "ValidationException", message)
    }

    /// One or more members break the rules of the API's model.
    pub(super) fn constraints(broken: &[String]) -> Self {
        let plural = if broken.len() == 1 { "" } else { "s" };
        let count = broken.len();
        let list = broken.join("; ");
        Self::validation(format!("{count} validation error{plural} detected: {list}"))
    }

    /// A member that this server does not do anything for.
    pub(super) fn unsupported(member: &str) -> Self {
        Self::validation(format!(
            "{member} is not supported by this server: see docs/protocol/dynamodb-subset.md"
        ))
    }

    /// A body that is not what the API reads.
    pub(super) fn serialization(message: impl Into<String>) -> Self {
        let mut refusal = Self::new(SERVICE, "SerializationException", message);
        refusal.message_member = "Message";
        refusal
    }

    pub(super) fn unknown_operation(name: &str) -> Self {
        let message = format!("The operation `{name}` is not served here.");
        Self::new(SERVICE, "UnknownOperationException", message)
    }

    /// Not a request of this API at all.
    pub(super) fn not_the_api() -> Self {
        let message = "The API is served by POST to / with x-amz-target and a JSON body.";
        Self::new(SERVICE, "UnknownOperationException", message).with_status(StatusCode::NOT_FOUND)
    }

    pub(super) fn too_large() -> Self {
        let message = "The request is larger than 16 MiB.";
        Self::new(SERVICE, "RequestEntityTooLargeException", message)
            .with_status(StatusCode::PAYLOAD_TOO_LARGE)
    }

    /// A request whose body has not come had no effect; of any other nobody knows.
    pub(super) fn timed_out(is_complete: bool) -> Self {
        if is_complete {
            return unknown_outcome();
        }
        let message = "The body took longer than the server allows. Nothing was changed.";
        Self::new(SERVICE, "RequestTimeoutException", message)
            .with_status(StatusCode::REQUEST_TIMEOUT)
    }

    pub(super) fn access_denied(action: &str, resource: &str) -> Self {
        let root = crate::api::identity::ROOT_ARN;
        let message = format!(
            "User: {root} is not authorized to perform: dynamodb:{action} on resource: {resource}"
        );
        Self::new(MODEL, "AccessDeniedException", message)
    }

    /// What an operation on a table, not on its items, answers if there is none.
    pub(super) fn no_such_table(name: &str) -> Self {
        let message = format!("Requested resource not found: Table: {name} not found");
        Self::new(MODEL, "ResourceNotFoundException", message)
    }

    /// What operations on backups answer.
    pub(super) fn table_not_found(name: &str) -> Self {
        Self::new(MODEL, "TableNotFoundException", format!("Table not found: {name}"))
    }

    pub(super) fn no_such_resource(arn: &str) -> Self {
        // The spelling is the service's.
        let message = format!("Requested resource not found: ResourcArn: {arn} not found");
        Self::new(MODEL, "ResourceNotFoundException", message)
    }

    /// The same with another message, if it is about values.
    pub(super) fn reworded(mut self, words: impl FnOnce(&str) -> String) -> Self {
        if self.error_type.ends_with("#ValidationException") {
            self.message = words(&self.message);
        }
        self
    }

    pub(super) fn render(&self, request_id: &str) -> Response<Bytes> {
        let mut body = Map::new();
        body.insert("__type".to_owned(), Value::String(self.error_type.clone()));
        body.insert(self.message_member.to_owned(), Value::String(self.message.clone()));
        if let Some(item) = &self.item {
            body.insert("Item".to_owned(), answer::item(item));
        }
        answer::render(self.status, &Value::Object(body), request_id)
    }
}

impl From<ExpressionError> for Refusal {
    fn from(error: ExpressionError) -> Self {
        Self::validation(error.0)
    }
}

impl From<TableError> for Refusal {
    fn from(error: TableError) -> Self {
        match error {
            TableError::NoSuchTable(_) => {
                Self::new(MODEL, "ResourceNotFoundException", "Requested resource not found")
            }
            TableError::TableExists(name) => {
                let message = format!("Table already exists: {name}");
                Self::new(MODEL, "ResourceInUseException", message)
            }
            TableError::Protected(_) => Self::validation(
                "Resource cannot be deleted as it is currently protected against deletion. \
                 Disable deletion protection first.",
            ),
            TableError::ConditionFailed(item) => {
                let message = "The conditional request failed";
                let mut refusal = Self::new(MODEL, "ConditionalCheckFailedException", message);
                refusal.item = item;
                refusal
            }
            TableError::Invalid(message) => Self::validation(message),
            TableError::Engine(EngineError::LockRefused(message)) => {
                Self::new(MODEL, "ConditionalCheckFailedException", message)
            }
            TableError::Engine(error) => engine_failure(&error),
        }
    }
}

fn unknown_outcome() -> Refusal {
    let message = "Whether the request had an effect is unknown: read back before you repeat it.";
    Refusal::new(MODEL, "InternalServerError", message)
        .with_status(StatusCode::INTERNAL_SERVER_ERROR)
}

/// What is wrong with the server. The log has the details; only the text says if something may have
/// happened all the same.
fn engine_failure(error: &EngineError) -> Refusal {
    tracing::error!(%error, "a request on a table failed");
    match error {
        EngineError::Storage(StorageError::OutcomeUnknown(_)) => unknown_outcome(),
        EngineError::Storage(StorageError::Corrupt(_)) => Refusal::new(
            MODEL,
            "InternalServerError",
            "What is stored here is damaged; the server's log says where. Nothing was changed.",
        )
        .with_status(StatusCode::INTERNAL_SERVER_ERROR),
        _ => Refusal::new(
            SERVICE,
            "ServiceUnavailableException",
            "The server cannot do this now; its log says why. Nothing was changed.",
        )
        .with_status(StatusCode::SERVICE_UNAVAILABLE),
    }
}

impl From<SigV4Error> for Refusal {
    fn from(error: SigV4Error) -> Self {
        let name = match &error {
            SigV4Error::Missing => "MissingAuthenticationTokenException",
            SigV4Error::Malformed(_) | SigV4Error::UnsupportedAlgorithm => {
                "IncompleteSignatureException"
            }
            SigV4Error::UnknownKey { .. } => "UnrecognizedClientException",
            // The SDKs correct their clock when they meet this code with the text of a skew.
            SigV4Error::Expired
            | SigV4Error::Skewed { .. }
            | SigV4Error::WrongScope(_)
            | SigV4Error::HeaderNotSigned { .. }
            | SigV4Error::SignedHeaderMissing { .. }
            | SigV4Error::PayloadMismatch
            | SigV4Error::Mismatch => "InvalidSignatureException",
        };
        Self::new(SERVICE, name, error.to_string())
    }
}
