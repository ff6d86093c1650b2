//! Addresses, directories and credentials files that cannot be used.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use statelock_testkit::server_process::ServerProcess;
use tempfile::TempDir;

use crate::launch::{contents, launch, text};

/// The arguments of a server on `data` that must not come to listen.
fn serve_on(data: &Path) -> [&str; 5] {
    ["serve", "--listen", "127.0.0.1:0", "--data", text(data)]
}

fn started_once(scratch: &TempDir) -> std::path::PathBuf {
    let data = scratch.path().join("data");
    let mut server = ServerProcess::start(binary(), &data, &[]);
    assert!(server.terminate().success(), "{}", server.stderr());
    data
}

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_statelock"))
}

#[test]
fn a_port_that_is_taken_is_named_and_nothing_is_made() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = holder.local_addr().expect("an address").to_string();
    let scratch = TempDir::new().expect("a scratch directory");
    let data = scratch.path().join("data");
    let ended = launch(&["serve", "--listen", &address, "--data", text(&data)], &[]).ends();
    let said = format!("could not listen on `{address}`");
    ended.refused_at_once(8, &[&said, "another program listens there", "--listen"]);
    assert!(!data.exists(), "the data directory was made");
}

#[test]
fn an_address_of_another_machine_is_named_and_nothing_is_made() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = scratch.path().join("data");
    // A block that is reserved for documentation: no machine has it.
    let args = ["serve", "--listen", "192.0.2.1:9000", "--data", text(&data)];
    let phrases =
        ["could not listen on `192.0.2.1:9000`", "choose an address of this machine with --listen"];
    launch(&args, &[]).ends().refused_at_once(8, &phrases);
    assert!(!data.exists(), "the data directory was made");
}

#[test]
fn a_data_directory_that_cannot_be_is_named() {
    let scratch = TempDir::new().expect("a scratch directory");
    let file = scratch.path().join("file");
    fs::write(&file, "mine").expect("a file");
    let (below, in_proc) = (file.join("below"), Path::new("/proc/statelock/data"));
    for storage in ["embedded", "memory"] {
        for data in [&file, &below, in_proc] {
            let mut args = serve_on(data).to_vec();
            args.extend(["--storage", storage]);
            let path = format!("`{}`", data.display());
            let phrases = ["could not create", &path, "may write to it", "--data"];
            launch(&args, &[]).ends().refused_at_once(8, &phrases);
        }
    }
    assert_eq!(fs::read(&file).expect("the file is there"), b"mine");
}

#[test]
fn a_directory_that_another_server_holds_is_refused_and_its_holder_named() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = scratch.path().join("data");
    let mut holder = launch(&serve_on(&data), &[]);
    holder.listens();
    let before = contents(&data);
    let second = launch(&serve_on(&data), &[]).ends();
    let (path, pid) = (format!("`{}`", data.display()), format!("process {}", holder.pid()));
    second.refused_at_once(8, &[&path, "is in use by", &pid, "stop it", "--data"]);
    assert_eq!(contents(&data), before, "the holder's files were touched");
    holder.terminate();
    assert_eq!(holder.ends().code, Some(0), "the holder was disturbed");
}

#[test]
fn a_credentials_file_that_others_can_read_is_refused() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = started_once(&scratch);
    let file = data.join("credentials");
    for mode in [0o644, 0o640, 0o606] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("a mode");
        let path = format!("`{}`", file.display());
        let said = format!("has mode 0{mode:o}: others can use the key");
        let ended = launch(&serve_on(&data), &[]).ends();
        ended.refused_at_once(2, &[&path, &said, "chmod 600"]);
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
    launch(&serve_on(&data), &[]).listens();
}

#[test]
fn a_credentials_file_that_is_not_ours_is_refused_and_kept() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = started_once(&scratch);
    let file = data.join("credentials");
    let key = "[default]\naws_access_key_id = operator\n";
    let secret = "aws_secret_access_key = correct-horse\n";
    for (malformed, said) in [
        (String::new(), "has no `aws_access_key_id`"),
        ("garbage".to_owned(), "something unexpected on line 1"),
        (key.to_owned(), "has no `aws_secret_access_key`"),
        (format!("{key}{secret}{secret}"), "repeats a setting on line 4"),
        (format!("{key}{secret}[other]\n"), "something unexpected on line 4"),
        (format!("{key}{secret}region = x\n"), "unknown setting on line 4"),
        (format!("{key}aws_secret_access_key = short\n"), "holds an unusable key"),
    ] {
        fs::write(&file, &malformed).expect("the file can be written");
        let path = format!("`{}`", file.display());
        let ended = launch(&serve_on(&data), &[]).ends();
        ended.refused_at_once(2, &[&path, said, "correct it, or delete it"]);
        assert!(!ended.stderr.contains("correct-horse"), "the secret is shown: {ended:?}");
        assert_eq!(fs::read_to_string(&file).expect("still there"), malformed);
    }
    fs::write(&file, b"\xff\xfe").expect("the file can be written");
    launch(&serve_on(&data), &[]).ends().refused_at_once(2, &["is not UTF-8 text", "delete it"]);
}

#[test]
fn a_directory_in_the_place_of_the_credentials_file_is_refused() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = started_once(&scratch);
    let file = data.join("credentials");
    fs::remove_file(&file).expect("the file can be removed");
    fs::create_dir(&file).expect("a directory");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).expect("a mode");
    let path = format!("could not read `{}`", file.display());
    launch(&serve_on(&data), &[]).ends().refused_at_once(8, &[&path, "hint: "]);
}
