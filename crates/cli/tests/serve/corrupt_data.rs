//! A damaged or foreign database: exit code 11, and not a byte is changed.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use object_store::ObjectStoreExt;
use object_store::path::Path as Key;
use statelock_testkit::server_process::ServerProcess;
use tempfile::TempDir;

use crate::bad_data::binary;
use crate::launch::{contents, launch, text};
use crate::stage::{Stage, client_of};

const OBJECTS: usize = 40;

/// A data directory that a server filled and closed in order.
fn filled(scratch: &TempDir) -> PathBuf {
    let data = scratch.path().join("data");
    let mut stage = Stage::with(ServerProcess::start(binary(), &data, &[]));
    for number in 0..OBJECTS {
        stage.put(&key_of(number), body_of(number));
    }
    assert!(stage.server.terminate().success(), "{}", stage.server.stderr());
    data
}

fn key_of(number: usize) -> String {
    format!("team-{number}/terraform.tfstate")
}

fn body_of(number: usize) -> String {
    format!("{{\"serial\":{number}}}").repeat(30)
}

/// All objects of a server that runs on `data`.
fn read_all(address: SocketAddr, data: &Path) -> Vec<String> {
    let file = fs::read_to_string(data.join("credentials")).expect("the credentials");
    let value = |name| file.lines().find_map(|line| line.strip_prefix(name)).expect("a setting");
    let (id, secret) = (value("aws_access_key_id = "), value("aws_secret_access_key = "));
    let client = client_of(&format!("http://{address}"), id, secret);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let read = async |number| {
        let found = client.get(&Key::from(key_of(number))).await?;
        Ok::<_, object_store::Error>(String::from_utf8_lossy(&found.bytes().await?).into_owned())
    };
    (0..OBJECTS)
        .map(|number| runtime.block_on(read(number)).expect("an object can be read"))
        .collect()
}

/// The server refuses the directory as corrupt, says so clearly, and leaves it alone.
fn refused(data: &Path, phrases: &[&str]) {
    let before = stored(data);
    let ended = launch(&["serve", "--listen", "127.0.0.1:0", "--data", text(data)], &[]).ends();
    let path = format!("database `{}` is corrupt", data.join("statelock.db").display());
    ended.refused_at_once(11, &[&path, "keep a copy of the directory and restore a backup"]);
    ended.refused_at_once(11, phrases);
    assert_eq!(stored(data), before, "a refused directory was changed");
}

/// Everything but the lock file, which names whoever looked last.
fn stored(data: &Path) -> Vec<(String, usize, u64)> {
    contents(data).into_iter().filter(|(name, ..)| !name.ends_with("/lock")).collect()
}

#[test]
fn garbage_is_not_a_database() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = filled(&scratch);
    let database = data.join("statelock.db");
    for garbage in [b"garbage".to_vec(), vec![0; 16384], vec![0xff; 100_000]] {
        fs::write(&database, garbage).expect("the file can be written");
        refused(&data, &["not a"]);
    }
    fs::write(&database, b"").expect("the file can be written");
    refused(&data, &["it is empty"]);
}

#[test]
fn a_truncated_database_is_noticed() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = filled(&scratch);
    let database = data.join("statelock.db");
    let whole = fs::read(&database).expect("the database");
    for kept in [whole.len() - 1, whole.len() - 4096, whole.len() / 2, 4096, 50] {
        fs::write(&database, &whole[..kept]).expect("the file can be written");
        refused(&data, &[]);
    }
    fs::write(&database, &whole).expect("the file can be written");
    launch(&["serve", "--listen", "127.0.0.1:0", "--data", text(&data)], &[]).listens();
}

#[test]
fn flipped_bytes_are_noticed_and_never_served() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = filled(&scratch);
    let database = data.join("statelock.db");
    let whole = fs::read(&database).expect("the database");
    // Every record of an object names its key; one letter of each of some is changed.
    let wanted = b"/terraform.tfstate";
    let places: Vec<_> = (0..whole.len() - wanted.len())
        .filter(|at| whole[*at..].starts_with(wanted))
        .step_by(9)
        .collect();
    assert!(places.len() > 3, "only {} places", places.len());
    let mut refusals = 0;
    for at in places {
        let mut damaged = whole.clone();
        damaged[at + 1] ^= 0x01;
        fs::write(&database, &damaged).expect("the file can be written");
        refusals += usize::from(refused_or_harmless(&data));
    }
    assert!(refusals > 3, "only {refusals} refusals");
}

/// Free space holds old copies of rows, and damage there is none. So: either the server refuses to
/// start, or every object is what it was.
fn refused_or_harmless(data: &Path) -> bool {
    let mut server = launch(&["serve", "--listen", "127.0.0.1:0", "--data", text(data)], &[]);
    if let Some(address) = server.listens_or_ends() {
        for (number, body) in read_all(address, data).iter().enumerate() {
            assert_eq!(body, &body_of(number), "damage is served");
        }
        return false;
    }
    server.ends().refused_at_once(11, &["is corrupt", "restore a backup"]);
    true
}

#[test]
fn the_database_of_another_application_is_refused_and_not_touched() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = filled(&scratch);
    let database = data.join("statelock.db");
    let mut foreign = fs::read(&database).expect("the database");
    // SQLite's header: the application at byte 68, and both format versions (rollback journal).
    foreign[68..72].copy_from_slice(b"abcd");
    foreign[18..20].copy_from_slice(&[1, 1]);
    fs::write(&database, &foreign).expect("the file can be written");
    refused(&data, &["it is not a statelock database"]);
}

#[test]
fn a_database_of_a_newer_format_says_which_program_reads_it() {
    let scratch = TempDir::new().expect("a scratch directory");
    let data = filled(&scratch);
    let database = data.join("statelock.db");
    let mut newer = fs::read(&database).expect("the database");
    newer[60..64].copy_from_slice(&2_u32.to_be_bytes());
    fs::write(&database, &newer).expect("the file can be written");
    let before = stored(&data);
    let ended = launch(&["serve", "--listen", "127.0.0.1:0", "--data", text(&data)], &[]).ends();
    ended.refused_at_once(11, &["has format 2", "reads formats up to 1", "a newer one"]);
    assert_eq!(stored(&data), before, "a refused directory was changed");
}
