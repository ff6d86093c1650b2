//! Locks that stand, states and digests.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::json;
use statelock_testkit::real_clients::terraform::LOCK_TABLE;

use crate::good::policy;
use crate::raw::dynamodb;
use crate::stage::{ADDRESS, DUAL, KEY, Stage, TABLE, Told, answer, s3_error};

const STATE: &[u8] = br#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"d0d7fbe6","outputs":{},"resources":[]}"#;

#[test]
fn a_lock_whose_holder_is_dead() {
    let stage = Stage::statelock();
    stage.doctor(&["--no-write"]).lacks("lock-orphaned");
    let args = ["lock", ADDRESS, "--for", "10m"];
    let mut command = stage.command_through(&stage.server.endpoint(), &args);
    let mut holder = command.stderr(Stdio::piped()).spawn().expect("statelock can be started");
    let said = BufReader::new(holder.stderr.take().expect("a pipe"));
    let kept = said.lines().map_while(Result::ok).any(|line| line.contains("keeping the lock"));
    assert!(kept, "the lock is taken");
    stage.doctor(&["--no-write"]).lacks("lock-orphaned");
    holder.kill().expect("it can be killed");
    holder.wait().expect("it can be reaped");
    let report = stage.doctor(&["--no-write"]);
    report.says("lock-orphaned", "statelock force-unlock s3://tfstate/app/terraform.tfstate");
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
