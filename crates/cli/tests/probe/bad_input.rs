//! What keeps a probe from trying anything.

use crate::stage::{BUCKET, PLACE, Run, Stage};

#[test]
fn a_dry_run_says_everything_and_sends_nothing() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    let run = Run::of(stage.command(&proxy.endpoint(), &["probe", PLACE, "--dry-run"]));
    run.ended(0, "writes below     s3://tfstate/team/.statelock-probe/");
    for line in ["at most 5,", "32 at once, within 10 min", "note: nothing was sent"] {
        assert!(run.stderr.contains(line), "expected {line:?} in {}", run.stderr);
    }
    assert_eq!(proxy.requests(), []);
}

#[test]
fn what_is_not_there_is_said() {
    let stage = Stage::statelock();
    stage.run(&["probe", "s3://nosuch"]).ended(6, "error: nothing could be tried");
    let run = stage.probe(&["--dynamodb-table", "nosuch"]);
    run.ended(6, "leave --dynamodb-table out");
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn who_may_not_write_is_told_what_is_needed() {
    let stage = Stage::statelock();
    let mut command = stage.command(&stage.server.endpoint(), &["probe", PLACE]);
    command.env_remove("AWS_SHARED_CREDENTIALS_FILE");
    command.env("AWS_ACCESS_KEY_ID", "AKIA").env("AWS_SECRET_ACCESS_KEY", "wrong");
    Run::of(command).ended(9, "a probe needs s3:PutObject");
    assert!(!stage.kept().exists(), "no verdict is kept");
}

#[test]
fn a_store_that_is_not_there_is_unavailable() {
    let stage = Stage::statelock();
    let args = ["probe", PLACE, "--endpoint-url", "http://127.0.0.1:1"];
    stage.run(&args).ended(8, "check the endpoint, the network and the proxy settings");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let stage = Stage::statelock();
    for (args, said) in [
        (&["probe", "tfstate"][..], "not of the form s3://BUCKET[/PREFIX]"),
        (&["probe", PLACE, "--writers", "8"], "--writers"),
        (&["probe", PLACE, "--rounds", "0"], "--rounds"),
        (&["probe", PLACE, "--endpoint-url", "localhost:9000"], "not a URL such as"),
        (&["probe", PLACE, "--clean", "--dry-run"], "cannot be used with"),
    ] {
        stage.run(args).ended(2, said);
    }
}
