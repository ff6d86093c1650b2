//! `--exclude`: one broken file does not end everything with 2.

use std::fs;

use serde_json::Value;

use crate::stage::Stage;

/// Two root modules, and one that cannot be read.
fn with_a_broken_one() -> Stage {
    let stage = Stage::new(&["aligned", "json"]);
    let broken = stage.path("legacy/old/main.tf");
    fs::create_dir_all(broken.parent().expect("a directory")).expect("it can be made");
    fs::write(broken, "terraform {\n  backend \"s3\" {\n    bucket = \n  }\n}\n")
        .expect("it can be written");
    stage
}

#[test]
fn what_is_excluded_keeps_no_verb_from_ending_well() {
    let stage = with_a_broken_one();
    let verbs: [&[&str]; 6] = [
        &["scan"],
        &["plan", "--phase", "dual"],
        &["apply", "--phase", "dual", "--yes"],
        &["status", "--expect", "dual"],
        &["rollback", "--to", "lock_table", "--yes"],
        &["plan", "--json"],
    ];
    for words in verbs {
        assert_eq!(stage.migrate(words).code, 2, "{words:?}");
        for exclude in ["legacy", "/legacy/", "old", "./legacy/old", "legacy/old/main.tf", "**/old"]
        {
            let said = stage.migrate(&[words, &["--exclude", exclude]].concat());
            assert_eq!(said.code, 0, "{words:?} {exclude}: {}{}", said.out, said.err);
            assert!(said.err.contains("is excluded, and was not looked at"), "{}", said.err);
        }
    }
    let unread = stage.migrate(&["finish", "."]);
    assert_eq!(unread.code, 2, "{}", unread.err);
    let finish = stage.migrate(&["finish", ".", "--exclude", "legacy", "--dynamodb-table", "x"]);
    assert_ne!(finish.code, 2, "{}", finish.err);
    let verify = stage.migrate(&[
        "verify",
        ".",
        "--exclude",
        "legacy",
        "--exclude",
        "aligned",
        "--exclude",
        "json",
    ]);
    assert_eq!(verify.code, 6, "{}", verify.err);
    assert!(verify.err.contains("3 files and directories are excluded"), "{}", verify.err);
}

#[test]
fn how_much_is_excluded_is_in_every_form_of_the_output() {
    let stage = with_a_broken_one();
    let words = ["--exclude", "legacy", "--exclude", "aligned"];
    let text = stage.migrate(&[&["scan"][..], &words].concat());
    assert!(text.out.contains("file read, 2 excluded; no store was asked)"), "{}", text.out);
    for verb in ["scan", "plan", "status"] {
        let said = stage.migrate(&[&[verb, "--json"][..], &words].concat());
        let document: Value = serde_json::from_str(&said.out).expect("JSON");
        assert_eq!(document["excluded"], serde_json::json!(["./aligned", "./legacy"]), "{verb}");
    }
    let said = stage.migrate(&[&["plan", "--phase", "dual"][..], &words].concat());
    let command = "statelock migrate apply --exclude legacy --exclude aligned --phase dual --yes";
    assert!(said.err.contains(command), "{}", said.err);
}

#[test]
fn a_configuration_file_takes_its_module_with_it() {
    let stage = Stage::new(&["aligned", "partial"]);
    for name in ["aligned/extra.tf", "partial/extra.tf"] {
        fs::write(stage.path(name), "locals {\n").expect("it can be written");
    }
    let before = stage.contents();
    let said = stage.migrate(&["apply", "--phase", "dual", "--yes", "--exclude", "extra.tf"]);
    assert_eq!(said.code, 6, "{}{}", said.out, said.err);
    assert!(said.err.contains("no root module"), "{}", said.err);
    assert!(!said.err.contains("tfbackend"), "nothing is left hanging: {}", said.err);
    assert_eq!(stage.contents(), before);
}

#[test]
fn a_pattern_that_cannot_be_or_matches_nothing_is_told() {
    let stage = Stage::new(&["aligned"]);
    for bad in ["", "a[", "!aligned"] {
        let said = stage.migrate(&["plan", &format!("--exclude={bad}")]);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains("is no pattern of files"), "{}", said.err);
    }
    let said = stage.migrate(&["plan", "--exclude", "nowhere"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("there is nothing that --exclude matches"), "{}", said.err);
}

#[test]
fn what_was_begun_is_not_ended_where_nobody_looks() {
    let stage = Stage::new(&["aligned", "json"]);
    stage.migrate(&["apply", "--phase", "dual", "--yes", "--only", "json"]);
    let record = stage.read(".statelock/record.json");
    let hash = "0".repeat(64);
    let run = format!(
        "{{\"phase\": \"dual\", \"direction\": \"forward\", \"branch\": null, \"steps\": [{{\"file\": \"aligned/main.tf\", \
         \"from\": \"{hash}\", \"to\": \"{hash}\"}}], \"units\": {{}}}}"
    );
    let begun = record.replacen("\"run\": null", &format!("\"run\": {run}"), 1);
    fs::write(stage.path(".statelock/record.json"), begun).expect("it can be written");
    let said = stage.migrate(&["apply", "--phase", "dual", "--yes", "--exclude", "aligned"]);
    assert_eq!(said.code, 5, "{}{}", said.out, said.err);
    assert!(said.err.contains("`aligned/main.tf` is excluded"), "{}", said.err);
}
