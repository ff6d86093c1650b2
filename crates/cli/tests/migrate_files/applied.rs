//! What `apply` and `rollback` do to files, and what `status` says of it.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;

use crate::stage::{FILES, Stage};

const MOVING: [&str; 11] = [
    "aligned",
    "crlf",
    "json",
    "partial",
    "shared",
    "override",
    "live",
    "endpoints",
    "comments",
    "tofu",
    "modules",
];

fn status(stage: &Stage) -> Vec<(String, String)> {
    let said = stage.migrate(&["status", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&said.out).expect("it can be done");
    let units = document["units"].as_array().expect("it can be done");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("null").to_owned();
    units.iter().map(|unit| (text(&unit["unit"]), text(&unit["phase"]))).collect()
}

#[test]
fn there_and_back_every_byte_is_as_it_was() {
    let stage = Stage::new(&MOVING);
    let start = stage.contents();
    let run = |words: &[&str]| {
        let said = stage.migrate(words);
        assert_eq!(said.code, 0, "{words:?}: {}{}", said.out, said.err);
        stage.contents()
    };
    let dual = run(&["apply", "--phase", "dual", "--yes"]);
    assert!(status(&stage).iter().all(|(_, phase)| phase == "dual"), "{:?}", status(&stage));
    assert_eq!(run(&["apply", "--phase", "dual", "--yes"]), dual);
    let s3 = run(&["apply", "--phase", "s3", "--yes", "--unverified"]);
    assert!(status(&stage).iter().all(|(_, phase)| phase == "lockfile"));
    let texts = s3.values().map(|bytes| String::from_utf8_lossy(bytes));
    let left: usize = texts.map(|text| text.matches("dynamodb").count()).sum();
    // A heredoc and two comments.
    assert_eq!(left, 2, "only what is no argument is left");
    assert_eq!(run(&["rollback", "--to", "dual", "--yes"]), dual);
    assert_eq!(run(&["rollback", "--to", "lock_table", "--yes"]), start);
    assert_eq!(run(&["rollback", "--to", "lock_table", "--yes"]), start);
}

#[test]
fn what_cannot_move_is_left_alone_and_named() {
    let stage = Stage::new(&[]);
    let said = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(said.code, 5, "{}", said.err);
    for (unit, why) in [("old", "old_client"), ("may_be_old", "old_client_possible")] {
        assert!(said.out.contains(why) && said.out.contains(unit), "{}", said.out);
    }
    assert!(said.out.contains("to be changed by hand:\n  ./generated"), "{}", said.out);
    let original = |name: &str| FILES.iter().find(|(path, _)| *path == name).unwrap().1;
    for name in ["old/main.tf", "may_be_old/main.tf", "generated/main.tf", "unlocked/main.tf"] {
        assert_eq!(stage.read(name), original(name));
    }
    let said =
        stage.migrate(&["apply", "--phase", "dual", "--yes", "--allow", "old_client_possible"]);
    assert_eq!(said.code, 5);
    assert!(stage.read("may_be_old/main.tf").contains("use_lockfile"), "{}", said.out);
}

#[test]
fn ci_can_wait_for_a_phase() {
    let stage = Stage::new(&["aligned", "json", "done"]);
    let expect = |phase: &str| stage.migrate(&["status", "--expect", phase]).code;
    assert_eq!(expect("dual"), 5);
    stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!((expect("dual"), expect("s3")), (0, 5));
    let said = stage.migrate(&["status"]);
    assert!(said.out.contains("applied dual"), "{}", said.out);
    assert!(said.out.ends_with("2 dual, 1 lockfile\n"), "{}", said.out);
    stage.migrate(&["apply", "--phase", "s3", "--yes", "--unverified"]);
    assert_eq!(expect("s3"), 0);
}

#[test]
fn only_moves_what_it_names() {
    let stage = Stage::new(&["aligned", "json"]);
    let before = stage.read("json/backend.tf.json");
    let said = stage.migrate(&["apply", ".", "--phase", "dual", "--yes", "--only", "aligned"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(stage.read("aligned/main.tf").contains("use_lockfile   = true"));
    assert_eq!(stage.read("json/backend.tf.json"), before);
}

#[test]
fn modes_stay_and_read_only_files_are_refused() {
    let stage = Stage::new(&["aligned", "json"]);
    let set = |name: &str, mode| {
        fs::set_permissions(stage.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    set("aligned/main.tf", 0o640);
    set("json/backend.tf.json", 0o444);
    let said = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(said.code, 5, "{}", said.err);
    assert!(said.out.contains("not_writable") && said.out.contains("is read-only"), "{}", said.out);
    let mode = fs::metadata(stage.path("aligned/main.tf")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(!stage.read("json/backend.tf.json").contains("use_lockfile"));
}

#[test]
fn a_second_apply_at_the_same_time_is_refused() {
    let stage = Stage::new(&["aligned", "json"]);
    stage.migrate(&["apply", "--phase", "dual", "--yes", "--only", "json"]);
    let lock = File::options().write(true).open(stage.path(".statelock/lock")).unwrap();
    lock.lock().unwrap();
    let before = stage.contents();
    let said = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(said.code, 8, "{}", said.err);
    assert!(said.err.contains("another migration is at work"), "{}", said.err);
    assert_eq!(stage.contents(), before);
    drop(lock);
    assert_eq!(stage.migrate(&["apply", "--phase", "dual", "--yes"]).code, 0);
}

#[test]
fn a_rollback_without_a_record_needs_the_name_of_the_table() {
    let stage = Stage::new(&["done"]);
    let said = stage.migrate(&["rollback", "--to", "dual", "--yes"]);
    assert_eq!(said.code, 5);
    assert!(said.out.contains("table_unknown"), "{}", said.out);
    let words = ["rollback", "--to", "dual", "--dynamodb-table", "terraform-locks"];
    let dry = stage.migrate(&words);
    assert!(dry.out.contains("+    dynamodb_table = \"terraform-locks\""), "{}", dry.out);
    assert!(!stage.read("done/main.tf").contains("dynamodb_table"));
    let done = stage.migrate(&[&words[..], &["--yes"]].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(stage.read("done/main.tf").contains("dynamodb_table = \"terraform-locks\""));
}

#[test]
fn a_backend_that_is_only_partly_known_has_reached_no_phase() {
    let stage = Stage::new(&["done"]);
    let write = |name: &str, text: &str| {
        let path = stage.path(name);
        fs::create_dir_all(path.parent().expect("it can be done")).expect("it can be done");
        fs::write(path, text).expect("it can be done");
    };
    assert_eq!(stage.migrate(&["status", "--expect", "s3"]).code, 0);
    write(
        "infra/main.tf",
        "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    region = \"eu-west-1\"\n    use_lockfile = true\n  }\n}\n",
    );
    let said = stage.migrate(&["status", "--expect", "s3"]);
    assert_eq!(said.code, 5, "{}{}", said.out, said.err);
    assert!(said.err.contains("may be completed by what was not found"), "{}", said.err);
    assert!(said.err.contains("one backend is not at lockfile"), "{}", said.err);
    fs::remove_dir_all(stage.path("infra")).expect("it can be done");
    write(
        "envs/prod.tfbackend",
        "key = \"prod\"\nregion = \"eu-west-1\"\ndynamodb_table = \"locks\"\n",
    );
    let said = stage.migrate(&["status", "--expect", "s3"]);
    assert_eq!(said.code, 5, "{}{}", said.out, said.err);
    assert!(said.err.contains("`./envs/prod.tfbackend` looks as if"), "{}", said.err);
    assert!(stage.migrate(&["plan"]).err.contains("`./envs/prod.tfbackend` looks as if"));
    let said = stage.migrate(&["plan", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&said.out).expect("it can be done");
    assert_eq!(document["unattached"], serde_json::json!(["./envs/prod.tfbackend"]));
}

#[test]
fn what_was_permitted_to_plan_is_in_the_command_that_does_it() {
    let stage = Stage::new(&["aligned"]);
    stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    let said =
        stage.migrate(&["plan", "--unverified", "--include-unlocked", "--allow", "lock_held"]);
    let command = "statelock migrate apply --phase s3 --include-unlocked --unverified --allow lock_held --yes";
    assert!(said.err.contains(command), "{}", said.err);
    stage.migrate(&["apply", "--phase", "s3", "--yes", "--unverified"]);
    let back = ["rollback", "--to", "dual", "--dynamodb-table", "newlocks", "--yes"];
    let said = stage.migrate(&back);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    assert!(said.err.contains("another lock table than `newlocks`"), "{}", said.err);
    assert!(stage.read("aligned/main.tf").contains("\"terraform-locks\""));
}
