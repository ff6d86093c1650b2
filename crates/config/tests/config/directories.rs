//! What is found in a working directory, and what is said if it is not clear.

use crate::scratch::{backend, directory, environment, text, write};
use statelock_config::{BackendOption, Completeness, ConfigError, Source, WorkingDirectory};

const S3: &str =
    "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    key    = \"k\"\n  }\n}\n";

fn local(path: &str) -> String {
    format!("terraform {{\n  backend \"local\" {{\n    path = \"{path}\"\n  }}\n}}\n")
}

#[test]
fn a_path_that_is_no_directory_is_refused_with_a_next_step() {
    let root = directory(&[("main.tf", S3), ("empty/README", "")]);
    let not_terraform =
        "` is not a Terraform directory: it has no .tf files and was not initialised";
    for (below, beginning, end) in [
        ("nowhere", "there is no directory `", "`"),
        ("main.tf", "`", "` is not a directory"),
        ("main.tf/x", "`", "` is not a directory"),
        ("empty", "`", not_terraform),
    ] {
        let path = root.path().join(below);
        let error = backend(&path).expect_err(below);
        assert_eq!(error.to_string(), format!("{beginning}{}{end}", path.display()));
        assert!(error.hint().contains("s3://BUCKET/KEY"), "{}", error.hint());
    }
}

#[test]
fn without_a_block_it_is_the_local_backend() {
    let root = directory(&[("main.tf", "output \"x\" {\n  value = 1\n}\n")]);
    let found = backend(root.path()).expect("a backend");
    assert_eq!((found.kind.as_str(), &found.source), ("local", &Source::Default));
    assert_eq!(found.completeness, Completeness::Written);
}

#[test]
fn a_written_backend_has_its_sources() {
    let root = directory(&[("main.tf", S3)]);
    let found = backend(root.path()).expect("a backend");
    let main = root.path().join("main.tf");
    assert_eq!((text(&found, "bucket"), text(&found, "key")), (Some("b"), Some("k")));
    assert_eq!(
        found.arguments.source("key").expect("set").to_string(),
        format!("{}:4", main.display())
    );
    assert_eq!(found.source.to_string(), format!("{}:2", main.display()));
    assert!(found.is_complete());
    assert!(found.warnings.is_empty());
}

#[test]
fn a_partial_configuration_names_what_is_missing() {
    let root =
        directory(&[("main.tf", "terraform {\n  backend \"s3\" {\n    key = \"k\"\n  }\n}\n")]);
    let found = backend(root.path()).expect("a backend");
    assert_eq!(found.completeness, Completeness::Partial { missing: vec!["bucket".into()] });
    let error = found.complete().expect_err("partial");
    assert_eq!(error.to_string(), "the s3 backend lacks `bucket`");
    assert!(error.hint().contains("-backend-config"), "{}", error.hint());
}

#[test]
fn an_http_backend_may_have_its_address_in_the_environment() {
    let root = directory(&[("main.tf", "terraform {\n  backend \"http\" {\n  }\n}\n")]);
    assert!(!backend(root.path()).expect("a backend").is_complete());
    let filled = environment(&[("TF_HTTP_ADDRESS", "http://h/x")]);
    let found =
        WorkingDirectory::open(root.path(), &filled).expect("open").backend().expect("a backend");
    assert!(found.is_complete());
}

#[test]
fn override_files_replace_the_whole_block() {
    let json = r#"{"terraform":{"backend":{"local":{"path":"2"}}}}"#;
    let [p, o, one, two] = ["p", "o", "1", "2"].map(local);
    wins(&[("a.tf", &p), ("override.tf", &o)], "o");
    wins(
        &[("a.tf", &p), ("a_override.tf", &one), ("override.tf", &two), ("b_override.tf", &o)],
        "2",
    );
    wins(&[("a.tf", &p), ("Z_override.tf", &one), ("a_override.tf", &two)], "2");
    wins(&[("override.tf", &o)], "o");
    wins(&[("a.tf", S3), ("x_override.tf", &o)], "o");
    wins(&[("a.tf", &p), ("override.tf", &one), ("override.tf.json", json)], "2");
    wins(&[("a.tf", &p), ("a.tofu", &two)], "2");
    wins(&[("a.tf", &p), ("override.tf", "locals {}\n")], "p");
}

fn wins(files: &[(&str, &str)], expected: &str) {
    let root = directory(files);
    let found = backend(root.path()).expect("a backend");
    assert_eq!((found.kind.as_str(), text(&found, "path")), ("local", Some(expected)), "{files:?}");
}

#[test]
fn two_blocks_are_refused_even_if_an_override_would_win() {
    let both = format!("{}{}", local("1"), local("2"));
    let cloud = "terraform {\n  backend \"local\" {}\n  cloud {}\n}\n";
    two_backends(&[("a.tf", &both)], "a.tf:2", "a.tf:7");
    two_backends(&[("a.tf", S3), ("b.tf", S3)], "a.tf:2", "b.tf:2");
    two_backends(&[("a.tf", S3), ("b.tf", S3), ("override.tf", S3)], "a.tf:2", "b.tf:2");
    two_backends(&[("a.tf", S3), ("override.tf", &both)], "override.tf:2", "override.tf:7");
    two_backends(&[("a.tf", cloud)], "a.tf:2", "a.tf:3");
}

fn two_backends(files: &[(&str, &str)], first: &str, second: &str) {
    let root = directory(files);
    let below = |place: &str| root.path().join(place).display().to_string();
    let error = backend(root.path()).expect_err("refused");
    assert_eq!(
        error.to_string(),
        format!("the backend is configured twice: {} and {}", below(first), below(second))
    );
}

#[test]
fn what_must_be_evaluated_needs_an_init_or_an_option() {
    let root = directory(&[("main.tf", &S3.replace("\"b\"", "var.bucket"))]);
    let error = backend(root.path()).expect_err("refused");
    assert!(matches!(error, ConfigError::NotLiteral { .. }), "{error}");
    assert!(error.hint().contains("tofu init"), "{}", error.hint());
    let environment = environment(&[]);
    let open = WorkingDirectory::open(root.path(), &environment).expect("open");
    let found = open.backend_with(&[BackendOption::parse("bucket=given")]).expect("a backend");
    assert_eq!(text(&found, "bucket"), Some("given"));
}

#[test]
fn options_are_merged_over_the_block_in_order() {
    let root = directory(&[
        (
            "main.tf",
            &S3.replace(
                "\"k\"",
                "\"k\"\n    acl = \"private\"\n    endpoints = { s3 = \"http://a\" }",
            ),
        ),
        (
            "prod.tfbackend",
            "\u{feff}bucket = \"file\"\nkey = \"file\"\nacl = null\nendpoints = { sts = \"http://b\" }\n",
        ),
        ("prod.json", r#"{"bucket": "json", "//": "comment"}"#),
    ]);
    let environment = environment(&[]);
    let open = WorkingDirectory::open(root.path(), &environment).expect("open");
    let file = |name: &str| BackendOption::File(root.path().join(name));
    let found = open
        .backend_with(&[
            file("prod.tfbackend"),
            BackendOption::parse("key=last"),
            file("prod.json"),
        ])
        .expect("a backend");
    assert_eq!(
        (text(&found, "bucket"), text(&found, "key"), text(&found, "acl")),
        (Some("json"), Some("last"), None)
    );
    let endpoints =
        statelock_config::S3Arguments::read(&found.arguments).expect("arguments").endpoints;
    assert_eq!((endpoints.s3, endpoints.sts.as_deref()), (None, Some("http://b")));
    assert_eq!(found.arguments.source("key"), Some(&Source::CommandLine));
}

#[test]
fn files_for_backend_config_have_arguments_only() {
    let root = directory(&[
        ("main.tf", S3),
        ("block", "bucket = \"b\"\nassume_role {\n}\n"),
        ("variable", "bucket = var.x\n"),
        ("broken", "secret_key = \"hunter2\n"),
        ("list.json", "[]"),
    ]);
    let environment = environment(&[]);
    let open = WorkingDirectory::open(root.path(), &environment).expect("open");
    for (name, expected) in [
        (
            "block",
            "block:2: a file for -backend-config has arguments only, and no block `assume_role`",
        ),
        ("variable", "variable:1) refers to a variable or a local value"),
        ("broken", "broken:1, column "),
        ("list.json", "list.json: the file must be an object, not a list"),
        ("nofile", "nofile`"),
    ] {
        let error =
            open.backend_with(&[BackendOption::File(root.path().join(name))]).expect_err(name);
        let error = format!("{error} {error:?}");
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn options_without_a_block_have_nothing_to_complete() {
    let root = directory(&[("main.tf", "")]);
    let environment = environment(&[]);
    let open = WorkingDirectory::open(root.path(), &environment).expect("open");
    let error = open.backend_with(&[BackendOption::parse("bucket=b")]).expect_err("refused");
    assert!(matches!(error, ConfigError::NothingToComplete(_)), "{error}");
}

#[test]
fn a_terragrunt_directory_says_where_terraform_runs() {
    let root = directory(&[("terragrunt.hcl", "")]);
    let error = backend(root.path()).expect_err("refused");
    assert!(matches!(error, ConfigError::Terragrunt { initialised: None, .. }), "{error}");
    write(root.path(), ".terragrunt-cache/h1/h2/app/.terraform/terraform.tfstate", "{}");
    let error = backend(root.path()).expect_err("refused");
    let there = root.path().join(".terragrunt-cache/h1/h2/app");
    assert!(error.hint().contains(&there.display().to_string()), "{}", error.hint());
    write(root.path(), "main.tf", S3);
    assert_eq!(backend(root.path()).expect("a backend").kind, "s3");
}

#[test]
fn the_data_directory_is_relative_to_the_directory() {
    let state = include_str!("initialised/local.json");
    let root = directory(&[
        ("main.tf", S3),
        ("data/terraform.tfstate", state),
        ("data/environment", "dev"),
    ]);
    let absolute = root.path().join("data").display().to_string();
    for value in ["data", "./data", &absolute] {
        let variables = environment(&[("TF_DATA_DIR", value)]);
        let open = WorkingDirectory::open(root.path(), &variables).expect("open");
        assert_eq!(open.backend().expect("a backend").kind, "local", "{value}");
        assert_eq!(open.workspace().expect("a workspace").name, "dev", "{value}");
    }
    // An empty one is none: the state of a local backend beside the configuration is no data directory's.
    write(root.path(), "terraform.tfstate", "{\"version\": 4}");
    let empty = environment(&[("TF_DATA_DIR", "")]);
    let open = WorkingDirectory::open(root.path(), &empty).expect("open");
    assert_eq!(open.backend().expect("a backend").kind, "s3");
}

#[test]
fn a_data_directory_that_is_a_file_is_damage() {
    let root = directory(&[("main.tf", S3), (".terraform", "")]);
    let error = backend(root.path()).expect_err("refused");
    assert!(error.to_string().ends_with("is damaged: it is not a directory"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_where_terraform_follows_them() {
    use std::os::unix::fs::symlink;
    let root = directory(&[("shared/backend", S3)]);
    symlink("shared/backend", root.path().join("backend.tf")).expect("link");
    assert_eq!(backend(root.path()).expect("a backend").kind, "s3");
    symlink("nowhere", root.path().join("dangling.tf")).expect("link");
    assert!(matches!(backend(root.path()), Err(ConfigError::Unreadable { .. })));
    std::fs::remove_file(root.path().join("dangling.tf")).expect("remove");
    symlink("shared", root.path().join("directory.tf")).expect("link");
    assert!(matches!(backend(root.path()), Err(ConfigError::NotAFile(_))));
}
