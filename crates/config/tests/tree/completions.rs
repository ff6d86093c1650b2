//! Which files and command lines complete which module, where it could be mistaken.

use statelock_config::tree::{Completion, FileOrigin, RootModule, Tree};

use crate::scratch::{repository, scan};

const PARTIAL: &str = "terraform {\n  backend \"s3\" {}\n}\n";
const FILE: &str = "bucket = \"b\"\nkey = \"k\"\n";

/// What completes each backend of the module in `directory`: names of files and of arguments.
fn completions(tree: &Tree, directory: &str) -> Vec<Vec<String>> {
    let is_wanted = |module: &&RootModule| module.directory.ends_with(directory);
    let module = tree.modules.iter().find(is_wanted).expect(directory);
    let show = |completion: &Completion| match completion {
        Completion::File(path) => path.file_name().expect("a name").to_string_lossy().into_owned(),
        Completion::CommandLine { argument, .. } => argument.clone(),
    };
    let backends = module.backends.iter();
    backends.map(|backend| backend.completed_by.iter().map(show).collect()).collect()
}

#[test]
fn a_variable_stands_for_the_same_in_the_directory_and_in_the_file() {
    let root = repository(&[
        ("live/dev/main.tf", PARTIAL),
        ("live/prod/main.tf", PARTIAL),
        ("settings/dev.hcl", FILE),
        ("settings/prod.hcl", FILE),
        ("settings/other.hcl", FILE),
        ("init.sh", "cd live/$1\nterraform init -backend-config=../../settings/$1.hcl\n"),
    ]);
    let tree = scan(root.path());
    assert_eq!(completions(&tree, "live/dev"), [["dev.hcl"]]);
    assert_eq!(completions(&tree, "live/prod"), [["prod.hcl"]]);
}

#[test]
fn what_two_scripts_say_alike_counts_once() {
    let init =
        "terraform -chdir=app init -backend-config=dev.hcl -backend-config=region=eu-west-1\n";
    let root = repository(&[
        ("app/main.tf", PARTIAL),
        ("app/dev.hcl", FILE),
        ("Makefile", &format!("init:\n\t{init}")),
        ("init.sh", init),
        ("ci.yml", "script: terraform -chdir=app init -backend-config=dev.hcl\n"),
    ]);
    let tree = scan(root.path());
    assert_eq!(completions(&tree, "app"), [vec!["dev.hcl", "region"], vec!["dev.hcl"]]);
}

#[test]
fn a_directory_of_variables_alone_needs_a_file_that_is_there() {
    let root = repository(&[
        ("a/main.tf", PARTIAL),
        ("a/own.hcl", FILE),
        ("b/main.tf", PARTIAL),
        ("own.hcl", FILE),
        (
            "init.sh",
            "cd \"$1\"\nterraform init -backend-config=own.hcl -backend-config=key=x\n\
             terraform init -backend-config=key=y\n",
        ),
    ]);
    let tree = scan(root.path());
    assert_eq!(completions(&tree, "a"), [["own.hcl", "key"]]);
    assert_eq!(completions(&tree, "b"), [[""; 0]]);
}

#[test]
fn where_it_is_not_said_the_file_tells_the_module() {
    let root = repository(&[
        ("app/main.tf", PARTIAL),
        ("app/env/dev.hcl", FILE),
        (
            "atlantis.yaml",
            "extra_args: [\"-backend-config=app/env/dev.hcl\", -backend-config=encrypt=true]\n",
        ),
    ]);
    assert_eq!(completions(&scan(root.path()), "app"), [["dev.hcl", "encrypt"]]);
}

#[test]
fn another_backend_takes_nothing() {
    let root = repository(&[
        ("app/main.tf", "terraform {\n  backend \"gcs\" {}\n}\n"),
        ("app/init.sh", "terraform init -backend-config=bucket=b -backend-config=backend.hcl\n"),
        ("app/backend.hcl", FILE),
    ]);
    let tree = scan(root.path());
    assert_eq!(completions(&tree, "app"), [[""; 0]]);
    assert_eq!(tree.unattached, [root.path().join("app/backend.hcl")]);
}

#[test]
fn a_whole_block_is_a_way_of_its_own() {
    let whole = "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    key = \"k\"\n  }\n}\n";
    let root = repository(&[
        ("a/main.tf", whole),
        ("a/sandbox.tfbackend", "key = \"sandbox\"\n"),
        ("b/main.tf", whole),
        ("b/Makefile", "init:\n\tterraform init -backend-config=key=ci-test\n"),
        ("c/main.tf", whole),
        ("c/init.sh", "terraform init -backend-config=use_lockfile=true\n"),
        ("d/main.tf", whole),
        ("d/init.sh", "terraform init -backend-config=$OTHERS\n"),
        // The same state, and the same locks.
        ("e/main.tf", whole),
        ("e/init.sh", "terraform init -backend-config=region=eu-west-1\n"),
    ]);
    let tree = scan(root.path());
    for (directory, expected) in [
        ("a", vec![vec!["sandbox.tfbackend"], vec![]]),
        ("b", vec![vec!["key"], vec![]]),
        // A lock that is given to a block without one is the lock of that block.
        ("c", vec![vec!["use_lockfile"]]),
        ("d", vec![vec![], vec![]]),
        ("e", vec![vec!["region"]]),
    ] {
        assert_eq!(completions(&tree, directory), expected, "{directory}");
    }
    let key = |number: usize| tree.modules[0].backends[number].arguments.get("key").cloned();
    assert_eq!(key(0), Some(statelock_config::Value::text("sandbox")));
    assert_eq!(key(1), Some(statelock_config::Value::text("k")));
}

#[test]
fn what_is_not_known_hides_what_the_block_says() {
    let root = repository(&[
        (
            "app/main.tf",
            "terraform {\n  backend \"s3\" {\n    key = \"k\"\n    bucket = var.b\n  }\n}\n",
        ),
        ("app/init.sh", "terraform init -backend-config=key=$KEY -backend-config=bucket=b\n"),
    ]);
    let tree = scan(root.path());
    let backend = &tree.modules[0].backends[0];
    assert_eq!(backend.arguments.get("key"), None);
    assert!(backend.arguments.get("bucket").is_some());
    let open: Vec<_> = backend.expressions.iter().map(|open| open.argument.as_str()).collect();
    assert_eq!(open, ["key"]);
}

#[cfg(unix)]
#[test]
fn files_outside_the_tree_complete_nothing() {
    let outside = repository(&[
        ("dev.hcl", FILE),
        (
            "root.hcl",
            "remote_state {\n  backend = \"s3\"\n  config = {\n    bucket = \"b\"\n  }\n}\n",
        ),
    ]);
    let script =
        format!("terraform init -backend-config={}\n", outside.path().join("dev.hcl").display());
    let include =
        format!("include {{\n  path = \"{}\"\n}}\n", outside.path().join("root.hcl").display());
    let root = repository(&[
        ("app/main.tf", PARTIAL),
        ("app/init.sh", &script),
        ("unit/terragrunt.hcl", &include),
    ]);
    let tree = scan(root.path());
    assert_eq!(completions(&tree, "app"), [[""; 0]]);
    assert_eq!(tree.modules[0].backends[0].expressions.len(), 1);
    // What is included counts, and is marked.
    assert_eq!(tree.modules[1].backends.len(), 1);
    let included = outside.path().join("root.hcl");
    let target = included.canonicalize().expect("a path");
    assert_eq!(tree.origins.get(&included), Some(&FileOrigin::Outside { target }));
}
