//! Which version is chosen for a module, and which modules of terragrunt are none.

use std::path::Path;

use statelock_config::tree::Tree;

use crate::scratch::{repository, scan};

const PARTIAL: &str = "terraform {\n  backend \"s3\" {}\n}\n";

fn required(tree: &Tree, directory: &Path) -> Vec<String> {
    let module = tree.modules.iter().find(|module| module.directory == directory);
    let versions = module.expect("a module").required_versions.iter();
    versions.map(|version| version.text.clone()).collect()
}

fn block(required: &str) -> String {
    format!("terraform {{\n  required_version = \"{required}\"\n  backend \"s3\" {{}}\n}}\n")
}

#[test]
fn the_oldest_version_that_may_run_counts() {
    let new = block(">= 1.6");
    let root = repository(&[
        (".tool-versions", "nodejs 20.1.0\nterraform 1.5.7 1.11.0\nopentofu 1.10.2\n"),
        ("a/main.tf", PARTIAL),
        // The tools of another file do not hide those above.
        ("b/main.tf", PARTIAL),
        ("b/.tool-versions", "nodejs 18.0.0\nterraform 1.9.0\n"),
        // What the constraint does not admit does not run.
        ("c/main.tf", &new),
        ("d/main.tf", &block(">= 1.11")),
        ("e/main.tf", PARTIAL),
        ("e/.terraform-version", "latest\n"),
    ]);
    let tree = scan(root.path());
    for (directory, expected) in [
        ("a", vec!["1.5.7"]),
        ("b", vec!["1.9.0"]),
        ("c", vec![">= 1.6", "1.10.2"]),
        ("d", vec![">= 1.11", "1.5.7"]),
        ("e", vec!["latest", "1.5.7"]),
    ] {
        assert_eq!(required(&tree, &root.path().join(directory)), expected, "{directory}");
    }
}

#[test]
fn versions_above_what_is_scanned_count_up_to_the_top() {
    let root = repository(&[
        (".terraform-version", "1.5.7\n"),
        ("infra/app/main.tf", PARTIAL),
        ("other/.git/HEAD", ""),
        ("other/infra/main.tf", PARTIAL),
    ]);
    let infra = root.path().join("infra");
    assert_eq!(required(&scan(&infra), &infra.join("app")), ["1.5.7"]);
    let other = root.path().join("other/infra");
    assert_eq!(required(&scan(&other), &other), [""; 0]);
}

#[test]
fn a_source_of_a_unit_is_no_module_of_its_own() {
    let unit = |source: &str| {
        format!(
            "terraform {{\n  source = \"{source}\"\n}}\nremote_state {{\n  backend = \"s3\"\n  config = {{\n    \
             bucket = \"b\"\n    key = \"k\"\n  }}\n}}\n"
        )
    };
    let used = unit("../../modules//used");
    let root = repository(&[
        ("live/one/terragrunt.hcl", &used),
        ("live/two/terragrunt.hcl", &unit("${get_repo_root()}/modules/own")),
        ("live/three/terragrunt.hcl", &unit("../../modules/set")),
        ("modules/used/main.tf", PARTIAL),
        // Somebody runs in these as well.
        ("modules/own/main.tf", PARTIAL),
        ("modules/own/dev.tfbackend", "bucket = \"b\"\nkey = \"own\"\n"),
        ("modules/set/main.tf", "terraform {\n  backend \"s3\" {\n    key = \"set\"\n  }\n}\n"),
        ("modules/other/main.tf", PARTIAL),
    ]);
    let tree = scan(root.path());
    let found = tree.modules.iter().map(|module| {
        module.directory.strip_prefix(root.path()).expect("below").display().to_string()
    });
    let expected =
        ["live/one", "live/three", "live/two", "modules/other", "modules/own", "modules/set"];
    assert_eq!(found.collect::<Vec<_>>(), expected);
}
