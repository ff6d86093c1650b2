//! Locks that stand, states and digests.

use serde_json::json;
use statelock_protocol::lock::CreatedAt;
use statelock_testkit::real_clients::terraform::LOCK_TABLE;

use crate::good::policy;
use crate::raw::dynamodb;
use crate::stage::{ADDRESS, DUAL, KEY, Stage, TABLE, Told, answer, s3_error};

const STATE: &[u8] = br#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"d0d7fbe6","outputs":{},"resources":[]}"#;

#[test]
fn a_lock_whose_holder_is_dead() {
    let stage = Stage::statelock();
    stage.doctor(&["--no-write"]).lacks("lock-orphaned");
    let mut holder = stage.keep_locked();
    stage.doctor(&["--no-write"]).lacks("lock-orphaned");
    holder.kill().expect("it can be killed");
    holder.wait().expect("it can be reaped");
    let report = stage.doctor(&["--no-write"]);
    report.says("lock-orphaned", "statelock force-unlock s3://tfstate/app/terraform.tfstate");
}

/// A lock info of Terraform, on another host.
fn taken(by: &str, created: &str) -> &'static [u8] {
    let info = json!({
        "ID": "6b2f0c1e-5d0a-4f0b-9a57-2f0d3d8f6f10", "Operation": "OperationTypeApply", "Info": "",
        "Who": by, "Version": "1.11.4", "Created": created, "Path": format!("tfstate/{KEY}"),
    });
    Box::leak(info.to_string().into_boxed_str()).as_bytes()
}

/// So many seconds ago, as Terraform writes it.
#[expect(clippy::disallowed_methods, reason = "locks have an age")]
fn ago(seconds: i64) -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(since.expect("a time after 1970").as_secs()).expect("a time");
    CreatedAt::from_unix(now - seconds, 0).expect("a time").to_string()
}

#[test]
fn a_lock_that_has_stood_long_and_tells_nothing_of_its_holder() {
    let Some(stage) = Stage::moto("a lock of somebody unknown") else { return };
    crate::good::make_good(&stage);
    stage.write(KEY, STATE);
    let id = "lock-holder-unknown";
    let doctor = || stage.doctor_told(&["--no-write"], policy());
    doctor().lacks(id);
    stage.write(&format!("{KEY}.tflock"), taken("ana@elsewhere", &ago(10)));
    doctor().lacks(id).lacks("lock-without-state").ended(0);
    stage.write(&format!("{KEY}.tflock"), taken("ana@elsewhere", &ago(50 * 60)));
    doctor().lacks(id);
    stage.write(&format!("{KEY}.tflock"), taken("ana@elsewhere", &ago(2 * 24 * 60 * 60 + 30)));
    let report = doctor();
    report
        .says(id, "6b2f0c1e-5d0a-4f0b-9a57-2f0d3d8f6f10")
        .says(id, "ana@elsewhere for OperationTypeApply");
    report
        .says(id, "names neither a process nor a CI run")
        .says(id, "statelock force-unlock s3://tfstate/app");
    report.lacks("lock-orphaned").lacks("lock-without-state").ended(0);
    let fine = report.document["findings"].as_array().expect("findings");
    assert!(!fine.iter().any(|one| one["id"] == "locks"), "the locks are not fine: {fine:?}");
    // Without a time of its own it is as old as the store says; a lock table does not say it.
    stage.write(&format!("{KEY}.tflock"), taken("ana@elsewhere", "0001-01-01T00:00:00Z"));
    doctor().lacks(id);
    stage.run(&["force-unlock", ADDRESS, "6b2f0c1e-5d0a-4f0b-9a57-2f0d3d8f6f10", "--yes"]);
    let by_table = json!({ "TableName": LOCK_TABLE, "Item": {
        "LockID": { "S": format!("tfstate/{KEY}") },
        "Info": { "S": std::str::from_utf8(taken("ben@there", "0001-01-01T00:00:00Z")).expect("text") },
    } });
    dynamodb(&stage, "PutItem", &by_table);
    let told = stage.doctor_told(&[&["--no-write"], TABLE].concat(), policy());
    told.says(id, "ben@there for OperationTypeApply at a time that it does not say");
}

#[test]
fn digests_that_are_none_or_have_no_state() {
    let Some(stage) = Stage::moto("odd digests") else { return };
    crate::good::make_good(&stage);
    stage.write(KEY, STATE);
    let table = [&["--no-write"], TABLE].concat();
    let doctor = || stage.doctor_told(&table, policy());
    let put = |state: &str, digest: &str| {
        let item = json!({ "TableName": LOCK_TABLE, "Item": {
            "LockID": { "S": format!("tfstate/{state}-md5") }, "Digest": { "S": digest },
        } });
        dynamodb(&stage, "PutItem", &item);
    };
    let (none, stateless) = ("digest-unreadable", "digest-without-state");
    put(KEY, "2f7bb5cd5a6a4a4b6a4a4b6a4a4b6a4a");
    // Of other backends, and of workspaces that are there.
    put("other/terraform.tfstate", "0123456789abcdef0123456789abcdef");
    stage.write("env:/dev/app/terraform.tfstate", STATE);
    doctor().ended(11).shows("digest-mismatch").lacks(none).lacks(stateless);
    put(KEY, "deadbeef");
    put("env:/dev/app/terraform.tfstate", "not hex, though it is as long as");
    let report = doctor();
    report.ended(11).lacks("digest-mismatch").lacks(stateless);
    report.says(none, "has the MD5").says(none, "`deadbeef`, which is no digest");
    report.says(none, "`not hex, though it is as long as`").says(none, "aws dynamodb put-item");
    stage.doctor_told(&["--no-write"], policy()).lacks(none).ended(0);
    put("env:/gone/app/terraform.tfstate", "0123456789abcdef0123456789abcdef");
    put("env:/odd/app/terraform.tfstate", "deadbeef");
    let report = doctor();
    report.ended(11).says(stateless, "no state at s3://tfstate/env:/gone/app/terraform.tfstate");
    report
        .says(stateless, "aws dynamodb delete-item")
        .says(none, "no state at s3://tfstate/env:/odd/");
    stage.doctor_told(&["--no-write"], policy()).lacks(stateless);
}

#[test]
fn a_lock_without_a_state() {
    let Some(stage) = Stage::moto("a lock without a state") else { return };
    crate::good::make_good(&stage);
    let id = "lock-without-state";
    let doctor =
        |options: &[&str]| stage.doctor_told(&[&["--no-write"], options].concat(), policy());
    stage.write("env:/dev/app/terraform.tfstate", STATE);
    stage.write("env:/dev/app/terraform.tfstate.tflock", taken("ana@elsewhere", &ago(10)));
    doctor(&[]).lacks(id).ended(0);
    stage.write("env:/gone/app/terraform.tfstate.tflock", taken("ana@elsewhere", &ago(10)));
    let report = doctor(&[]);
    report.says(id, "no state at s3://tfstate/env:/gone/app/terraform.tfstate").ended(0);
    report.says(id, "statelock force-unlock s3://tfstate/env:/gone/app/terraform.tfstate");
    assert!(!report.found[id].contains("env:/dev/"), "{}", report.found[id]);
    // Whoever is seen to hold it is at work on it.
    let mut holder = stage.keep_locked();
    let mine = doctor(&[]);
    assert!(!mine.found[id].contains("s3://tfstate/app/"), "{}", mine.found[id]);
    holder.kill().expect("it can be killed");
    holder.wait().expect("it can be reaped");
    assert!(!doctor(&[]).shows("lock-orphaned").found[id].contains("s3://tfstate/app/"));
}

#[test]
fn half_locks_broken_locks_damaged_states_and_wrong_digests() {
    let Some(stage) = Stage::moto("locks, states and digests") else { return };
    crate::good::make_good(&stage);
    let dual = [&["--no-write"], DUAL].concat();
    stage.write(KEY, STATE);
    let base = stage.doctor_told(&dual, policy());
    base.ended(0);
    for id in ["lock-half", "lock-unreadable", "state-damaged", "digest-mismatch"] {
        base.lacks(id);
    }
    let id = stage.run(&["lock", ADDRESS]);
    stage.doctor_told(&dual, policy()).says("lock-half", id.trim_end()).ended(0);
    stage.doctor_told(&["--no-write"], policy()).lacks("lock-half");
    stage.run(&["unlock", ADDRESS, id.trim_end()]);
    stage.write(&format!("{KEY}.tflock"), b"no lock info");
    stage.doctor_told(&["--no-write"], policy()).says("lock-unreadable", "force-unlock").ended(3);
    stage.run(&["force-unlock", ADDRESS, "unreadable", "--yes"]);
    let wrong = json!({ "TableName": LOCK_TABLE, "Item": {
        "LockID": { "S": format!("tfstate/{KEY}-md5") },
        "Digest": { "S": "0123456789abcdef0123456789abcdef" },
    } });
    dynamodb(&stage, "PutItem", &wrong);
    let mismatch = stage.doctor_told(&[&["--no-write"], TABLE].concat(), policy());
    mismatch.ended(11).says("digest-mismatch", "aws dynamodb put-item");
    stage.doctor_told(&["--no-write"], policy()).lacks("digest-mismatch");
    stage.write(KEY, b"garbage");
    stage.doctor_told(&["--no-write"], policy()).shows("state-damaged").ended(11);
}

#[test]
fn what_may_not_be_listed_or_read() {
    let stage = Stage::statelock();
    crate::good::make_good(&stage);
    let base = stage.doctor(&["--no-write"]);
    base.lacks("workspaces-not-listed").lacks("state-not-readable").lacks("lock-versions-pile-up");
    let unlisted = Told::new(s3_error(403, "AccessDenied"), |request| {
        request.method == "GET" && request.path.contains("list-type=2")
    });
    let report = stage.doctor_told(&["--no-write"], vec![unlisted]);
    report.says("workspaces-not-listed", "s3:ListBucket").ended(9);
    let unread = Told::new(s3_error(403, "AccessDenied"), |request| {
        request.method == "GET" && request.path.starts_with("/tfstate/app/terraform.tfstate?")
    });
    let report = stage.doctor_told(&["--no-write"], vec![unread]);
    report.says("state-not-readable", "s3:GetObject").ended(9);
}

#[test]
fn versions_of_lockfiles_that_pile_up() {
    let stage = Stage::statelock();
    for (count, is_shown) in [(99, false), (100, true)] {
        let marker = |number: i32| {
            format!(
                "<DeleteMarker><Key>{KEY}.tflock</Key><VersionId>v{number}</VersionId><IsLatest>false</IsLatest><LastModified>2026-01-01T00:00:00.000Z</LastModified></DeleteMarker>"
            )
        };
        let markers = (0..count).map(marker).collect::<Vec<_>>().concat();
        let body = format!(
            "<ListVersionsResult><Name>tfstate</Name><IsTruncated>false</IsTruncated>{markers}</ListVersionsResult>"
        );
        let versions =
            Told::new(answer(200, "Content-Type: application/xml\r\n", &body), |request| {
                request.method == "GET"
                    && request.path.contains("versions")
                    && request.path.contains("tflock")
            });
        let report = stage.doctor_told(&["--no-write"], vec![versions]);
        if is_shown {
            report
                .says("lock-versions-pile-up", "100 delete markers")
                .says("lock-versions-pile-up", "statelock gc");
        } else {
            report.lacks("lock-versions-pile-up");
        }
    }
}
