//! A user and a password in the URL of an endpoint: the store is reached, and nobody sees them.

use std::fs;
use std::path::Path;

use crate::stage::{PLACE, QUICK, Run, Stage, TABLE};

const USER: &str = "you:hunter2@";

/// The endpoint of the store, with a user in it.
fn endpoint(stage: &Stage) -> String {
    stage.server.endpoint().replace("://", &format!("://{USER}"))
}

#[track_caller]
fn shows_nothing(run: &Run) {
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains("hunter2") && !text.contains("you:"), "{text}");
    }
}

/// All that is kept below a directory.
fn kept(directory: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        all += &if path.is_dir() { kept(&path) } else { fs::read_to_string(&path).expect("text") };
    }
    all
}

#[test]
fn a_probe_reaches_the_store_and_shows_no_password() {
    let stage = Stage::statelock();
    let url = endpoint(&stage);
    let named = ["--endpoint-url", &url, "--dynamodb-endpoint-url", &url];
    for (variable, options) in [(url.as_str(), &[][..]), ("http://127.0.0.1:1", &named)] {
        for form in ["--verbose", "--json", "--dry-run"] {
            let probe = ["probe", PLACE, "--dynamodb-table", TABLE, form];
            let args = [&probe, QUICK, options].concat();
            let run = Run::of(stage.command(variable, &args));
            run.ended(0, "probe of s3://tfstate/team");
            shows_nothing(&run);
        }
        let clean = [&["probe", PLACE, "--clean"], options].concat();
        let run = Run::of(stage.command(variable, &clean));
        run.ended_saying(0, "removed below s3://tfstate/team");
        shows_nothing(&run);
    }
    let kept = kept(&stage.kept());
    assert!(kept.contains(&stage.server.endpoint()), "a verdict on this endpoint is kept: {kept}");
    assert!(!kept.contains("hunter2"), "{kept}");
}

#[test]
fn what_is_no_endpoint_is_told_without_its_password() {
    let stage = Stage::statelock();
    for url in ["you:hunter2@localhost:9000", "ftp://you:hunter2@localhost", "http://you:hunter2@"]
    {
        let by_option = ["probe", PLACE, "--endpoint-url", url];
        let run = stage.run(&by_option);
        run.ended(2, "is no URL such as https://s3.example.com");
        shows_nothing(&run);
        let run = Run::of(stage.command(url, &["probe", PLACE]));
        run.ended(2, "is no URL such as https://s3.example.com");
        shows_nothing(&run);
    }
}

#[test]
fn other_verbs_show_no_password_either() {
    let stage = Stage::statelock();
    let url = endpoint(&stage);
    let object = "s3://tfstate/a/terraform.tfstate";
    let verbs = [
        &["bootstrap", "s3://tfstate", "--terraform"][..],
        &["bootstrap", "s3://tfstate", "--dry-run"],
        &["status", object],
        &["ls", "s3://tfstate"],
        &["doctor", object, "--dynamodb-table", TABLE],
    ];
    for (variable, options) in [(&*url, &[][..]), ("http://127.0.0.1:1", &["--endpoint-url", &url])]
    {
        let done = |verb: &[&str]| {
            let run = Run::of(stage.command(variable, &[verb, options].concat()));
            assert_eq!(run.code, Some(0), "{verb:?}: {}{}", run.stdout, run.stderr);
            shows_nothing(&run);
            run.stdout
        };
        for verb in verbs {
            done(verb);
        }
        let id = done(&["lock", object]);
        done(&["unlock", object, id.trim()]);
    }
}
