//! What `plan` and a dry `apply` show, and that they change nothing.

use crate::stage::{Stage, assert_golden};

#[test]
fn the_plan_of_the_dual_phase_shows_every_difference_and_what_stays() {
    let stage = Stage::new(&[]);
    let before = stage.contents();
    let said = stage.migrate(&["plan", "--phase", "dual"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_golden("dual.txt", &said.out);
    assert!(said.err.contains("statelock migrate apply --phase dual --yes"), "{}", said.err);
    let dry = stage.migrate(&["apply", "--phase", "dual"]);
    assert_eq!((dry.code, dry.out), (0, said.out));
    assert!(dry.err.contains("nothing was changed"), "{}", dry.err);
    assert_eq!(stage.contents(), before);
    assert!(!stage.path(".statelock").exists());
}

#[test]
fn the_plan_of_the_s3_phase_takes_the_table_and_its_endpoint_away() {
    let stage = Stage::new(&[]);
    stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    let said = stage.migrate(&["plan", "--phase", "s3", "--unverified"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_golden("s3.txt", &said.out);
    let guarded = stage.migrate(&["plan", "--phase", "s3"]);
    assert!(guarded.out.contains("not_verified"), "{}", guarded.out);
    assert!(!guarded.out.contains("+++ "), "{}", guarded.out);
}

#[test]
fn the_difference_is_one_that_git_applies() {
    let stage = Stage::new(&["crlf", "aligned", "live"]);
    let shown = stage.migrate(&["plan", "--phase", "dual"]).out;
    let patch = stage.path("x.patch");
    std::fs::write(&patch, shown).unwrap();
    let status = std::process::Command::new("git")
        .args(["apply", "x.patch"])
        .current_dir(stage.top())
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::remove_file(patch).unwrap();
    let by_git = stage.contents();
    let other = Stage::new(&["crlf", "aligned", "live"]);
    other.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(other.contents(), by_git);
}

#[test]
fn no_secret_is_shown() {
    let stage = Stage::new(&["aligned"]);
    let text = stage.read("aligned/main.tf").replace(
        "    dynamodb_table = \"terraform-locks\" # shared\n",
        "    secret_key     = \"hunter2\"\n    dynamodb_table = \"terraform-locks\" # shared\n",
    );
    std::fs::write(stage.path("aligned/main.tf"), text).unwrap();
    for words in [
        ["plan"].as_slice(),
        &["plan", "--json"],
        &["apply", "--phase", "dual"],
        &["apply", "--phase", "dual", "--yes"],
        &["rollback", "--to", "lock_table"],
    ] {
        let said = stage.migrate(words);
        let all = format!("{}{}", said.out, said.err);
        assert!(!all.contains("hunter2"), "{words:?}: {all}");
        if said.out.contains("---") && !words.contains(&"--json") {
            assert!(said.err.contains("not for `git apply`"), "{words:?}: {}", said.err);
        }
    }
    let original = Stage::new(&["aligned"]);
    let document: serde_json::Value =
        serde_json::from_str(&original.migrate(&["plan", "--json"]).out).unwrap();
    assert_eq!(document["files"][0]["hides_secrets"], false);
}

#[test]
fn json_says_the_same() {
    let stage = Stage::new(&[]);
    let said = stage.migrate(&["plan", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(document["schema"], 1);
    assert_eq!(document["phase"], serde_json::Value::Null);
    let unit = |name: &str| {
        let units = document["units"].as_array().unwrap();
        units.iter().find(|unit| unit["unit"].as_str().unwrap().ends_with(name)).unwrap().clone()
    };
    assert_eq!(unit("/old")["fate"], "blocked");
    assert_eq!(unit("/old")["obstacles"][0]["id"], "old_client");
    assert_eq!(unit("/old")["obstacles"][0]["line"], 2);
    assert_eq!(unit("/may_be_old")["obstacles"][0]["id"], "old_client_possible");
    assert_eq!(unit("generated")["fate"], "by_hand");
    assert_eq!(unit("unlocked")["fate"], "left_out");
    assert_eq!(unit("done")["fate"], "there");
    assert_eq!(unit("aligned")["to"], "dual");
    let moves = document["summary"]["moves"].as_u64().unwrap();
    assert!(moves > 10, "{moves}");
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_shown() {
    let stage = Stage::new(&["aligned"]);
    let broken = stage.path("broken/main.tf");
    std::fs::create_dir_all(broken.parent().unwrap()).unwrap();
    std::fs::write(&broken, "terraform {\n  backend \"s3\" {\n    bucket = \n  }\n}\n").unwrap();
    let said = stage.migrate(&["plan", "--phase", "dual"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("broken/main.tf:3"), "{}", said.err);
    assert!(said.out.contains("+++ b/aligned/main.tf"), "{}", said.out);
}

#[test]
fn bad_input_is_refused() {
    let stage = Stage::new(&["aligned"]);
    for (words, code, text) in [
        (vec!["plan", "nowhere"], 2, "there is no directory `nowhere`"),
        (vec!["plan", "--only", "nowhere"], 2, "--only `nowhere` names no root module"),
        (vec!["plan", "--phase", "locked"], 2, "invalid value 'locked'"),
        (vec!["plan", "--allow", "not_dual"], 2, "only these can be allowed"),
        (vec!["apply"], 2, "--phase"),
        (vec!["apply", "--phase", "dual", "--terraform", "x"], 2, "--init"),
    ] {
        let said = stage.migrate(&words);
        assert_eq!(said.code, code, "{words:?}: {}", said.err);
        assert!(said.err.contains(text), "{words:?}: {}", said.err);
    }
    let empty = Stage::new(&["modules"]);
    for verb in ["plan", "status"] {
        let said = empty.migrate(&[verb]);
        assert_eq!(said.code, 6, "{}", said.err);
    }
}
