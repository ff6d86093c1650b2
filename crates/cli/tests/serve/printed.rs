//! What the server prints is true and enough: for Terraform, and for other clients.

use std::path::Path;
use std::process::Command;

use statelock_testkit::real_clients::python::PythonEnvironment;
use statelock_testkit::real_clients::terraform::Terraform;
use statelock_testkit::server_process::{ServerProcess, wait_until};
use statelock_testkit::skip::skip;
use tempfile::TempDir;

use crate::bad_data::binary;
use crate::launch::PATIENCE;
use crate::terraform_bare::{Project, Said};

/// The same packages as `--test aws_clients`, so that one environment serves both.
const SDK: &[&str] = &["boto3==1.43.11", "awscli==1.45.11"];

/// A resource whose making tells that the lock is held, and waits until it may end.
const RESOURCE: &str = r#"
resource "terraform_data" "unit" {
  provisioner "local-exec" {
    command = "touch held; while [ ! -e go-on ]; do sleep 0.05; done"
  }
}
"#;

/// A server whose data directory has a name that needs quoting everywhere.
fn start(scratch: &TempDir) -> ServerProcess {
    let data = scratch.path().join("it's a \"dir\" %{x}\\");
    ServerProcess::start(binary(), &data, &[])
}

/// The printed lines that are indented, from the first that begins with `from`.
fn printed_block(server: &ServerProcess, from: &str) -> String {
    let text = server.stdout();
    let indented = text.lines().skip_while(|line| line.trim() != from && !line.contains(from));
    let block: Vec<_> = indented.take_while(|line| line.starts_with("    ")).collect();
    assert!(!block.is_empty(), "no {from:?} in\n{text}");
    block.join("\n")
}

#[test]
fn the_first_line_says_where_it_listens() {
    let data = TempDir::new().expect("a data directory");
    let server = ServerProcess::start(binary(), data.path(), &[]);
    let expected =
        format!("statelock is listening on http://127.0.0.1:{}", server.address().port());
    assert_eq!(server.stdout().lines().next(), Some(expected.as_str()));
    let credentials = server.credentials_file();
    assert!(server.stdout().contains(&format!("are in {}.\n", credentials.display())));
    assert!(!server.stdout().contains(&server.credentials().1), "the secret is printed");
}

#[test]
fn the_printed_block_is_all_that_terraform_needs() {
    let Some(_terraform) = Terraform::find("serve: the printed backend block") else { return };
    let scratch = TempDir::new().expect("a scratch directory");
    let server = start(&scratch);
    let directory = scratch.path().join("project");
    std::fs::create_dir(&directory).expect("a project directory");
    let block = printed_block(&server, "terraform {");
    std::fs::write(directory.join("main.tf"), format!("{block}\n{RESOURCE}")).expect("main.tf");
    let project = Project(&directory);
    project.run(&["init", "-input=false", "-no-color"]).succeeded();
    contends(&project, &directory);
    project.run(&["destroy", "-auto-approve", "-no-color"]).succeeded().shows("1 destroyed");
}

/// Two applies at a time: the first holds the lock, the second is refused and shown the holder.
fn contends(project: &Project<'_>, directory: &Path) {
    let apply = ["apply", "-auto-approve", "-input=false", "-no-color"];
    let holder = project.start(&apply);
    let held = wait_until(PATIENCE, || directory.join("held").exists().then_some(()));
    let refused = held.is_some().then(|| project.run(&apply));
    std::fs::write(directory.join("go-on"), "").expect("the holder may end");
    let holder = Said::from(holder.wait_with_output().expect("the holder ends"));
    holder.succeeded().shows("1 added");
    let refused = refused.expect("the first apply got as far as its resource").failed();
    refused
        .shows("Error acquiring the state lock")
        .shows("StatusCode: 412")
        .shows("Path: tfstate/example/terraform.tfstate")
        .shows("Operation: OperationTypeApply");
}

#[test]
fn the_printed_variables_are_all_that_the_aws_cli_needs() {
    let environment = match PythonEnvironment::prepare(SDK) {
        Ok(environment) => environment,
        Err(reason) => return skip("serve: the printed variables", &reason.to_string()),
    };
    let scratch = TempDir::new().expect("a scratch directory");
    let server = start(&scratch);
    let exports = printed_block(&server, "export AWS_ENDPOINT_URL=");
    let programs = environment.interpreter();
    let aws = programs.with_file_name("aws");
    let (shown, key) = (shell(&scratch, &exports, &aws, "s3 ls"), server.credentials().0);
    assert!(shown.contains(" tfstate\n"), "{shown}");
    let who = shell(&scratch, &exports, &aws, "sts get-caller-identity");
    assert!(who.contains("\"Account\": \"") && who.contains("arn:aws:iam::"), "{key}: {who}");
}

/// Pastes the variables into a shell that knows nothing else, and runs a command of the AWS CLI.
fn shell(scratch: &TempDir, exports: &str, aws: &Path, command: &str) -> String {
    let output = Command::new("sh")
        .arg("-ec")
        .arg(format!("{exports}\n\"$AWS_PROGRAM\" {command}"))
        .env_clear()
        .env("AWS_PROGRAM", aws)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", scratch.path())
        .output()
        .expect("sh can be started");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
