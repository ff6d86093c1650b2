//! `plan --online`: what only a store can say.

use std::path::Path;

use statelock_testkit::fault_proxy::Fault;
use statelock_testkit::store_server::{BUCKET, StoreServer};

use crate::stage::{Said, Stage, ended};

const DENIED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: 64\r\n\r\n<Error><Code>AccessDenied</Code><Message>no</Message></Error>   ";
const ACCEPTED: &str =
    "HTTP/1.1 200 OK\r\nETag: \"0cc175b9c0f1b6a831c399e269772661\"\r\nContent-Length: 0\r\n\r\n";

fn stores(scenario: &str) -> Vec<StoreServer> {
    let ours = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    let other = StoreServer::moto(&format!("plan --online on moto: {scenario}"));
    [Some(ours), other].into_iter().flatten().collect()
}

fn through(stage: &Stage, store: &StoreServer, endpoint: &str, words: &[&str]) -> Said {
    let mut command = stage.command(words);
    command.env_clear().envs(store.client_env(endpoint)).env("AWS_CONFIG_FILE", "/dev/null");
    ended(command.output().expect("it can be done"))
}

/// One root module, in the region in which the stores have their table.
fn one_module() -> Stage {
    let stage = Stage::new(&["aligned"]);
    let text = stage.read("aligned/main.tf").replace("eu-west-1", "us-east-1");
    std::fs::write(stage.path("aligned/main.tf"), text).expect("it can be written");
    stage
}

const PLAN: [&str; 4] = ["plan", "--phase", "dual", "--online"];

#[test]
fn a_store_that_locks_is_no_obstacle_and_nothing_is_left_in_it() {
    for store in stores("nothing is left") {
        let stage = one_module();
        let said = through(&stage, &store, &store.endpoint(), &PLAN);
        assert_eq!(said.code, 0, "{}: {}", store.name(), said.err);
        assert!(said.out.starts_with("1 backend: 1 to move"), "{}: {}", store.name(), said.out);
        let mut ls = std::process::Command::new(env!("CARGO_BIN_EXE_statelock"));
        ls.args(["ls", &format!("s3://{BUCKET}"), "--json"]);
        ls.env_clear().envs(store.client_env(&store.endpoint()));
        let listed = ended(ls.output().unwrap());
        assert!(!listed.out.contains("statelock-verify"), "{}: {}", store.name(), listed.out);
    }
}

#[test]
fn a_lock_that_is_held_is_waited_for_unless_that_is_allowed() {
    for store in stores("held") {
        let stage = one_module();
        let mut lock = std::process::Command::new(env!("CARGO_BIN_EXE_statelock"));
        let address = format!("s3://{BUCKET}/network/terraform.tfstate");
        lock.args(["lock", &address, "--dynamodb-table", "terraform-locks"]);
        lock.env_clear().envs(store.client_env(&store.endpoint()));
        let locked = ended(lock.output().unwrap());
        assert_eq!(locked.code, 0, "{}: {}", store.name(), locked.err);
        let said = through(&stage, &store, &store.endpoint(), &PLAN);
        let line = "lock_held: the lock is held: ";
        assert!(said.out.contains(line), "{}: {}", store.name(), said.out);
        let words = ["apply", "--phase", "dual", "--online", "--yes"];
        let refused = through(&stage, &store, &store.endpoint(), &words);
        assert_eq!(refused.code, 5, "{}", refused.err);
        assert!(!stage.read("aligned/main.tf").contains("use_lockfile"));
        let allowed = [&words[..], &["--allow", "lock_held"]].concat();
        let done = through(&stage, &store, &store.endpoint(), &allowed);
        assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    }
}

/// Runs the binary on a store.
fn on(store: &StoreServer, words: &[&str]) -> Said {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_statelock"));
    command.args(words).env_clear().envs(store.client_env(&store.endpoint()));
    ended(command.output().expect("it can be done"))
}

#[test]
fn a_lock_of_another_workspace_is_seen_too() {
    for store in stores("held in a workspace") {
        let stage = one_module();
        let address = format!("s3://{BUCKET}/env:/dev/network/terraform.tfstate");
        let file = stage.path("dev.tfstate.json");
        let text = r#"{"version":4,"terraform_version":"1.11.4","serial":1,"lineage":"3f1a3b5e-0000-4000-8000-000000000001","outputs":{},"resources":[]}"#;
        std::fs::write(&file, text).expect("it can be written");
        let pushed = on(&store, &["state", "push", &address, file.to_str().expect("a path")]);
        assert_eq!(pushed.code, 0, "{}: {}", store.name(), pushed.err);
        let locked = on(&store, &["lock", &address, "--dynamodb-table", "terraform-locks"]);
        assert_eq!(locked.code, 0, "{}: {}", store.name(), locked.err);
        let said = through(&stage, &store, &store.endpoint(), &PLAN);
        let line = "lock_held: the lock of workspace `dev` is held: ";
        assert!(said.out.contains(line), "{}: {}", store.name(), said.out);
        let allowed = [&PLAN[..], &["--allow", "lock_held"]].concat();
        let said = through(&stage, &store, &store.endpoint(), &allowed);
        assert!(said.out.starts_with("1 backend: 1 to move"), "{}: {}", store.name(), said.out);
    }
}

#[test]
fn what_may_not_be_asked_is_not_known_and_can_be_answered_for() {
    let store = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    for (query, obstacle, what, permission) in [
        (
            "object-lock",
            "object_lock",
            "(Object Lock) is not known",
            "GetBucketObjectLockConfiguration",
        ),
        (
            "list-type=2",
            "lock_held",
            "another workspace than `default` is not known",
            "s3:ListBucket",
        ),
    ] {
        let proxy = store.proxy();
        proxy.inject(Fault::Answer(DENIED), 1000, move |method, path| {
            method == "GET" && path.contains(query)
        });
        let said = through(&one_module(), &store, &proxy.endpoint(), &PLAN);
        assert!(said.out.starts_with("1 backend: 1 blocked"), "{}{}", said.out, said.err);
        for text in [format!("  {obstacle}: "), what.to_owned(), permission.to_owned()] {
            assert!(said.out.contains(&text), "{text}: {}", said.out);
        }
        let allowed = [&PLAN[..], &["--allow", obstacle]].concat();
        let said = through(&one_module(), &store, &proxy.endpoint(), &allowed);
        assert!(said.out.starts_with("1 backend: 1 to move"), "{}{}", said.out, said.err);
    }
}

#[test]
fn credentials_that_may_not_delete_a_lockfile_are_found_out() {
    let store = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    let proxy = store.proxy();
    proxy.inject(Fault::Answer(DENIED), 1000, |method, path| {
        method == "DELETE" && path.contains(".tflock")
    });
    let said = through(&one_module(), &store, &proxy.endpoint(), &PLAN);
    assert!(said.out.contains("no_lock"), "{}{}", said.out, said.err);
    assert!(said.out.contains("s3:DeleteObject"), "{}", said.out);
    assert!(said.out.starts_with("1 backend: 1 blocked"), "{}", said.out);
}

#[test]
fn a_store_that_takes_every_lockfile_does_not_lock() {
    let store = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    let proxy = store.proxy();
    proxy.inject(Fault::Answer(ACCEPTED), 1000, |method, path| {
        method == "PUT" && path.contains(".tflock")
    });
    let said = through(&one_module(), &store, &proxy.endpoint(), &PLAN);
    assert!(said.out.contains("store_does_not_lock"), "{}{}", said.out, said.err);
}

#[test]
fn a_store_that_is_not_there_is_named() {
    let store = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    let stage = one_module();
    let said = through(&stage, &store, "http://127.0.0.1:1", &PLAN);
    assert!(said.out.contains("not_reached"), "{}{}", said.out, said.err);
}
