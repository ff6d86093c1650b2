//! Buckets and tables that are there already, and other than wanted.

use serde_json::{Value, json};
use statelock_testkit::fault_proxy::{Fault, Request};

use crate::stage::{NO_NEWEST, Stage, Steps as _, TABLE, writes};

/// A bucket on moto with these settings.
fn with(what: &str, settings: &[(&str, &str)]) -> Option<Stage> {
    let stage = Stage::moto(what)?;
    stage.put_to_moto("", "");
    for (path, body) in settings {
        stage.put_to_moto(path, body);
    }
    Some(stage)
}

const SUSPENDED: &str =
    "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
const HALF_BLOCK: &str = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
    <IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>false</BlockPublicPolicy>\
    <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
const OTHER_KEY: &str = "<ServerSideEncryptionConfiguration><Rule>\
    <ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm>\
    <KMSMasterKeyID>1234</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule>\
    </ServerSideEncryptionConfiguration>";
const WRITERS_OWN: &str = "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule>\
    </OwnershipControls>";
const RULES: &str = "<LifecycleConfiguration>\
    <Rule><ID>theirs</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>\
    <NoncurrentVersionExpiration><NoncurrentDays>500</NoncurrentDays></NoncurrentVersionExpiration></Rule>\
    <Rule><ID>logs</ID><Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter>\
    <Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>";

#[test]
fn what_is_different_is_kept_and_named_and_changed_only_if_asked() {
    let settings = [
        ("?versioning", SUSPENDED),
        ("?publicAccessBlock", HALF_BLOCK),
        ("?encryption", OTHER_KEY),
        ("?ownershipControls", WRITERS_OWN),
        ("?lifecycle", RULES),
    ];
    let Some(stage) = with("different settings", &settings) else { return };
    let options = [NO_NEWEST, &["--kms-key-id", "alias/state", "--json"]];
    let proxy = stage.proxy();
    let said = stage.bootstrap_through(&proxy.endpoint(), &options).having_said(0, "");
    let different = ["ownership", "public_access", "versioning", "encryption", "old_versions"];
    for step in different {
        assert_eq!(said.step(step), "kept_different", "{step}: {}", said.stdout);
    }
    for words in [
        "suspended; wanted: enabled",
        "without BlockPublicPolicy; wanted: all four parts",
        "aws:kms with 1234; wanted: aws:kms with alias/state",
        "ObjectWriter: ACLs count; wanted: the bucket's owner owns all objects; no ACLs",
        "kept for 500 days (rule `theirs`); wanted: kept for 90 days",
    ] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    assert!(said.stderr.contains("--change-existing"), "{}", said.stderr);
    assert!(
        said.stderr.contains("`logs` deletes current objects under `logs/`"),
        "{}",
        said.stderr
    );
    assert_eq!(writes(&proxy), [""; 0], "nothing was changed");
    let changing = [&options[..], &[&["--change-existing"][..]]].concat();
    let said = stage.bootstrap(&changing).having_said(0, "it was: suspended");
    for step in different {
        assert_eq!(said.step(step), "done", "{step}: {}", said.stdout);
    }
    let said = stage.bootstrap(&options).having_said(0, "");
    for step in different {
        assert_eq!(said.step(step), "already", "{step}: {}", said.stdout);
    }
    assert!(
        said.stderr.contains("`logs` deletes"),
        "their other rule is still there: {}",
        said.stderr
    );
}

#[test]
fn stricter_encryption_is_as_wanted() {
    let Some(stage) = with("stricter", &[("?encryption", OTHER_KEY)]) else { return };
    let said = stage.bootstrap(&[NO_NEWEST, &["--json"]]).having_said(0, "aws:kms with 1234");
    assert_eq!(said.step("encryption"), "already");
}

#[test]
fn two_layers_of_encryption_stay_two_with_another_key() {
    let dual = OTHER_KEY.replace("aws:kms", "aws:kms:dsse");
    let Some(stage) = with("two layers", &[("?encryption", &dual)]) else { return };
    let said = stage.bootstrap(&[NO_NEWEST, &["--json"]]).having_said(0, "aws:kms:dsse with 1234");
    assert_eq!(said.step("encryption"), "already");
    let other: &[&str] = &["--kms-key-id", "5678"];
    stage
        .bootstrap(&[NO_NEWEST, other])
        .having_said(0, "aws:kms:dsse with 1234; wanted: aws:kms:dsse with 5678");
    let proxy = stage.proxy();
    let changing = [NO_NEWEST, other, &["--change-existing"]];
    stage
        .bootstrap_through(&proxy.endpoint(), &changing)
        .having_said(0, "aws:kms:dsse with 5678; it was: aws:kms:dsse with 1234");
    let is_meant = |one: &Request| one.method == "PUT" && one.path.contains("encryption");
    let sent = proxy.requests().into_iter().find(is_meant).expect("a default").body;
    assert!(sent.contains("<SSEAlgorithm>aws:kms:dsse<") && sent.contains(">5678<"), "{sent}");
    assert!(!sent.contains("BucketKeyEnabled"), "there is none for two layers: {sent}");
}

#[test]
fn a_policy_keeps_its_statements() {
    let allow = json!({
        "Sid": "Readers", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": ["s3:GetObject"], "Resource": "arn:aws:s3:::acme-tfstate/*",
    });
    let policy = json!({"Version": "2012-10-17", "Id": "ours", "Statement": [allow]}).to_string();
    let Some(stage) = with("a policy", &[("?policy", &policy)]) else { return };
    let proxy = stage.proxy();
    let options = [NO_NEWEST, &["--tls-only"]];
    stage.bootstrap_through(&proxy.endpoint(), &options).having_said(0, "done        TLS only");
    let sent =
        proxy.requests().into_iter().find(|one| one.method == "PUT" && one.path.contains("policy"));
    let merged: Value = serde_json::from_str(&sent.expect("a policy").body).expect("JSON");
    assert_eq!((&merged["Id"], &merged["Statement"][0]), (&json!("ours"), &allow));
    assert_eq!(merged["Statement"][1]["Condition"]["Bool"]["aws:SecureTransport"], "false");
    stage.bootstrap(&options).having_said(0, "already so  TLS only");
}

#[test]
fn other_lifecycle_rules_stay() {
    let logs = RULES
        .replace("<Filter><Prefix></Prefix></Filter>", "<Filter><Prefix>old/</Prefix></Filter>");
    let Some(stage) = with("other rules", &[("?lifecycle", &logs)]) else { return };
    let proxy = stage.proxy();
    let said = "kept for ever, but objects under `old/` kept for 500 days (rule `theirs`)";
    stage.bootstrap_through(&proxy.endpoint(), &[NO_NEWEST]).having_said(0, said);
    assert!(!writes(&proxy).iter().any(|one| one.contains("lifecycle")), "{:?}", writes(&proxy));
    let options = [NO_NEWEST, &["--change-existing"]];
    stage.bootstrap_through(&proxy.endpoint(), &options).having_said(0, "done        old versions");
    let sent = proxy
        .requests()
        .into_iter()
        .find(|one| one.method == "PUT" && one.path.contains("lifecycle"));
    let body = sent.expect("rules").body;
    for part in [
        "<ID>theirs</ID>",
        "<NoncurrentDays>500<",
        "<ID>logs</ID>",
        "<Days>30<",
        "<ID>statelock-old-versions</ID>",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
}

#[test]
fn what_is_kept_for_ever_is_not_deleted_unless_asked() {
    let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    let Some(stage) = with("history", &[("?versioning", on), ("/app/terraform.tfstate", "{}")])
    else {
        return;
    };
    let proxy = stage.proxy();
    let options = [NO_NEWEST, &["--json"]];
    let said = stage.bootstrap_through(&proxy.endpoint(), &options).having_said(0, "kept for ever");
    assert_eq!(said.step("old_versions"), "kept_different");
    assert!(!writes(&proxy).iter().any(|one| one.contains("lifecycle")), "{:?}", writes(&proxy));
    let dry = stage.bootstrap(&[NO_NEWEST, &["--json", "--dry-run"]]).having_said(0, "");
    assert_eq!(dry.step("old_versions"), "kept_different");
    let said = stage.bootstrap(&[NO_NEWEST, &["--json", "--change-existing"]]);
    let said = said.having_said(0, "kept for 90 days; it was: kept for ever");
    assert_eq!(said.step("old_versions"), "done");
    assert_eq!(stage.bootstrap(&options).having_said(0, "").step("old_versions"), "already");
}

#[test]
fn a_bucket_whose_versions_may_not_be_listed_keeps_them() {
    let Some(stage) = with("versions that are not listed", &[]) else { return };
    for (code, status) in [("AccessDenied", 403), ("NotImplemented", 501)] {
        let proxy = stage.proxy();
        let listing = |one: &Request| one.method == "GET" && one.path.contains("versions");
        proxy.inject_on(answer(status, code), 20, listing);
        let said = stage.bootstrap_through(&proxy.endpoint(), &[NO_NEWEST, &["--json"]]);
        assert_eq!(said.having_said(0, "kept for ever").step("old_versions"), "kept_different");
        assert!(!proxy.hits().is_empty(), "{code}");
    }
    // There is nothing in it.
    let said = stage.bootstrap(&[NO_NEWEST, &["--json"]]).having_said(0, "");
    assert_eq!(said.step("old_versions"), "done");
}

#[test]
fn a_shorter_rule_of_somebody_else_is_named_and_stays() {
    let shorter = RULES.replace("<NoncurrentDays>500<", "<NoncurrentDays>5<");
    let Some(stage) = with("a shorter rule", &[("?lifecycle", &shorter)]) else { return };
    let proxy = stage.proxy();
    let options = [NO_NEWEST, &["--change-existing", "--json"]];
    let said = stage.bootstrap_through(&proxy.endpoint(), &options);
    let said = said.having_said(0, "kept for 5 days (rule `theirs`); rules of others are not changed; wanted: kept for 90 days");
    assert_eq!(said.step("old_versions"), "kept_different");
    assert!(said.stderr.contains("`theirs` removes old versions"), "{}", said.stderr);
    assert!(!writes(&proxy).iter().any(|one| one.contains("lifecycle")), "{:?}", writes(&proxy));
}

#[test]
fn acls_of_a_bucket_without_ownership_controls_count_until_that_is_changed() {
    let Some(stage) = with("no ownership controls", &[]) else { return };
    let without = |one: &Request| one.method == "GET" && one.path.contains("ownershipControls");
    for (more, ending) in [(&[][..], "kept_different"), (&["--change-existing"], "done")] {
        let proxy = stage.proxy();
        proxy.inject_on(answer(404, "OwnershipControlsNotFoundError"), 20, without);
        let options = [NO_NEWEST, &["--json"], more];
        let said =
            stage.bootstrap_through(&proxy.endpoint(), &options).having_said(0, "ACLs count");
        assert_eq!(said.step("ownership"), ending);
        let is_set = writes(&proxy).iter().any(|one| one.contains("ownershipControls"));
        assert_eq!(is_set, ending == "done", "{:?}", writes(&proxy));
    }
}

/// An answer with an error of S3.
fn answer(status: u16, code: &str) -> Fault {
    let body = format!("<Error><Code>{code}</Code><Message>scripted</Message></Error>");
    let answer = format!(
        "HTTP/1.1 {status} Scripted\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    Fault::Answer(Box::leak(answer.into_boxed_str()))
}

#[test]
fn a_second_run_with_other_options_says_what_differs() {
    let Some(stage) = Stage::moto("other options") else { return };
    let first: &[&str] = &["--kms-key-id", "1234", "--noncurrent-days", "30"];
    stage.bootstrap(&[NO_NEWEST, first]).having_said(0, "done        old versions");
    let second: &[&str] = &["--kms-key-id", "5678", "--noncurrent-days", "60"];
    let said = stage.bootstrap(&[NO_NEWEST, second]).having_said(0, "--change-existing changes it");
    for line in [
        "kept        default encryption      aws:kms with 1234; wanted: aws:kms with 5678",
        "kept        old versions            kept for 30 days (rule `statelock-old-versions`); wanted: kept for 60 days",
    ] {
        assert!(said.stdout.lines().any(|one| one == line), "{line} in {}", said.stdout);
    }
}

#[test]
fn a_table_is_not_made_in_another_region_than_the_bucket() {
    let Some(stage) = Stage::moto("two regions") else { return };
    let ireland: &[&str] = &["--region", "eu-west-1"];
    stage.bootstrap(&[NO_NEWEST, ireland]).having_said(0, "acme-tfstate, in eu-west-1");
    for more in [&[][..], &["--dry-run"], &["--change-existing"]] {
        let proxy = stage.proxy();
        let said = stage.bootstrap_through(&proxy.endpoint(), &[NO_NEWEST, TABLE, more]);
        let said = said.having_said(2, "`acme-tfstate` is in eu-west-1");
        assert!(said.stderr.contains("`acme-locks` would be in us-east-1"), "{}", said.stderr);
        assert!(said.stderr.contains("run it with --region eu-west-1"), "{}", said.stderr);
        assert_eq!((said.stdout.as_str(), writes(&proxy)), ("", Vec::new()), "{more:?}");
    }
    // Without a table there is nothing that would be apart from it.
    let said = stage.bootstrap(&[NO_NEWEST]).having_said(0, "in eu-west-1, not in us-east-1");
    assert!(said.stdout.starts_with("kept        bucket"), "{}", said.stdout);
    stage.bootstrap(&[NO_NEWEST, TABLE, ireland]).having_said(0, "done        lock table");
}

#[test]
fn a_table_that_is_no_lock_table_is_named() {
    let stage = Stage::statelock();
    let proxy = stage.proxy();
    let table = json!({"Table": {
        "TableName": "acme-locks", "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "Id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "Id", "AttributeType": "N"}],
    }})
    .to_string();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{table}", table.len());
    let answer = Fault::Answer(Box::leak(answer.into_boxed_str()));
    proxy.inject_on(answer, 9, |request| request.operation == "DescribeTable");
    let said = stage.bootstrap_through(&proxy.endpoint(), &[TABLE]);
    let said = said.having_said(2, "whose key is Id (N)");
    assert!(said.stderr.contains("lock table failed"), "{}", said.stderr);
    assert!(!writes(&proxy).iter().any(|one| one.contains("Table")), "{:?}", writes(&proxy));
}

#[test]
fn a_table_without_protection_is_kept_and_protected_if_asked() {
    let Some(stage) = Stage::moto("an unprotected table") else { return };
    let theirs = ["--dynamodb-table", "terraform-locks", "--json"];
    let said = stage.bootstrap(&[&theirs]);
    let said = said.having_said(0, "off: the table can be deleted by mistake; wanted: on");
    assert_eq!(said.step("deletion_protection"), "kept_different");
    let said = stage.bootstrap(&[&theirs, &["--change-existing"]]).having_said(0, "");
    assert_eq!(said.step("deletion_protection"), "done");
    let said = stage.bootstrap(&[&theirs]).having_said(0, "");
    assert_eq!(said.step("deletion_protection"), "already");
}
