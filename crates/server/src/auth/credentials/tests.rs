//! The credentials file through its life: first start, restart, explicit key, broken file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn key(id: &str) -> AccessKey {
    AccessKey::new(id, "a-secret-of-some-length").unwrap()
}

fn store(dir: &Path, text: &str) {
    let path = dir.join(FILE_NAME);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn the_first_start_makes_a_key_and_later_starts_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = Credentials::open(dir.path(), None).unwrap();
    assert_eq!(first.origin(), Origin::Generated);
    assert_eq!(first.root().id().len(), 20);
    assert!(first.root().id().starts_with("SL"));
    assert_eq!(first.root().secret().len(), 40);

    let path = dir.path().join(FILE_NAME);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, [FILE_NAME], "no temporary file is left");

    let second = Credentials::open(dir.path(), None).unwrap();
    assert_eq!(second.origin(), Origin::Stored);
    assert_eq!(second.root(), first.root());
}

#[test]
fn two_generated_keys_differ() {
    let (one, two) = (AccessKey::generate().unwrap(), AccessKey::generate().unwrap());
    assert_ne!(one.id(), two.id());
    assert_ne!(one.secret(), two.secret());
}

#[test]
fn an_explicit_key_is_in_the_file_and_stays_there() {
    let dir = tempfile::tempdir().unwrap();
    Credentials::open(dir.path(), None).unwrap();
    let explicit = Credentials::open(dir.path(), Some(key("EXPLICIT"))).unwrap();
    assert_eq!(explicit.origin(), Origin::Explicit);
    let text = fs::read_to_string(dir.path().join(FILE_NAME)).unwrap();
    assert!(text.contains("[default]\naws_access_key_id = EXPLICIT\n"), "{text}");

    let later = Credentials::open(dir.path(), None).unwrap();
    assert_eq!((later.origin(), later.root().id()), (Origin::Stored, "EXPLICIT"));
}

#[test]
fn a_temporary_file_left_by_a_crash_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("credentials.tmp"), "half").unwrap();
    Credentials::open(dir.path(), Some(key("EXPLICIT"))).unwrap();
    let path = dir.path().join(FILE_NAME);
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!dir.path().join("credentials.tmp").exists());
}

#[test]
fn a_file_that_others_can_use_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Credentials::open(dir.path(), None).unwrap();
    let path = dir.path().join(FILE_NAME);
    for mode in [0o640, 0o604, 0o620, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = Credentials::open(dir.path(), Some(key("EXPLICIT"))).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&format!("mode {mode:04o}")), "{text}");
        assert!(text.contains("chmod 600"), "{text}");
        assert!(text.contains(path.to_str().unwrap()), "{text}");
    }
}

#[test]
fn a_malformed_file_is_refused_with_the_line_and_without_the_secret() {
    let cases = [
        ("", "has no `aws_access_key_id`"),
        ("[default]\naws_access_key_id = ABCDEF\n", "has no `aws_secret_access_key`"),
        ("aws_access_key_id = ABCDEF\n", "something unexpected on line 1"),
        ("[default]\n[other]\n", "something unexpected on line 2"),
        ("[default]\n[default]\n", "something unexpected on line 2"),
        ("[default]\nhunter2hunter2\n", "something unexpected on line 2"),
        ("[default]\naws_session_token = hunter2hunter2\n", "an unknown setting on line 2"),
        ("[default]\naws_access_key_id=A1\naws_access_key_id=A2\n", "repeats a setting on line 3"),
        (
            "[default]\naws_access_key_id = A/B/C\naws_secret_access_key = hunter2hunter2\n",
            "an unusable key (the access key id cannot be used",
        ),
    ];
    for (text, expected) in cases {
        let dir = tempfile::tempdir().unwrap();
        store(dir.path(), text);
        let shown = Credentials::open(dir.path(), None).unwrap_err().to_string();
        assert!(shown.contains(expected), "{text:?}: {shown}");
        assert!(shown.contains("delete it to have a new key made"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(fs::read_to_string(dir.path().join(FILE_NAME)).unwrap(), text, "left as it was");
    }
}

#[test]
fn what_people_type_by_hand_is_read() {
    let dir = tempfile::tempdir().unwrap();
    store(
        dir.path(),
        "; mine\r\n\r\n[default]\r\nAWS_ACCESS_KEY_ID=ABCDEF\r\naws_secret_access_key = x=y+z/1234==\r\n",
    );
    let credentials = Credentials::open(dir.path(), None).unwrap();
    assert_eq!(credentials.secret_of("ABCDEF"), Some("x=y+z/1234=="));
    assert_eq!(credentials.secret_of("abcdef"), None);
}

#[test]
fn settings_come_in_pairs() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(AccessKey::from_settings(None, some("")).unwrap(), None);
    let both = AccessKey::from_settings(some("ABC"), some("12345678")).unwrap().unwrap();
    assert_eq!((both.id(), both.secret()), ("ABC", "12345678"));
    for (id, secret, missing) in [
        (some("ABC"), None, SECRET_ACCESS_KEY_VARIABLE),
        (some("ABC"), some(""), SECRET_ACCESS_KEY_VARIABLE),
        (None, some("12345678"), ACCESS_KEY_ID_VARIABLE),
    ] {
        let shown = AccessKey::from_settings(id, secret).unwrap_err().to_string();
        assert!(shown.starts_with(&format!("`{missing}` is not set")), "{shown}");
    }
}

#[test]
fn unusable_keys_are_refused() {
    for id in ["", "AB", "A B C", "A/B", "A:B", "A,B", "clé"] {
        assert!(AccessKey::new(id, "12345678").is_err(), "{id}");
    }
    for secret in ["", "1234567", "1234 5678", "#12345678", ";12345678", "\"12345678\"", "clé45678"]
    {
        assert!(AccessKey::new("ABC", secret).is_err(), "{secret}");
    }
}

#[test]
fn the_secret_is_not_in_debug_output() {
    let credentials = Credentials::in_memory(AccessKey::new("ABC", "hunter2hunter2").unwrap());
    let shown = format!("{credentials:?}");
    assert!(shown.contains("ABC") && !shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn the_framework_asks_for_secrets_here() {
    let credentials = Credentials::in_memory(key("KNOWN"));
    let secret = credentials.get_secret_key("KNOWN").await.unwrap();
    assert_eq!(secret.expose(), "a-secret-of-some-length");
    let error = credentials.get_secret_key("OTHER").await.unwrap_err();
    assert_eq!(*error.code(), S3ErrorCode::InvalidAccessKeyId);
}
