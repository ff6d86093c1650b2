//! `examples/quickstart` does what the README says it does.

use std::path::{Path, PathBuf};

use statelock_testkit::real_clients::terraform::Terraform;
use statelock_testkit::server_process::ServerProcess;
use tempfile::TempDir;

use crate::bad_data::binary;
use crate::terraform_bare::Project;

/// What the example says of a server that was started in the repository with no flags.
const ADDRESS: &str = "127.0.0.1:9000";
const CREDENTIALS: &str = "../../statelock-data/credentials";

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart")
}

#[test]
fn the_quickstart_runs_as_it_is() {
    let Some(_terraform) = Terraform::find("serve: the quickstart") else { return };
    let scratch = TempDir::new().expect("a scratch directory");
    let server = ServerProcess::start(binary(), &scratch.path().join("data"), &[]);
    let text = std::fs::read_to_string(example().join("main.tf")).expect("the example");
    assert_eq!(text.matches(ADDRESS).count(), 4, "{text}");
    assert_eq!(text.matches(CREDENTIALS).count(), 1, "{text}");
    let here = text
        .replace(ADDRESS, &server.address().to_string())
        .replace(CREDENTIALS, &server.credentials_file().display().to_string());
    let directory = scratch.path().join("quickstart");
    std::fs::create_dir(&directory).expect("a project directory");
    std::fs::write(directory.join("main.tf"), here).expect("main.tf");

    let project = Project(&directory);
    project
        .run(&["init", "-input=false", "-no-color"])
        .succeeded()
        .shows("Successfully configured");
    let apply = ["apply", "-auto-approve", "-no-color", "-var", "seconds=1"];
    project.run(&apply).succeeded().shows("1 added");
    project.run(&["output", "-raw", "greeting"]).succeeded().shows("Hello from a locked state");
    project.run(&["destroy", "-auto-approve", "-no-color"]).succeeded().shows("1 destroyed");
}

#[test]
fn the_quickstart_is_for_a_server_with_no_flags() {
    let scratch = TempDir::new().expect("a scratch directory");
    let server = ServerProcess::start(binary(), &scratch.path().join("data"), &[]);
    let text = std::fs::read_to_string(example().join("main.tf")).expect("the example");
    let printed = server.stdout().replace(&server.address().to_string(), ADDRESS);
    for line in ["bucket ", "region ", "use_lockfile ", "use_path_style ", "endpoints "] {
        let printed = printed.lines().find(|text| text.trim().starts_with(line));
        let printed = printed.expect("the setting is printed").trim();
        assert!(text.contains(printed), "{printed} is not in the example");
    }
}

#[test]
fn the_quickstart_is_formatted_as_terraform_wants_it() {
    let Some(_terraform) = Terraform::find("serve: the quickstart's format") else { return };
    Project(&example()).run(&["fmt", "-check", "-diff"]).succeeded();
}
