//! Flags and variables that cannot be meant so: exit code 2, one message, nothing made.

use tempfile::TempDir;

use crate::launch::{launch, text};

/// Runs `serve` on a directory that does not exist yet, and asserts that it is not made.
fn refused(args: &[&str], env: &[(&str, &str)], phrases: &[&str]) {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = scratch.path().join("data");
    let mut all = vec!["serve", "--data", text(&data), "--listen", "127.0.0.1:0"];
    all.extend_from_slice(args);
    launch(&all, env).ends().refused_at_once(2, phrases);
    assert!(!data.exists(), "{args:?} made the data directory");
}

#[test]
fn flags_that_do_not_exist_are_named() {
    refused(&["--lisen", "1"], &[], &["'--lisen'", "'--listen'", "--help"]);
    refused(&["surplus"], &[], &["'surplus'", "--help"]);
    refused(&["--data"], &[], &["'--data <DIR>'"]);
    // The secret is no flag: other users of the machine can read a process's arguments.
    refused(&["--root-secret-access-key", "x"], &[], &["--root-secret-access-key", "--help"]);
}

#[test]
fn a_wrong_value_is_named_with_its_flag_and_what_would_be_right() {
    for (flag, value, rule) in [
        ("--storage", "disk", "embedded, memory"),
        ("--log-format", "xml", "text, json"),
        ("--connections-max", "0", "1..=1000000"),
        ("--header-timeout-seconds", "0", "1..=3600"),
        ("--request-timeout-seconds", "1801", "1..=1800"),
        ("--drain-timeout-seconds", "3601", "0..=3600"),
        ("--body-size-bytes-max", "1GB", "invalid digit"),
        ("--body-size-bytes-max", "", "cannot parse integer"),
    ] {
        refused(&[flag, value], &[], &[flag, value, rule, "--help"]);
    }
    refused(&["--drain-timeout-seconds=-1"], &[], &["--drain-timeout-seconds", "'-1'"]);
    refused(&["--waiters-max=-1"], &[], &["--waiters-max", "'-1'"]);
}

#[test]
fn waiters_must_leave_connections_to_those_who_hold_locks() {
    let said = ["--waiters-max 8 leaves no connection", "--connections-max is 8", "hint"];
    refused(&["--connections-max", "8", "--waiters-max", "8"], &[], &said);
    refused(&["--waiters-max", "1024"], &[], &["--connections-max is 1024"]);
}

#[test]
fn an_address_without_a_port_or_with_a_name_is_refused() {
    for value in ["9000", "127.0.0.1", "127.0.0.1:99999", "not an address"] {
        let args = ["serve", "--listen", value];
        launch(&args, &[]).ends().refused_at_once(2, &["--listen <ADDRESS>", value, "--help"]);
    }
}

#[test]
fn variables_are_checked_as_their_flags_are() {
    refused(&[], &[("STATELOCK_STORAGE", "disk")], &["'disk'", "--storage", "embedded, memory"]);
    refused(&[], &[("STATELOCK_CONNECTIONS_MAX", "-5")], &["'-5'", "--connections-max"]);
    refused(&[], &[("STATELOCK_BUCKET", "Big")], &["`Big` is not a bucket name"]);
}

#[test]
fn a_bucket_name_that_s3_does_not_allow_is_refused() {
    let long = "a".repeat(64);
    for name in
        ["Ab_c", "ab", "", "a..b", "-abc", "abc-", "192.168.0.1", "a/b", "\u{fc}mlaut", &long]
    {
        let said = format!("`{name}` is not a bucket name");
        refused(
            &[&format!("--bucket={name}")],
            &[],
            &[&said, "3 to 63", "choose another name with --bucket"],
        );
    }
}

#[test]
fn half_of_a_root_key_is_refused() {
    let (id, secret) = ("STATELOCK_ROOT_ACCESS_KEY_ID", "STATELOCK_ROOT_SECRET_ACCESS_KEY");
    let both = "or neither to have a key made";
    refused(&[], &[(id, "operator")], &[&format!("`{secret}` is not set"), both]);
    refused(&["--root-access-key-id", "operator"], &[], &[&format!("`{secret}` is not set"), both]);
    refused(&[], &[(secret, "correct-horse")], &[&format!("`{id}` is not set"), both]);
    refused(&[], &[(id, "operator"), (secret, "")], &[&format!("`{secret}` is not set"), both]);
}

#[test]
fn a_root_key_that_clients_could_not_use_is_refused_without_showing_the_secret() {
    let (id, secret) = ("STATELOCK_ROOT_ACCESS_KEY_ID", "STATELOCK_ROOT_SECRET_ACCESS_KEY");
    refused(&[], &[(id, "a/b"), (secret, "correct-horse")], &["access key id", "3 to 128"]);
    for bad in ["sh0rt", "with a space in it", "#comment-sign", "line\nbreak-in-it"] {
        let scratch = TempDir::new().expect("a scratch directory");
        let data = scratch.path().join("data");
        let ended =
            launch(&["serve", "--data", text(&data)], &[(id, "operator"), (secret, bad)]).ends();
        ended.refused_at_once(2, &["secret access key", "8 to 128"]);
        assert!(!ended.stderr.contains(bad), "the secret is shown: {ended:?}");
        assert!(!data.exists(), "the data directory was made");
    }
}

#[test]
fn a_log_filter_that_cannot_be_read_is_refused() {
    for filter in ["info,=x=", "verbose", "statelock_server=loud", "[{"] {
        let said = format!("`{filter}` is not a log filter");
        let next = "--log info,statelock_server=debug";
        refused(&["--log", filter], &[], &[&said, next]);
        refused(&[], &[("STATELOCK_LOG", filter)], &[&said, next]);
    }
}
