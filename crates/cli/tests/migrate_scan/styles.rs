//! Backends that are put together from several files.

use serde_json::{Value, json};

use crate::stage::{Stage, findings};

const PARTIAL: &str = r#"terraform {
  required_version = ">= 1.10"
  backend "s3" {
    region         = "us-east-1"
    dynamodb_table = "locks"
  }
}
"#;

const ROOT: &str = r#"remote_state {
  backend = "s3"
  config = {
    bucket         = "b"
    key            = "${path_relative_to_include()}/terraform.tfstate"
    region         = "us-east-1"
    dynamodb_table = "locks"
  }
}
"#;

const UNIT: &str = r#"include "root" {
  path = find_in_parent_folders("root.hcl")
}
terraform {
  source = "../../modules//x"
}
"#;

fn site(unit: &Value, argument: &str) -> Value {
    let sites = unit["sites"].as_array().expect("sites");
    sites.iter().find(|site| site["argument"] == argument).cloned().unwrap_or_default()
}

#[test]
fn each_file_that_completes_a_module_makes_a_backend() {
    let stage = Stage::with(&[
        ("app/main.tf", PARTIAL),
        ("app/env/dev.tfbackend", "bucket = \"b\"\nkey = \"dev.tfstate\"\n"),
        (
            "app/env/prod.tfbackend",
            "bucket = \"b\"\nkey = \"prod.tfstate\"\ndynamodb_table = \"prod-locks\"\n",
        ),
    ]);
    let run = stage.scan(&["--json"]);
    run.ended(0, "");
    let dev = run.unit("./app (env/dev.tfbackend)");
    let prod = run.unit("./app (env/prod.tfbackend)");
    assert_eq!((&dev["lock_table"], &prod["lock_table"]), (&json!("locks"), &json!("prod-locks")));
    let at = |file: &str, line| json!({"argument": "dynamodb_table", "is": "file", "file": file, "line": line});
    assert_eq!(site(&dev, "dynamodb_table"), at("./app/main.tf", 5));
    assert_eq!(site(&prod, "dynamodb_table"), at("./app/env/prod.tfbackend", 3));
    // What dev changes in main.tf, prod gets too.
    assert_eq!(findings(&dev), ["note:shared_file"]);
    assert_eq!(findings(&prod), ["note:shared_file"]);
    assert_eq!(run.json()["summary"]["root_modules"], 1);
}

#[test]
fn what_a_script_gives_is_changed_by_hand() {
    let module = "terraform {\n  required_version = \">= 1.10\"\n  backend \"s3\" {\n    bucket = \"b\"\n    \
                  key    = \"tool.tfstate\"\n  }\n}\n";
    let script = "#!/bin/sh\nterraform init -reconfigure \\\n  -backend-config=region=us-east-1 \\\n  \
                  -backend-config=dynamodb_table=locks\n";
    let stage = Stage::with(&[("tool/main.tf", module), ("tool/deploy.sh", script)]);
    let unit = stage.scan(&["--json"]).unit("./tool");
    assert_eq!((&unit["phase"], &unit["lock_table"]), (&json!("lock_table"), &json!("locks")));
    let in_script = json!({"argument": "dynamodb_table", "is": "script", "file": "./tool/deploy.sh", "line": 4});
    assert_eq!(site(&unit, "dynamodb_table"), in_script);
    assert_eq!(findings(&unit), ["caution:by_hand"]);
}

#[test]
fn units_of_terragrunt_share_the_file_that_they_include() {
    let stage = Stage::with(&[
        ("live/root.hcl", ROOT),
        ("live/dev/vpc/terragrunt.hcl", UNIT),
        ("live/dev/db/terragrunt.hcl", UNIT),
    ]);
    let run = stage.scan(&["--json"]);
    for name in ["vpc", "db"] {
        let unit = run.unit(&format!("./live/dev/{name}"));
        assert_eq!(unit["runner"], "terragrunt");
        assert_eq!(unit["key"], json!(format!("dev/{name}/terraform.tfstate")));
        assert_eq!(site(&unit, "dynamodb_table")["file"], "./live/root.hcl");
        assert!(findings(&unit).contains(&"note:shared_file".to_owned()), "{unit}");
    }
    assert_eq!(run.json()["tables"][0]["units"], json!(["./live/dev/db", "./live/dev/vpc"]));
}

#[test]
fn versions_admit_what_the_arguments_need_or_it_is_told() {
    let module = |version: &str, argument: &str| {
        format!(
            "terraform {{\n  required_version = \"{version}\"\n  backend \"s3\" {{\n    bucket = \"b\"\n    key = \"k\"\n    \
             use_lockfile = true\n    {argument}\n  }}\n}}\n"
        )
    };
    let stage = Stage::with(&[("app/main.tf", &module(">= 1.5", "use_path_style = true"))]);
    let old = stage.scan(&["--json"]).unit("./app");
    assert_eq!(findings(&old), ["caution:new_argument", "caution:new_argument"]);
    stage.write("app/main.tf", &module(">= 1.10", "use_path_style = true"));
    assert_eq!(findings(&stage.scan(&["--json"]).unit("./app")), [""; 0]);
    stage.write("app/main.tf", &module("< 1.10", ""));
    assert_eq!(findings(&stage.scan(&["--json"]).unit("./app")), ["blocker:old_client"]);
    stage.write("app/main.tf", &module(">= 1.11", "lock_tags = { team = \"a\" }"));
    assert_eq!(findings(&stage.scan(&["--json"]).unit("./app")), ["note:new_argument"]);
}

fn init_of(bucket: &str, key: &str) -> String {
    format!(
        r#"{{"version":3,"terraform_version":"1.11.4","backend":{{"type":"s3","config":{{"bucket":"{bucket}","key":"{key}","region":"us-east-1","dynamodb_table":"locks"}},"hash":1}}}}"#
    )
}

#[test]
fn of_the_last_init_is_said_once_what_differs_from_the_backend_that_it_was_for() {
    let stage = Stage::with(&[
        ("app/main.tf", PARTIAL),
        ("app/dev.tfbackend", "bucket = \"b\"\nkey = \"dev.tfstate\"\n"),
        ("app/prod.tfbackend", "bucket = \"b\"\nkey = \"prod.tfstate\"\n"),
        ("app/test.tfbackend", "bucket = \"b\"\nkey = \"test.tfstate\"\nuse_lockfile = true\n"),
    ]);
    let told = |key: &str| {
        stage.write("app/.terraform/terraform.tfstate", &init_of("b", key));
        let run = stage.scan(&["--json"]);
        let units = run.json()["units"].as_array().expect("units").clone();
        let has =
            |unit: &&Value| findings(unit).contains(&"caution:initialised_otherwise".to_owned());
        let name = |unit: &Value| unit["name"].as_str().expect("a name").to_owned();
        units.iter().filter(has).map(name).collect::<Vec<_>>()
    };
    assert_eq!(told("prod.tfstate"), [""; 0]);
    assert_eq!(told("test.tfstate"), ["./app (test.tfbackend)"]);
    assert_eq!(told("other.tfstate"), ["./app (dev.tfbackend)"]);
    let shown = stage.scan(&[]);
    let line = "./app/main.tf:3: the last `terraform init` here was with none of its 3 backends\n";
    assert!(shown.stdout.contains(line), "{}", shown.stdout);
}

#[test]
fn what_is_said_of_one_line_is_said_once() {
    let stage = Stage::with(&[
        ("app/main.tf", &PARTIAL.replace(">= 1.10", ">= 1.5")),
        ("app/dev.tfbackend", "bucket = \"b\"\nkey = \"dev.tfstate\"\n"),
        ("app/prod.tfbackend", "bucket = \"b\"\nkey = \"prod.tfstate\"\n"),
    ]);
    let shown = stage.scan(&[]).stdout;
    assert!(shown.contains("  client_may_be_old (1)\n"), "{shown}");
    assert_eq!(shown.matches("./app/main.tf:2: the version constraint").count(), 1, "{shown}");
}
