//! What policies say to requests.

use super::*;

const KEY: &str = "arn:aws:s3:::b/k";

fn policy(statements: &str) -> Policy {
    Policy::parse(&format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)).unwrap()
}

fn allow(rest: &str) -> String {
    format!(r#"{{"Effect": "Allow", {rest}}}"#)
}

fn deny(rest: &str) -> String {
    format!(r#"{{"Effect": "Deny", {rest}}}"#)
}

fn get() -> Request {
    Request::new("s3:GetObject", Subject::exactly(KEY))
}

fn says(statements: &str, request: &Request) -> Answer {
    evaluate(&[&policy(statements)], request)
}

/// A statement that allows reading under a condition.
fn under(condition: &str) -> String {
    allow(&format!(r#""Action": "s3:GetObject", "Resource": "*", "Condition": {condition}"#))
}

#[test]
fn a_denial_goes_before_everything_and_silence_is_no() {
    let all = allow(r#""Action": "*", "Resource": "*""#);
    let no = deny(r#""Action": "s3:*Object", "Resource": "arn:aws:s3:::b/*""#);
    assert_eq!(says(&all, &get()), Answer::Allowed);
    assert_eq!(
        says(&format!("{all},{no}"), &get()),
        Answer::Denied(Which { policy: 0, statement: 1 })
    );
    assert_eq!(
        says(&allow(r#""Action": "s3:PutObject", "Resource": "*""#), &get()),
        Answer::NotAllowed
    );
    assert_eq!(
        says(&allow(r#""Action": "S3:getobject", "Resource": "*""#), &get()),
        Answer::Allowed
    );
    let other = policy(&deny(r#""Action": "s3:GetObject", "Resource": "*""#));
    assert_eq!(
        evaluate(&[&policy(&all), &other], &get()),
        Answer::Denied(Which { policy: 1, statement: 0 })
    );
}

#[test]
fn what_a_statement_is_not_about() {
    let not = allow(r#""NotAction": "s3:Put*", "NotResource": "arn:aws:s3:::b/secret/*""#);
    assert_eq!(says(&not, &get()), Answer::Allowed);
    let put = Request::new("s3:PutObject", Subject::exactly(KEY));
    assert_eq!(says(&not, &put), Answer::NotAllowed);
    let secret = Request::new("s3:GetObject", Subject::exactly("arn:aws:s3:::b/secret/k"));
    assert_eq!(says(&not, &secret), Answer::NotAllowed);
}

#[test]
fn a_part_of_many_objects_is_not_all() {
    let many = Request::new(
        "s3:GetObject",
        Subject::exactly("arn:aws:s3:::b/env:/").then_any().then("/k"),
    );
    let dev = r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/env:/dev/k""#;
    let Answer::Depends(on) = says(&allow(dev), &many) else { unreachable!("a part") };
    assert_eq!((on.len(), &on[0].cause), (1, &Cause::PartOfResources));
    assert!(on[0].cause.is_part());
    let all = allow(r#""Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*""#);
    assert_eq!(says(&all, &many), Answer::Allowed);
    let Answer::Depends(on) = says(&format!("{all},{}", deny(dev)), &many) else {
        unreachable!("a part")
    };
    assert_eq!(on[0].effect, Effect::Deny);
}

#[test]
fn conditions_on_known_values() {
    let exactly = |text: &str| Subject::exactly(text);
    let known = get()
        .with("aws:SecureTransport", exactly("true"))
        .with("s3:prefix", exactly("env:/"))
        .with("s3:max-keys", exactly("1000"))
        .with("aws:PrincipalArn", exactly("arn:aws:iam::1:role/ci"))
        .without("s3:if-none-match");
    for (condition, expected) in [
        (r#"{"Bool": {"aws:securetransport": "True"}}"#, true),
        (r#"{"Bool": {"aws:SecureTransport": false}}"#, false),
        (r#"{"StringEquals": {"s3:prefix": ["x", "env:/"]}}"#, true),
        (r#"{"StringEquals": {"s3:prefix": "env:/*"}}"#, false),
        (r#"{"StringLike": {"s3:prefix": "env:*"}}"#, true),
        (r#"{"StringNotLike": {"s3:prefix": ["x", "env:*"]}}"#, false),
        (r#"{"StringNotEquals": {"s3:prefix": ["x", "y"]}}"#, true),
        (r#"{"StringEqualsIgnoreCase": {"s3:prefix": "ENV:/"}}"#, true),
        (r#"{"NumericLessThanEquals": {"s3:max-keys": 1000}}"#, true),
        (r#"{"NumericGreaterThan": {"s3:max-keys": "1000"}}"#, false),
        (r#"{"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}"#, true),
        (r#"{"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::1:role/ci"}}"#, false),
        (r#"{"Null": {"s3:if-none-match": "true"}}"#, true),
        (r#"{"Null": {"s3:prefix": "true"}}"#, false),
        (r#"{"Null": {"s3:prefix": "false"}}"#, true),
        (r#"{"StringEquals": {"s3:if-none-match": "*"}}"#, false),
        (r#"{"StringNotEquals": {"s3:if-none-match": "*"}}"#, true),
        (r#"{"StringEqualsIfExists": {"s3:if-none-match": "*"}}"#, true),
        (r#"{"ForAllValues:StringEquals": {"s3:if-none-match": "*"}}"#, true),
        (r#"{"ForAnyValue:StringEquals": {"s3:if-none-match": "*"}}"#, false),
        (
            r#"{"StringEquals": {"s3:prefix": "env:/"}, "Bool": {"aws:SecureTransport": "false"}}"#,
            false,
        ),
    ] {
        let expected = if expected { Answer::Allowed } else { Answer::NotAllowed };
        assert_eq!(says(&under(condition), &known), expected, "{condition}");
    }
}

#[test]
fn what_only_the_service_knows_is_a_third_answer() {
    let with_prefix = get().with("s3:prefix", Subject::exactly("env:/"));
    for condition in [
        r#"{"StringEquals": {"aws:SourceVpce": "vpce-1"}}"#,
        r#"{"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}"#,
        r#"{"StringMatches": {"s3:prefix": "x"}}"#,
        r#"{"StringEquals": {"s3:prefix": "${aws:username}/"}}"#,
        r#"{"StringEquals": {"s3:prefix": "env:/", "aws:PrincipalTag/team": "net"}}"#,
    ] {
        let Answer::Depends(on) = says(&under(condition), &with_prefix) else {
            unreachable!("{condition} depends")
        };
        assert_eq!(on.len(), 1, "{condition}");
        assert!(matches!(on[0].cause, Cause::Condition { .. }), "{condition}: {on:?}");
    }
    let impossible = r#"{"StringEquals": {"s3:prefix": "x", "aws:PrincipalTag/team": "net"}}"#;
    assert_eq!(says(&under(impossible), &with_prefix), Answer::NotAllowed);
    let home = allow(r#""Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username}""#);
    let Answer::Depends(on) = says(&home, &get()) else { unreachable!("depends on the user") };
    assert_eq!(on[0].cause, Cause::Variable);
}

#[test]
fn many_values_at_once() {
    let items =
        get().with("dynamodb:LeadingKeys", Subject::exactly("b/env:/").then_any().then("/k"));
    let all = r#"{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["b/k", "b/env:/*/k"]}}"#;
    assert_eq!(says(&under(all), &items), Answer::Allowed);
    let one = r#"{"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["b/k", "b/env:/dev/k"]}}"#;
    let Answer::Depends(on) = says(&under(one), &items) else { unreachable!("a part") };
    assert!(on[0].cause.is_part(), "{on:?}");
}

#[test]
fn statements_about_others() {
    let others = deny(
        r#""Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "s3:*", "Resource": "*""#,
    );
    let all = allow(r#""Principal": "*", "Action": "s3:*", "Resource": "*""#);
    let both = format!("{all},{others}");
    let by = |account: &str| get().by(Caller::of_arn(&format!("arn:aws:iam::{account}:user/ann")));
    assert_eq!(says(&both, &by("111122223333")), Answer::Denied(Which { policy: 0, statement: 1 }));
    assert_eq!(says(&both, &by("444455556666")), Answer::Allowed);
    let Answer::Depends(on) = says(&both, &get()) else { unreachable!("nobody is known") };
    assert_eq!(on[0].cause, Cause::Principal);
}

#[test]
fn an_account_only_delegates() {
    let account = allow(
        r#""Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "s3:*", "Resource": "*""#,
    );
    let by = |name: &str| get().by(Caller::of_arn(&format!("arn:aws:iam::111122223333:{name}")));
    let Answer::Depends(on) = says(&account, &by("role/ci")) else { unreachable!("delegated") };
    assert_eq!(on[0].cause, Cause::Delegation);
    assert_eq!(says(&account, &by("root")), Answer::Allowed);
    let role = account.replace(":root", ":role/ci");
    assert_eq!(says(&format!("{account},{role}"), &by("role/ci")), Answer::Allowed);
}

#[test]
fn keys_that_an_action_cannot_have_are_not_there() {
    let table = Request::new("dynamodb:GetItem", Subject::exactly("arn:aws:dynamodb:r:1:table/t"));
    let delete = Request::new("s3:DeleteObject", Subject::exactly(KEY));
    let list = Request::new("s3:ListBucket", Subject::exactly("arn:aws:s3:::b"));
    let put = Request::new("s3:PutObject", Subject::exactly(KEY));
    let keys = [
        ("s3:prefix", [true, true, true, true, false]),
        ("s3:Max-Keys", [true, true, true, true, false]),
        ("s3:x-amz-acl", [true, true, true, false, true]),
        ("s3:x-amz-server-side-encryption", [true, true, true, false, true]),
        ("s3:x-amz-server-side-encryption-customer-algorithm", [true, false, true, false, true]),
        ("s3:if-none-match", [true, true, true, false, true]),
        ("s3:if-match", [true, true, false, false, true]),
        ("s3:x-amz-content-sha256", [true, false, false, false, false]),
        ("s3:ResourceAccount", [true, false, false, false, false]),
        ("dynamodb:LeadingKeys", [false, true, true, true, true]),
        ("kms:ViaService", [true; 5]),
        ("aws:SourceVpce", [false; 5]),
    ];
    for (key, expected) in keys {
        let requests = [table.clone(), get(), delete.clone(), put.clone(), list.clone()];
        for (request, is_absent) in requests.iter().zip(expected) {
            let condition = format!(
                r#""Action": "*", "Resource": "*", "Condition": {{"StringLike": {{"{key}": "x"}}}}"#
            );
            let answer = says(&allow(&condition), request);
            let case = format!("{key} {request:?}");
            assert_eq!(answer == Answer::NotAllowed, is_absent, "{case}: {answer:?}");
            assert!(is_absent || matches!(answer, Answer::Depends(_)), "{case}: {answer:?}");
        }
    }
    // What is said of a request goes before what is usual.
    let said = get().with("s3:prefix", Subject::exactly("x"));
    assert_eq!(says(&under(r#"{"StringEquals": {"s3:prefix": "x"}}"#), &said), Answer::Allowed);
}
