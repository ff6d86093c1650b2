//! The DynamoDB API (`DynamoDB_20120810`, JSON 1.0), as far as lock tables and the tools around them
//! need it.
//!
//! A request is verified, its members are read into one engine call, and the result is rendered.
//! Conditions and updates are parsed here and evaluated by the engine, inside its transaction.
//! Errors have the types and texts of DynamoDB; what is not done is refused by name.

mod answer;
mod batches;
mod capacity;
mod descriptions;
mod expressions;
mod fields;
mod items;
mod legacy;
mod pages;
mod refusal;
mod settings;
mod tables;
mod values;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Response, StatusCode, header};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::auth::credentials::Credentials;
use crate::auth::sigv4::canonical::SignedRequest;
use crate::auth::sigv4::claim::Claim;
use crate::auth::sigv4::query::Query;
use crate::auth::sigv4::{Expected, SigV4Error, Verified, check_claim, verify};
use crate::engine::{Connection, ConnectionId, Engine, Protocol, SMALL_BODY_BYTES_MAX, Sender};
use crate::listener::{CollectError, RequestBody};
use fields::Fields;
use refusal::Refusal;

/// The largest body that is read: more than 25 items of 400 KiB, as base64.
const BODY_SIZE_BYTES_MAX: usize = 16 << 20;

const NAME_CHARS_MIN: usize = 3;
const NAME_CHARS_MAX: usize = 255;
const TARGET: &str = "DynamoDB_20120810.";

/// What an operation answers.
type Answered = Result<Value, Refusal>;

/// One request that is allowed.
struct Call<'a> {
    engine: &'a Engine,
    request: Fields,
    sender: Sender,
    /// The region that it was signed for.
    region: String,
}

impl Call<'_> {
    /// TableName: a name, or an ARN that ends in one.
    fn table_name(&self) -> Result<String, Refusal> {
        let name = self.request.text("TableName")?;
        table_name(name.ok_or_else(|| Refusal::constraints(&[fields::missing("tableName")]))?)
    }
}

/// The operations, over what they need.
#[derive(Clone, Debug)]
pub(crate) struct DynamoDbApi {
    pub(crate) engine: Engine,
    pub(crate) credentials: Credentials,
    /// Turns of large bodies that are received. The API's own: states are stored beside it.
    pub(crate) intake: Arc<Semaphore>,
}

/// How many large bodies are received at a time.
pub(crate) const INTAKE_MAX: usize = 4;
/// How long a large body may take, however steadily it drips.
const LARGE_BODY_TIMEOUT: Duration = Duration::from_mins(2);

impl DynamoDbApi {
    /// Answers one request: receives it, verifies it, finds the operation, renders.
    ///
    /// The time is in seconds since 1970. The answer is complete: status, content type,
    /// `x-amzn-requestid` and body.
    pub(crate) async fn handle(
        &self,
        head: &Parts,
        body: RequestBody,
        now_unix: i64,
        request_id: &str,
    ) -> Response<Bytes> {
        match self.outcome(head, body, now_unix).await {
            Ok(body) => answer::render(StatusCode::OK, &body, request_id),
            Err(refusal) => refusal.render(request_id),
        }
    }

    async fn outcome(&self, head: &Parts, body: RequestBody, now_unix: i64) -> Answered {
        let operation = operation(head)?;
        // Who cannot even claim to be somebody is not waited for.
        check_claim(head, Expected::service("dynamodb"), &self.credentials, now_unix)?;
        let body = self.receive(head, body).await?;
        let request = SignedRequest::new(head, &body);
        let expected = Expected::service("dynamodb");
        let verified = verify(&request, expected, &self.credentials, now_unix)?;
        if verified.has_session_token {
            // None are issued here. AWS answers an unknown token as it answers an unknown key.
            return Err(SigV4Error::UnknownKey { access_key_id: verified.access_key_id }.into());
        }
        let call = Call {
            engine: &self.engine,
            request: Fields::parse(&body)?,
            sender: sender(head, &verified),
            region: region(&request),
        };
        act(operation, &call).await
    }

    /// The whole body. One that may be large waits for its turn. A client that is slow to send it is
    /// not waited for: it may be anybody who knows the name of a key.
    async fn receive(&self, head: &Parts, mut body: RequestBody) -> Result<Bytes, Refusal> {
        let length = head.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length: Option<usize> = length.and_then(|text| text.parse().ok());
        if length.is_some_and(|length| length > BODY_SIZE_BYTES_MAX) {
            return Err(Refusal::too_large());
        }
        let is_small = length.is_some_and(|length| length <= SMALL_BODY_BYTES_MAX);
        let turn = if is_small { None } else { self.intake.acquire().await.ok() };
        let stall_timeout = self.engine.limits().stall_timeout;
        let limit = if is_small { stall_timeout } else { LARGE_BODY_TIMEOUT };
        let receiving = body.collected(BODY_SIZE_BYTES_MAX, stall_timeout);
        let received = tokio::time::timeout(limit, receiving).await;
        drop(turn);
        received.unwrap_or(Err(CollectError::Stalled)).map_err(|error| match error {
            CollectError::TooLarge => Refusal::too_large(),
            CollectError::Stalled => Refusal::timed_out(false),
            CollectError::Incomplete(_) => Refusal::serialization("The body ended early."),
        })
    }
}

/// What is answered to a request that took longer than the server allows.
pub(crate) fn timed_out(is_complete: bool, request_id: &str) -> Response<Bytes> {
    Refusal::timed_out(is_complete).render(request_id)
}

/// The operation's name, if this is a request of the API at all.
fn operation(head: &Parts) -> Result<&str, Refusal> {
    let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let json = text(header::CONTENT_TYPE.as_str()).is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        ["application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/json"]
            .contains(&kind)
    });
    let target = text("x-amz-target");
    if head.method != Method::POST || head.uri.path() != "/" || (!json && target.is_some()) {
        return Err(Refusal::not_the_api());
    }
    let target = target.unwrap_or_default();
    target.strip_prefix(TARGET).ok_or_else(|| Refusal::unknown_operation(target))
}

async fn act(operation: &str, call: &Call<'_>) -> Answered {
    match operation {
        "PutItem" => items::put(call).await,
        "GetItem" => items::get(call).await,
        "DeleteItem" => items::delete(call).await,
        "UpdateItem" => items::update(call).await,
        "Query" => pages::query(call).await,
        "Scan" => pages::scan(call).await,
        "BatchGetItem" => batches::get(call).await,
        "BatchWriteItem" => batches::write(call).await,
        "CreateTable" => tables::create(call).await,
        "DescribeTable" => tables::describe(call).await,
        "ListTables" => tables::list(call).await,
        "UpdateTable" => tables::update(call).await,
        "DeleteTable" => tables::delete(call).await,
        "TagResource" => settings::tag(call).await,
        "UntagResource" => settings::untag(call).await,
        "ListTagsOfResource" => settings::tags(call).await,
        "DescribeContinuousBackups" => settings::backups(call).await,
        "UpdateContinuousBackups" => settings::update_backups(call).await,
        "DescribeTimeToLive" => settings::time_to_live(call).await,
        "UpdateTimeToLive" => settings::update_time_to_live(call).await,
        "DescribeLimits" => Ok(settings::limits()),
        _ => Err(Refusal::unknown_operation(operation)),
    }
}

fn sender(head: &Parts, verified: &Verified) -> Sender {
    // The listener names every connection; a request that came otherwise has one of its own.
    let connection = head.extensions.get::<Connection>().copied().unwrap_or(Connection {
        id: ConnectionId(u64::MAX),
        peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        idle_since_micros: 0,
    });
    let principal = verified.access_key_id.clone();
    Sender::from_headers(Protocol::DynamoDb, principal, connection, &head.headers)
}

/// The region in the scope of a signature that was verified.
fn region(request: &SignedRequest<'_>) -> String {
    let header = request.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let claim = match header {
        Some(text) => Claim::from_header(text),
        None => Claim::from_query(&Query::parse(request.query)),
    };
    claim.map(|claim| claim.scope.region).unwrap_or_default()
}

/// Whether a table can be named so.
pub(crate) fn is_table_name(name: &str) -> bool {
    (NAME_CHARS_MIN..=NAME_CHARS_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// The name of a table, from its name or its ARN.
fn table_name(given: &str) -> Result<String, Refusal> {
    let name = match given.strip_prefix("arn:").and_then(|_| given.split_once(":table/")) {
        Some((_, name)) => name,
        None => given,
    };
    let rule = if name.len() < NAME_CHARS_MIN {
        "have length greater than or equal to 3"
    } else if name.len() > NAME_CHARS_MAX {
        "have length less than or equal to 255"
    } else if !is_table_name(name) {
        "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
    } else {
        return Ok(name.to_owned());
    };
    Err(Refusal::constraints(&[format!(
        "Value '{name}' at 'tableName' failed to satisfy constraint: Member must {rule}"
    )]))
}

#[cfg(test)]
mod tests;
