//! The requests that are counted are those that the real terraform makes.

use std::path::Path;

use serde_json::json;
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
    }
}
