//! The verb itself: where the text comes from, what is printed, how it ends.

use std::fs;
use std::process::{Command, Stdio};

use crate::fixture::explain;

const HELD: &str = "\
Error: Error acquiring the state lock

Error message: operation error S3: PutObject, https response error StatusCode: 412, RequestID: R, HostID: H, api error PreconditionFailed: x
Lock Info:
  ID:        11111111-2222-3333-4444-555555555555
  Path:      states/it's here/terraform.tfstate
  Operation: OperationTypeApply
  Who:       \u{1b}[31mme@host
  Version:   1.11.4
  Created:   2026-11-21 20:58:50.5 +0000 UTC
  Info:      
";

#[test]
fn commands_are_filled_and_safe_to_paste() {
    let output = explain(&[], HELD.as_bytes());
    assert_eq!(output.status.code(), Some(0));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.starts_with("Somebody else holds the lock (lock-held, line 1)\n"), "{shown}");
    let command = r"statelock force-unlock 's3://states/it'\''s here/terraform.tfstate' 11111111-2222-3333-4444-555555555555";
    assert!(shown.contains(command), "{shown}");
    let who = shown.lines().any(|line| line.split_whitespace().eq(["who", "me@host"]));
    assert!(who, "{shown}");
    assert!(!shown.contains('\u{1b}') && !shown.contains("-lock=false"), "{shown}");
}

#[test]
fn a_text_comes_from_arguments_a_file_or_stdin() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.log");
    fs::write(&file, HELD).unwrap();
    let from_stdin = explain(&["--json", "-"], HELD.as_bytes());
    let from_file = explain(&["--json", "--file", file.to_str().unwrap()], b"");
    let from_arguments = explain(&["--json", HELD], b"");
    assert!(String::from_utf8_lossy(&from_stdin.stdout).contains("\"lock-held\""));
    assert_eq!(from_file.stdout, from_stdin.stdout);
    assert_eq!(from_arguments.stdout, from_stdin.stdout);
}

#[test]
fn the_name_of_a_file_as_text_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("held.txt");
    fs::write(&file, HELD).unwrap();
    let name = file.to_str().unwrap();
    let output = explain(&[name], b"");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(&format!("hint: to read it: statelock explain --file {name}\n")),
        "{said}"
    );
}

#[test]
fn nothing_known_is_said_so() {
    for args in [&["all is well"][..], &["--json", "all is well"]] {
        let output = explain(args, b"");
        assert_eq!(output.status.code(), Some(6));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("error: nothing in this text is known\n"), "{said}");
        assert!(said.contains("hint: ") && said.contains("statelock explain --list"), "{said}");
    }
    let output = explain(&["--json", "all is well"], b"");
    assert_eq!(output.stdout, b"{\"explanations\":[],\"schema\":1}\n");
}

#[test]
fn a_missing_file_and_two_sources_are_bad_input() {
    let missing = explain(&["--file", "/nowhere/job.log"], b"");
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("/nowhere/job.log"));
    assert_eq!(explain(&["--file", "x", "text"], b"").status.code(), Some(2));
}

/// `script` gives the command a terminal.
#[test]
fn without_a_text_a_terminal_is_told_how_to_give_one() {
    let explain = format!("'{}' explain", env!("CARGO_BIN_EXE_statelock"));
    let run =
        Command::new("script").args(["-qec", &explain, "/dev/null"]).stdin(Stdio::null()).output();
    let Ok(output) = run else {
        statelock_testkit::skip::skip("script", "it is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("there is no text to explain") && said.contains("2>&1 | statelock"),
        "{said}"
    );
}

#[test]
fn of_a_long_text_the_end_is_looked_at() {
    let mut log = "module.x: Refreshing state...\n".repeat(200_000);
    log.push_str(HELD);
    let output = explain(&["--json"], log.as_bytes());
    assert_eq!(output.status.code(), Some(0));
    assert!(
        String::from_utf8_lossy(&output.stderr).starts_with("note: the text is longer than 4 MiB")
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"line\":200001,"));
}

#[test]
fn secrets_are_not_echoed() {
    let url = "Error: Error acquiring the state lock\n\nError message: Failed to lock: LOCK \
               https://me:hunter2@host/state?token=abcdef giving up after 3 attempt(s)\n";
    let shown = String::from_utf8(explain(&[], url.as_bytes()).stdout).unwrap();
    assert!(shown.contains("https://[hidden]@host/state?token=[hidden]"), "{shown}");
    let with_key = HELD.replace("me@host", "AKIAIOSFODNN7EXAMPLE");
    for args in [&[][..], &["--json"]] {
        let shown = String::from_utf8(explain(args, with_key.as_bytes()).stdout).unwrap();
        assert!(shown.contains("[hidden]") && !shown.contains("AKIAIOSFODNN7EXAMPLE"), "{shown}");
    }
}
