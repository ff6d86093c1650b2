//! Settings of buckets that neither server can have, as a store would show them.

use crate::stage::{DUAL, Stage, TABLE, Told, answer, s3_error};

/// Without writing, and with this answer.
fn told(stage: &Stage, answers: Vec<Told>) -> crate::stage::Report {
    stage.doctor_told(&["--no-write"], answers)
}

#[test]
fn what_keeps_versions_and_what_removes_states() {
    let stage = Stage::statelock();
    let base = told(&stage, Vec::new());
    for (id, question, body, code) in [
        ("versioning-off", "versioning", "<VersioningConfiguration/>", 2),
        (
            "versioning-off",
            "versioning",
            "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
            2,
        ),
        (
            "mfa-delete-on",
            "versioning",
            "<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>",
            0,
        ),
        (
            "object-lock-retains-locks",
            "object-lock",
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>",
            2,
        ),
        (
            "lifecycle-expires-states",
            "lifecycle",
            "<LifecycleConfiguration><Rule><ID>all</ID><Filter><Prefix>app/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>365</Days></Expiration></Rule></LifecycleConfiguration>",
            2,
        ),
        (
            "bucket-public",
            "policyStatus",
            "<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>",
            2,
        ),
    ] {
        base.lacks(id);
        told(&stage, vec![Told::setting(question, 200, body)]).shows(id).ended(code);
    }
    let retention = told(
        &stage,
        vec![Told::setting(
            "object-lock",
            200,
            "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>",
        )],
    );
    retention.lacks("object-lock-retains-locks");
    for harmless in [
        "<Rule><Filter><Prefix>logs/</Prefix></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>",
        "<Rule><Filter><Prefix></Prefix></Filter><Status>Disabled</Status><Expiration><Days>1</Days></Expiration></Rule>",
        "<Rule><Filter><Tag><Key>a</Key><Value>b</Value></Tag></Filter><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>",
    ] {
        let body = format!("<LifecycleConfiguration>{harmless}</LifecycleConfiguration>");
        told(&stage, vec![Told::setting("lifecycle", 200, &body)])
            .lacks("lifecycle-expires-states");
    }
}

#[test]
fn a_rule_that_deletes_locks_or_other_workspaces_is_found() {
    let stage = Stage::statelock();
    let with = |options: &[&str], prefix: &str| {
        let body = format!(
            "<LifecycleConfiguration><Rule><ID>x</ID><Filter><Prefix>{prefix}</Prefix></Filter>\
             <Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>"
        );
        let options = [&["--no-write"], options].concat();
        stage.doctor_told(&options, vec![Told::setting("lifecycle", 200, &body)])
    };
    let id = "lifecycle-expires-states";
    for prefix in ["env:/", "env:/dev/app/"] {
        with(&[], prefix).says(id, "workspaces under `env:/`").ended(2);
    }
    with(&[], "env:/dev/other/").lacks(id);
    with(&["--workspace", "dev"], "app/").says(id, "`app/terraform.tfstate`");
    let lockfile = "app/terraform.tfstate.tflock";
    with(&[], lockfile).says(id, "`app/terraform.tfstate.tflock`");
    with(DUAL, lockfile).shows(id);
    with(TABLE, lockfile).lacks(id);
    stage.write(
        "blue/dev/app/terraform.tfstate",
        br#"{"version":4,"serial":1,"lineage":"l","outputs":{},"resources":[]}"#,
    );
    let named = ["--workspace-key-prefix", "blue"];
    with(&named, "blue/dev/app/").says(id, "`blue/dev/app/terraform.tfstate`");
    with(&[], "blue/dev/app/").lacks(id);
}

#[test]
fn what_may_not_be_looked_at_is_said_with_its_permission() {
    let stage = Stage::statelock();
    told(&stage, Vec::new()).lacks("setting-not-readable");
    for (question, permission, id) in [
        ("versioning", "s3:GetBucketVersioning", "versioning-off"),
        ("encryption", "s3:GetEncryptionConfiguration", "encryption-off"),
        ("publicAccessBlock", "s3:GetBucketPublicAccessBlock", "public-access-not-blocked"),
        ("policy", "s3:GetBucketPolicy", "policy-not-understood"),
        ("policyStatus", "s3:GetBucketPolicyStatus", "bucket-public"),
        ("lifecycle", "s3:GetLifecycleConfiguration", "lifecycle-keeps-all-versions"),
        ("object-lock", "s3:GetBucketObjectLockConfiguration", "object-lock-retains-locks"),
    ] {
        let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
        let report = told(&stage, vec![Told::setting(question, 403, denied)]);
        report.says("setting-not-readable", permission).lacks(id);
    }
}

#[test]
fn where_the_bucket_is_what_time_it_is_there_and_who_asks() {
    let stage = Stage::statelock();
    let base = told(&stage, Vec::new());
    let head = |answer: String| vec![Told::new(answer, |request| request.method == "HEAD")];
    for id in ["bucket-in-another-region", "bucket-not-listable", "clock-off", "caller-not-known"] {
        base.lacks(id);
    }
    let moved = answer(301, "x-amz-bucket-region: eu-central-1\r\n", "");
    let elsewhere = stage.doctor_told(&[], head(moved));
    elsewhere.ended(2).says("bucket-in-another-region", "region = \"eu-central-1\"");
    elsewhere.lacks("lock-take-denied");
    told(&stage, head(answer(403, "", ""))).says("bucket-not-listable", "s3:ListBucket").ended(9);
    let late = answer(200, "Date: Sun, 22 Nov 2020 09:00:00 GMT\r\n", "");
    told(&stage, head(late)).says("clock-off", "ahead of the store's");
    let early = answer(200, "Date: Sun, 22 Nov 2099 09:00:00 GMT\r\n", "");
    told(&stage, head(early)).says("clock-off", "behind the store's");
    let nobody = Told::new(s3_error(403, "AccessDenied"), |request| {
        request.method == "POST" && request.body.contains("GetCallerIdentity")
    });
    told(&stage, vec![nobody]).shows("caller-not-known");
}

#[test]
fn credentials_that_end_soon() {
    let stage = Stage::statelock();
    let (id, secret) = stage.server.credentials();
    for (expiration, is_soon) in [("2020-01-01T00:00:00Z", true), ("2099-01-01T00:00:00Z", false)] {
        let said = serde_json::json!({
            "Version": 1, "AccessKeyId": id, "SecretAccessKey": secret, "Expiration": expiration,
        });
        let (answer, config) =
            (stage.scratch.path().join("said"), stage.scratch.path().join("config"));
        std::fs::write(&answer, said.to_string()).expect("a file");
        let process = format!("[default]\ncredential_process = /bin/cat {}\n", answer.display());
        std::fs::write(&config, process).expect("a file");
        let args = ["doctor", crate::stage::ADDRESS, "--json", "--no-write"];
        let mut command = stage.command_through(&stage.server.endpoint(), &args);
        command.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null").env("AWS_CONFIG_FILE", &config);
        let report = crate::stage::report(command);
        if is_soon {
            report.shows("credentials-end-soon").ended(9);
        } else {
            report.lacks("credentials-end-soon");
        }
    }
}
