//! The `init` that follows: printed, or run with a program of ours in terraform's place.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::stage::Stage;

#[test]
fn every_changed_backend_has_its_command() {
    let stage = Stage::new(&["aligned", "partial", "live", "modules"]);
    let said = stage.migrate(&["apply", "--phase", "dual", "--yes"]);
    assert_eq!(said.code, 0, "{}", said.err);
    for line in [
        "terraform -chdir=./aligned init -reconfigure\n",
        "terraform -chdir=./partial init -reconfigure -backend-config=dev.tfbackend\n",
        "terraform -chdir=./partial init -reconfigure -backend-config=prod.tfbackend\n",
        "(cd ./live/a && terragrunt init -reconfigure)\n",
    ] {
        assert!(said.out.contains(line), "{line}{}", said.out);
    }
}

#[test]
fn a_failed_init_is_named_and_the_rest_goes_on() {
    let stage = Stage::new(&["aligned", "json", "comments"]);
    let program = stage.path("fake-terraform");
    let text = "#!/bin/sh\necho \"$PWD $*\"\ncase $PWD in */comments) echo 'no credentials' >&2; exit 1;; esac\n";
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap();
    let said =
        stage.migrate(&["apply", "--phase", "dual", "--yes", "--init", "--terraform", program]);
    assert_eq!(said.code, 8, "{}", said.err);
    assert!(said.out.contains("initialised ./aligned\n"), "{}", said.out);
    assert!(said.out.contains("initialised ./json\n"), "{}", said.out);
    assert!(said.err.contains("init of `./comments` failed"), "{}", said.err);
    assert!(said.err.contains("no credentials") && said.err.contains("rollback"), "{}", said.err);
    // Its change stays, and what was said is kept.
    assert!(stage.read("comments/main.tf").contains("use_lockfile"));
    assert!(stage.read(".statelock/init/comments.log").contains("no credentials"));
    let log = stage.read(".statelock/init/aligned.log");
    assert!(log.contains("aligned init -reconfigure -input=false"), "{log}");
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let stage = Stage::new(&["aligned"]);
    let words =
        ["apply", "--phase", "dual", "--yes", "--init", "--terraform", "/nowhere/terraform"];
    let said = stage.migrate(&words);
    assert_eq!(said.code, 8, "{}", said.err);
    assert!(said.err.contains("could not run `/nowhere/terraform`"), "{}", said.err);
}
