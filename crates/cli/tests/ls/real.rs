//! Against the real server, and with terraform's own locks.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use statelock_testkit::real_clients::terraform::{
    Backend, LOCK_TABLE, Terraform, TerraformProject,
};
use statelock_testkit::server_process::ServerProcess;
use statelock_testkit::store_server::StoreServer;
use tempfile::TempDir;

use crate::stage::{BINARY, BUCKET, Said, command, ls};

/// An apply that works until a file appears.
const CONFIG: &str = r#"
variable "hold" {}
resource "terraform_data" "held" {
  provisioner "local-exec" {
    command = "touch ${var.hold}.started; n=0; until [ -e ${var.hold}.go ] || [ $n -gt 1200 ]; do sleep 0.05; n=$((n+1)); done"
  }
}
"#;
const START_BOUND: Duration = Duration::from_mins(1);

/// Facets of the lock that a client of this kind takes.
type Facets = fn(Backend) -> Value;

/// Has terraform hold a lock of each kind, and lists it.
fn terraform_holds(terraform: &Terraform, env: &[(String, String)], facets: Facets) {
    let scratch = TempDir::with_prefix("statelock-ls-").expect("a scratch directory");
    for kind in [Backend::Lockfile, Backend::LockTable, Backend::Dual] {
        let key = format!("{kind:?}/terraform.tfstate");
        let project = TerraformProject::with_backend(kind, terraform, env, BUCKET, &key, CONFIG);
        project.init();
        let hold = scratch.path().join(format!("{kind:?}"));
        let mut running = project.spawn_apply(&["-var", &format!("hold={}", hold.display())]);
        running.await_file(&hold.with_extension("started"), START_BOUND);
        let arguments = ["s3://tfstate", "--held", "--jsonl", "--dynamodb-table", LOCK_TABLE];
        let said = ls(env, &arguments).ended(0);
        assert_eq!(said.keys(), [key.as_str()]);
        let line = said.lines().swap_remove(0);
        let lock = line["locks"][0].clone();
        assert_eq!(lock["facets"], facets(kind), "{line}");
        assert_eq!(lock["operation"], "OperationTypeApply");
        assert_eq!(lock["version"].as_str().map(|version| version.contains('.')), Some(true));
        assert_eq!((&lock["life"], &line["half"]), (&json!("unknown"), &json!(false)), "{line}");
        assert!(lock["age_seconds"].as_u64().is_some_and(|age| age < 300), "{line}");
        let dual = ls(env, &[&arguments[..], &["--use-lockfile"]].concat()).ended(0);
        let is_half = facets(kind) != json!(["lockfile", "lock_table"]);
        assert_eq!(dual.lines()[0]["half"], is_half, "{}", dual.stdout);
        std::fs::write(hold.with_extension("go"), "").expect("a file");
        running.wait().succeeded();
    }
    let said = ls(env, &["s3://tfstate", "--jsonl", "--dynamodb-table", LOCK_TABLE]).ended(0);
    let expected =
        ["Dual", "LockTable", "Lockfile"].map(|kind| format!("{kind}/terraform.tfstate"));
    assert_eq!(said.keys(), expected);
    assert!(said.lines().iter().all(|line| line["held"] == false && line["exists"] == true));
    let part = ls(env, &["s3://tfstate/Lock", "--jsonl"]).ended(0);
    assert_eq!(part.keys(), expected[1..]);
}

#[test]
fn terraforms_own_locks_are_shown_in_each_mode() {
    let Some(terraform) = Terraform::find("ls: terraform's own locks") else { return };
    let scratch = TempDir::with_prefix("statelock-ls-").expect("a scratch directory");
    let server = ServerProcess::start(Path::new(BINARY), &scratch.path().join("data"), &[]);
    // A server with one lock behind every protocol shows it in each.
    terraform_holds(&terraform, &server.client_env(), |_| json!(["lockfile", "lock_table"]));
}

#[test]
fn terraforms_own_locks_are_shown_on_a_store_that_is_not_ours() {
    let Some(terraform) = Terraform::find("ls: terraform's own locks on moto") else { return };
    let Some(moto) = StoreServer::moto("ls: terraform's own locks on moto") else { return };
    terraform_holds(&terraform, &moto.client_env(&moto.endpoint()), |kind| match kind {
        Backend::Lockfile => json!(["lockfile"]),
        Backend::LockTable => json!(["lock_table"]),
        Backend::Dual | Backend::Http => json!(["lockfile", "lock_table"]),
    });
}

#[test]
fn a_terraform_directory_stands_for_all_its_workspaces() {
    let Some(terraform) = Terraform::find("ls: a terraform directory") else { return };
    let scratch = TempDir::with_prefix("statelock-ls-").expect("a scratch directory");
    let server = ServerProcess::start(Path::new(BINARY), &scratch.path().join("data"), &[]);
    let env = server.client_env();
    let project = |key| {
        let kind = Backend::Dual;
        let config = "output \"one\" { value = 1 }\n";
        let project = TerraformProject::with_backend(kind, &terraform, &env, BUCKET, key, config);
        project.init();
        project
    };
    let other = project("other/terraform.tfstate");
    other.apply(&[]).succeeded();
    let ours = project("app/terraform.tfstate");
    ours.apply(&[]).succeeded();
    ours.run(&["workspace", "new", "dev"]).succeeded();
    let directory = ours.path().display().to_string();
    let expected = ["app/terraform.tfstate", "env:/dev/app/terraform.tfstate"];
    let said = ls(&env, &[&directory, "--jsonl"]).ended(0);
    assert_eq!(said.keys(), expected);
    assert_eq!(said.stderr, "");
    let here = command(&env, &["--jsonl"]).current_dir(&directory).output().expect("a start");
    assert_eq!(Said::of(&here).ended(0).keys(), expected);
    let nowhere = ls(&env, &[&scratch.path().display().to_string()]).ended(2);
    assert!(nowhere.stderr.contains("is not a Terraform directory"), "{}", nowhere.stderr);
}

#[test]
fn a_bucket_or_table_that_is_not_there_is_not_found() {
    let scratch = TempDir::with_prefix("statelock-ls-").expect("a scratch directory");
    let server = ServerProcess::start(Path::new(BINARY), &scratch.path().join("data"), &[]);
    let env = server.client_env();
    ls(&env, &["s3://no-such-bucket"]).ended(6);
    ls(&env, &["s3://tfstate", "--dynamodb-table", "no-such-table"]).ended(6);
    ls(&env, &["s3://tfstate", "--dynamodb-table", LOCK_TABLE]).ended(0);
    let mut wrong: Vec<_> =
        env.iter().filter(|(name, _)| !name.contains("CREDENTIALS")).cloned().collect();
    wrong.push(("AWS_ACCESS_KEY_ID".into(), "nobody".into()));
    wrong.push(("AWS_SECRET_ACCESS_KEY".into(), "nothing".into()));
    let said = ls(&wrong, &["s3://tfstate"]).ended(9);
    assert!(said.stderr.contains("s3:ListBucket"), "{}", said.stderr);
}
