//! `--follow`: goes on with what happens, and ends quietly.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use statelock_testkit::server_process::{send_signal, wait_until};

use crate::stage::{Stage, ended};

/// Generous: two cores may be busy with other tests.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running `--follow` whose lines are read as they come; dropping it kills it.
struct Following {
    child: Child,
    lines: Receiver<String>,
}

impl Following {
    fn start(stage: &Stage, args: &[&str]) -> Self {
        let mut command = stage.command(&[&["--follow"], args].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary can be started");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        // Ends when the program or the test does.
        drop(std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        }));
        Self { child, lines }
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn records_appear_as_they_are_written() {
    let stage = Stage::start();
    stage.cycle("a", "id-1", "you@laptop");
    let following = Following::start(&stage, &["s3://tfstate/a"]);
    assert!(following.next().starts_with("NUMBER"));
    assert!(following.next().contains("lock_acquired"));
    assert!(following.next().contains("lock_released"));

    stage.cycle("b", "id-2", "you@laptop");
    stage.cycle("a", "id-3", "you@laptop");
    for action in ["lock_acquired", "lock_released"] {
        let line = following.next();
        assert!(line.contains(action) && line.contains("lock id-3"), "{line}");
    }
}

#[test]
fn records_as_json_are_one_per_line() {
    let stage = Stage::start();
    let following = Following::start(&stage, &["--json", "--limit", "1"]);
    let next = || {
        let line: serde_json::Value = serde_json::from_str(&following.next()).expect("JSON");
        assert_eq!(line["schema"], 1);
        line["record"]["number"].as_u64().expect("a number")
    };
    // Only when the first is there is what follows certainly new to it.
    let mut numbers = vec![next()];
    stage.cycle("a", "id-1", "you@laptop");
    numbers.extend([next(), next()]);
    assert!(numbers.is_sorted_by(|a, b| b - a == 1), "none is left out or repeated: {numbers:?}");
}

#[test]
fn ctrl_c_ends_it() {
    let stage = Stage::start();
    let mut following = Following::start(&stage, &[]);
    following.next();
    send_signal("INT", following.child.id());
    let status = wait_until(PATIENCE, || following.child.try_wait().expect("it can be asked"));
    assert!(status.is_some(), "it runs on");
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let stage = Stage::start();
    let mut command = stage.command(&["--follow"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary can be started");
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdout.read_line(&mut line).expect("a line");
    drop(stdout);
    // It notices with the next record that it wants to print.
    stage.cycle("a", "id-1", "you@laptop");
    let ended_by_itself = wait_until(PATIENCE, || child.try_wait().expect("it can be asked"));
    if ended_by_itself.is_none() {
        child.kill().expect("it can be killed");
    }
    let ended = ended(&child.wait_with_output().expect("it has ended"));
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{ended:?}");
}
