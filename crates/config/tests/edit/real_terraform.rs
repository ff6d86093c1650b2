//! The real terraform takes the edited files, and `terraform fmt` finds nothing to do where it found
//! nothing before.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use statelock_config::edit::Form;
use statelock_testkit::real_clients::terraform::Terraform;

use crate::phases::{DUAL, S3, edit, files};
use crate::ugly::ugly;

/// How many files are generated for `terraform fmt`.
const FILES: usize = 300;

fn run(terraform: &Terraform, path: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(terraform.binary())
        .args(arguments)
        .current_dir(path)
        .env_clear()
        .env("CHECKPOINT_DISABLE", "1")
        .env("HOME", path)
        .stdin(Stdio::null())
        .output()
        .expect("terraform runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// The files of a stage that `terraform fmt` would leave as they are. It looks at `.tf` files only, so
/// every HCL file gets that name; what a block is called does not matter to it.
fn tidy(terraform: &Terraform, stage: &str) -> BTreeSet<String> {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut names = BTreeSet::new();
    for file in files(stage) {
        let is_hcl = match file.form {
            Form::Terraform | Form::BackendConfig | Form::Terragrunt => true,
            Form::TerraformJson | Form::BackendConfigJson => false,
        };
        if is_hcl {
            let path = directory.path().join(format!("{}.tf", file.name));
            std::fs::write(path, &file.text).expect("write");
            names.insert(file.name);
        }
    }
    let (_, listed) = run(terraform, directory.path(), &["fmt", "-check", "-list=true"]);
    for name in listed.lines().filter_map(|line| line.strip_suffix(".tf")) {
        names.remove(name);
    }
    names
}

#[test]
fn what_was_formatted_stays_formatted() {
    let Some(terraform) = Terraform::find("config: what was formatted stays formatted") else {
        return;
    };
    let before = tidy(&terraform, "before");
    assert!(before.len() >= 20, "{before:?}");
    for stage in ["dual", "s3"] {
        let after = tidy(&terraform, stage);
        assert_eq!(before.difference(&after).collect::<Vec<_>>(), [""; 0], "{stage}");
    }
}

/// The same for generated files, which `terraform fmt` formats first.
#[test]
fn what_is_generated_and_formatted_stays_formatted() {
    let Some(terraform) = Terraform::find("config: what is generated and formatted stays so")
    else {
        return;
    };
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = |number: usize| directory.path().join(format!("{number}.tf"));
    let mut runner = TestRunner::deterministic();
    for number in 0..FILES {
        let ugly = ugly().new_tree(&mut runner).expect("a file").current();
        std::fs::write(path(number), ugly.text).expect("write");
    }
    let (is_formatted, said) = run(&terraform, directory.path(), &["fmt"]);
    assert!(is_formatted, "{said}");
    for changes in [DUAL, S3] {
        let mut changed = 0;
        for number in 0..FILES {
            let text = std::fs::read_to_string(path(number)).expect("read");
            let edited = edit("x.tf", Form::Terraform, &text, changes).expect("edited");
            changed += usize::from(edited.is_changed);
            std::fs::write(path(number), edited.text).expect("write");
        }
        assert!(changed > FILES / 3, "{changed}");
        let (is_formatted, listed) = run(&terraform, directory.path(), &["fmt", "-check", "-diff"]);
        assert!(is_formatted, "{listed}");
    }
}

/// Each file is a module of one configuration, so that terraform starts once for all of them. Nothing is
/// asked over the network: the backend is left out, and files that need a provider are not among them.
#[test]
fn terraform_takes_what_was_edited() {
    let Some(terraform) = Terraform::find("config: terraform takes what was edited") else {
        return;
    };
    let not_alone =
        ["two_backends.tf", "everything_in_one_file.tf", "no_backend.tf", "other_backend.tf"];
    let with_provider = ["aligned_middle.tf", "empty_block.tf"];
    for stage in ["dual", "s3"] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut calls = String::new();
        let mut count = 0;
        for file in files(stage) {
            let name = file.name.as_str();
            let is_its = [".tf", ".tf.json"].iter().any(|ending| name.ends_with(ending));
            if !is_its || not_alone.contains(&name) || with_provider.contains(&name) {
                continue;
            }
            let module = directory.path().join(format!("m{count}"));
            std::fs::create_dir(&module).expect("directory");
            std::fs::write(module.join(name), &file.text).expect("write");
            writeln!(calls, "module \"m{count}\" {{\n  source = \"./m{count}\"\n}}")
                .expect("a string takes all");
            count += 1;
        }
        assert!(count >= 40, "{count}");
        std::fs::write(directory.path().join("main.tf"), calls).expect("write");
        for arguments in [
            &["init", "-backend=false", "-input=false", "-no-color"][..],
            &["validate", "-no-color"],
        ] {
            let (is_taken, said) = run(&terraform, directory.path(), arguments);
            assert!(is_taken, "{stage}: {said}");
        }
    }
}
