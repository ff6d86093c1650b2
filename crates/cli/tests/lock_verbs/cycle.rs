//! Taking a lock, seeing it, and giving it back.

use std::fs::OpenOptions;

use crate::stage::{ADDRESS, MODES, Run, Stage};

const NO_LOCK: &str = "00000000-0000-0000-0000-000000000000";

#[test]
fn p1_p2_p4_a_lock_is_taken_shown_and_given_back_in_each_mode() {
    for stage in Stage::all("a cycle") {
        for (options, places) in MODES.into_iter().zip([1, 1, 2]) {
            let taken = stage.verb("lock", &["--reason", "moving house"], options);
            let id = taken.stdout.trim_end();
            let unlock = [&["statelock unlock", ADDRESS], options].concat();
            taken.ended(0, &format!("{} {id}", unlock.join(" ")));
            assert_eq!(taken.stdout.len(), 37, "the ID alone: {:?}", taken.stdout);

            let shown = stage.status(options);
            assert_eq!(shown["schema"], 1);
            assert_eq!(shown["lock"], "held");
            assert_eq!(shown["locks"][0]["lock_id"], id);
            assert_eq!(shown["locks"][0]["places"].as_array().map(Vec::len), Some(places));
            let holder = &shown["locks"][0]["holder"];
            assert_eq!(holder["reason"], "moving house");
            assert_eq!(holder["operation"], "lock");
            assert_eq!(holder["life"], "unknown", "its process has ended, which proves nothing");
            assert_eq!(holder["evidence"], serde_json::json!([]), "and is no hint either");
            assert_eq!(shown["state"]["is"], "absent");
            stage.verb("status", &["--exit-code"], options).ended(3, "");
            let text = stage.verb("status", &[], options).stdout;
            for part in ["Lock:        held", id, "moving house", "statelock wait s3://"] {
                assert!(text.contains(part), "{part} in {text}");
            }

            let refused = stage.verb("lock", &[], options);
            refused.ended(3, id).ended(3, "moving house").ended(3, "--wait");
            assert_eq!(refused.stdout, "");
            stage.verb("unlock", &[NO_LOCK], options).ended(4, id);
            assert_eq!(stage.status(options)["locks"][0]["lock_id"], id);
            let released = stage.verb("unlock", &[id], options);
            released.ended(0, "released");
            assert_eq!(released.stderr.matches("released").count(), places);
            stage.verb("unlock", &[id], options).ended(4, "not held");
            stage.verb("status", &["--exit-code"], options).ended(0, "");
            stage.assert_free();
        }
    }
}

#[test]
fn a_document_says_what_was_taken() {
    let stage = Stage::statelock();
    let taken = stage.verb("lock", &["--json", "--operation", "backup"], &[]).json();
    assert_eq!(taken["schema"], 1);
    assert_eq!(taken["operation"], "backup");
    assert_eq!(taken["mode"], "lockfile");
    assert_eq!(taken["address"], ADDRESS);
    let id = taken["lock_id"].as_str().expect("an ID");
    stage.verb("unlock", &[id], &[]).ended(0, "");
}

#[test]
fn p3_a_lock_whose_id_cannot_be_printed_is_given_back() {
    let stage = Stage::statelock();
    let mut command = stage.command(&["lock", ADDRESS]);
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a device that is full");
    // `output` would replace it: a shell keeps it.
    command.stdout(full);
    let child = command.stderr(std::process::Stdio::piped()).spawn().expect("it starts");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(8), "{said}");
    stage.assert_free();
}

#[test]
fn workspaces_have_locks_of_their_own() {
    let stage = Stage::statelock();
    let id = stage.lock(&["--workspace", "dev"]);
    assert_eq!(stage.status(&["--workspace", "dev"])["locks"][0]["lock_id"], id.as_str());
    assert_eq!(stage.status(&["--workspace", "dev"])["key"], "env:/dev/app/terraform.tfstate");
    stage.assert_free();
    let other = stage.lock(&["--workspace", "dev", "--workspace-key-prefix", "w"]);
    stage.verb("unlock", &[&other], &["--workspace", "dev"]).ended(4, &id);
    stage.verb("unlock", &[&id], &["--workspace", "dev"]).ended(0, "");
}

#[test]
fn a_lock_id_comes_after_the_address_and_the_address_may_be_left_out() {
    let stage = Stage::statelock();
    stage.run(&["unlock", ADDRESS]).ended(2, "lock ID");
    stage.run(&["unlock"]).ended(2, "LOCK_ID");
    let in_no_directory = stage.run(&["unlock", "some-id"]);
    in_no_directory.ended(2, "is not a Terraform directory");
    let mut command = stage.command(&["status", ADDRESS]);
    command.env("STATELOCK_LOCK_ID", "x");
    Run::of(command).ended(0, "");
}
