//! What asks `run` to stop asks terraform to stop, once and gently.

use statelock_testkit::real_clients::terraform::Backend;

use crate::stage::{HOLD, KINDS, Stage, resources};

/// Writes down each SIGINT, and goes on.
const COUNTS: &str = "trap 'echo SIGINT' INT; echo x > $STARTED; \
                      until [ -e $RELEASE ]; do sleep 0.05; done";

#[test]
fn terraform_ends_in_order_and_writes_its_state_and_the_lock_is_released() {
    for (kind, signal) in KINDS.into_iter().zip(["INT", "TERM", "HUP"]) {
        let stage = Stage::new(kind);
        let Some(project) = stage.project(&format!("SIG{signal}")) else { return };
        let job = stage.apply_at_work(&project, &[]);
        job.signal(signal);
        let ended = job.wait();
        ended.exited(1).said(&format!("SIG{signal}: the command is told to stop, with SIGINT"));
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(said.contains("Interrupt received"), "{ended}");
        assert!(!said.contains("Two interrupts received"), "{ended}");
        let made = resources(&project);
        assert!(made.contains(&"terraform_data.before".to_owned()), "{kind}: {made:?}");
        stage.assert_free();
    }
}

#[test]
fn several_wishes_to_stop_are_one_and_the_same_one_again_is_handed_on() {
    let stage = Stage::new(Backend::Lockfile);
    let mut job = stage.start(&[], &["sh", "-c", COUNTS]);
    job.await_file(&stage.started());
    job.signal("INT");
    job.await_stderr("SIGINT: the command is told to stop");
    job.signal("TERM");
    job.await_stderr("SIGTERM: the command is stopping already");
    job.signal("HUP");
    job.await_stderr("SIGHUP: the command is stopping already");
    job.signal("TERM");
    job.await_stderr("SIGTERM: the command is told to stop");
    assert_eq!(stage.held_id().len(), 36, "the lock is kept until the command has ended");
    stage.let_go();
    let ended = job.wait();
    assert_eq!(String::from_utf8_lossy(&ended.exited(0).stdout), "SIGINT\nSIGINT\n");
    stage.assert_free();
}

#[test]
fn a_command_that_does_not_listen_is_killed_with_all_it_started() {
    let deaf = format!("trap '' INT TERM; sh -c '{HOLD}' & wait");
    for options in [&["--kill-after", "1s"][..], &[]] {
        let stage = Stage::new(Backend::Lockfile);
        let mut job = stage.start(options, &["sh", "-c", &deaf]);
        job.await_file(&stage.started());
        job.signal("TERM");
        if options.is_empty() {
            job.await_stderr("SIGTERM: the command is told to stop");
            job.signal("INT");
            job.await_stderr("SIGINT: the command is stopping already");
            job.signal("INT");
            job.signal("TERM");
            job.await_stderr("SIGINT: the command is told to stop");
            job.signal("INT");
        }
        let ended = job.wait();
        ended.exited(137).said("killed");
        stage.assert_free();
    }
}

#[test]
fn a_signal_that_reaches_everybody_is_not_handed_on() {
    let stage = Stage::new(Backend::Lockfile);
    let mut job = stage.start(&["--no-forward"], &["sh", "-c", COUNTS]);
    job.await_file(&stage.started());
    for _ in 0..3 {
        job.signal("TERM");
        // Asking who holds the lock takes longer than a signal, and shows that we still do.
        stage.held_id();
    }
    stage.let_go();
    assert_eq!(job.wait().exited(0).stdout, b"");
    stage.assert_free();
}

#[test]
fn the_background_of_a_script_can_be_told_to_stop() {
    let stage = Stage::new(Backend::Lockfile);
    // A shell without job control starts what is in its background with SIGINT ignored.
    let script = "trap '' INT; exec \"$@\"";
    let inner = stage.run_command(&[], &["sh", "-c", HOLD]);
    let words: Vec<_> = std::iter::once(inner.get_program()).chain(inner.get_args()).collect();
    let mut command = stage.command("sh");
    command.args(["-c", script, "sh"]).args(words);
    let mut job = stage.start_command(command);
    job.await_file(&stage.started());
    job.signal("TERM");
    job.wait().exited(130);
    stage.assert_free();
}

#[test]
fn p3_who_is_told_to_stop_while_waiting_leaves_nothing() {
    for kind in KINDS {
        let stage = Stage::new(kind);
        let mut holder = stage.start(&[], &["sh", "-c", HOLD]);
        holder.await_file(&stage.started());
        let mark = stage.file("mark").display().to_string();
        let waiters = [("INT", 130), ("TERM", 143), ("HUP", 129)].map(|(signal, code)| {
            let mut waiter = stage.start(&["--wait", "1h"], &["touch", &mark]);
            waiter.await_stderr("waiting for the lock");
            waiter.await_stderr("its holder is alive: process");
            waiter.signal(signal);
            (waiter, code)
        });
        for (waiter, code) in waiters {
            waiter.wait().exited(code).said("while waiting for the lock; it was not taken");
        }
        assert!(!stage.file("mark").exists());
        assert_eq!(stage.held_id(), stage.started_under(), "{kind}");
        stage.let_go();
        holder.wait().exited(0);
        stage.assert_free();
    }
}

#[test]
fn who_waits_gets_the_lock_when_it_is_released() {
    let stage = Stage::new(Backend::Dual);
    let mut holder = stage.start(&[], &["sh", "-c", HOLD]);
    holder.await_file(&stage.started());
    let mut waiter = stage.start(&["--wait", "2m"], &["echo", "mine"]);
    waiter.await_stderr("waiting for the lock");
    stage.let_go();
    holder.wait().exited(0);
    assert_eq!(waiter.wait().exited(0).stdout, b"mine\n");
    stage.assert_free();
}
