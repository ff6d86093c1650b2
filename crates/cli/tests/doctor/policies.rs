//! Bucket policies that keep stock clients from locking.

use crate::stage::{Report, Stage, Told};

/// `doctor` on a bucket with one denial.
fn denied(stage: &Stage, options: &[&str], rest: &str) -> Report {
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"No","Effect":"Deny","Principal":"*",{rest}}}]}}"#
    );
    let told = vec![Told::setting("policy", 200, &policy)];
    stage.doctor_told(&[&["--no-write"], options].concat(), told)
}

#[test]
fn denials_that_break_stock_clients() {
    let stage = Stage::statelock();
    let base = stage.doctor(&["--no-write"]);
    let encrypted = stage.doctor(&["--no-write", "--encrypt"]);
    for (id, options, code, rest) in [
        (
            "policy-denies-lock",
            &[][..],
            9,
            r#""Action":"s3:PutObject","Resource":"arn:aws:s3:::tfstate/*.tflock""#,
        ),
        (
            "policy-denies-release",
            &[],
            9,
            r#""Action":"s3:DeleteObject","Resource":"arn:aws:s3:::tfstate/*""#,
        ),
        (
            "policy-denies-release",
            &[],
            9,
            r#""Action":"s3:DeleteObject","Resource":"arn:aws:s3:::tfstate/*","Condition":{"Null":{"s3:if-match":"true"}}"#,
        ),
        (
            "policy-denies-state",
            &[],
            9,
            r#""Action":"s3:PutObject","Resource":"arn:aws:s3:::tfstate/*","Condition":{"Null":{"s3:if-none-match":"true"}}"#,
        ),
        (
            "policy-denies-state",
            &[],
            9,
            r#""Action":"s3:PutObject","Resource":"arn:aws:s3:::tfstate/*","Condition":{"Null":{"s3:x-amz-server-side-encryption":"true"}}"#,
        ),
        (
            "policy-denies-bare-lock",
            &["--encrypt"],
            2,
            r#""Action":"s3:PutObject","Resource":"arn:aws:s3:::tfstate/*","Condition":{"Null":{"s3:x-amz-server-side-encryption":"true"}}"#,
        ),
        (
            "policy-denies-elsewhere",
            &[],
            0,
            r#""Action":"s3:*","Resource":"arn:aws:s3:::tfstate/*","Condition":{"NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#,
        ),
    ] {
        base.lacks(id);
        encrypted.lacks(id);
        denied(&stage, options, rest).shows(id).ended(code);
    }
    let by_table = r#""Action":"s3:PutObject","Resource":"arn:aws:s3:::tfstate/*.tflock""#;
    denied(&stage, crate::stage::TABLE, by_table).lacks("policy-denies-lock");
    let encrypts = r#""Action":"s3:PutObject","Resource":"arn:aws:s3:::tfstate/*","Condition":{"Null":{"s3:x-amz-server-side-encryption":"true"}}"#;
    denied(&stage, &["--encrypt"], encrypts)
        .lacks("policy-denies-state")
        .lacks("policy-denies-lock");
    let names = denied(&stage, &[], by_table);
    let elsewhere = r#""Action":"s3:PutObject","Resource":"arn:aws-iso:s3:::tfstate/*.tflock""#;
    denied(&stage, &[], elsewhere).lacks("policy-denies-lock");
    denied(&stage, &["--region", "us-iso-east-1"], elsewhere).shows("policy-denies-lock");
    names
        .says("policy-denies-lock", "statement `No`")
        .says("policy-denies-lock", "app/terraform.tfstate.tflock");
    let broken = stage.doctor_told(&["--no-write"], vec![Told::setting("policy", 200, "{")]);
    broken.shows("policy-not-understood");
    base.lacks("policy-not-understood");
}
