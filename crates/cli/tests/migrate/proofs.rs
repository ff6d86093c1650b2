//! What `verify` proves, and that it leaves nothing.

use serde_json::Value;

use crate::stage::{BUCKET, DUAL, DUAL_OPTIONS, LOCK_TABLE, LOCKFILE, NOTHING, Stage, TABLE};

/// The steps of a workspace, each with whether it is proven.
fn steps(workspace: &Value) -> Vec<(String, bool)> {
    let steps = workspace["steps"].as_array().expect("steps");
    let step = |step: &Value| {
        let name = step["step"].as_str().unwrap_or_default().to_owned();
        (name, step["proven"].as_bool() == Some(true))
    };
    steps.iter().map(step).collect()
}

fn names(workspace: &Value) -> Vec<String> {
    steps(workspace).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn p1_p5_each_mode_is_proven_in_every_workspace_and_nothing_is_left() {
    for stage in Stage::all("proofs") {
        stage.module("live/a", "a/x.tfstate", LOCK_TABLE);
        stage.module("live/b", "b/x.tfstate", DUAL);
        stage.module("live/c", "c/x.tfstate", LOCKFILE);
        stage.push("b/x.tfstate", 1, &DUAL_OPTIONS);
        stage.push("env:/dev/b/x.tfstate", 1, &DUAL_OPTIONS);
        let before = stage.keys();

        let run = stage.run(&["migrate", "verify", "live", "--json"]);
        let document = run.ended_saying(0, "").json();
        assert_eq!((&document["schema"], &document["verified"]), (&1.into(), &true.into()));
        let units = document["units"].as_array().expect("units");
        let phases: Vec<_> = units.iter().map(|unit| unit["phase"].as_str()).collect();
        assert_eq!(phases, [Some("lock_table"), Some("dual"), Some("lockfile")]);
        let both = &units[1]["workspaces"];
        let named: Vec<_> = [0, 1].map(|at| both[at]["workspace"].as_str()).into();
        assert_eq!(named, [Some("default"), Some("dev")], "{both}");
        for workspace in both.as_array().expect("workspaces") {
            let shown = ["free", "taken", "shown", "shown"];
            let refused = ["refused_to_others"; 3];
            let expected = [&shown[..], &refused, &["released", "nothing_left"]].concat();
            assert_eq!(names(workspace), expected);
            assert!(steps(workspace).iter().all(|(_, proven)| *proven), "{workspace}");
            assert_eq!(workspace["digest"]["proven"], true);
            let locked = workspace["locked"].as_str().expect("an address");
            assert!(locked.contains("/b/.statelock-verify-"), "{locked}");
        }
        let of_table = names(&units[0]["workspaces"][0]);
        assert_eq!(of_table.iter().filter(|name| *name == "refused_to_others").count(), 2);

        assert_eq!(stage.keys(), before, "on {}", stage.name());
        assert_eq!(stage.locks(), NOTHING);
        let record = std::fs::read_to_string(stage.path().join("live/.statelock/record.json"));
        let record: Value = serde_json::from_str(&record.expect("a record")).expect("JSON");
        let noted = &record["units"]["b"]["verified"][0];
        assert_eq!(
            (noted["phase"].as_str(), noted["key"].as_str()),
            (Some("dual"), Some("b/x.tfstate"))
        );
        assert_eq!(noted["store"], stage.endpoint().as_str());
    }
}

#[test]
fn nobody_who_holds_the_real_lock_is_disturbed() {
    for stage in Stage::all("proofs beside a held lock") {
        stage.module("live/b", "b/x.tfstate", DUAL);
        let address = format!("s3://{BUCKET}/b/x.tfstate");
        let lock = stage.run(&[&["lock", &address], &DUAL_OPTIONS[..]].concat());
        let id = lock.ended_saying(0, "").stdout.trim_end().to_owned();
        let text = stage.run(&["migrate", "verify", "live", "--no-record"]);
        text.ended_saying(0, "1 backend: 1 verified");
        assert!(
            text.stdout.contains("ok      it is in the lock table `terraform-locks`"),
            "{text:?}"
        );
        assert!(!stage.path().join("live/.statelock").exists());

        let on_state = stage.run(&["migrate", "verify", "live", "--on-state"]);
        on_state.ended_saying(3, "FAILED  nobody holds the lock");
        assert!(on_state.stdout.contains(&id), "{on_state:?}");
        assert_eq!(stage.locks().len(), 1, "it still stands");
        stage.run(&[&["unlock", &address, &id], &DUAL_OPTIONS[..]].concat()).ended_saying(0, "");
        stage.run(&["migrate", "verify", "live", "--on-state"]).ended_saying(0, "(locked itself)");
        assert_eq!(stage.locks(), NOTHING);
    }
}

#[test]
fn p8_a_digest_that_is_not_that_of_the_state_is_told_with_its_repair() {
    let Some(stage) = Stage::moto("a wrong digest") else { return };
    stage.module("live/b", "b/x.tfstate", DUAL);
    stage.push("b/x.tfstate", 1, &DUAL_OPTIONS);
    stage.write_object("b/x.tfstate", b"{\"version\":4,\"serial\":2,\"lineage\":\"l\"}");
    let run = stage.run(&["migrate", "verify", "live"]);
    run.ended_saying(11, "FAILED  the state has the digest that the lock table says");
    run.ended_saying(
        11,
        "statelock state push s3://tfstate/b/x.tfstate --dynamodb-table terraform-locks",
    );
    run.ended_saying(11, "NOT verified");
    assert!(!stage.path().join("live/.statelock/record.json").exists(), "nothing is noted");
}

#[test]
fn versions_of_throw_away_lockfiles_do_not_stay_in_a_bucket_that_keeps_them() {
    let Some(stage) = Stage::moto("versions of a proof") else { return };
    stage.enable_versioning();
    stage.module("live/c", "c/x.tfstate", LOCKFILE);
    // A version and a delete marker.
    stage
        .run(&["migrate", "verify", "live"])
        .ended_saying(0, "versions and delete markers of the throw-away lockfile: 2 removed");
    assert_eq!(stage.versions("c/"), 0);
    stage.run(&["migrate", "verify", "live", "--on-state"]).ended_saying(0, "1 verified");
    assert_eq!(stage.versions("c/"), 2, "those of the real lockfile are left to `gc`");
}

#[test]
fn what_cannot_be_proven_is_named_and_the_rest_goes_on() {
    let stage = Stage::statelock();
    stage.module("live/a", "a/x.tfstate", "");
    stage.module("live/b", "b/x.tfstate", "use_lockfile = var.lock");
    stage.module("live/c", "c/x.tfstate", LOCKFILE);
    stage.module("live/d", "d/x.tfstate", &DUAL.replace(TABLE, "no-such-table"));
    stage.write("live/broken/main.tf", "terraform {\n  backend \"s3\" {\n");
    let run = stage.run(&["migrate", "verify", "live", "--json"]);
    run.ended_saying(6, "3 of 4 backends not verified");
    let document = run.json();
    assert_eq!((&document["verified"], &document["complete"]), (&false.into(), &false.into()));
    let unit = |at: usize| &document["units"][at];
    assert_eq!(unit(0)["problems"][0]["exit_code"], 2);
    assert!(unit(0)["problems"][0]["found"].to_string().contains("nobody locks the state"));
    assert_eq!(unit(1)["problems"][0]["exit_code"], 2);
    assert_eq!(unit(2)["verified"], true);
    assert_eq!(unit(3)["workspaces"][0]["steps"][0]["problem"]["exit_code"], 6);
    assert!(run.stderr.contains("broken/main.tf"), "{}", run.stderr);
    assert_eq!(stage.locks(), NOTHING);

    std::fs::create_dir(stage.path().join("empty")).expect("a directory");
    stage.run(&["migrate", "verify", "empty"]).ended_saying(6, "no root module");
    stage.run(&["migrate", "verify"]).ended_saying(2, "DIR");
}
