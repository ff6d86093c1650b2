//! SIGKILL: of the command, of what it started, and of `run` itself.

use statelock_testkit::real_clients::terraform::Backend;
use statelock_testkit::server_process::{send_signal, wait_until};

use crate::job::{BOUND, Ended, text};
use crate::stage::{APPLY, HOLD, KINDS, Stage, resources};

#[test]
fn a_command_that_is_killed_leaves_no_lock() {
    for kind in KINDS {
        let stage = Stage::new(kind);
        let mut job = stage.start(&[], &["sh", "-c", &format!("echo $$ > $RELEASE.pid; {HOLD}")]);
        job.await_file(&stage.started());
        send_signal("KILL", text(&stage.file("release.pid")).trim().parse().expect("a pid"));
        job.wait().exited(137);
        stage.assert_free();
    }
}

#[test]
fn the_lock_is_kept_while_terraform_still_works_under_it() {
    let stage = Stage::new(Backend::Lockfile);
    let Some(project) = stage.project("terraform in the background") else { return };
    let apply = format!("terraform {} > log 2>&1 & exec sleep 0", APPLY.join(" "));
    let mut command = stage.run_command(&[], &["sh", "-c", &apply]);
    command.current_dir(project.path());
    let mut job = stage.start_command(command);
    job.await_file(&stage.started());
    job.await_stderr("still works under the lock");
    assert_eq!(stage.held_id(), stage.started_under());
    stage.let_go();
    job.wait().exited(0).said("(terraform)");
    assert_eq!(resources(&project).len(), 2);
    stage.assert_free();
}

#[test]
fn a_shell_that_is_killed_over_terraform_releases_only_after_terraform() {
    let stage = Stage::new(Backend::Dual);
    let Some(project) = stage.project("a killed shell over terraform") else { return };
    let script = format!("echo $$ > pid; terraform {} > log 2>&1; true", APPLY.join(" "));
    let mut command = stage.run_command(&[], &["sh", "-c", &script]);
    command.current_dir(project.path());
    let mut job = stage.start_command(command);
    job.await_file(&stage.started());
    send_signal("KILL", text(&project.path().join("pid")).trim().parse().expect("a pid"));
    let ended = job.wait();
    ended.exited(137).said("still works under the lock");
    let log = text(&project.path().join("log"));
    assert!(log.contains("Interrupt received"), "{log}");
    assert!(resources(&project).contains(&"terraform_data.before".to_owned()), "{log}");
    stage.assert_free();
}

#[test]
fn p1_the_lock_is_kept_while_something_may_still_start_terraform() {
    let stage = Stage::new(Backend::Lockfile);
    // As terragrunt does: one terraform, a pause, and the next one.
    stage.script("terraform", "exec sleep 0.3");
    stage.script("terragrunt", &format!("./terraform init; sleep 2; {HOLD}"));
    let mut job = stage.start(&[], &["sh", "-c", "./terragrunt & exit 0"]);
    job.await_stderr("still works under the lock");
    job.await_file(&stage.started());
    assert_eq!(stage.held_id(), stage.started_under());
    stage.let_go();
    job.wait().exited(0).said("(terragrunt)").said("it may be Terraform or start one");
    stage.assert_free();
}

#[test]
fn p1_what_a_killed_command_has_left_is_told_to_stop_whatever_it_is() {
    let stage = Stage::new(Backend::Lockfile);
    stage.script("terragrunt", &format!("trap 'echo told; exit 1' INT; {HOLD}"));
    let mut job = stage.start(&[], &["sh", "-c", "echo $$ > $RELEASE.pid; ./terragrunt; true"]);
    job.await_file(&stage.started());
    send_signal("KILL", text(&stage.file("release.pid")).trim().parse().expect("a pid"));
    let ended = job.wait();
    assert_eq!(String::from_utf8_lossy(&ended.exited(137).stdout), "told\n");
    stage.assert_free();
}

#[test]
fn a_wait_for_what_is_left_ends_by_signals() {
    let stage = Stage::new(Backend::Lockfile);
    stage.script("daemon", &format!("trap '' INT TERM; {HOLD}"));
    let mut job = stage.start(&[], &["sh", "-c", "./daemon & exit 0"]);
    job.await_file(&stage.started());
    job.await_stderr("(daemon)");
    for _ in 0..2 {
        let before = job.stderr().matches("is told to stop, with SIGINT").count();
        job.signal("TERM");
        let is_told = || job.stderr().matches("is told to stop, with SIGINT").count() > before;
        assert!(wait_until(BOUND, || is_told().then_some(())).is_some(), "{}", job.stderr());
    }
    assert_eq!(stage.held_id(), stage.started_under());
    job.signal("TERM");
    job.wait().exited(0).said("SIGTERM again: what works under the lock is killed");
    stage.assert_free();
}

#[test]
fn an_agent_that_never_starts_terraform_is_not_waited_for() {
    let stage = Stage::new(Backend::Lockfile);
    let fifo = stage.file("fifo");
    assert!(stage.command("mkfifo").arg(&fifo).status().expect("mkfifo").success());
    stage.script("ssh-agent", "read line < fifo");
    let ended = stage.run(&[], &["sh", "-c", "./ssh-agent & exit 0"]);
    ended.exited(0);
    assert_eq!(ended.stderr, "");
    stage.assert_free();
    std::fs::write(&fifo, "end\n").expect("it is still there");
}

#[test]
fn after_sigkill_of_run_terraform_stops_in_order_and_the_lock_is_provably_dead() {
    for kind in KINDS {
        let stage = Stage::new(kind);
        let Some(project) = stage.project("SIGKILL of run") else { return };
        let job = stage.apply_at_work(&project, &[]);
        let (pid, id) = (job.pid(), stage.started_under());
        let stdout = job.kill_hard();
        let refused = refused_as_dead(&stage);
        refused.said(&format!("dead: process {pid} of this machine has ended"));
        refused.said("--take-over-dead").said(&id);
        // Terraform was told by the kernel, and has written its state.
        assert!(text(&stdout).contains("Interrupt received"), "{kind}: {}", text(&stdout));
        assert!(resources(&project).contains(&"terraform_data.before".to_owned()), "{kind}");
        let taken = stage.run(&["--take-over-dead"], &["true"]);
        taken.exited(0).said(&format!("removed lock {id} of "));
        stage.assert_free();
    }
}

#[test]
fn what_a_killed_run_has_started_keeps_its_lock_alive() {
    let stage = Stage::new(Backend::Lockfile);
    // It does not listen to the SIGINT by which the kernel tells it.
    let mut job = stage.start(&[], &["sh", "-c", &format!("trap '' INT; {HOLD}")]);
    job.await_file(&stage.started());
    job.kill_hard();
    let refused = stage.run(&["--take-over-dead"], &["true"]);
    refused.exited(3).said("has ended, but what it started still runs");
    stage.let_go();
    refused_as_dead(&stage);
    stage.run(&["--take-over-dead"], &["true"]).exited(0);
    stage.assert_free();
}

#[test]
fn the_lock_of_the_living_is_not_taken_over() {
    let stage = Stage::new(Backend::Dual);
    let mut holder = stage.start(&[], &["sh", "-c", HOLD]);
    holder.await_file(&stage.started());
    let refused = stage.run(&["--take-over-dead"], &["true"]);
    refused.exited(3).said("alive: process");
    assert_eq!(stage.held_id(), stage.started_under());
    stage.let_go();
    holder.wait().exited(0);
}

/// Waits until the holder is said to be dead: until what it has started has ended.
fn refused_as_dead(stage: &Stage) -> Ended {
    let refused = wait_until(BOUND, || {
        let refused = stage.run(&[], &["true"]);
        refused.exited(3);
        refused.stderr.contains("Holder:    dead").then_some(refused)
    });
    refused.expect("the holder is shown to be dead")
}
