//! Terraform under the lock, and terraform outside of it.

use statelock_testkit::real_clients::terraform::TerraformProject;

use crate::stage::{APPLY, KINDS, Stage, resources};

#[test]
fn p1_terraform_works_under_our_lock_and_terraform_outside_is_refused_with_our_id() {
    for kind in KINDS {
        let stage = Stage::new(kind);
        let Some(project) = stage.project("terraform inside and outside") else { return };
        let job = stage.apply_at_work(&project, &["--reason", "the <nightly> apply; 1"]);
        let id = stage.started_under();
        assert_eq!(stage.held_id(), id, "{kind}");
        let outside = stage.project("terraform inside and outside").expect("as before");
        let refused = outside.apply(&[]);
        refused.failed().shows("Error acquiring the state lock").shows(&id);
        refused.shows("Operation: run").shows("the <nightly> apply; 1; process ");
        stage.let_go();
        let ended = job.wait();
        ended.exited(0);
        assert!(String::from_utf8_lossy(&ended.stdout).contains("2 added"), "{ended}");
        let expected = ["terraform_data.before", "terraform_data.work"];
        assert_eq!(resources(&project), expected, "{kind}");
        outside.apply(&[]).succeeded();
        stage.assert_free();
    }
}

#[test]
fn every_subcommand_that_locks_works_under_our_lock() {
    for kind in KINDS {
        let stage = Stage::new(kind);
        let Some(project) = stage.project("every subcommand") else { return };
        stage.let_go();
        let run = |words: &[&str]| stage.start_terraform(&project, &[], words).wait();
        run(&["init", "-input=false"]).exited(0);
        run(&["plan", "-detailed-exitcode", "-out=p"]).exited(2);
        run(&["apply", "p"]).exited(0);
        run(&["plan", "-detailed-exitcode"]).exited(0);
        run(&["refresh"]).exited(0);
        run(&["taint", "terraform_data.work"]).exited(0);
        run(&["untaint", "terraform_data.work"]).exited(0);
        run(&["state", "mv", "terraform_data.work", "terraform_data.moved"]).exited(0);
        run(&["state", "rm", "terraform_data.moved"]).exited(0);
        let provider = "terraform.io/builtin/terraform";
        run(&["state", "replace-provider", "-auto-approve", provider, provider]).exited(0);
        let pulled = run(&["state", "pull"]);
        std::fs::write(project.path().join("pulled"), &pulled.exited(0).stdout).unwrap();
        run(&["state", "push", "-force", "pulled"]).exited(0);
        run(&["import", "terraform_data.work", "an-id"]).exited(0);
        run(&["state", "list"]).exited(0);
        run(&["output"]).exited(0);
        run(&["workspace", "new", "side"]).exited(0);
        run(&["workspace", "select", "default"]).exited(0);
        run(&["workspace", "delete", "side"]).exited(0);
        run(&["destroy", "-auto-approve"]).exited(0);
        run(&["plan", "-lock=maybe"]).exited(1);
        stage.assert_free();
    }
}

#[test]
fn a_lock_flag_that_is_typed_meets_our_lock_and_changes_nothing() {
    let stage = Stage::new(KINDS[0]);
    let Some(project) = stage.project("a typed -lock=true") else { return };
    stage.let_go();
    let words = [&APPLY[..], &["-lock=true"]].concat();
    let ended = stage.start_terraform(&project, &[], &words).wait();
    ended.exited(1).said("Error acquiring the state lock");
    assert_eq!(listed(&project), "");
    // In a variable it is the user's default, and ours wins.
    for (name, value) in [("TF_CLI_ARGS", "-lock=true"), ("TF_CLI_ARGS_apply", "-lock=true")] {
        let mut command = stage.run_command(&[], &[&["terraform"], &APPLY[..]].concat());
        command.current_dir(project.path()).env(name, value);
        stage.start_command(command).wait().exited(0);
    }
    stage.assert_free();
}

fn listed(project: &TerraformProject) -> String {
    project.run(&["state", "list"]).stdout
}

#[test]
fn terraform_on_another_state_than_the_locked_one_is_not_run() {
    let stage = Stage::new(KINDS[0]);
    let Some(project) = stage.project("another state") else { return };
    stage.let_go();
    project.run(&["workspace", "new", "side"]).succeeded();
    let ended = stage.start_terraform(&project, &[], &APPLY).wait();
    ended.exited(2).said("the command works on s3://").said("env:/side/");
    assert!(resources(&project).is_empty(), "nothing was applied");
    // With the workspace named, that one is locked and used.
    project.run(&["workspace", "select", "default"]).succeeded();
    let ended = stage.start_terraform(&project, &["--workspace", "side"], &APPLY).wait();
    ended.exited(0);
    project.run(&["state", "list"]).failed().shows("No state file");
    project.run(&["workspace", "select", "side"]).succeeded();
    assert_eq!(resources(&project).len(), 2);
    stage.assert_free();
}
