//! Earlier versions: listed, and restored.

use serde_json::Value;

use statelock_testkit::fault_proxy::Fault;

use crate::stage::{KEY, Run, Stage, state};

const NO_VERSIONING: &str = "HTTP/1.1 200 OK\r\nContent-Length: 105\r\n\r\n\
    <VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">      \
    </VersioningConfiguration>";

/// The versions as JSON, newest first.
fn versions(stage: &Stage) -> Vec<Value> {
    let address = Stage::address(KEY);
    let listed = stage.run(&["state", "list-versions", &address, "--json"]);
    let document: Value = serde_json::from_slice(&listed.ended(0, "").stdout).expect("JSON");
    assert_eq!(document["schema"], 1);
    document["versions"].as_array().expect("a list").clone()
}

fn id(version: &Value) -> String {
    version["version_id"].as_str().expect("an id").to_owned()
}

fn restore(stage: &Stage, version: &str, options: &[&str]) -> Run {
    let address = Stage::address(KEY);
    let args = ["state", "restore", &address, "--version-id", version];
    stage.run(&[&args, options].concat())
}

#[test]
fn versions_are_listed_with_what_they_say_about_themselves() {
    let stage = Stage::statelock(&[]);
    let large = state(3, "L", &"x".repeat(200_000));
    for bytes in [&state(1, "L", "one"), &state(2, "L", "two"), &large] {
        stage.push(bytes, &[]).ended(0, "stored");
    }
    stage.write(&format!("{KEY}-other"), b"{}");
    stage.delete(KEY);
    let all = versions(&stage);
    let serials: Vec<_> = all.iter().map(|version| version["serial"].as_u64()).collect();
    assert_eq!(serials, [None, Some(3), Some(2), Some(1)]);
    assert_eq!(all[0]["is_delete_marker"], true);
    assert_eq!(all[0]["is_current"], true);
    assert_eq!(all[1]["size_bytes"], large.len());
    assert_eq!(all[1]["lineage"], "L");
    assert_eq!(all[1]["terraform_version"], "1.11.4");
    let address = Stage::address(KEY);
    let table = stage.run(&["state", "list-versions", &address, "--limit", "2"]);
    let shown = String::from_utf8(table.ended(0, "there are more than 2").stdout.clone());
    let shown = shown.expect("text");
    assert_eq!(shown.lines().count(), 3, "{shown}");
    assert!(shown.contains("deleted") && shown.contains(&id(&all[1])), "{shown}");
    // Each can be had.
    let pulled = stage.pull(&["--version-id", &id(&all[2])]);
    assert_eq!(pulled.ended(0, "").stdout, state(2, "L", "two"));
    stage.pull(&["--version-id", &id(&all[0])]).ended(6, "is a delete marker");
    stage.pull(&["--version-id", "nonesuch"]).ended(6, "there is no version `nonesuch`");
}

#[test]
fn a_bucket_without_versions_is_told_as_such() {
    let Some(stage) = Stage::moto("no versions") else { return };
    stage.push(&state(1, "L", "one"), &[]).ended(0, "stored");
    stage.push(&state(2, "L", "two"), &[]).ended(0, "stored");
    let address = Stage::address(KEY);
    let listed = stage.run(&["state", "list-versions", &address]);
    listed.ended(0, "the bucket keeps no versions");
    // moto's own answer to this question is no XML; this is S3's.
    let proxy = stage.proxy();
    proxy.inject(Fault::Answer(NO_VERSIONING), usize::MAX, |_, path| path.contains("?versioning"));
    let listed = stage.run_through(&proxy, &["state", "list-versions", &address]);
    listed.ended(0, "the bucket keeps no versions: what is overwritten is gone");
    assert_eq!(versions(&stage).len(), 1);
    let none = Stage::address("none/terraform.tfstate");
    stage.run(&["state", "list-versions", &none]).ended(6, "there is no state, and no version");
}

#[test]
fn p7_a_restored_version_gets_the_next_serial_and_keeps_every_other_byte() {
    let stage = Stage::statelock(&[]);
    for (serial, value) in [(9, "old"), (10, "new"), (99, "newest")] {
        stage.push(&state(serial, "L", value), &[]).ended(0, "stored");
    }
    let old = id(&versions(&stage)[2]);
    let refused = restore(&stage, &old, &[]);
    refused.ended(2, "--yes");
    assert_eq!(stage.object(KEY), Some(state(99, "L", "newest")), "nobody could be asked");
    let restored = restore(&stage, &old, &["--yes"]);
    restored.ended(0, "stored now:  serial 99").ended(0, "content of serial 9,");
    assert_eq!(stage.object(KEY), Some(state(100, "L", "old")));
    let current = id(&versions(&stage)[0]);
    restore(&stage, &current, &["--yes"]).ended(0, "is what is stored already");
    assert_eq!(versions(&stage).len(), 4);
    stage.assert_free();
}

#[test]
fn a_deleted_state_comes_back_as_it_was() {
    let stage = Stage::statelock(&[]);
    stage.push(&state(7, "L", "kept"), &[]).ended(0, "stored");
    stage.delete(KEY);
    let kept = id(&versions(&stage)[1]);
    restore(&stage, &kept, &["--yes"]).ended(0, "stored now:  nothing");
    assert_eq!(stage.object(KEY), Some(state(7, "L", "kept")));
    stage.assert_free();
}

#[test]
fn what_cannot_be_restored_is_refused_with_the_reason() {
    let stage = Stage::statelock(&["--write-guard", "off"]);
    let envelope = b"{\"serial\":3,\"lineage\":\"L\",\"meta\":{},\"encrypted_data\":\"AA==\",\"encryption_version\":\"v0\"}";
    stage.write(KEY, envelope);
    stage.write(KEY, b"not a state");
    stage.write(KEY, &state(4, "M", "other"));
    stage.write(KEY, &state(5, "L", "now"));
    let all = versions(&stage);
    restore(&stage, &id(&all[3]), &["--yes"]).ended(10, "encrypted");
    restore(&stage, &id(&all[2]), &["--yes"]).ended(11, "is no state that can be restored");
    restore(&stage, &id(&all[1]), &["--yes"]).ended(5, "another lineage");
    assert_eq!(stage.object(KEY), Some(state(5, "L", "now")));
    restore(&stage, &id(&all[1]), &["--yes", "--force"]).ended(0, "warning: --force");
    assert_eq!(stage.object(KEY), Some(state(6, "M", "other")));
    stage.assert_free();
}

#[test]
fn versions_that_lead_in_a_circle_are_an_error_and_no_endless_list() {
    let stage = Stage::statelock(&[]);
    stage.push(&state(1, "L", "one"), &[]).ended(0, "stored");
    let page = format!(
        "<ListVersionsResult><Name>tfstate</Name><IsTruncated>true</IsTruncated><NextKeyMarker>{KEY}</NextKeyMarker>\
         <NextVersionIdMarker>v</NextVersionIdMarker></ListVersionsResult>"
    );
    let length = page.len();
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n{page}"
    );
    let proxy = stage.proxy();
    let answer: &'static str = Box::leak(answer.into_boxed_str());
    proxy.inject(Fault::Answer(answer), usize::MAX, |_, path| path.contains("?versions"));
    let listed = stage.run_through(&proxy, &["state", "list-versions", &Stage::address(KEY)]);
    listed.ended(
        8,
        "S3 ListObjectVersions was answered with 200: it says that there is more, and leads back",
    );
}
