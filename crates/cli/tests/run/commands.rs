//! The command itself: its streams, its end, and what cannot be run.

use std::io::Write as _;
use std::process::Stdio;

use statelock_testkit::real_clients::terraform::Backend;

use crate::stage::{ADDRESS, HOLD, Stage};

#[test]
fn standard_output_is_the_commands_byte_for_byte() {
    let stage = Stage::new(Backend::Lockfile);
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    std::fs::write(stage.file("bytes"), &bytes).unwrap();
    let ended = stage.run(&["--reason", "a reason"], &["cat", "bytes"]);
    ended.exited(0);
    assert!(ended.stdout == bytes, "{} bytes", ended.stdout.len());
    assert_eq!(ended.stderr, "");
    stage.assert_free();
}

#[test]
fn standard_input_goes_to_the_command() {
    let stage = Stage::new(Backend::Lockfile);
    let mut command = stage.run_command(&[], &["cat"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"yes\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"yes\n"[..]));
}

#[test]
fn the_end_of_the_command_is_ours_and_the_lock_is_released() {
    let stage = Stage::new(Backend::Dual);
    for (script, code) in [
        ("exit 0", 0),
        ("exit 1", 1),
        ("exit 2", 2),
        ("exit 255", 255),
        ("kill -KILL $$", 137),
        ("kill -TERM $$", 143),
        ("kill -INT $$", 130),
    ] {
        stage.run(&[], &["sh", "-c", script]).exited(code);
        stage.assert_free();
    }
}

#[test]
fn what_cannot_be_run_is_said_before_anything_is_locked() {
    let stage = Stage::new(Backend::Lockfile);
    std::fs::write(stage.file("text"), "no program").unwrap();
    let directory = stage.scratch.path().display().to_string();
    // The lock is held all the time: who tried to take it would end with 3.
    let mut holder = stage.start(&[], &["sh", "-c", HOLD]);
    holder.await_file(&stage.started());
    let none = stage.run(&[], &["no-such-command-anywhere", "apply"]);
    none.exited(127).said("there is no command `no-such-command-anywhere`");
    stage.run(&[], &["./none"]).exited(127).said("there is no command `./none`");
    stage.run(&[], &["./text"]).exited(126).said("`./text` cannot be run: it is not executable");
    stage.run(&[], &[&directory]).exited(126).said("it is a directory");
    let many = stage.file("terragrunt");
    std::os::unix::fs::symlink("/bin/true", &many).unwrap();
    let many = many.display().to_string();
    stage.run(&[], &[&many, "run-all", "apply"]).exited(2).said("works on many states");
    stage.let_go();
    holder.wait().exited(0);
}

#[test]
fn a_program_that_cannot_be_started_leaves_no_lock() {
    let stage = Stage::new(Backend::Lockfile);
    let broken = stage.file("broken");
    std::fs::write(&broken, "#!/no/such/interpreter\n").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&broken, mode).unwrap();
    stage.run(&[], &["./broken"]).exited(127).said("could not start ./broken");
    stage.assert_free();
}

#[test]
fn p1_a_workspace_that_is_selected_while_the_lock_is_waited_for_is_not_worked_on() {
    let stage = Stage::new(Backend::Lockfile);
    let (bucket, key) = (crate::stage::BUCKET, crate::stage::KEY);
    let block = format!(
        "terraform {{\n  backend \"s3\" {{\n    bucket = \"{bucket}\"\n    key = \"{key}\"\n    \
         use_lockfile = true\n  }}\n}}\n"
    );
    std::fs::write(stage.file("main.tf"), block).unwrap();
    std::fs::create_dir(stage.file(".terraform")).unwrap();
    let selection = stage.file(".terraform/environment");
    let run = |options: &[&str], words: &[&str]| {
        let mut command = stage.command(env!("CARGO_BIN_EXE_statelock"));
        command.arg("run").args(options).arg("--").args(words);
        stage.start_command(command)
    };
    // What the command selects by itself is its own affair.
    run(&[], &["sh", "-c", "printf other > .terraform/environment"]).wait().exited(0);
    std::fs::remove_file(&selection).unwrap();
    let mut holder = stage.start(&[], &["sh", "-c", HOLD]);
    holder.await_file(&stage.started());
    let mut waiter = run(&["--wait", "2m"], &["touch", "mark"]);
    waiter.await_stderr("waiting for the lock");
    std::fs::write(&selection, "prod").unwrap();
    stage.let_go();
    holder.wait().exited(0);
    let ended = waiter.wait();
    ended.exited(2).said("env:/prod").said("the command was not run");
    assert!(!stage.file("mark").exists());
    std::fs::remove_file(&selection).unwrap();
    stage.assert_free();
}

#[test]
fn bad_input_ends_with_2_and_runs_nothing() {
    let stage = Stage::new(Backend::Lockfile);
    let mark = stage.file("mark").display().to_string();
    for arguments in [
        vec!["run", ADDRESS, "touch", &mark],
        vec!["run", ADDRESS],
        vec!["run", ADDRESS, "--"],
        vec!["run", ADDRESS, "--wait", "soon", "--", "touch", &mark],
        vec!["run", ADDRESS, "--check-every", "0s", "--", "touch", &mark],
        vec!["run", ADDRESS, "--on-lost", "cry", "--", "touch", &mark],
        vec!["run", ADDRESS, "--reason", " ", "--", "touch", &mark],
        vec!["run", "s3://tfstate", "--", "touch", &mark],
        vec!["run", "no-such-directory", "--", "touch", &mark],
    ] {
        let mut command = stage.command(env!("CARGO_BIN_EXE_statelock"));
        command.args(&arguments);
        stage.start_command(command).wait().exited(2);
        assert!(!stage.file("mark").exists(), "{arguments:?}");
    }
    stage.assert_free();
}

#[test]
fn terraforms_variables_reach_the_command_extended() {
    let stage = Stage::new(Backend::Lockfile);
    let mut command = stage.run_command(&[], &["sh", "-c", "env"]);
    command.env("TF_CLI_ARGS_plan", "-var 'a=b c' -lock=true").env("TF_CLI_ARGS", "-no-color");
    let ended = stage.start_command(command).wait();
    let said = String::from_utf8(ended.exited(0).stdout.clone()).unwrap();
    let value = |name: &str| {
        let lines = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        lines.map(str::to_owned)
    };
    assert_eq!(value("TF_CLI_ARGS").as_deref(), Some("-no-color"));
    let plan = value("TF_CLI_ARGS_plan");
    assert_eq!(plan.as_deref(), Some("-lock=false -var 'a=b c' -lock=false"));
    assert_eq!(value("TF_CLI_ARGS_state_replace_provider").as_deref(), Some("-lock=false"));
    assert_eq!(value("TF_CLI_ARGS_workspace_new"), None);
    assert!(value("STATELOCK_LOCK_ID").is_some_and(|id| id.len() == 36));
}

#[test]
fn a_run_inside_a_run_of_the_same_state_does_not_lock_again() {
    for kind in crate::stage::KINDS {
        let stage = Stage::new(kind);
        let binary = env!("CARGO_BIN_EXE_statelock");
        let mut inner = vec![binary, "run", ADDRESS];
        inner.extend(stage.mode());
        inner.extend(["--", "sh", "-c", "echo $STATELOCK_LOCK_ID; exit 9"]);
        let script = format!("echo $STATELOCK_LOCK_ID; exec {}", quoted(&inner));
        let ended = stage.run(&[], &["sh", "-c", &script]);
        ended.exited(9).said("is held around this command already");
        let said = String::from_utf8(ended.stdout.clone()).unwrap();
        let ids: Vec<_> = said.lines().collect();
        assert_eq!((ids.len(), ids.first()), (2, ids.last()), "{kind}: {said}");
        stage.assert_free();
    }
}

#[test]
fn a_run_inside_a_run_of_another_state_takes_its_own_lock() {
    let stage = Stage::new(Backend::Lockfile);
    let binary = env!("CARGO_BIN_EXE_statelock");
    let other = ["s3://tfstate/other", "--", "sh", "-c", "echo $STATELOCK_LOCK_ID"];
    let inner = quoted(&[&[binary, "run"], &other[..]].concat());
    let ended = stage.run(&[], &["sh", "-c", &format!("echo $STATELOCK_LOCK_ID; {inner}")]);
    let said = String::from_utf8(ended.exited(0).stdout.clone()).unwrap();
    let ids: Vec<_> = said.lines().collect();
    assert!(ids.len() == 2 && ids.first() != ids.last(), "{said}");
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
}
