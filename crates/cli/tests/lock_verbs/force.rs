//! Removing a lock of somebody else.

use crate::stage::{ADDRESS, DUAL, MODES, Stage};

const NO_LOCK: &str = "00000000-0000-0000-0000-000000000000";

#[test]
fn a_lock_whose_holder_is_not_shown_to_be_gone_needs_a_word() {
    for stage in Stage::all("a lock of unknown life") {
        for options in MODES {
            let id = stage.lock(options);
            let asked = stage.verb("force-unlock", &[&id], options);
            asked.ended(3, "left alone").ended(3, "--yes").ended(3, "Holder:    unknown");
            stage.verb("force-unlock", &[NO_LOCK, "--yes"], options).ended(4, &id);
            stage
                .verb("force-unlock", &[&id, "--yes", "--if-holder", "x@y"], options)
                .ended(3, "x@y");
            let young =
                stage.verb("force-unlock", &[&id, "--yes", "--if-older-than", "1h"], options);
            young.ended(3, "old");
            assert_eq!(stage.status(options)["locks"][0]["lock_id"], id.as_str());
            let who = stage.status(options)["locks"][0]["holder"]["who"].clone();
            let holder = who.as_str().expect("a holder");
            let conditions = ["--if-holder", holder, "--if-older-than", "0s", "--json"];
            let removed =
                stage.verb("force-unlock", &[&[&*id, "--yes"], &conditions[..]].concat(), options);
            removed.ended(0, "released");
            assert_eq!(removed.json()["lock_id"], id.as_str());
            assert_eq!(removed.json()["holder"]["life"], "unknown");
            assert_eq!(removed.json()["places"][0]["outcome"], "removed");
            stage.verb("force-unlock", &[&id, "--yes"], options).ended(4, "nobody");
            stage.verb("unlock", &[&id], options).ended(4, "not held");
            stage.assert_free();
        }
    }
}

#[test]
fn a_living_holder_keeps_its_lock_and_a_dead_one_does_not() {
    let stage = Stage::statelock();
    let holder = stage.spawn(&["lock", ADDRESS, "--for", "10m"]);
    holder.await_said("keeping the lock");
    let shown = stage.status(&[]);
    let id = shown["locks"][0]["lock_id"].as_str().expect("an ID").to_owned();
    assert_eq!(shown["locks"][0]["holder"]["life"], "alive", "{shown}");
    assert_eq!(shown["next"], format!("wait for it: statelock wait {ADDRESS}"));
    stage.verb("force-unlock", &[&id], &[]).ended(3, "its holder is alive");
    stage.verb("lock", &[], &[]).ended(3, &id);
    holder.signal("KILL");
    assert_eq!(holder.end().code, None);
    let shown = stage.status(&[]);
    assert_eq!(shown["locks"][0]["holder"]["life"], "dead", "{shown}");
    let remove = format!("statelock force-unlock {ADDRESS} {id}");
    assert!(shown["next"].as_str().expect("text").ends_with(&remove), "{shown}");
    stage.verb("force-unlock", &[&id], &[]).ended(0, "Holder:    dead");
    stage.assert_free();
}

#[test]
fn a_lock_that_cannot_be_read_is_removed_by_a_word() {
    for bytes in [&b""[..], b"{", b"[1]", br#"{"ID":""}"#] {
        let Some(stage) = Stage::moto("an unreadable lock") else { return };
        stage.write("app/terraform.tfstate.tflock", bytes);
        let shown = stage.status(&[]);
        assert_eq!(shown["lock"], "held");
        assert_eq!(shown["locks"][0]["lock_id"], "unreadable");
        assert_eq!(shown["locks"][0]["readable"], false);
        stage.verb("lock", &[], &[]).ended(3, "statelock status");
        stage.verb("unlock", &[NO_LOCK], &[]).ended(4, "cannot be read");
        stage.verb("force-unlock", &["unreadable"], &[]).ended(3, "--yes");
        let conditional = ["unreadable", "--yes", "--if-holder", "me@h"];
        stage.verb("force-unlock", &conditional, &[]).ended(3, "cannot be read");
        stage.verb("force-unlock", &["unreadable", "--yes"], &[]).ended(0, "released");
        stage.assert_free();
    }
}

#[test]
fn p4_a_lock_that_came_meanwhile_is_left_alone() {
    let stage = Stage::statelock();
    let first = stage.lock(DUAL);
    let proxy = stage.proxy();
    let held = statelock_testkit::fault_proxy::Fault::HoldRequest;
    proxy.inject(held, 1, |method, path| method == "DELETE" && path.contains(".tflock"));
    let args = [&["force-unlock", ADDRESS, &first, "--yes"], DUAL].concat();
    let late = stage.spawn_through(&proxy, &args);
    assert!(proxy.await_held(crate::stage::BOUND), "the removal is on its way");
    stage.verb("unlock", &[&first], DUAL).ended(0, "");
    let second = stage.lock(DUAL);
    proxy.let_go();
    late.end().ended(4, &second);
    assert_eq!(stage.status(DUAL)["locks"][0]["lock_id"], second.as_str());
}
