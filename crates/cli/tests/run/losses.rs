//! A network that is lost, and a lock that is removed, while the command runs.

use statelock_testkit::fault_proxy::{Fault, FaultProxy};
use statelock_testkit::real_clients::terraform::Backend;
use statelock_testkit::server_process::wait_until;

use crate::job::{BOUND, Job};
use crate::stage::{ADDRESS, HOLD, KINDS, Stage};

/// As terraform: ends in order at the first SIGINT.
pub(crate) const TOLD: &str = "trap 'echo $1 told; exit 0' INT; \
    echo $STATELOCK_LOCK_ID > $STARTED.new; mv $STARTED.new $STARTED; \
    until [ -e $RELEASE ]; do sleep 0.05; done";

/// Whether a request is about a lock.
fn is_about_locks(method: &str, path: &str) -> bool {
    path.contains(".tflock") || (method == "POST" && path == "/")
}

/// Every further request about locks is lost, until the proxy has seen so many.
fn lose(proxy: &FaultProxy, times: usize) {
    proxy.inject(Fault::LoseRequest, times, is_about_locks);
}

/// A command under a lock that is reached through the proxy.
fn start_through(stage: &Stage, proxy: &FaultProxy, options: &[&str]) -> Job {
    let endpoint = proxy.endpoint();
    let options = [&["--endpoint-url", &endpoint][..], options].concat();
    let mut job = stage.start(&options, &["sh", "-c", HOLD]);
    job.await_file(&stage.started());
    job
}

#[test]
fn a_lock_is_released_when_the_network_is_there_again() {
    for kind in KINDS {
        let stage = Stage::new(kind);
        let proxy = stage.proxy();
        let job = start_through(&stage, &proxy, &["--check-every", "1h"]);
        // More than one release tries by itself, in each place.
        lose(&proxy, 30);
        stage.let_go();
        let ended = job.wait();
        ended.exited(0).said("the lock could not be released yet, trying again");
        assert_eq!(proxy.hits().len(), 30, "{kind}: {ended}");
        stage.assert_free();
    }
}

#[test]
fn an_answer_that_is_lost_is_no_lost_lock() {
    for kind in KINDS {
        let stage = Stage::new(kind);
        let proxy = stage.proxy();
        let job = start_through(&stage, &proxy, &["--check-every", "1h"]);
        proxy.inject(Fault::LoseResponse, 20, is_about_locks);
        stage.let_go();
        let ended = job.wait();
        ended.exited(0);
        assert!(!ended.stderr.contains("somebody removed"), "{kind}: {ended}");
        stage.assert_free();
    }
}

#[test]
fn a_lock_that_cannot_be_released_is_told_with_the_command_that_does() {
    let stage = Stage::new(Backend::Dual);
    for (script, code) in [(HOLD, 7), ("exit 5", 5)] {
        let proxy = stage.proxy();
        let endpoint = proxy.endpoint();
        let options = ["--endpoint-url", &endpoint, "--release-timeout", "3s", "--check-every=1h"];
        let mut job = stage.start(&options, &["sh", "-c", &format!("{HOLD}; {script}")]);
        job.await_file(&stage.started());
        let id = stage.started_under();
        lose(&proxy, usize::MAX);
        stage.let_go();
        let ended = job.wait();
        let table = "--dynamodb-table terraform-locks --use-lockfile";
        let again = format!("statelock unlock {ADDRESS} {table} --endpoint-url {endpoint} {id}");
        ended.exited(code).said(&format!("lock {id} may be left")).said(&again);
        assert_eq!(stage.held_id(), id);
        // Its process has ended: the next one sees that.
        stage.run(&["--take-over-dead"], &["true"]).exited(0).said(&format!("removed lock {id}"));
        std::fs::remove_file(stage.release()).unwrap();
        std::fs::remove_file(stage.started()).unwrap();
    }
}

#[test]
fn a_store_that_does_not_answer_for_a_while_stops_nobody() {
    let stage = Stage::new(Backend::Lockfile);
    let proxy = stage.proxy();
    let job = start_through(&stage, &proxy, &["--check-every", "1s"]);
    lose(&proxy, 8);
    let is_over = wait_until(BOUND, || (proxy.requests().len() > 14).then_some(()));
    assert!(is_over.is_some(), "it goes on looking: {:?}", proxy.requests());
    stage.let_go();
    let ended = job.wait();
    ended.exited(0);
    assert!(!ended.stderr.contains("removed"), "{ended}");
    stage.assert_free();
}

/// Removes the lock as terraform does by force.
fn force_unlock(stage: &Stage) {
    let project = stage.project("a lock that is removed").expect("looked for before");
    project.run(&["force-unlock", "-force", &stage.started_under()]).succeeded();
}

#[test]
fn p1_terraform_is_stopped_when_its_lock_is_removed() {
    for kind in KINDS {
        let stage = Stage::new(kind);
        let Some(project) = stage.project("a lock that is removed") else { return };
        let job = stage.apply_at_work(&project, &["--check-every", "1s"]);
        force_unlock(&stage);
        let ended = job.wait();
        ended.exited(1).said("somebody removed the lock while the command runs");
        ended.said("no lock").said("the command is told to stop, with SIGINT");
        assert!(String::from_utf8_lossy(&ended.stdout).contains("Interrupt received"), "{ended}");
        stage.assert_free();
    }
}

#[test]
fn p1_no_terraform_begins_after_the_lock_is_lost() {
    let stage = Stage::new(Backend::Lockfile);
    stage.script("terraform", TOLD);
    stage.script("job.sh", "trap : INT; ./terraform first; ./terraform second");
    for options in [&["--check-every", "1s"][..], &["--check-every", "1s", "--no-forward"]] {
        let mut job = stage.start(options, &["./job.sh"]);
        job.await_file(&stage.started());
        stage.remove_lock(&stage.started_under());
        let ended = job.wait();
        let told = String::from_utf8_lossy(&ended.exited(3).stdout).into_owned();
        assert_eq!(told, "first told\nsecond told\n", "{ended}");
        ended.said("the command has started more that works without it");
        std::fs::remove_file(stage.started()).unwrap();
        stage.assert_free();
    }
}

#[test]
fn p4_anothers_lock_in_the_place_of_ours_is_shown_and_not_released() {
    let stage = Stage::new(Backend::Lockfile);
    if stage.project("a lock that is replaced").is_none() {
        return;
    }
    let script = format!("trap : INT; {HOLD}");
    let mut job = stage.start(&["--check-every", "1s"], &["sh", "-c", &script]);
    job.await_file(&stage.started());
    force_unlock(&stage);
    std::fs::remove_file(stage.started()).unwrap();
    let mut other = stage.start(&["--wait", "1m"], &["sh", "-c", HOLD]);
    other.await_file(&stage.started());
    job.await_stderr("somebody removed the lock while the command runs");
    let id = stage.started_under();
    assert_eq!(stage.held_id(), id);
    stage.let_go();
    job.wait().exited(3);
    other.wait().exited(0);
    stage.assert_free();
}

#[test]
fn a_command_may_go_on_without_its_lock_and_ends_with_3() {
    let stage = Stage::new(Backend::Dual);
    if stage.project("--on-lost warn").is_none() {
        return;
    }
    let options = ["--check-every", "1s", "--on-lost", "warn"];
    let mut job = stage.start(&options, &["sh", "-c", HOLD]);
    job.await_file(&stage.started());
    force_unlock(&stage);
    job.await_stderr("the command goes on");
    stage.let_go();
    job.wait().exited(3);
    stage.assert_free();
}

#[test]
fn a_lock_that_is_found_gone_only_at_the_end_is_told_too() {
    let stage = Stage::new(Backend::Lockfile);
    if stage.project("a lock that is gone at the end").is_none() {
        return;
    }
    let mut job = stage.start(&["--check-every", "1h"], &["sh", "-c", HOLD]);
    job.await_file(&stage.started());
    force_unlock(&stage);
    stage.let_go();
    job.wait().exited(3).said("somebody removed the lock before the command had ended");
}
