//! Directories after `terraform init`: what it wrote counts, and differences are told.
//!
//! The files in `initialised/` were written by terraform 1.11.4, the `.json` ones as
//! `.terraform/terraform.tfstate`.

use crate::scratch::{backend, directory, environment, text};
use statelock_config::{Completeness, ConfigError, Source, Warning, WorkingDirectory};

const STATE: &str = ".terraform/terraform.tfstate";
const S3: &str = include_str!("initialised/s3-all-arguments.json");
const S3_BLOCK: &str = include_str!("initialised/s3-all-arguments.tf");
const LEGACY: &str = include_str!("initialised/s3-legacy-arguments.json");
const LEGACY_BLOCK: &str = include_str!("initialised/s3-legacy-arguments.tf");
const PARTIAL: &str = include_str!("initialised/s3-partial.json");
const HTTP: &str = include_str!("initialised/http.json");
const LOCAL: &str = include_str!("initialised/local.json");
const UNSET: &str = include_str!("initialised/unset.json");

fn warnings(block: &str, state: &str) -> Vec<String> {
    let root = directory(&[("main.tf", block), (STATE, state)]);
    let found = backend(root.path()).expect("a backend");
    assert_eq!(found.completeness, Completeness::Initialised);
    let prefix = format!("{}/", root.path().display());
    found.warnings.iter().map(|warning| warning.to_string().replace(&prefix, "")).collect()
}

fn block(kind: &str, arguments: &str) -> String {
    format!("terraform {{\n  backend \"{kind}\" {{\n{arguments}\n  }}\n}}\n")
}

#[test]
fn an_unchanged_block_agrees_with_all_that_terraform_wrote() {
    for (block, state) in [(S3_BLOCK, S3), (LEGACY_BLOCK, LEGACY)] {
        assert_eq!(warnings(block, state), [""; 0]);
    }
    assert_eq!(warnings(&block("local", "path = \"a/b.tfstate\""), LOCAL), [""; 0]);
    assert_eq!(warnings(&block("s3", ""), PARTIAL), [""; 0]);
}

#[test]
fn what_was_initialised_counts_and_an_edit_is_told() {
    let edited = S3_BLOCK.replace("app/terraform.tfstate", "other/terraform.tfstate");
    let root = directory(&[("main.tf", &edited), (STATE, S3)]);
    let found = backend(root.path()).expect("a backend");
    assert_eq!(text(&found, "key"), Some("app/terraform.tfstate"));
    assert_eq!(found.source, Source::Initialised(root.path().join(STATE)));
    assert_eq!(
        warnings(&edited, S3),
        [
            "`key` is `other/terraform.tfstate` in main.tf:4, but was `app/terraform.tfstate` at the last init, \
          which is used; `terraform init` takes the change over"
        ]
    );
}

#[test]
fn several_edits_are_told_each_and_secrets_are_not() {
    let edited = S3_BLOCK
        .replace("SECRETKEYVALUE", "hunter2")
        .replace("encrypt = true", "encrypt = \"false\"")
        .replace("\"us-east-1\"", "\"us-east-2\"");
    let told = warnings(&edited, S3);
    assert_eq!(told.len(), 3, "{told:?}");
    let all = told.join("\n");
    assert!(!all.contains("hunter2") && !all.contains("SECRETKEYVALUE"), "{all}");
    assert!(
        all.contains("`secret_key` is (not shown) in main.tf:14, but was (not shown)"),
        "{all}"
    );
}

#[test]
fn another_spelling_of_the_same_value_is_no_edit() {
    for (from, to) in [
        ("encrypt = true", "encrypt = \"true\""),
        ("max_retries = 3", "max_retries = \"3\""),
        ("[\"b.conf\", \"a.conf\"]", "[\"a.conf\", \"b.conf\", \"b.conf\"]"),
        ("bucket = \"tfstate\"", "bucket = \"tf${\"state\"}\""),
        ("terraform {", "# a comment\nterraform {\n  required_version = \">= 1\"\n"),
    ] {
        assert!(S3_BLOCK.contains(from), "{from}");
        assert_eq!(warnings(&S3_BLOCK.replace(from, to), S3), [""; 0], "{to}");
    }
}

/// `terraform init -backend-config=key=other` over a block with another key: the block is unchanged, so
/// Terraform goes on, and there is nothing to tell. The hash shows that.
#[test]
fn a_value_that_was_given_at_the_init_is_no_edit() {
    let written = block("s3", "bucket = \"b\"\nkey = \"k\"");
    let initialised = PARTIAL
        .replace("\"tfstate\"", "\"b\"")
        .replace("app/terraform.tfstate", "other")
        .replace("1410938009", "3659705226");
    assert_eq!(warnings(&written, &initialised), [""; 0]);
    let edited = written.replace("\"k\"", "\"k2\"");
    let told = warnings(&edited, &initialised);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told.join("").starts_with("`key` is `k2` in main.tf:4, but was `other` "), "{told:?}");
}

#[test]
fn a_partial_block_takes_the_rest_from_the_init() {
    let root = directory(&[("main.tf", &block("s3", "")), (STATE, PARTIAL)]);
    let found = backend(root.path()).expect("a backend");
    assert_eq!(
        (text(&found, "bucket"), text(&found, "key")),
        (Some("tfstate"), Some("app/terraform.tfstate"))
    );
    assert!(found.is_complete());
}

#[test]
fn an_argument_that_was_not_set_then_is_told() {
    let told = warnings(&block("s3", "use_lockfile = true"), PARTIAL);
    assert_eq!(
        told,
        [
            "`use_lockfile` is `true` in main.tf:3, but was not set at the last init, which is used; \
          `terraform init` takes the change over"
        ]
    );
}

#[test]
fn a_block_that_is_gone_or_of_another_type_is_told() {
    assert_eq!(
        warnings("locals {}\n", S3),
        ["the configuration has no backend block, but the last init set up `s3`, which is used; \
          `terraform init` takes the change over"]
    );
    assert_eq!(
        warnings(&block("local", ""), S3),
        ["the backend is `local` in main.tf:2, but was `s3` at the last init, which is used; \
          `terraform init` takes the change over"]
    );
}

#[test]
fn a_broken_configuration_does_not_hide_an_initialised_backend() {
    let root = directory(&[("main.tf", "terraform {\n"), (STATE, S3)]);
    let found = backend(root.path()).expect("a backend");
    assert_eq!(found.kind, "s3");
    assert!(
        matches!(found.warnings.as_slice(), [Warning::NotCompared { .. }]),
        "{:?}",
        found.warnings
    );
}

#[test]
fn values_that_must_be_evaluated_are_not_compared() {
    assert_eq!(warnings(&block("s3", "bucket = var.bucket"), PARTIAL), [""; 0]);
}

#[test]
fn an_initialised_directory_needs_no_configuration() {
    let root = directory(&[(STATE, S3)]);
    assert_eq!(backend(root.path()).expect("a backend").kind, "s3");
}

#[test]
fn other_backends_are_read_as_they_are() {
    let written = "address = \"http://127.0.0.1:41263/x\"\nretry_max = \"5\"\nusername = \"u\"\npassword = \"hunter2\"";
    let told = warnings(&block("http", written), HTTP);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told.join("").starts_with("`password` is (not shown) in main.tf:6, but was (not shown)"),
        "{told:?}"
    );
}

#[test]
fn an_unset_backend_falls_back_to_what_is_written() {
    let root =
        directory(&[("main.tf", &block("s3", "bucket = \"b\"\nkey = \"k\"")), (STATE, UNSET)]);
    let found = backend(root.path()).expect("a backend");
    assert_eq!((found.kind.as_str(), found.completeness), ("s3", Completeness::Written));
    let root = directory(&[("main.tf", ""), (STATE, UNSET)]);
    assert_eq!(backend(root.path()).expect("a backend").kind, "local");
}

#[test]
fn damage_is_never_passed_over() {
    for state in ["", "{", "[]", "{\"version\": 4}", "{\"version\": 3, \"backend\": {}}"] {
        let root = directory(&[("main.tf", S3_BLOCK), (STATE, state)]);
        let error = backend(root.path()).expect_err(state);
        let path = root.path().join(STATE).display().to_string();
        assert!(error.to_string().starts_with(&format!("`{path}` ")), "{error}");
        assert!(error.hint().contains("terraform init"), "{}", error.hint());
    }
}

#[cfg(unix)]
#[test]
fn a_dangling_link_in_its_place_is_not_absence() {
    let root = directory(&[("main.tf", S3_BLOCK), (".terraform/x", "")]);
    std::os::unix::fs::symlink("nowhere", root.path().join(STATE)).expect("link");
    assert!(matches!(backend(root.path()), Err(ConfigError::Unreadable { .. })));
}

#[test]
fn nothing_shows_a_secret() {
    let root = directory(&[("main.tf", S3_BLOCK), (STATE, S3)]);
    let environment = environment(&[]);
    let open = WorkingDirectory::open(root.path(), &environment).expect("open");
    let found = open.backend().expect("a backend");
    let arguments = statelock_config::S3Arguments::read(&found.arguments).expect("arguments");
    let debug = format!("{open:?} {found:?} {arguments:?}");
    for secret in ["SECRETKEYVALUE", "TOKENVALUE", "AKIAEXAMPLE", "outside"] {
        assert!(S3_BLOCK.contains(secret));
        assert!(!debug.contains(secret), "{secret} in {debug}");
    }
    assert!(debug.contains("tfstate"), "{debug}");
}
