//! Locks that stand in one of two places only, or differ in them. The state server has no such locks.

use crate::stage::{ADDRESS, DUAL, LOCK_TABLE, LOCKFILE, Stage};

#[test]
fn p5_half_a_lock_is_told_and_repaired() {
    let Some(stage) = Stage::moto("half a lock") else { return };
    for (taken, free) in [(LOCKFILE, "lock_table"), (LOCK_TABLE, "lockfile")] {
        let id = stage.lock(taken);
        let shown = stage.status(DUAL);
        assert_eq!(shown["lock"], "half");
        assert_eq!(shown["free"][0]["facet"], free);
        assert!(
            shown["next"].as_str().expect("text").contains("may lock by this place alone"),
            "{shown}"
        );
        stage.verb("lock", &[], DUAL).ended(3, &id);
        assert_eq!(stage.status(DUAL)["lock"], "half", "a refused lock leaves nothing");
        stage.verb("force-unlock", &[&id], DUAL).ended(3, "half of a lock");
        let removed = stage.verb("force-unlock", &[&id, "--yes"], DUAL);
        removed.ended(0, "released");
        assert_eq!(removed.stderr.matches(": released").count(), 1);
        stage.assert_free();
    }
    let id = stage.lock(LOCK_TABLE);
    let released = stage.verb("unlock", &[&id], DUAL);
    released.ended(0, "no lock was there").ended(0, "released");
    stage.assert_free();
}

#[test]
fn of_two_different_locks_only_the_named_one_goes() {
    let Some(stage) = Stage::moto("two locks") else { return };
    let (one, two) = (stage.lock(LOCKFILE), stage.lock(LOCK_TABLE));
    let shown = stage.status(DUAL);
    assert_eq!(shown["lock"], "split");
    assert_eq!(shown["locks"].as_array().map(Vec::len), Some(2));
    let text = stage.verb("status", &[], DUAL).stdout;
    assert!(text.contains(&one) && text.contains(&two), "{text}");
    stage.verb("force-unlock", &[&two, "--yes"], DUAL).ended(0, "still locked").ended(0, &one);
    assert_eq!(stage.status(DUAL)["lock"], "half");
    assert_eq!(stage.status(DUAL)["locks"][0]["lock_id"], one.as_str());
    stage.verb("unlock", &[&one], DUAL).ended(0, "released");
    stage.assert_free();
}

#[test]
fn a_lockfile_beside_a_lock_table_is_told() {
    let Some(stage) = Stage::moto("a lockfile beside a lock table") else { return };
    let id = stage.lock(LOCKFILE);
    let status = stage.verb("status", &[], LOCK_TABLE);
    status.ended(0, "there is a lockfile too").ended(0, &id);
    assert!(status.stdout.contains("Lock:        free"), "{}", status.stdout);
}

#[test]
fn a_store_that_may_ignore_conditions_is_told() {
    let Some(stage) = Stage::moto("a store that is not known") else { return };
    let id = stage.lock(LOCKFILE);
    stage.run(&["force-unlock", ADDRESS, &id, "--yes"]).ended(0, "not known to check");
    let server = Stage::statelock();
    let id = server.lock(LOCKFILE);
    let removed = server.run(&["force-unlock", ADDRESS, &id, "--yes"]);
    removed.ended(0, "released");
    assert!(!removed.stderr.contains("not known to check"), "{}", removed.stderr);
}

#[test]
fn p8_a_digest_of_another_state_is_told() {
    let Some(stage) = Stage::moto("a digest") else { return };
    let push = |serial: u64| {
        let text = format!(
            "{{\"version\":4,\"terraform_version\":\"1.11.4\",\"serial\":{serial},\"lineage\":\"l\",\"outputs\":{{}},\
             \"resources\":[]}}"
        );
        let file = stage.scratch.path().join("state.json");
        std::fs::write(&file, text).expect("a file");
        file.display().to_string()
    };
    stage.run(&[&["state", "push", ADDRESS, &push(1)], DUAL].concat()).ended(0, "");
    let shown = stage.status(DUAL);
    assert_eq!(shown["digest"]["agrees"], true, "{shown}");
    assert_eq!(shown["state"]["serial"], 1);
    assert_eq!(shown["state"]["lineage"], "l");
    // Without the lock table nobody writes the digest.
    stage.run(&["state", "push", ADDRESS, &push(2)]).ended(0, "");
    let shown = stage.verb("status", &["--json"], DUAL);
    shown.ended(0, "another digest");
    assert_eq!(shown.json()["digest"]["agrees"], false);
    assert!(shown.json()["next"].as_str().expect("text").contains("statelock state push"));
    assert_eq!(stage.status(LOCKFILE)["digest"]["stored"], serde_json::Value::Null);
}
