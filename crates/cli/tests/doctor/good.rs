//! A bucket as it should be, for real.

use statelock_testkit::command::Run;

use crate::raw::configure;
use crate::stage::{ADDRESS, Stage, Told, report};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::tfstate","arn:aws:s3:::tfstate/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;

/// Sets everything as it should be.
pub(crate) fn make_good(stage: &Stage) {
    configure(
        stage,
        "versioning",
        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    );
    configure(
        stage,
        "encryption",
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
    );
    configure(
        stage,
        "publicAccessBlock",
        "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
    );
    configure(
        stage,
        "lifecycle",
        "<LifecycleConfiguration><Rule><ID>old</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><NoncurrentVersionExpiration><NoncurrentDays>90</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>",
    );
    // moto evaluates policies, and its tests speak HTTP.
    if stage.server.is_statelock() {
        configure(stage, "policy", POLICY);
    }
}

fn is_bare_then_good(stage: &Stage) {
    let bare = stage.doctor(&[]);
    // What cannot be set there is no reason to end badly.
    bare.ended(0)
        .lacks("encryption-off")
        .lacks("public-access-not-blocked")
        .says("setting-not-applied", "encrypts nothing at rest")
        .shows("store-reached-without-tls");
    make_good(stage);
    let good = stage.doctor(&[]);
    for gone in [
        "encryption-off",
        "public-access-not-blocked",
        "lifecycle-keeps-all-versions",
        "versioning-off",
        "lock-not-tried",
    ] {
        good.lacks(gone);
    }
    // Its policy keeps nobody from speaking HTTP.
    good.shows("store-reached-without-tls").ended(0);
    assert_eq!(good.document["schema"], 1);
    assert_eq!(good.document["exit_code"], 0);
    assert!(!stage.keys().contains(".statelock-verify-"), "nothing of the trial is left");
}

#[test]
fn a_bucket_of_the_state_server_is_made_good_and_what_it_only_shows_is_said() {
    let stage = Stage::statelock();
    stage.doctor(&[]).shows("lifecycle-keeps-all-versions");
    is_bare_then_good(&stage);
    let good = stage.doctor(&[]);
    good.says("setting-not-applied", "default encryption").says("setting-not-applied", "lifecycle");
    assert_eq!(good.document["worst"], "notice");
}

/// The answer to the question for the policy, where it cannot be had for real.
pub(crate) fn policy() -> Vec<Told> {
    vec![Told::setting("policy", 200, POLICY)]
}

#[test]
fn a_bucket_of_moto_is_made_good() {
    let Some(stage) = Stage::moto("a good bucket") else { return };
    let bare = stage.doctor(&[]);
    bare.ended(2)
        .shows("encryption-off")
        .shows("public-access-not-blocked")
        .shows("store-reached-without-tls");
    make_good(&stage);
    let good = stage.doctor_told(&[], policy());
    for gone in [
        "encryption-off",
        "public-access-not-blocked",
        "setting-not-applied",
        "lifecycle-keeps-all-versions",
    ] {
        good.lacks(gone);
    }
    // Its answer about the policy's status is in a form that AWS's SDK does not read: no reason to say nothing else.
    good.says("setting-not-readable", "policy status").ended(0);
    assert!(!stage.keys().contains(".statelock-verify-"), "nothing of the trial is left");
}

#[test]
fn people_see_the_worst_first_and_what_is_right_on_one_line() {
    let stage = Stage::statelock();
    let suspended = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
    configure(&stage, "versioning", suspended);
    let text = |options: &[&str]| {
        let args = [&["doctor", ADDRESS], options].concat();
        let run = Run::of(stage.command_through(&stage.server.endpoint(), &args));
        (run.stdout, run.stderr)
    };
    let (said, noted) = text(&[]);
    let at = |what: &str| {
        said.find(what).unwrap_or_else(|| std::panic::panic_any(format!("{what} in {said}")))
    };
    assert!(at("WARNING   versioning-off") < at("NOTICE    setting-not-applied"), "{said}");
    assert!(said.contains("aws s3api put-bucket-versioning --bucket tfstate"), "{said}");
    assert!(said.contains("0 critical, 1 warning, ") && said.contains(" notices, "), "{said}");
    assert!(!said.contains("aws s3api put-bucket-encryption"), "{said}");
    assert!(at("NOTICE") < at("OK        bucket, clock,"), "{said}");
    assert!(
        noted.contains("note: takes and releases the lock of s3://tfstate/app/.statelock-verify-"),
        "{noted}"
    );
    assert!(text(&["--verbose"]).0.contains("OK        public-access: a statelock server gives"));
}

#[test]
fn what_is_not_there_is_an_error() {
    let stage = Stage::statelock();
    let run = |address| {
        let args = ["doctor", address, "--json"];
        report(stage.command_through(&stage.server.endpoint(), &args))
    };
    let missing = run("s3://no-such-bucket/k");
    missing.ended(6);
    assert!(missing.stderr.contains("check the bucket's name"), "{}", missing.stderr);
    run("gs://b/k").ended(2);
}
