//! On a terminal, Ctrl-C goes to everybody in the foreground: it is not handed on once more. What the
//! terminal does not send has to reach everybody too.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use statelock_testkit::real_clients::terraform::Backend;
use statelock_testkit::server_process::{send_signal, wait_until};
use statelock_testkit::skip::skip;

use crate::job::{BOUND, text};
use crate::losses::TOLD;
use crate::stage::Stage;

/// `statelock run` on a terminal of its own.
struct OnTerminal {
    script: Child,
    keyboard: ChildStdin,
    screen: PathBuf,
}

impl OnTerminal {
    /// Runs a command, and waits until it has begun; `None` if there is nothing that makes a terminal.
    fn start(stage: &Stage, scenario: &str, options: &[&str], words: &[&str]) -> Option<Self> {
        if Command::new("script").arg("--version").output().is_err() {
            skip(scenario, "no `script` of util-linux, which makes a terminal");
            return None;
        }
        let inner = stage.run_command(options, words);
        let words: Vec<_> = std::iter::once(inner.get_program()).chain(inner.get_args()).collect();
        let line = words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        // The shell between would end by Ctrl-C.
        let line = format!("exec {line}");
        let mut command = stage.command("script");
        command.args(["-q", "-e", "-c", &line, "/dev/null"]);
        let screen = stage.file("screen");
        let shown = File::create(&screen).expect("a file for the screen");
        let mut script = command.stdin(Stdio::piped()).stdout(shown).spawn().expect("script runs");
        let keyboard = script.stdin.take().expect("its standard input");
        assert!(wait_until(BOUND, || stage.started().exists().then_some(())).is_some());
        Some(Self { script, keyboard, screen })
    }

    fn screen(&self) -> String {
        text(&self.screen)
    }

    fn end(&mut self) -> Option<i32> {
        let ended = wait_until(BOUND, || self.script.try_wait().expect("it can be asked"));
        assert!(ended.is_some(), "no end:\n{}", self.screen());
        ended.and_then(|status| status.code())
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        // Both fail only if it has already ended and been reaped.
        self.script.kill().ok();
        self.script.wait().ok();
    }
}

#[test]
fn ctrl_c_reaches_the_command_once() {
    let stage = Stage::new(Backend::Lockfile);
    let counted = stage.file("counted");
    let shell = format!(
        "trap 'echo SIGINT >> {}' INT; echo x > $STARTED; until [ -e $RELEASE ]; do sleep 0.05; done",
        counted.display()
    );
    stage.script("counts.sh", &shell);
    let started = OnTerminal::start(&stage, "run: Ctrl-C", &[], &["./counts.sh"]);
    let Some(mut terminal) = started else { return };
    for presses in 1..=2 {
        terminal.keyboard.write_all(b"\x03").unwrap();
        terminal.keyboard.flush().unwrap();
        let seen = wait_until(BOUND, || (text(&counted).lines().count() >= presses).then_some(()));
        assert!(seen.is_some(), "Ctrl-C did not reach the command");
    }
    assert_eq!(stage.held_id().len(), 36, "the lock is kept");
    stage.let_go();
    assert_eq!(terminal.end(), Some(0));
    assert_eq!(text(&counted), "SIGINT\nSIGINT\n");
    // Two that come together look like one to a shell; so what was not sent must not be told either.
    let screen = terminal.screen();
    assert!(screen.contains("^C") && !screen.contains("told to stop"), "{screen}");
    stage.assert_free();
}

#[test]
fn p1_a_lost_lock_stops_all_that_works_under_it_on_a_terminal_too() {
    let stage = Stage::new(Backend::Lockfile);
    stage.script("terraform", TOLD);
    stage.script("job.sh", "trap : INT; ./terraform first; ./terraform second");
    let options = ["--check-every", "1s"];
    let started = OnTerminal::start(&stage, "run: a lost lock", &options, &["./job.sh"]);
    let Some(mut terminal) = started else { return };
    stage.remove_lock(&stage.started_under());
    assert_eq!(terminal.end(), Some(3), "{}", terminal.screen());
    let screen = terminal.screen();
    assert_eq!(screen.matches("first told").count(), 1, "{screen}");
    assert_eq!(screen.matches("second told").count(), 1, "{screen}");
    stage.assert_free();
}

#[test]
fn sigterm_reaches_what_the_command_has_started_once_on_a_terminal_too() {
    let stage = Stage::new(Backend::Lockfile);
    stage.script("terraform", TOLD);
    // A shell that ends by the signal leaves its terraform behind.
    stage.script("job.sh", "echo $PPID > $RELEASE.pid; ./terraform first; ./terraform second");
    let started = OnTerminal::start(&stage, "run: SIGTERM", &[], &["./job.sh"]);
    let Some(mut terminal) = started else { return };
    send_signal("TERM", text(&stage.file("release.pid")).trim().parse().expect("a pid"));
    assert_eq!(terminal.end(), Some(130), "{}", terminal.screen());
    let screen = terminal.screen();
    assert_eq!(screen.matches("first told").count(), 1, "{screen}");
    assert_eq!(screen.matches("second").count(), 0, "{screen}");
    stage.assert_free();
}
