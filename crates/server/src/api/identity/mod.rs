//! STS and IAM, as far as Terraform and the AWS tools ask before they touch a state: who am I?
//!
//! Two actions answer: STS `GetCallerIdentity` (2011-06-15) and IAM `GetUser` (2010-05-08), by POST
//! form or by query, signed in the header or presigned. There is one caller, the root of one account.
//! IAM `ListRoles`, the last thing Terraform tries, is denied; every other action is unknown. Each
//! error has the code and status that AWS gives for the same mistake.

mod answer;
mod refusal;

use bytes::Bytes;
use http::{Method, Response};

use crate::auth::credentials::Credentials;
use crate::auth::sigv4::canonical::SignedRequest;
use crate::auth::sigv4::query::Query;
use crate::auth::sigv4::{Expected, SigV4Error, verify};
use answer::{Answer, element};
use refusal::Refusal;

/// The account that everything here belongs to. Not a possible account of AWS.
pub const ACCOUNT_ID: &str = "000000000000";
/// The name of the caller of the root access key, in the form AWS has for an account's root.
pub const ROOT_ARN: &str = "arn:aws:iam::000000000000:root";
/// The name of the root user, where an API has a field for it. AWS has none.
pub const ROOT_USER_NAME: &str = "root";

/// AWS wants a date here; nothing reads it.
const ROOT_CREATED: &str = "1970-01-01T00:00:00Z";

/// Which of the two services a request is signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityService {
    /// The Security Token Service.
    Sts,
    /// Identity and Access Management.
    Iam,
}

impl IdentityService {
    /// The name in a credential scope.
    pub fn scope_name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Iam => "iam",
        }
    }

    /// The only version of the API that is served.
    fn version(self) -> &'static str {
        match self {
            Self::Sts => "2011-06-15",
            Self::Iam => "2010-05-08",
        }
    }
}

/// Answers one request of STS or IAM: verifies it, finds the action, renders.
///
/// The caller bounds the body, gives it whole, and gives the time in seconds since 1970. The answer
/// is complete: status, content type, `x-amzn-requestid` and body.
#[expect(clippy::unused_async, reason = "every API is awaited; this one has nothing to read")]
pub async fn handle(
    service: IdentityService,
    head: &http::request::Parts,
    body: &[u8],
    credentials: &Credentials,
    now_unix: i64,
    request_id: &str,
) -> Response<Bytes> {
    let request = SignedRequest::new(head, body);
    match outcome(service, &request, credentials, now_unix) {
        Ok(answer) => answer.render(service, request_id),
        Err(refusal) => refusal.render(service, request_id),
    }
}

fn outcome(
    service: IdentityService,
    request: &SignedRequest<'_>,
    credentials: &Credentials,
    now_unix: i64,
) -> Result<Answer, Refusal> {
    let verified = verify(request, Expected::service(service.scope_name()), credentials, now_unix)?;
    if verified.has_session_token {
        // None are issued here. AWS answers an unknown token as it answers an unknown key.
        return Err(SigV4Error::UnknownKey { access_key_id: verified.access_key_id }.into());
    }
    act(service, request)
}

fn act(service: IdentityService, request: &SignedRequest<'_>) -> Result<Answer, Refusal> {
    let form = String::from_utf8_lossy(request.body);
    let parameters = match request.method {
        method if method == Method::POST.as_str() && !form.trim().is_empty() => Query::parse(&form),
        method if method == Method::POST.as_str() || method == Method::GET.as_str() => {
            Query::parse(request.query)
        }
        _ => return Err(Refusal::method_not_allowed()),
    };
    let action = parameters.only("Action").ok_or_else(Refusal::missing_action)?;
    let version = parameters.only("Version").unwrap_or("NO_VERSION_SPECIFIED");
    if version != service.version() {
        return Err(Refusal::invalid_action(action, version));
    }
    match (service, action) {
        (IdentityService::Sts, "GetCallerIdentity") => Ok(caller_identity()),
        (IdentityService::Iam, "GetUser") => user(parameters.only("UserName")),
        (IdentityService::Iam, "ListRoles") => Err(Refusal::denied("iam:ListRoles")),
        (IdentityService::Sts | IdentityService::Iam, _) => {
            Err(Refusal::invalid_action(action, version))
        }
    }
}

fn caller_identity() -> Answer {
    let fields = [("Arn", ROOT_ARN), ("UserId", ACCOUNT_ID), ("Account", ACCOUNT_ID)];
    Answer { action: "GetCallerIdentity", result: answer::elements(&fields) }
}

fn user(name: Option<&str>) -> Result<Answer, Refusal> {
    match name {
        Some(name) if name != ROOT_USER_NAME => Err(Refusal::no_such_user(name)),
        Some(_) | None => {
            let fields = [
                ("Path", "/"),
                ("UserName", ROOT_USER_NAME),
                ("UserId", ACCOUNT_ID),
                ("Arn", ROOT_ARN),
                ("CreateDate", ROOT_CREATED),
            ];
            let result = element("User", &answer::elements(&fields));
            Ok(Answer { action: "GetUser", result })
        }
    }
}

#[cfg(test)]
mod tests;
