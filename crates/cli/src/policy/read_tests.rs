//! Policies that are read, and what is said of texts that are none.

use super::*;

fn problem(text: &str) -> String {
    Policy::parse(text).err().map(|error| error.to_string()).unwrap_or_default()
}

/// A policy of one statement with these members.
fn with(members: &str) -> String {
    format!("{{\"Version\": \"2012-10-17\", \"Statement\": {{\n{members}\n}}}}")
}

#[test]
fn one_statement_or_many_and_one_value_or_many() {
    let text =
        with(r#""Effect": "Allow", "Action": "s3:*", "Resource": ["*", "arn:aws:s3:::b/*"]"#);
    let policy = Policy::parse(&text).unwrap();
    let statement = &policy.statements[0];
    assert_eq!(statement.effect, Effect::Allow);
    assert_eq!(statement.name(), "the statement in line 1");
    assert_eq!((statement.actions.patterns.len(), statement.resources.patterns.len()), (1, 2));
    assert!(policy.remarks.is_empty());
    let list = r#"{"Statement":[{"Sid":"A","Effect":"Deny","NotAction":["s3:Get*"],"NotResource":"arn:aws:s3:::b"}]}"#;
    let policy = Policy::parse(list).unwrap();
    assert!(policy.statements[0].actions.is_negated && policy.statements[0].resources.is_negated);
    assert!(policy.remarks[0].contains("`Version`"), "{:?}", policy.remarks);
}

#[test]
fn what_the_aws_cli_prints_around_a_policy_is_taken_off() {
    let inner = r#"{"Version":"2012-10-17","Statement":[]}"#;
    for text in [
        format!(r#"{{"PolicyVersion":{{"Document":{inner},"VersionId":"v1"}}}}"#),
        format!(r#"{{"RoleName":"r","PolicyName":"p","PolicyDocument":{inner}}}"#),
    ] {
        assert_eq!(Policy::parse(&text).unwrap().statements.len(), 0, "{text}");
    }
}

#[track_caller]
fn said_of(cases: &[(String, &str)]) {
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let said = problem(text);
        if !said.starts_with(expected) {
            wrong.push(format!("{text}\nsaid {said}\nnot  {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

const ALLOW: &str = r#""Effect": "Allow", "Action": "s3:GetObject", "Resource": "*""#;

#[test]
fn what_is_lacking_is_named_with_its_place() {
    said_of(&[
        ("[]".to_owned(), "line 1, column 1: a policy must be an object, and is a list"),
        ("{}".to_owned(), "line 1, column 1: this is no policy: it has no `Statement`"),
        (
            with(r#""effect": "Allow""#),
            "line 2, column 1: a statement has no `effect`; it is written `Effect`",
        ),
        (
            with(r#""Effect": "allow""#),
            "line 2, column 11: `Effect` must be `Allow` or `Deny`, and is `allow`",
        ),
        (with(r#""Action": "s3:*""#), "line 1, column 40: this statement has no `Effect`"),
        (
            with(r#""Effect": "Allow", "Resource": "*""#),
            "line 1, column 40: this statement has neither `Action`",
        ),
        (
            with(r#""Effect": "Allow", "Action": "*""#),
            "line 1, column 40: this statement has neither `Resource`",
        ),
        (
            with(&format!(r#"{ALLOW}, "NotAction": "x:y""#)),
            "line 2, column 76: `Action` and `NotAction`",
        ),
        (
            with(r#""Effect": "Allow", "Action": "GetObject", "Resource": "*""#),
            "line 2, column 30: `GetObject` is no action",
        ),
    ]);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    said_of(&[
        (
            with(r#""Effect": "Allow", "Action": [], "Resource": "*""#),
            "line 2, column 30: `Action` is empty",
        ),
        (
            with(r#""Effect": "Allow", "Action": "*", "Resource": "bucket""#),
            "line 2, column 47: `bucket` is no resource",
        ),
        (
            with(r#""Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3::b""#),
            "line 2, column 47: `arn:aws:s3::b` is no resource",
        ),
        (
            with(&format!(r#"{ALLOW}, "Condition": {{"Bool": {{"k": {{}}}}}}"#)),
            "line 2, column 91: a value of a condition",
        ),
        (
            with(&format!(r#"{ALLOW}, "Principal": {{"Robot": "x"}}"#)),
            "line 2, column 77: there is no kind of principal `Robot`",
        ),
        (with(&format!(r#"{ALLOW}, "Principal": "me""#)), "line 2, column 76: a principal is"),
        (
            r#"{"Version": "2020-01-01", "Statement": []}"#.to_owned(),
            "line 1, column 13: there is no version `2020-01-01`",
        ),
        (
            format!(
                "{{\"Statement\": [{{\"Sid\": \"A\", {ALLOW}}},\n{{\"Sid\": \"A\", {ALLOW}}}]}}"
            ),
            "line 2, column 1: a second statement has the Sid `A`",
        ),
    ]);
}

#[test]
fn an_operator_that_is_not_known_is_a_remark() {
    let text = with(
        r#""Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringMatches": {"a": "b"}}"#,
    );
    let policy = Policy::parse(&text).unwrap();
    assert!(policy.remarks[0].contains("`StringMatches` is not known"), "{:?}", policy.remarks);
}
