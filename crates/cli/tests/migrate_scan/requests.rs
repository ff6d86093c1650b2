//! The requests that are counted are those that the real terraform makes.

use std::path::Path;

use serde_json::json;
use statelock_testkit::fault_proxy::Request;
use statelock_testkit::real_clients::terraform::{Backend, Terraform, TerraformProject};
use statelock_testkit::store_server::{BUCKET, StoreServer};

use crate::stage::Stage;

const CONFIG: &str =
    "variable \"n\" { default = 1 }\nresource \"terraform_data\" \"a\" { input = var.n }\n";

#[test]
fn an_apply_of_the_real_terraform_makes_as_many_requests() {
    let Some(terraform) = Terraform::find("the requests of an apply") else { return };
    let server = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    for (kind, name) in [
        (Backend::LockTable, "lock_table"),
        (Backend::Dual, "dual"),
        (Backend::Lockfile, "lockfile"),
    ] {
        let proxy = server.proxy();
        let env = server.client_env(&proxy.endpoint());
        let key = format!("{name}/terraform.tfstate");
        let project = TerraformProject::with_backend(kind, &terraform, &env, BUCKET, &key, CONFIG);
        project.init();
        project.apply(&[]).succeeded();
        let before = proxy.requests().len();
        project.run(&["plan", "-input=false"]).succeeded();
        let of_plan = told(&proxy.requests().split_off(before));
        let before = proxy.requests().len();
        project.apply(&["-var", "n=2"]).succeeded();
        let made = proxy.requests().split_off(before);
        let count = |filter: &dyn Fn(&str, &str, &str) -> bool| {
            made.iter().filter(|it| filter(&it.method, &it.path, &it.operation)).count()
        };
        // Whose credentials these are is asked by POST to STS, which is free.
        let counted = json!({
            "object_writes": count(&|method, path, _| method == "PUT" || path.contains("list-type")),
            "object_reads": count(&|method, path, _| {
                (method == "GET" && !path.contains("list-type")) || method == "HEAD"
            }),
            "object_deletes": count(&|method, _, _| method == "DELETE"),
            "table_writes": count(&|_, _, operation| ["PutItem", "DeleteItem"].contains(&operation)),
            "table_reads": count(&|_, _, operation| operation == "GetItem"),
        });
        let backend = std::fs::read_to_string(project.path().join("backend.tf")).expect("a file");
        let run = Stage::with(&[("app/backend.tf", &backend)]).scan(&["--json"]);
        let unit = run.unit("./app");
        assert_eq!(unit["phase"], name);
        assert_eq!(unit["requests_per_apply_now"], counted, "{name}");
        assert_eq!(documented("| requests of a plan |", name), of_plan, "{name}");
        assert_eq!(documented("| requests of an apply |", name), told(&made), "{name}");
    }
}

/// As the page about lock modes tells them.
fn told(made: &[Request]) -> String {
    let to_table = made.iter().filter(|it| !it.operation.is_empty()).count();
    let to_sts = made.iter().filter(|it| it.operation.is_empty() && it.method == "POST").count();
    format!("{} to S3, {to_table} to DynamoDB", made.len() - to_table - to_sts)
}

fn documented(row: &str, mode: &str) -> String {
    let page = crate::documented::page("lock-modes.md");
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    let titles = cells(page.lines().find(|line| line.starts_with("| |")).expect("titles"));
    let column = titles.iter().position(|title| title == mode).expect("a column");
    let row = page.lines().find(|line| line.starts_with(row)).expect("a row");
    cells(row)[column].clone()
}
