//! On a terminal a probe says how far it is, and takes that away again.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use statelock_testkit::command::BOUND;
use statelock_testkit::fault_proxy::{Fault, FaultProxy};
use statelock_testkit::server_process::wait_until;
use statelock_testkit::skip::skip;

use crate::stage::{BUCKET, PLACE, QUICK, Stage};

/// What a terminal showed in the end, row by row.
fn rows(shown: &str) -> Vec<String> {
    let mut rows = vec![String::new()];
    for piece in shown.split_inclusive(['\r', '\n']) {
        let row = rows.last_mut().expect("a row");
        let text = piece.trim_end_matches(['\r', '\n']);
        let text = text.replace("\x1b[?7l", "").replace("\x1b[?7h", "");
        // Each line that is drawn is drawn from the begin of a row on, and erases what is behind it.
        match text.split_once("\x1b[K") {
            Some((drawn, after)) => *row = format!("{drawn}{after}"),
            None if text.is_empty() => {}
            None => row.push_str(&text),
        }
        if piece.ends_with('\n') {
            rows.push(String::new());
        }
    }
    rows
}

/// `statelock probe` on a terminal, whose screen goes to a file.
fn on_terminal(stage: &Stage, endpoint: &str, rest: &[&str]) -> Option<Child> {
    if Command::new("script").arg("--version").output().is_err() {
        skip("probe on a terminal", "no `script` of util-linux, which makes a terminal");
        return None;
    }
    let binary = env!("CARGO_BIN_EXE_statelock");
    let words = [&[binary, "probe", PLACE], QUICK, rest].concat();
    // The shell between would end by a signal.
    let line = format!("exec {}", words.join(" "));
    let shown = File::create(stage.scratch.path().join("screen")).expect("a file");
    let mut command = stage.command(endpoint, &[]);
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-c", &line, "/dev/null"]).env_clear().env("PATH", "/usr/bin:/bin");
    script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null());
    Some(script.stdin(Stdio::piped()).stdout(shown).spawn().expect("script runs"))
}

/// A probe that says that it is in the second round of a race, and stays there until the proxy lets go.
fn held_in_a_race(stage: &Stage) -> Option<(FaultProxy, Child)> {
    let proxy = stage.server.proxy();
    proxy.inject_on(Fault::HoldRequest, 1, |request| {
        request.method == "PUT" && request.path.contains("/swap-1.json")
    });
    let script = on_terminal(stage, &proxy.endpoint(), &[])?;
    assert!(proxy.await_held(BOUND), "it comes to the race: {}", screen(stage));
    let says = "8 of 14: PutObject If-Match, at once, round 2 of 2";
    let seen = wait_until(BOUND, || screen(stage).contains(says).then_some(()));
    assert!(seen.is_some(), "{}", screen(stage));
    Some((proxy, script))
}

fn screen(stage: &Stage) -> String {
    std::fs::read_to_string(stage.scratch.path().join("screen")).unwrap_or_default()
}

#[track_caller]
fn ended(stage: &Stage, script: &mut Child, code: i32) {
    let end = wait_until(BOUND, || script.try_wait().expect("it can be asked"));
    assert_eq!(end.and_then(|status| status.code()), Some(code), "{}", screen(stage));
}

/// No row has anything of a line that was drawn.
#[track_caller]
fn assert_erased(shown: &str) {
    for row in rows(shown) {
        let drawn = ["removing what was written", "reaching the store", " of 14: "];
        let stays = drawn
            .into_iter()
            .find(|part| row.starts_with(part) || part.starts_with(' ') && row.contains(part));
        assert!(stays.is_none() && !row.contains('\x1b'), "{row:?} stays of {shown:?}");
    }
}

#[test]
fn it_says_what_it_tries_and_leaves_no_trace_of_that() {
    let stage = Stage::statelock();
    let Some((proxy, mut script)) = held_in_a_race(&stage) else { return };
    proxy.let_go();
    ended(&stage, &mut script, 0);
    let shown = screen(&stage);
    assert_erased(&shown);
    assert!(rows(&shown).iter().any(|row| row.starts_with("use_lockfile is safe here")), "{shown}");
}

#[test]
fn the_line_is_gone_before_it_says_that_it_was_interrupted() {
    use std::io::Write as _;
    let stage = Stage::statelock();
    let Some((proxy, mut script)) = held_in_a_race(&stage) else { return };
    let keyboard = script.stdin.as_mut().expect("a keyboard");
    keyboard.write_all(b"\x03").expect("Ctrl-C");
    keyboard.flush().expect("Ctrl-C");
    let said = wait_until(BOUND, || screen(&stage).contains("stopping, and").then_some(()));
    proxy.let_go();
    assert!(said.is_some(), "{}", screen(&stage));
    ended(&stage, &mut script, 130);
    let shown = screen(&stage);
    assert_erased(&shown);
    let said = rows(&shown);
    // The terminal itself shows `^C` where the cursor was.
    let has = |text: &str| said.iter().any(|row| row.trim_start_matches("^C").starts_with(text));
    assert!(has("note: SIGINT: stopping, and removing"), "{shown:?}");
    assert!(has("error: stopped by SIGINT"), "{shown:?}");
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn for_programs_and_in_logs_nothing_is_drawn() {
    let stage = Stage::statelock();
    let in_a_log = stage.probe(&[]);
    in_a_log.ended(0, "probe of");
    assert!(!in_a_log.stderr.contains('\x1b') && !in_a_log.stdout.contains('\x1b'));
    let Some(mut script) = on_terminal(&stage, &stage.server.endpoint(), &["--json"]) else {
        return;
    };
    ended(&stage, &mut script, 0);
    let shown = screen(&stage);
    assert!(shown.contains("\"exit_code\":0") && !shown.contains('\x1b'), "{shown:?}");
}
