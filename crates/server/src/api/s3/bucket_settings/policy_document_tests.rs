//! Policies that stock tools send, and the same policies spoilt in one place each.

use s3s::S3ErrorCode;
use serde_json::{Value, json};

use super::check;

const BUCKET: &str = "states";

/// What terragrunt sends: root access and TLS.
fn bootstrap() -> Value {
    let both = ["arn:aws:s3:::states", "arn:aws:s3:::states/*"];
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EnforcedTLS", "Effect": "Deny", "Action": "s3:*", "Resource": both,
                "Principal": {"*": ["*"]},
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "RootAccess", "Effect": "Allow", "Action": "s3:*", "Resource": both,
                "Principal": {"AWS": ["arn:aws:iam::000000000000:root"]},
            },
        ],
    })
}

fn code(policy: &Value) -> Option<S3ErrorCode> {
    check(&policy.to_string(), BUCKET).err().map(|error| error.code().clone())
}

/// The policy with the value at a JSON pointer replaced.
fn with(pointer: &str, value: Value) -> Value {
    let mut policy = bootstrap();
    *policy.pointer_mut(pointer).expect("a value to replace") = value;
    policy
}

#[test]
fn what_stock_tools_send_is_taken() {
    assert_eq!(code(&bootstrap()), None);
    for condition in [
        json!({"Bool": {"aws:SecureTransport": false}}),
        json!({"BoolIfExists": {"aws:securetransport": ["false"]}}),
        json!({"NumericLessThan": {"s3:TlsVersion": 1.2}}),
    ] {
        assert_eq!(code(&with("/Statement/0/Condition", condition.clone())), None, "{condition}");
    }
    assert_eq!(code(&with("/Statement/0/Principal", json!("*"))), None);
    let alone = json!({"Statement": bootstrap()["Statement"][1]});
    assert_eq!(code(&alone), None, "a statement that is no list, without a version");
}

#[test]
fn a_denial_that_nobody_would_enforce_is_refused() {
    for condition in [
        json!({}),
        json!({"Bool": {}}),
        json!({"Bool": {"aws:SecureTransport": "true"}}),
        json!({"Bool": {"aws:SecureTransport": []}}),
        json!({"Bool": {"aws:SecureTransport": ["false", "true"]}}),
        json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
        json!({"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}}),
        json!({"Bool": {"aws:SecureTransport": "false"}, "Null": {"s3:if-match": "true"}}),
        json!({"NumericGreaterThan": {"s3:TlsVersion": 1.2}}),
    ] {
        let refused = code(&with("/Statement/0/Condition", condition.clone()));
        assert_eq!(refused, Some(S3ErrorCode::NotImplemented), "{condition}");
    }
    let error = check(&with("/Statement/1/Effect", json!("Deny")).to_string(), BUCKET);
    let message = error.expect_err("a denial").message().unwrap_or_default().to_owned();
    assert!(message.starts_with("Statement RootAccess denies"), "{message}");
}

#[test]
fn nothing_becomes_public() {
    for everyone in [json!("*"), json!({"AWS": "*"}), json!({"AWS": ["x", "*"]}), json!({"*": []})]
    {
        let refused = code(&with("/Statement/1/Principal", everyone.clone()));
        assert_eq!(refused, Some(S3ErrorCode::NotImplemented), "{everyone}");
    }
    let mut others = bootstrap();
    let statement = others["Statement"][1].as_object_mut().expect("a statement");
    let principal = statement.remove("Principal").expect("a principal");
    statement.insert("NotPrincipal".to_owned(), principal);
    assert_eq!(code(&others), Some(S3ErrorCode::NotImplemented));
    let mut conditional = with("/Statement/1/Principal", json!("*"));
    conditional["Statement"][1]["Condition"] =
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
    assert_eq!(code(&conditional), None, "everyone of an organisation is not the public");
}

#[test]
fn what_is_no_policy_for_this_bucket_is_malformed() {
    let spoilt = [
        ("/Version", json!("2026-01-01")),
        ("/Statement", json!([])),
        ("/Statement", json!("all")),
        ("/Statement/0/Sid", json!("RootAccess")),
        ("/Statement/0/Effect", json!("Maybe")),
        ("/Statement/0/Principal", json!("root")),
        ("/Statement/0/Principal", Value::Null),
        ("/Statement/0/Action", json!([])),
        ("/Statement/0/Action", json!("ec2:*")),
        ("/Statement/0/Resource", json!("arn:aws:s3:::other/*")),
        ("/Statement/0/Resource", json!("arn:aws:s3:::states-too")),
        ("/Statement/0/Resource", json!("states")),
        ("/Statement/0/Resource", json!("*")),
        ("/Statement/0/Condition", json!("never")),
    ];
    for (pointer, value) in spoilt {
        let refused = code(&with(pointer, value.clone()));
        assert_eq!(refused, Some(S3ErrorCode::MalformedPolicy), "{pointer} {value}");
    }
    let twice = r#"{"Statement": [], "Statement": []}"#;
    let mut stranger = bootstrap();
    stranger["Statement"][1]["Efect"] = json!("Deny");
    let large = format!("{}{}", bootstrap(), " ".repeat(20 * 1024));
    for text in ["", "[]", " {}", "{", "{}", twice, &stranger.to_string(), &large] {
        let error = check(text, BUCKET).expect_err(text);
        assert_eq!(*error.code(), S3ErrorCode::MalformedPolicy, "{text}");
    }
}
