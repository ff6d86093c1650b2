//! The answers that clients parse, whole, and a refusal of each kind.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials as Key;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use futures::FutureExt as _;

use super::*;
use crate::auth::credentials::AccessKey;

const NOW: i64 = 1_795_000_000;
const ID: &str = "SLEXAMPLE";
const SECRET: &str = "a-secret-of-some-length";
const GET_CALLER_IDENTITY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const GET_USER: &str = "Action=GetUser&Version=2010-05-08";

fn credentials() -> Credentials {
    Credentials::in_memory(AccessKey::new(ID, SECRET).unwrap())
}

/// A request signed by the AWS SDK's own signer.
struct Client {
    id: &'static str,
    secret: &'static str,
    service: &'static str,
    token: Option<&'static str>,
}

const STS: Client = Client { id: ID, secret: SECRET, service: "sts", token: None };
const IAM: Client = Client { service: "iam", ..STS };

impl Client {
    fn signed(&self, method: &str, target: &str, body: &str) -> http::request::Parts {
        let token = self.token.map(str::to_owned);
        let key = Key::new(self.id, self.secret, token, None, "test").into();
        let params = SigningParams::builder()
            .identity(&key)
            .region("eu-central-1")
            .name(self.service)
            .time(UNIX_EPOCH + Duration::from_secs(NOW.unsigned_abs()))
            .settings(SigningSettings::default())
            .build()
            .unwrap();
        let uri = format!("http://127.0.0.1:9000{target}");
        let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let headers = [form, ("host", "127.0.0.1:9000")];
        let body = SignableBody::Bytes(body.as_bytes());
        let signable = SignableRequest::new(method, &uri, headers.into_iter(), body).unwrap();
        let (instructions, _) = sign(signable, &params.into()).unwrap().into_parts();
        let mut request = http::Request::builder().method(method).uri(target).body(()).unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        instructions.apply_to_request_http1x(&mut request);
        request.into_parts().0
    }

    fn ask(&self, service: IdentityService, body: &str) -> (u16, String) {
        answered(service, &self.signed("POST", "/", body), body, NOW)
    }
}

fn answered(
    service: IdentityService,
    head: &http::request::Parts,
    body: &str,
    now: i64,
) -> (u16, String) {
    let credentials = credentials();
    let answer = handle(service, head, body.as_bytes(), &credentials, now, "req-1");
    let response = answer.now_or_never().unwrap();
    assert_eq!(response.headers()["content-type"], "text/xml");
    assert_eq!(response.headers()["x-amzn-requestid"], "req-1");
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    (response.status().as_u16(), text)
}

#[test]
fn get_caller_identity() {
    let expected = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
        <GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn>\
        <UserId>000000000000</UserId><Account>000000000000</Account></GetCallerIdentityResult>\
        <ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata>\
        </GetCallerIdentityResponse>\n";
    let answer = STS.ask(IdentityService::Sts, GET_CALLER_IDENTITY);
    assert_eq!(answer, (200, expected.to_owned()));
    let head = STS.signed("GET", &format!("/?{GET_CALLER_IDENTITY}"), "");
    assert_eq!(answered(IdentityService::Sts, &head, "", NOW), (200, expected.to_owned()));
}

#[test]
fn get_user() {
    let expected = "<GetUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
        <GetUserResult><User><Path>/</Path><UserName>root</UserName><UserId>000000000000</UserId>\
        <Arn>arn:aws:iam::000000000000:root</Arn><CreateDate>1970-01-01T00:00:00Z</CreateDate>\
        </User></GetUserResult><ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata>\
        </GetUserResponse>\n";
    for form in [GET_USER.to_owned(), format!("{GET_USER}&UserName=root")] {
        assert_eq!(IAM.ask(IdentityService::Iam, &form), (200, expected.to_owned()));
    }
}

#[test]
fn an_unknown_action_is_named_and_escaped() {
    let form = "Action=%3Cb%3E%00&Version=2011-06-15";
    let expected = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>\
        <Type>Sender</Type><Code>InvalidAction</Code><Message>Could not find operation \
        &lt;b&gt;\u{fffd} for version 2011-06-15</Message></Error><RequestId>req-1</RequestId>\
        </ErrorResponse>\n";
    assert_eq!(STS.ask(IdentityService::Sts, form), (400, expected.to_owned()));
}

#[test]
fn every_other_action_is_refused() {
    let cases = [
        (STS, IdentityService::Sts, "Action=AssumeRole&Version=2011-06-15", 400, "InvalidAction"),
        (STS, IdentityService::Sts, "Action=GetUser&Version=2011-06-15", 400, "InvalidAction"),
        (STS, IdentityService::Sts, "Action=GetCallerIdentity", 400, "InvalidAction"),
        (STS, IdentityService::Sts, "Version=2011-06-15", 400, "MissingAction"),
        (STS, IdentityService::Sts, "", 400, "MissingAction"),
        (IAM, IdentityService::Iam, "Action=CreateUser&Version=2010-05-08", 400, "InvalidAction"),
        (IAM, IdentityService::Iam, "Action=ListRoles&Version=2010-05-08", 403, "AccessDenied"),
        (
            IAM,
            IdentityService::Iam,
            "Action=GetUser&Version=2010-05-08&UserName=me",
            404,
            "NoSuchEntity",
        ),
    ];
    for (client, service, form, status, code) in cases {
        let (answered, text) = client.ask(service, form);
        assert!(text.contains(&format!("<Code>{code}</Code>")), "{form}: {text}");
        assert_eq!(answered, status, "{form}");
    }
    let head = STS.signed("PUT", "/", GET_CALLER_IDENTITY);
    assert_eq!(answered(IdentityService::Sts, &head, GET_CALLER_IDENTITY, NOW).0, 405);
}

#[test]
fn bad_signatures_have_the_codes_of_aws() {
    let cases = [
        (Client { id: "OTHER", ..STS }, "InvalidClientTokenId"),
        (Client { secret: "another-secret", ..STS }, "SignatureDoesNotMatch"),
        (Client { service: "iam", ..STS }, "SignatureDoesNotMatch"),
        (Client { token: Some("token"), ..STS }, "InvalidClientTokenId"),
    ];
    for (client, code) in cases {
        let (status, text) = client.ask(IdentityService::Sts, GET_CALLER_IDENTITY);
        assert!(text.contains(&format!("<Code>{code}</Code>")), "{text}");
        assert_eq!(status, 403, "{code}");
    }
}

#[test]
fn clocks_bodies_and_missing_signatures() {
    let head = STS.signed("POST", "/", GET_CALLER_IDENTITY);
    let (status, text) = answered(IdentityService::Sts, &head, GET_CALLER_IDENTITY, NOW + 901);
    assert!(
        text.contains("<Code>SignatureDoesNotMatch</Code><Message>Signature expired: "),
        "{text}"
    );
    assert_eq!(status, 403);
    let (status, text) = answered(IdentityService::Sts, &head, GET_USER, NOW);
    assert!(text.contains("<Code>SignatureDoesNotMatch</Code>"), "{text}");
    assert_eq!(status, 403);

    let mut unsigned = head.clone();
    unsigned.headers.remove("authorization");
    let (status, text) = answered(IdentityService::Sts, &unsigned, GET_CALLER_IDENTITY, NOW);
    assert!(text.contains("<Code>MissingAuthenticationToken</Code>"), "{text}");
    assert_eq!(status, 403);
    unsigned.headers.insert("authorization", "AWS4-HMAC-SHA256 x".parse().unwrap());
    let (status, text) = answered(IdentityService::Sts, &unsigned, GET_CALLER_IDENTITY, NOW);
    assert!(text.contains("<Code>IncompleteSignature</Code>"), "{text}");
    assert_eq!(status, 400);
}
