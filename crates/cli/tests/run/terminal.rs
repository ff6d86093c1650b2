//! On a terminal, Ctrl-C goes to everybody in the foreground: it is not handed on once more.

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Stdio};

use statelock_testkit::real_clients::terraform::Backend;
use statelock_testkit::server_process::wait_until;
use statelock_testkit::skip::skip;

use crate::job::{BOUND, text};
use crate::stage::Stage;

#[test]
fn ctrl_c_reaches_the_command_once() {
    if Command::new("script").arg("--version").output().is_err() {
        skip("run: Ctrl-C", "no `script` of util-linux, which makes a terminal");
        return;
    }
    let stage = Stage::new(Backend::Lockfile);
    let counted = stage.file("counted");
    let shell = format!(
        "trap 'echo SIGINT >> {}' INT; echo x > $STARTED; until [ -e $RELEASE ]; do sleep 0.05; done",
        counted.display()
    );
    std::fs::write(stage.file("counts.sh"), shell).unwrap();
    let inner = stage.run_command(&[], &["sh", "counts.sh"]);
    let words: Vec<_> = std::iter::once(inner.get_program()).chain(inner.get_args()).collect();
    let line = words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    // The shell between would end by Ctrl-C.
    let line = format!("exec {line}");
    let mut command = stage.command("script");
    command.args(["-q", "-e", "-c", &line, "/dev/null"]);
    let screen = stage.file("screen");
    let shown = File::create(&screen).unwrap();
    let mut script = command.stdin(Stdio::piped()).stdout(shown).spawn().unwrap();
    let mut keyboard = script.stdin.take().unwrap();
    assert!(wait_until(BOUND, || stage.started().exists().then_some(())).is_some());
    for presses in 1..=2 {
        keyboard.write_all(b"\x03").unwrap();
        keyboard.flush().unwrap();
        let seen = wait_until(BOUND, || (text(&counted).lines().count() >= presses).then_some(()));
        assert!(seen.is_some(), "Ctrl-C did not reach the command");
    }
    assert_eq!(stage.held_id().len(), 36, "the lock is kept");
    stage.let_go();
    let status = wait_until(BOUND, || script.try_wait().unwrap()).expect("it ends");
    assert_eq!(status.code(), Some(0));
    assert_eq!(text(&counted), "SIGINT\nSIGINT\n");
    // Two that come together look like one to a shell; so what was not sent must not be told either.
    let screen = text(&screen);
    assert!(screen.contains("^C") && !screen.contains("told to stop"), "{screen}");
    stage.assert_free();
}
