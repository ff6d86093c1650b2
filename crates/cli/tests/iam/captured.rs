//! What terraform sends in each lock mode is allowed by the policies that are generated for it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use statelock_testkit::fault_proxy::{FaultProxy, Request};
use statelock_testkit::real_clients::terraform::{
    Backend, LOCK_TABLE, Terraform, TerraformProject, resources,
};
use statelock_testkit::store_server::{BUCKET, StoreServer};

use crate::policy::{Sent, allows};

const KEY: &str = "network/terraform.tfstate";
const ADDRESS: &str = "s3://tfstate/network/terraform.tfstate";

/// The options of a lock mode.
fn options(backend: Backend) -> Vec<&'static str> {
    match backend {
        Backend::Lockfile => vec![],
        Backend::LockTable => vec!["--dynamodb-table", LOCK_TABLE],
        Backend::Dual => vec!["--dynamodb-table", LOCK_TABLE, "--use-lockfile"],
        Backend::Http => unreachable!("it has no policy"),
    }
}

fn policy(backend: Backend, role: &str, more: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
    command.args(["iam", ADDRESS, "--role", role]).args(options(backend)).args(more).env_clear();
    let output = command.output().expect("statelock can be started");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("a policy")
}

/// What was sent since `from` requests had been, as the permissions that AWS would look for.
fn sent(proxy: &FaultProxy, from: usize) -> BTreeSet<Sent> {
    proxy.requests().iter().skip(from).filter_map(permission).collect()
}

fn permission(request: &Request) -> Option<Sent> {
    if !request.operation.is_empty() {
        let body: Value = serde_json::from_str(&request.body).expect("JSON");
        let holder = if body["Item"].is_object() { &body["Item"] } else { &body["Key"] };
        return Some(Sent {
            action: format!("dynamodb:{}", request.operation),
            resource: format!(
                "arn:aws:dynamodb:*:*:table/{}",
                body["TableName"].as_str().expect("a table")
            ),
            narrowing: Some(holder["LockID"]["S"].as_str().expect("an item").to_owned()),
        });
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let (bucket, key) =
        path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
    if bucket.is_empty() {
        assert!(request.body.contains("Action=GetCallerIdentity"), "{request:?}");
        return None;
    }
    let is_part = query.contains("uploadId=");
    let action = match (request.method.as_str(), key.is_empty()) {
        ("GET", true) if query.contains("list-type=2") => "s3:ListBucket",
        ("GET" | "HEAD", false) => "s3:GetObject",
        ("DELETE", false) if is_part => "s3:AbortMultipartUpload",
        ("DELETE", false) => "s3:DeleteObject",
        ("PUT" | "POST", false) => "s3:PutObject",
        _ => unreachable!("terraform never sends {request:?}"),
    };
    let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
    let resource = format!("arn:aws:s3:::{bucket}");
    Some(Sent {
        action: action.to_owned(),
        resource: if key.is_empty() { resource } else { format!("{resource}/{}", decoded(key)) },
        narrowing: prefix.map(decoded),
    })
}

fn decoded(text: &str) -> String {
    text.replace("%3A", ":").replace("%2F", "/")
}

#[track_caller]
fn assert_allowed(policy: &Value, sent: &BTreeSet<Sent>, what: &str) {
    assert!(!sent.is_empty(), "{what} sent nothing");
    let refused: Vec<_> = sent.iter().filter(|one| !allows(policy, one)).collect();
    assert!(refused.is_empty(), "{what}: {refused:#?}\nby {policy:#}");
}

#[test]
fn what_terraform_sends_is_allowed_in_each_mode() {
    let Some(terraform) = Terraform::find("iam: what terraform sends") else { return };
    for backend in [Backend::Lockfile, Backend::LockTable, Backend::Dual] {
        let server = StoreServer::statelock(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
        let proxy = server.proxy();
        let env = server.client_env(&proxy.endpoint());
        let project = TerraformProject::with_backend(
            backend,
            &terraform,
            &env,
            BUCKET,
            KEY,
            &resources(1, 1),
        );
        project.init();
        project.apply(&[]).succeeded();
        let before_plan = proxy.requests().len();
        project.run(&["plan", "-input=false", "-no-color"]).succeeded();
        let planned = sent(&proxy, before_plan);
        assert_allowed(&policy(backend, "plan", &[]), &planned, &format!("{backend}: plan"));
        let before_no_lock = proxy.requests().len();
        project.run(&["plan", "-input=false", "-no-color", "-lock=false"]).succeeded();
        let unlocked = sent(&proxy, before_no_lock);
        assert_allowed(
            &policy(backend, "plan", &["--no-lock"]),
            &unlocked,
            &format!("{backend}: plan -lock=false"),
        );
        // The narrower policy is narrower: it would not do for a plan that locks.
        let narrow = policy(backend, "plan", &["--no-lock"]);
        assert!(planned.iter().any(|one| !allows(&narrow, one)), "{backend}");
        project.run(&["workspace", "new", "dev"]).succeeded();
        project.apply(&[]).succeeded();
        project.run(&["workspace", "select", "default"]).succeeded();
        project.run(&["workspace", "delete", "-force", "dev"]).succeeded();
        let all = sent(&proxy, 0);
        assert_allowed(&policy(backend, "apply", &[]), &all, &format!("{backend}: everything"));
        for lacking in ["plan", "unlock"] {
            assert!(
                all.iter().any(|one| !allows(&policy(backend, lacking, &[]), one)),
                "{backend} {lacking}"
            );
        }
        force_unlock(&project, &proxy, backend, &env);
    }
}

fn force_unlock(
    project: &TerraformProject,
    proxy: &FaultProxy,
    backend: Backend,
    env: &[(String, String)],
) {
    let mut lock = Command::new(env!("CARGO_BIN_EXE_statelock"));
    lock.args(["lock", ADDRESS]).args(options(backend)).env_clear().envs(env.iter().cloned());
    let output =
        lock.env("AWS_CONFIG_FILE", "/dev/null").output().expect("statelock can be started");
    assert!(output.status.success(), "{output:?}");
    let id = String::from_utf8(output.stdout).expect("a lock ID");
    let before = proxy.requests().len();
    project.run(&["force-unlock", "-force", id.trim()]).succeeded();
    let unlocked = sent(proxy, before);
    assert_allowed(&policy(backend, "unlock", &[]), &unlocked, &format!("{backend}: force-unlock"));
}
