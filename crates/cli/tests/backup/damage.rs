//! Damage of a backup, and of what a backup is made of: named, with the file and what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use statelock_testkit::command::Run;

use crate::stage::{Stage, contents, names, state, statelock};

/// The hint where nothing helps but another backup.
const LOST: &str = "it is no backup any more: take another one";
/// The hint where only the access key is not as it was.
const KEY: &str = "the database is as it was made: put this file back as it was";

/// Changes a file of a whole backup, and expects this to be said of it.
#[track_caller]
fn refused(stage: &Stage, file: &str, bytes: &[u8], said: &[&str]) {
    let path = stage.path("one").join(file);
    let whole = fs::read(&path).expect("a file of the backup");
    fs::write(&path, bytes).expect("a file of the backup");
    let before = contents(&stage.path("one"));
    let found = stage.verify("one");
    assert_eq!(contents(&stage.path("one")), before, "looking at it changes nothing");
    found.ended(11, &format!("`{}`", path.display()));
    for text in said {
        found.ended(11, text);
    }
    let (hint, other) = if file == "credentials" { (KEY, LOST) } else { (LOST, KEY) };
    found.ended(11, hint);
    assert!(!found.stderr.contains(other), "{found:?}");
    fs::write(&path, whole).expect("a file of the backup");
}

#[test]
fn a_backup_that_changed_is_named_with_the_file() {
    let stage = Stage::stopped();
    stage.backup("one").ended(0, "");
    let database = fs::read(stage.path("one/statelock.db")).unwrap();
    for at in [0, 20, 5_000, database.len() / 2, database.len() - 1] {
        let mut changed = database.clone();
        changed[at] ^= 4;
        refused(&stage, "statelock.db", &changed, &["does not have the SHA-256 of its backup"]);
    }
    let longer = [&database[..], b"x"].concat();
    for (bytes, said) in
        [(&database[..4096], "has 4096 bytes, and had"), (&longer[..], "bytes, and had")]
    {
        refused(&stage, "statelock.db", bytes, &[said]);
    }
    let manifest = fs::read_to_string(stage.path("one/backup.json")).unwrap();
    refused(&stage, "backup.json", b"{}", &["is no manifest"]);
    let other = manifest.replace("\"states\": 3", "\"states\": 4");
    assert_ne!(other, manifest);
    refused(&stage, "backup.json", other.as_bytes(), &["does not say what the database holds"]);
    stage.verify("one").ended(0, "");

    let newer = manifest.replace("\"schema\": 1", "\"schema\": 2");
    fs::write(stage.path("one/backup.json"), newer).unwrap();
    stage.verify("one").ended(11, "has the manifest format 2, this statelock reads 1");
    fs::write(stage.path("one/backup.json"), manifest).unwrap();
    fs::remove_file(stage.path("one/credentials")).unwrap();
    stage.verify("one").ended(11, "is missing").ended(11, KEY);
    fs::remove_file(stage.path("one/statelock.db")).unwrap();
    stage.verify("one").ended(11, "statelock.db` is missing");
}

#[test]
fn a_log_beside_the_database_is_not_read() {
    let stage = Stage::stopped();
    stage.backup("one").ended(0, "");
    for name in ["statelock.db-wal", "statelock.db-journal", "statelock.db-shm"] {
        let path = stage.path("one").join(name);
        fs::write(&path, "of another day").unwrap();
        let before = contents(&stage.path("one"));
        let said = format!("`{}` is no part of the backup", path.display());
        let found = stage.verify("one");
        found.ended(11, &said).ended(11, "move it away, and verify again");
        assert!(!found.stderr.contains(LOST), "{found:?}");
        assert_eq!(contents(&stage.path("one")), before, "looking at it changes nothing");
        fs::remove_file(path).unwrap();
    }
    stage.verify("one").ended(0, "");
}

#[test]
fn another_access_key_is_noticed_and_no_chosen_secret_can_be_guessed() {
    let stage = Stage::stopped();
    stage.backup("one").ended(0, "");
    let key = fs::read_to_string(stage.path("one/credentials")).unwrap();
    let (rest, secret) = key.trim_end().rsplit_once(" = ").expect("the secret comes last");
    let other = format!("{rest} = {}", secret.chars().rev().collect::<String>());
    assert_ne!(other, key.trim_end());
    refused(&stage, "credentials", other.as_bytes(), &["does not hold the access key"]);
    refused(&stage, "credentials", b"[other]", &["has something unexpected on line 1"]);
    let longer = format!("{key}region = eu-west-1\n");
    refused(&stage, "credentials", longer.as_bytes(), &["has an unknown setting on line 6"]);
    let manifest = fs::read_to_string(stage.path("one/backup.json")).unwrap();
    assert!(manifest.contains("secret_sha256") && !manifest.contains(secret), "{manifest}");
    let chosen = |id: &str| {
        format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = hunter22\n")
    };
    fs::write(stage.data().join("credentials"), chosen("ours")).unwrap();
    stage.backup("two").ended(0, "");
    let manifest = fs::read_to_string(stage.path("two/backup.json")).unwrap();
    assert!(manifest.contains("\"ours\"") && !manifest.contains("secret_sha256"), "{manifest}");
    stage.verify("two").ended(0, "");
    fs::write(stage.path("two/credentials"), chosen("theirs")).unwrap();
    stage.verify("two").ended(11, "does not hold the access key of the backup");
    // Backups of older versions do not say which key they have.
    let mut older: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    older.as_object_mut().unwrap().remove("access_key").unwrap();
    fs::write(stage.path("two/backup.json"), older.to_string()).unwrap();
    stage.verify("two").ended(0, "");
    // What cannot be read is not what is wrong with it.
    fs::remove_file(stage.path("two/credentials")).unwrap();
    fs::create_dir(stage.path("two/credentials")).unwrap();
    let closed = fs::Permissions::from_mode(0o700);
    fs::set_permissions(stage.path("two/credentials"), closed).unwrap();
    stage.verify("two").ended(8, "could not read `").ended(8, "run it as the server's user");
}

/// As `cp -r`, scp and object stores leave it.
#[test]
fn a_backup_that_lost_its_modes_is_whole_and_its_key_is_warned_of() {
    let stage = Stage::stopped();
    stage.backup("one").ended(0, "");
    let before = stage.verify("one");
    let credentials = stage.path("one/credentials");
    for name in names(&stage.path("one")) {
        let open = fs::Permissions::from_mode(0o644);
        fs::set_permissions(stage.path("one").join(name), open).unwrap();
    }
    fs::set_permissions(stage.path("one"), fs::Permissions::from_mode(0o755)).unwrap();
    let found = stage.verify("one");
    found.ended(0, &format!("`{}` has mode 0644: others can use the key", credentials.display()));
    found.ended(0, "run `chmod 600` on it");
    assert_eq!(found.stdout, before.stdout);
    // It is still compared.
    let key = fs::read_to_string(&credentials).unwrap();
    fs::write(&credentials, key.replace("= SL", "= LS")).unwrap();
    stage.verify("one").ended(11, "does not hold the access key of the backup").ended(11, KEY);
    fs::write(&credentials, key).unwrap();

    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)).unwrap();
    let found = stage.verify("one");
    found.ended(0, "");
    assert!(!found.stderr.contains("chmod"), "{found:?}");
    let restored = stage.restored("one");
    assert_eq!(restored.get("app/terraform.tfstate"), Some(state("app", 2)));
}

#[test]
fn a_backup_without_a_key_says_of_a_key_in_it_that_it_is_no_part() {
    let stage = Stage::stopped();
    fs::remove_file(stage.data().join("credentials")).unwrap();
    stage.backup("one").ended(0, "has no `credentials`");
    let whole = stage.verify("one");
    whole.ended(0, "");
    assert!(whole.stdout.contains("and no access key"), "{whole:?}");
    fs::write(
        stage.path("one/credentials"),
        "[default]\naws_access_key_id = ours\naws_secret_access_key = hunter22\n",
    )
    .unwrap();
    let said = format!("`{}` is no part of the backup", stage.path("one/credentials").display());
    stage.verify("one").ended(11, &said).ended(11, "move it away, and verify again");
}

#[test]
fn a_backup_on_which_a_server_ran_is_no_backup_any_more() {
    let stage = Stage::stopped();
    stage.backup("one").ended(0, "");
    let mut serving = crate::stage::Serving::on(&stage.path("one"));
    assert!(serving.server.terminate().success());
    stage.verify("one").ended(11, "start servers on copies");
}

/// The log of the server that was killed is not that of the backup, and SQLite would read it as if it were.
#[test]
fn a_backup_that_is_copied_over_a_killed_servers_files_is_not_mixed_with_its_log() {
    let stage = Stage::new();
    let mut running = stage.serve();
    running.fill();
    stage.backup("one").ended(0, "");
    running.put("late/terraform.tfstate", state("late", 1));
    running.server.kill_hard();
    for name in names(&stage.path("one")) {
        fs::copy(stage.path("one").join(&name), stage.data().join(&name)).unwrap();
    }
    let log = stage.data().join("statelock.db-wal");
    let said = format!("`{}` beside it is the log of another", log.display());
    let mut serve = statelock(&["serve", "--listen", "127.0.0.1:0", "--data"]);
    serve.arg(stage.data());
    Run::of(serve).ended(11, &said);
    stage.backup("two").ended(11, &said);
    fs::remove_file(log).unwrap();
    let restored = stage.serve();
    assert_eq!(restored.get("app/terraform.tfstate"), Some(state("app", 2)));
    assert_eq!(restored.get("late/terraform.tfstate"), None);
}

/// A server notices neither at its start: bodies are looked at when they are read.
#[test]
fn damage_of_the_database_shows_when_it_is_copied() {
    let stage = Stage::new();
    let mut running = stage.serve();
    let body = "a body of its own, not of the others ".repeat(40);
    running.put("one/terraform.tfstate", body.replace("own", "0wn"));
    running.put("incompressible", noise(40_000));
    assert!(running.server.terminate().success());
    let path = stage.data().join("statelock.db");
    let mut database = fs::read(&path).unwrap();
    let marker = &noise(40_000)[20_000..20_100];
    let at = database.windows(100).position(|window| window == marker).expect("the body is found");
    database[at] ^= 1;
    fs::write(&path, database).unwrap();
    drop(stage.serve());

    let refused = stage.backup("one");
    refused.ended(11, &format!("the copy of `{}` is damaged", path.display()));
    refused.ended(11, "s3://tfstate/incompressible").ended(11, "does not match its checksum");
    refused.ended(11, "restore the newest that `statelock backup verify` finds whole");
    stage.assert_nothing_of("one");
}

/// Bytes that no compression changes.
fn noise(len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    std::iter::repeat_with(|| random.u8(..)).take(len).collect()
}
