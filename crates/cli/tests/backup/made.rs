//! Backups that are made: of a server that runs, of one that was stopped, and of one that was killed.

use std::os::unix::fs::PermissionsExt as _;

use statelock_testkit::command::Run;

use crate::stage::{HELD, Serving, Stage, contents, names, state};

/// What [`Serving::fill`] stored is there, and nothing else.
fn assert_filled(serving: &Serving) {
    assert_eq!(serving.get("app/terraform.tfstate"), Some(state("app", 2)));
    assert_eq!(serving.get("network/terraform.tfstate"), Some(state("network", 1)));
    assert_eq!(serving.get("dns/terraform.tfstate"), Some(state("dns", 1)));
    assert_eq!(serving.get("notes.txt").as_deref(), Some("not a state"));
    assert_eq!(serving.get("gone.txt"), None);
    let lock = serving.get("app/terraform.tfstate.tflock").expect("the lock is held");
    assert!(lock.contains(HELD), "{lock}");
    assert!(!serving.acquire("app/terraform.tfstate", "another"), "the lock still locks");
    assert!(serving.acquire("dns/terraform.tfstate", "free"), "what was free is free");
}

#[test]
fn p12_a_backup_of_a_running_server_is_all_that_it_held() {
    let stage = Stage::new();
    let running = stage.serve();
    running.fill();

    let made = stage.backup("one");
    made.ended(0, "");
    assert!(made.stdout.contains("3 states, 1 other object, 1 lock that was held"), "{made:?}");
    assert!(made.stdout.contains("and the root access key"), "{made:?}");
    running.put("later/terraform.tfstate", state("later", 1));

    let restored = stage.restored("one");
    assert_eq!(restored.server.credentials(), running.server.credentials());
    assert_filled(&restored);
    assert_eq!(restored.get("later/terraform.tfstate"), None);
    assert_eq!(running.get("later/terraform.tfstate"), Some(state("later", 1)));
    // Older versions are history, and history is in the backup too.
    let versions =
        restored.client(&["state", "list-versions", "s3://tfstate/app/terraform.tfstate"]);
    versions.ended(0, "");
    assert_eq!(versions.stdout.matches("1.11.4").count(), 2, "{versions:?}");
}

#[test]
fn a_backup_is_a_private_directory_and_says_what_it_holds() {
    let stage = Stage::new();
    let running = stage.serve();
    running.fill();
    let mut command = stage.command(&["--json"]);
    command.arg(stage.path("one"));
    let made = Run::of(command);
    made.ended(0, "");
    let document = made.json();

    assert_eq!(document["schema"], 1);
    assert_eq!(document["backup"], stage.path("one").display().to_string());
    assert_eq!((&document["states"], &document["objects"]), (&3.into(), &1.into()));
    assert_eq!((&document["locks"], &document["credentials"]), (&1.into(), &true.into()));
    let files = contents(&stage.path("one"));
    let names: Vec<_> = files.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["backup.json", "credentials", "lock", "statelock.db"]);
    assert!(files.iter().all(|(_, mode, _)| *mode == 0o600), "only the owner may read");
    let permitted = std::fs::metadata(stage.path("one")).unwrap().permissions().mode() & 0o777;
    assert_eq!(permitted, 0o700);
    assert_eq!(document["bytes"], files[3].2.len());

    // The audit log of the server ends, at this moment, with the record that the backup names.
    let log = running.client(&["audit", "--json", "--limit", "1"]);
    assert_eq!(document["audit"]["number"], log.json()["head"]["number"]);
    assert_eq!(document["audit"]["hash"], log.json()["head"]["hash"]);
    assert_eq!(document["audit"]["at_micros"], log.json()["records"][0]["at_micros"]);

    let mut command = crate::stage::statelock(&["backup", "verify", "--json"]);
    command.arg(stage.path("one"));
    assert_eq!(Run::of(command).json(), document);
    assert_eq!(contents(&stage.path("one")), files, "looking at it changes nothing");
}

#[test]
fn p12_backups_of_a_stopped_and_of_a_killed_server_are_whole() {
    let stage = Stage::stopped();
    stage.backup("stopped").ended(0, "");
    assert_filled(&stage.restored("stopped"));

    // What is only in the log, because nobody closed the database, is in the backup.
    let mut running = stage.serve();
    running.put("late/terraform.tfstate", state("late", 1));
    running.server.kill_hard();
    assert!(names(&stage.data()).contains(&"statelock.db-wal".to_owned()));
    stage.backup("killed").ended(0, "");
    let restored = stage.restored("killed");
    assert_eq!(restored.get("late/terraform.tfstate"), Some(state("late", 1)));
    assert_filled(&restored);
    // The directory it was made of is as good as before.
    let running = stage.serve();
    assert_eq!(running.get("late/terraform.tfstate"), Some(state("late", 1)));
}

#[test]
fn a_restored_server_continues_the_audit_log_and_the_difference_shows() {
    let stage = Stage::new();
    let running = stage.serve();
    running.fill();
    stage.backup("one").ended(0, "");
    let last =
        running.client(&["audit", "--json", "--limit", "1"]).json()["head"]["number"].clone();
    running.put("later/terraform.tfstate", state("later", 1));

    let restored = stage.restored("one");
    restored.client(&["audit", "--verify"]).ended(0, "");
    assert_eq!(restored.client(&["audit", "--json"]).json()["head"]["number"], last);
    // The old directory still tells what is missing.
    let since = running.client(&["audit", "--json"]).json();
    let missing: Vec<_> = since["records"]
        .as_array()
        .expect("records")
        .iter()
        .filter(|record| record["number"].as_u64() > last.as_u64())
        .map(|record| (record["action"].clone(), record["key"].clone()))
        .collect();
    assert_eq!(missing, [("state_written".into(), "later/terraform.tfstate".into())]);
}

#[test]
fn without_credentials_there_is_a_backup_and_a_warning() {
    let stage = Stage::stopped();
    std::fs::remove_file(stage.data().join("credentials")).unwrap();
    let made = stage.backup("one");
    made.ended(
        0,
        "has no `credentials`: a server that is started on the backup makes a new access",
    );
    assert!(made.stdout.contains("and no access key"), "{made:?}");
    stage.verify("one").ended(0, "");
    assert_eq!(stage.restored("one").get("notes.txt").as_deref(), Some("not a state"));
}
