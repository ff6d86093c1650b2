//! Wrong names, wrong keys, and stores that are not there: one clear message, and its exit code.

use std::process::Command;

use crate::stage::{ADDRESS, DUAL, LOCK_TABLE, Run, Stage};

const NO_LOCK: &str = "00000000-0000-0000-0000-000000000000";

/// Each verb, with what it needs, about this state.
fn each_verb(address: &str, options: &[&str], run: impl Fn(&[&str]) -> Run, code: i32, said: &str) {
    for verb in [
        &["status", address][..],
        &["lock", address],
        &["unlock", address, NO_LOCK],
        &["force-unlock", address, NO_LOCK, "--yes"],
        &["wait", address, "--timeout", "1s"],
    ] {
        let ended = run(&[verb, options].concat());
        ended.ended(code, said);
        assert_eq!(ended.stderr.matches("error:").count(), 1, "{verb:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("hint:"), "{verb:?}: {}", ended.stderr);
    }
}

/// A command with this environment instead of the server's.
fn with(stage: &Stage, args: &[&str], change: impl Fn(&mut Command)) -> Run {
    let mut command = stage.command(args);
    change(&mut command);
    Run::of(command)
}

#[test]
fn what_is_not_there_is_named() {
    let stage = Stage::statelock();
    let run = |args: &[&str]| stage.run(args);
    each_verb("s3://no-such-bucket/k", &[], run, 6, "NoSuchBucket");
    let no_table = ["--dynamodb-table", "no-such-table"];
    each_verb(ADDRESS, &no_table, run, 6, "the table's name");
    let half = ["--dynamodb-table", "no-such-table", "--use-lockfile"];
    stage.verb("lock", &[], &half).ended(6, "");
    stage.assert_free();
}

#[test]
fn who_may_not_is_told_what_is_needed() {
    let stage = Stage::statelock();
    let wrong_key = |args: &[&str]| {
        with(&stage, args, |command| {
            command.env_remove("AWS_SHARED_CREDENTIALS_FILE");
            command.env("AWS_ACCESS_KEY_ID", "AKIAWRONG").env("AWS_SECRET_ACCESS_KEY", "wrong");
        })
    };
    for options in [&[][..], LOCK_TABLE, DUAL] {
        each_verb(ADDRESS, options, wrong_key, 9, "s3:GetObject");
    }
    let no_key = |args: &[&str]| {
        with(&stage, args, |command| {
            command.env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        })
    };
    each_verb(ADDRESS, &[], no_key, 9, "AWS_PROFILE");
}

#[test]
fn settings_that_are_missing_or_wrong_are_named() {
    let stage = Stage::statelock();
    let no_region = |args: &[&str]| {
        with(&stage, args, |command| {
            command.env_remove("AWS_REGION");
        })
    };
    each_verb(ADDRESS, &[], no_region, 2, "--region");
    let run = |args: &[&str]| stage.run(args);
    each_verb(ADDRESS, &["--custom-ca-bundle", "/no/such/file"], run, 2, "/no/such/file");
    stage.run(&["lock", ADDRESS, "--wait", "soon"]).ended(2, "span of time");
    stage.run(&["lock", ADDRESS, "--reason", " "]).ended(2, "must not be empty");
    stage.run(&["lock", "s3://bucket"]).ended(2, "s3://BUCKET/KEY");
    stage.run(&["lock", ADDRESS, "--backend-config", "a=b"]).ended(2, "--backend-config");
}

#[test]
fn a_store_that_does_not_answer_is_unavailable() {
    let stage = Stage::statelock();
    let nobody = |args: &[&str]| {
        let args = [args, &["--endpoint-url", "http://127.0.0.1:1"]].concat();
        stage.run(&args)
    };
    for verb in [
        &["status", ADDRESS][..],
        &["lock", ADDRESS],
        &["unlock", ADDRESS, NO_LOCK],
        &["force-unlock", ADDRESS, NO_LOCK],
        &["wait", ADDRESS, "--timeout", "1s"],
        &["ls", ADDRESS],
        &["state", "pull", ADDRESS],
        &["gc", ADDRESS],
        &["doctor", ADDRESS],
        &["bootstrap", "s3://tfstate"],
        &["lock", ADDRESS, "--dynamodb-table", "locks"],
    ] {
        nobody(verb).ended(8, "could not be sent to http://127.0.0.1:1: ");
    }
}
