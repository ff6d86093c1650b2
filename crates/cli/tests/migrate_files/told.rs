//! What is said once, and in words that lead on.

use std::fs;

use crate::stage::Stage;

fn write(stage: &Stage, name: &str, text: &str) {
    let path = stage.path(name);
    fs::create_dir_all(path.parent().expect("a directory")).expect("it can be made");
    fs::write(path, text).expect("it can be written");
}

#[test]
fn both_names_of_the_last_phase_are_taken() {
    let stage = Stage::new(&["aligned", "done"]);
    stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    let plan = |phase: &str| stage.migrate(&["plan", "--phase", phase, "--unverified"]).out;
    assert_eq!(plan("lockfile"), plan("s3"));
    assert!(plan("s3").starts_with("2 backends: 1 to move, 1 there already"), "{}", plan("s3"));
    assert_eq!(stage.migrate(&["status", "--expect", "lockfile"]).code, 5);
    let words = ["apply", "--phase", "lockfile", "--unverified", "--yes"];
    assert_eq!(stage.migrate(&words).code, 0);
    assert_eq!(stage.migrate(&["status", "--expect", "lockfile"]).code, 0);
    for verb in ["plan", "apply", "status"] {
        let help = stage.migrate(&[verb, "--help"]).out;
        assert!(help.contains("`lockfile` means the same"), "{help}");
    }
}

#[test]
fn those_that_only_does_not_name_are_counted() {
    let stage = Stage::new(&[]);
    let said = stage.migrate(&["plan", "--phase", "dual", "--only", "aligned"]);
    assert_eq!(said.code, 0, "{}", said.err);
    let (_, left_out) = said.out.split_once("\nleft out:\n").expect("what is left out");
    let count = said.out.split(' ').next().and_then(|count| count.parse::<usize>().ok());
    let others = count.expect("a number") - 1;
    assert_eq!(left_out, format!("  {others} backends that --only does not name\n"));
}

#[test]
fn where_nothing_is_nothing_is_summed_up() {
    let stage = Stage::new(&["nothing"]);
    for verb in [&["plan"][..], &["apply", "--phase", "dual"], &["rollback", "--to", "dual"]] {
        let said = stage.migrate(verb);
        assert_eq!((said.code, said.out.as_str()), (6, ""), "{}", said.err);
        assert!(said.err.contains("no root module with an s3 backend"), "{}", said.err);
    }
}

#[test]
fn who_has_not_come_as_far_is_told_so_on_the_way_back() {
    let stage = Stage::new(&["aligned"]);
    for words in [&["rollback", "--to", "dual"][..], &["rollback", "--to", "dual", "--yes"]] {
        let said = stage.migrate(words);
        assert_eq!(said.code, 0, "{}", said.err);
        let line = "  ./aligned: it is at lock_table, which is before dual; `statelock migrate apply --phase dual` brings it on\n";
        assert!(said.out.contains(line), "{}", said.out);
    }
}

#[test]
fn an_interrupted_run_is_named_with_a_command_that_undoes_it() {
    let stage = Stage::new(&["aligned"]);
    stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    let record = stage.read(".statelock/record.json");
    for (phase, to) in [("dual", "lock_table"), ("lockfile", "dual")] {
        let run = format!(
            "{{\"phase\": \"{phase}\", \"direction\": \"forward\", \"branch\": \"x\", \"steps\": [], \"units\": {{}}}}"
        );
        let begun = record.replacen("\"run\": null", &format!("\"run\": {run}"), 1);
        fs::write(stage.path(".statelock/record.json"), begun).expect("it can be written");
        let said = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
        assert_eq!(said.code, 5, "{}", said.err);
        let command = format!("statelock migrate rollback --to {to} --yes");
        assert!(said.err.contains(&command), "{}", said.err);
    }
}

#[test]
fn unlocked_backends_are_led_to_a_lockfile() {
    let stage = Stage::new(&["unlocked", "done"]);
    let said = stage.migrate(&["status", "--expect", "s3"]);
    assert_eq!(said.code, 5);
    let command = "statelock migrate apply --phase s3 --include-unlocked --yes";
    assert!(said.err.contains(command), "{}", said.err);
    let scan = stage.migrate(&["scan"]);
    assert!(scan.out.contains("--phase s3 --include-unlocked --only MODULE --yes --init"));
    let verify = stage.migrate(&["verify", "unlocked"]);
    assert!(verify.out.contains(command), "{}{}", verify.out, verify.err);
    let words: Vec<_> = command.split(' ').skip(2).collect();
    assert_eq!(stage.migrate(&words).code, 0);
    assert_eq!(stage.migrate(&["status", "--expect", "s3"]).code, 0);
}

#[test]
fn a_table_that_another_file_overrides_goes_with_it() {
    let stage = Stage::new(&["nothing"]);
    let block = "terraform {\n  required_version = \">= 1.10\"\n  backend \"s3\" {\n    bucket         = \"b\"\n    region         = \"eu-west-1\"\n    dynamodb_table = \"old-locks\"\n  }\n}\n";
    let partial = "key            = \"k\"\ndynamodb_table = \"locks\"\nuse_lockfile   = true\n";
    write(&stage, "app/main.tf", block);
    write(&stage, "app/prod.tfbackend", partial);
    let before = stage.contents();
    let said = stage.migrate(&["apply", "--phase", "s3", "--unverified", "--yes"]);
    assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    for file in ["app/main.tf", "app/prod.tfbackend"] {
        assert!(said.out.contains(&format!("changed {file}\n")), "{}", said.out);
        assert!(!stage.read(file).contains("locks\""), "{}", stage.read(file));
    }
    assert_eq!(stage.migrate(&["status", "--expect", "s3"]).code, 0);
    let back = stage.migrate(&["rollback", "--to", "dual", "--yes"]);
    assert_eq!(back.code, 0, "{}{}", back.out, back.err);
    assert_eq!(stage.contents(), before);
}

#[test]
fn a_table_that_another_file_overrides_stays_while_somebody_else_locks_by_it() {
    let stage = Stage::new(&["nothing"]);
    let block = "terraform {\n  required_version = \">= 1.10\"\n  backend \"s3\" {\n    bucket         = \"b\"\n    region         = \"eu-west-1\"\n    dynamodb_table = \"locks\"\n  }\n}\n";
    write(&stage, "app/main.tf", block);
    write(&stage, "app/dev.tfbackend", "key = \"dev\"\n");
    let partial =
        "key            = \"prod\"\ndynamodb_table = \"prod-locks\"\nuse_lockfile   = true\n";
    write(&stage, "app/prod.tfbackend", partial);
    let before = stage.contents();
    let said = stage.migrate(&["apply", "--phase", "s3", "--unverified", "--yes"]);
    assert_eq!(said.code, 5, "{}{}", said.out, said.err);
    assert!(said.out.contains("shared_file"), "{}", said.out);
    assert_eq!(stage.contents(), before);
}
