//! Directories with configurations of every kind.

use statelock_config::BackendOption;
use tempfile::TempDir;

use super::*;
use crate::commands::CommandError as _;

fn directory(backend: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("main.tf"), format!("terraform {{\n{backend}\n}}\n"))
        .unwrap();
    directory
}

fn s3(more: &str) -> TempDir {
    directory(&format!(
        "backend \"s3\" {{\n bucket = \"b\"\n key = \"app/s\"\n region = \"r\"\n {more}\n}}"
    ))
}

fn resolved(directory: &TempDir, options: &BackendArgs) -> (BackendSettings, Vec<String>) {
    let options =
        BackendArgs { workspace: Some(WorkspaceName::parse("dev").unwrap()), ..options.clone() };
    settings(directory.path(), &options).unwrap()
}

fn failure(directory: &TempDir, options: &BackendArgs) -> (String, String) {
    let error = settings(directory.path(), options).unwrap_err();
    assert_eq!(error.exit_code().number(), 2, "{error}");
    (error.to_string(), error.hint().unwrap_or_default().to_owned())
}

#[test]
fn the_state_and_its_lock_mode_are_those_of_the_configuration() {
    let none = BackendArgs::default();
    for (more, mode) in [
        ("use_lockfile = true", "lockfile"),
        ("dynamodb_table = \"t\"", "lock_table"),
        ("dynamodb_table = \"t\"\n use_lockfile = true", "dual"),
    ] {
        let (settings, warnings) = resolved(&s3(more), &none);
        assert_eq!(settings.mode.to_string(), mode);
        assert_eq!(settings.address.to_string(), "s3://b/env:/dev/app/s");
        assert_eq!(settings.stores.region.as_deref(), Some("r"));
        assert!(warnings.is_empty(), "{warnings:?}");
    }
    let (settings, _) = resolved(&s3("use_lockfile = true\n workspace_key_prefix = \"ws\""), &none);
    assert_eq!(settings.address.to_string(), "s3://b/ws/dev/app/s");
}

#[test]
fn a_state_that_terraform_does_not_lock_is_told() {
    let (settings, warnings) = resolved(&s3(""), &BackendArgs::default());
    assert_eq!(settings.mode, LockMode::Lockfile);
    assert!(warnings[0].starts_with("Terraform itself does not lock this state"), "{warnings:?}");
}

#[test]
fn options_that_would_lock_otherwise_than_terraform_are_refused() {
    let table = BackendArgs { dynamodb_table: Some("t".to_owned()), ..BackendArgs::default() };
    let (said, hint) = failure(&s3("use_lockfile = true"), &table);
    assert!(said.contains("lockfile") && said.contains("lock table `t`"), "{said}");
    assert!(hint.contains("s3://"), "{hint}");
    let (settings, warnings) = resolved(&s3(""), &table);
    assert_eq!(settings.mode.to_string(), "lock_table");
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}

#[test]
fn other_backends_are_refused_with_a_next_step() {
    let none = BackendArgs::default();
    let (said, hint) = failure(&directory(""), &none);
    assert!(said.contains("no backend"), "{said}");
    assert!(hint.contains("s3://BUCKET/KEY"), "{hint}");
    for kind in ["http", "local", "remote", "gcs"] {
        let (said, hint) = failure(&directory(&format!("backend \"{kind}\" {{}}")), &none);
        assert!(said.contains(&format!("`{kind}`")), "{said}");
        assert!(!hint.is_empty());
    }
    let (said, _) = failure(&directory("cloud {\n organization = \"o\"\n}"), &none);
    assert!(said.contains("`cloud`"), "{said}");
}

#[test]
fn a_partial_configuration_is_completed_on_the_command_line() {
    let partial = directory("backend \"s3\" {\n use_lockfile = true\n region = \"r\"\n}");
    let (said, hint) = failure(&partial, &BackendArgs::default());
    assert!(said.contains("`bucket`") && said.contains("`key`"), "{said}");
    assert!(hint.contains("--backend-config"), "{hint}");
    let option = BackendOption::parse;
    let options = BackendArgs {
        backend_config: vec![option("bucket=b"), option("key=app/s")],
        ..BackendArgs::default()
    };
    assert_eq!(resolved(&partial, &options).0.address.to_string(), "s3://b/env:/dev/app/s");
}
