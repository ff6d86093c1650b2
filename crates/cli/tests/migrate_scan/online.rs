//! With --online, against the state server and against moto.

use std::path::Path;

use object_store::ObjectStoreExt as _;
use object_store::path::Path as Key;
use serde_json::{Value, json};
use statelock_testkit::store_server::StoreServer;

use crate::stage::{LOCK_TABLE_BLOCK, Stage, findings};

const STATE: &str = r#"{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "4f0c",
 "outputs": {}, "resources": []}"#;

fn servers(what: &str) -> Vec<StoreServer> {
    let ours = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    [Some(ours), StoreServer::moto(what)].into_iter().flatten().collect()
}

fn put(server: &StoreServer, key: &str, text: &'static str) {
    let bucket = crate::bucket::open(server.endpoint(), server.credentials());
    let path = Key::parse(key).expect("a key");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(bucket.put(&path, text.as_bytes().into())).expect("it is written");
}

fn run_verb(server: &StoreServer, args: &[&str]) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_statelock"));
    command.args(args).env_clear().envs(server.client_env(&server.endpoint()));
    let output = command.env("AWS_CONFIG_FILE", "/dev/null").output().expect("it can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn workspaces_locks_and_strangers_are_found() {
    for server in servers("migrate scan --online") {
        let name = server.name();
        for key in [
            "app/terraform.tfstate",
            "env:/dev/app/terraform.tfstate",
            "other/terraform.tfstate",
            "notes.txt",
        ] {
            put(&server, key, STATE);
        }
        let dev = "s3://tfstate/env:/dev/app/terraform.tfstate";
        run_verb(&server, &["lock", dev, "--dynamodb-table", "terraform-locks"]);
        run_verb(&server, &["lock", "s3://tfstate/making/terraform.tfstate"]);

        let stage = Stage::with(&[("app/main.tf", LOCK_TABLE_BLOCK)]);
        let env = server.client_env(&server.endpoint());
        let run = stage.scan_with(&env, &["--online", "--json"]);
        run.ended(0, "");
        let (document, unit) = (run.json(), run.unit("./app"));
        assert_eq!(unit["online"]["workspaces"], json!(["default", "dev"]), "{name}");
        assert_eq!(unit["online"]["held"], json!([dev]), "{name}");
        assert!(unit["online"]["account"].is_string(), "{name}: {unit}");
        assert!(findings(&unit).contains(&"caution:lock_held".to_owned()), "{name}: {unit}");
        let strays = json!([
            {"address": "s3://tfstate/making/terraform.tfstate", "held": true},
            {"address": "s3://tfstate/other/terraform.tfstate", "held": false},
        ]);
        assert_eq!(document["strays"], strays, "{name}");
        let shown = stage.scan_with(&env, &["--online"]);
        for said in [
            "the stores were asked",
            "STATES THAT NO MODULE HERE NAMES",
            "./app: 2 workspaces: default, dev",
        ] {
            assert!(shown.stdout.contains(said), "{name}: {said}\n{}", shown.stdout);
        }
    }
}

#[test]
fn without_it_nobody_is_asked() {
    let stage = Stage::with(&[("app/main.tf", LOCK_TABLE_BLOCK)]);
    let nowhere = [("AWS_ENDPOINT_URL".to_owned(), "http://127.0.0.1:1".to_owned())];
    let run = stage.scan_with(&nowhere, &["--json"]);
    run.ended(0, "");
    let document = run.json();
    assert_eq!((&document["online"], &document["strays"]), (&json!(false), &Value::Null));
    assert!(run.unit("./app").get("online").is_none(), "{document}");
}

#[test]
fn a_store_that_is_not_reached_is_named_and_the_others_are_shown() {
    let server = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    put(&server, "app/terraform.tfstate", STATE);
    let stage = Stage::with(&[("app/main.tf", LOCK_TABLE_BLOCK)]);
    // Nobody listens on port 1.
    let elsewhere = LOCK_TABLE_BLOCK.replace(
        "    dynamodb_table",
        "    endpoints = { s3 = \"http://127.0.0.1:1\", dynamodb = \"http://127.0.0.1:1\" }\n    use_path_style = true\n    dynamodb_table",
    );
    stage.write("far/main.tf", &elsewhere);
    let env = server.client_env(&server.endpoint());
    let run = stage.scan_with(&env, &["--online", "--json"]);
    run.ended(8, "error: one store could not be asked; all the rest was shown");
    assert!(findings(&run.unit("./far")).contains(&"caution:not_reached".to_owned()));
    let near = run.unit("./app");
    assert_eq!(near["online"]["workspaces"], json!(["default"]));
    assert!(!findings(&near).contains(&"caution:not_reached".to_owned()));
    let stores = run.json()["stores"].clone();
    let problems: Vec<_> =
        stores.as_array().expect("stores").iter().map(|it| it["problem"].is_null()).collect();
    assert_eq!(problems.iter().filter(|is_well| **is_well).count(), 1, "{stores}");
}

#[test]
fn a_bucket_that_is_not_there_is_named() {
    let server = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    let stage = Stage::with(&[(
        "app/main.tf",
        &LOCK_TABLE_BLOCK.replace("\"tfstate\"", "\"gone-bucket\""),
    )]);
    let run = stage.scan_with(&server.client_env(&server.endpoint()), &["--online"]);
    run.ended(8, "one store could not be asked");
    assert!(run.stdout.contains("s3://gone-bucket"), "{}", run.stdout);
    assert!(run.stdout.contains("NOT ASKED: "), "{}", run.stdout);
}
