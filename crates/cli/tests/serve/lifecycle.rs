//! Restarts: what stays, and which key works.

use object_store::ObjectStoreExt;
use object_store::path::Path as Key;
use tempfile::TempDir;

use crate::launch::{Launched, launch, text};
use crate::stage::{Stage, client_of};

const ID: &str = "STATELOCK_ROOT_ACCESS_KEY_ID";
const SECRET: &str = "STATELOCK_ROOT_SECRET_ACCESS_KEY";

#[test]
fn a_restart_keeps_states_and_the_key() {
    let mut stage = Stage::start(&[]);
    stage.put("kept/terraform.tfstate", "kept");
    let key = stage.server.credentials();
    assert!(stage.server.stdout().contains("Credentials (made now) are in /"));
    assert!(stage.server.terminate().success(), "{}", stage.server.stderr());
    stage.server.restart();
    assert_eq!(stage.server.credentials(), key);
    assert!(stage.server.stdout().contains("Credentials (from an earlier start) are in /"));
    assert_eq!(stage.get("kept/terraform.tfstate").expect("it is there"), b"kept");
}

#[test]
fn memory_forgets_states_says_so_and_keeps_the_key() {
    let mut stage = Stage::start(&["--storage", "memory"]);
    assert!(stage.server.stdout().contains("in memory only: everything is gone when it stops"));
    stage.put("lost/terraform.tfstate", "lost");
    let key = stage.server.credentials();
    assert!(stage.server.terminate().success(), "{}", stage.server.stderr());
    stage.server.restart();
    assert_eq!(stage.server.credentials(), key);
    assert_eq!(stage.keys(), Vec::<String>::new());
}

#[test]
fn a_root_key_of_the_environment_replaces_the_one_in_the_file_and_stays() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = scratch.path().join("data");
    let args = ["serve", "--listen", "127.0.0.1:0", "--data", text(&data)];
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let works = |server: &mut Launched, id: &str, secret: &str| {
        let client = client_of(&format!("http://{}", server.listens()), id, secret);
        runtime.block_on(client.put(&Key::from("a"), "a".into())).is_ok()
    };

    let mut first = launch(&args, &[(ID, "operator"), (SECRET, "correct-horse")]);
    assert!(works(&mut first, "operator", "correct-horse"));
    assert!(first.said("stdout").contains("Credentials (from the environment) are in /"));
    first.terminate();
    assert_eq!(first.ends().code, Some(0));

    let mut second = launch(&args, &[(ID, "successor"), (SECRET, "battery-staple")]);
    assert!(!works(&mut second, "operator", "correct-horse"), "the old key still works");
    assert!(works(&mut second, "successor", "battery-staple"));
    let file = std::fs::read_to_string(data.join("credentials")).expect("the file");
    assert!(file.contains("aws_access_key_id = successor\n") && !file.contains("operator"));
    second.terminate();
    assert_eq!(second.ends().code, Some(0));

    let mut third = launch(&args, &[]);
    assert!(works(&mut third, "successor", "battery-staple"), "the key did not stay");
}

#[test]
fn an_access_key_id_may_be_a_flag_and_wins_over_its_variable() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = scratch.path().join("data");
    let args = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data",
        text(&data),
        "--root-access-key-id",
        "from-the-flag",
    ];
    let mut server = launch(&args, &[(ID, "from-the-variable"), (SECRET, "correct-horse")]);
    server.listens();
    let file = std::fs::read_to_string(data.join("credentials")).expect("the file");
    assert!(file.contains("aws_access_key_id = from-the-flag\n"), "{file}");
}
