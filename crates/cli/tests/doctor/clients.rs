//! Installed clients, and the configuration of a directory.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::stage::{ADDRESS, Report, Stage, Told, report};

const RETAINS: &str = "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
const ENCRYPTED_ONLY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::tfstate/*","Condition":{"Null":{"s3:x-amz-server-side-encryption":"true"}}}]}"#;

/// A program that says its version as Terraform and OpenTofu do.
pub(crate) fn install(stage: &Stage, name: &str, version: &str) -> std::path::PathBuf {
    let directory = stage.scratch.path().join(format!("{name}-{version}"));
    std::fs::create_dir_all(&directory).expect("a directory");
    let program = directory.join(name);
    let script = format!("#!/bin/sh\necho '{{\"terraform_version\":\"{version}\"}}'\n");
    std::fs::write(&program, script).expect("a program");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    directory
}

fn with_client(
    stage: &Stage,
    (name, version): (&str, &str),
    options: &[&str],
    told: Vec<Told>,
) -> Report {
    let proxy = stage.server.proxy();
    for one in told {
        one.by(&proxy);
    }
    let args = [&["doctor", ADDRESS, "--json", "--no-write"], options].concat();
    let mut command = stage.command_through(&proxy.endpoint(), &args);
    command.env("PATH", install(stage, name, version));
    report(command)
}

#[test]
fn clients_that_cannot_lock_here() {
    let stage = Stage::statelock();
    stage.doctor(&["--no-write"]).shows("client-not-found");
    let new = with_client(&stage, ("terraform", "1.11.4"), &[], Vec::new());
    new.lacks("client-not-found").lacks("client-without-lockfile");
    let old = with_client(&stage, ("terraform", "1.9.8"), &[], Vec::new());
    old.says("client-without-lockfile", "Terraform 1.9.8").ended(2);
    with_client(&stage, ("terraform", "1.9.8"), crate::stage::TABLE, Vec::new())
        .lacks("client-without-lockfile");
    for (version, is_shown) in [("1.10.0", true), ("1.10.1", false)] {
        let told = vec![Told::setting("object-lock", 200, RETAINS)];
        let report = with_client(&stage, ("terraform", version), &[], told);
        assert_eq!(
            report.found.contains_key("client-fails-with-object-lock"),
            is_shown,
            "{version}"
        );
    }
    for (version, is_shown) in [("1.10.1", true), ("1.10.2", false)] {
        let told = vec![Told::setting("policy", 200, ENCRYPTED_ONLY)];
        let report = with_client(&stage, ("tofu", version), &["--encrypt"], told);
        assert_eq!(report.found.contains_key("client-locks-unencrypted"), is_shown, "{version}");
    }
}

/// `doctor` on a directory with this backend block and this version constraint.
fn on_directory(stage: &Stage, name: &str, locking: &str, required: &str) -> Report {
    let directory = stage.scratch.path().join(name);
    std::fs::create_dir_all(&directory).expect("a directory");
    let text = format!(
        "terraform {{\n  {required}\n  backend \"s3\" {{\n    bucket = \"tfstate\"\n    key = \"app/terraform.tfstate\"\n    {locking}\n  }}\n}}\n"
    );
    std::fs::write(directory.join("main.tf"), text).expect("a file");
    in_directory(stage, &directory)
}

fn in_directory(stage: &Stage, directory: &Path) -> Report {
    let shown = directory.display().to_string();
    let args = ["doctor", &shown, "--json", "--no-write"];
    let mut command = stage.command_through(&stage.server.endpoint(), &args);
    command.env("PATH", install(stage, "terraform", "1.11.4"));
    report(command)
}

#[test]
fn what_a_directory_says_about_locks_and_versions() {
    let stage = Stage::statelock();
    let good =
        on_directory(&stage, "good", "use_lockfile = true", "required_version = \">= 1.10.0\"");
    good.lacks("no-lock-configured")
        .lacks("required-version-admits-old")
        .lacks("client-not-admitted");
    let bare = on_directory(&stage, "bare", "", "");
    bare.says("no-lock-configured", "use_lockfile = true").ended(2);
    let wide = on_directory(&stage, "wide", "use_lockfile = true", "required_version = \">= 1.5\"");
    wide.says("required-version-admits-old", ">= 1.5").lacks("client-not-admitted");
    let other =
        on_directory(&stage, "other", "use_lockfile = true", "required_version = \">= 1.12.0\"");
    other.says("client-not-admitted", "Terraform 1.11.4").lacks("required-version-admits-old");
}
