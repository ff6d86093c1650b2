//! The chain of hashes: checked by the server, and by a stranger's script.

use std::io::Write;
use std::process::{Command, Stdio};

use statelock_testkit::real_clients::python::find_python;
use statelock_testkit::skip::skip;

use crate::stage::{Ended, Stage, audit, canned, ended};

/// The page that tells people how to compute the hashes.
const PAGE: &str = include_str!("../../../../docs/operations/audit.md");

/// The script on that page.
fn script() -> &'static str {
    let (_, rest) = PAGE.split_once("```python\n").expect("a script");
    rest.split_once("```").expect("its end").0
}

fn check(python: &std::path::Path, document: &str) -> Ended {
    let mut child = Command::new(python)
        .args(["-c", script()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python can be started");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(document.as_bytes()).expect("the script reads");
    drop(stdin);
    ended(&child.wait_with_output().expect("the script ends"))
}

#[test]
fn p10_the_documented_script_checks_the_chain_without_the_server() {
    let python = match find_python() {
        Ok(python) => python,
        Err(error) => return skip("the documented check of the audit chain", &error.to_string()),
    };
    let stage = Stage::start();
    // Everything that JSON writers disagree about.
    stage.cycle("a/b.tfstate", "id-1", "é日本\u{1F512} \"\\/\u{7f}\u{1}\t\n<>&'");
    stage.cycle("c d+e.tfstate", "id-2", "");

    let whole = stage.shown(&["--json", "--limit", "1000"]);
    let checked = check(&python, &whole);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stdout.ends_with(" records are whole\n"), "{checked:?}");

    let document: serde_json::Value = serde_json::from_str(&whole).expect("JSON");
    let count = document["records"].as_array().expect("records").len();
    assert!(count >= 5, "{whole}");
    assert!(checked.stdout.starts_with(&count.to_string()), "{checked:?}");
    let mut changed = document.clone();
    changed["records"][2]["who"] = "somebody else".into();
    assert!(check(&python, &changed.to_string()).stderr.contains("record 3 is not as"));
    let mut removed = document;
    removed["records"].as_array_mut().expect("records").remove(2);
    assert!(check(&python, &removed.to_string()).stderr.contains("record 4 is not as"));
}

#[test]
fn p10_a_whole_log_is_said_to_be_whole() {
    let stage = Stage::start();
    stage.cycle("a", "id-1", "you@laptop");
    let head = &stage.json(&[])["head"];
    let (number, hash) = (&head["number"], head["hash"].as_str().expect("a hash"));
    assert_eq!(
        stage.shown(&["--verify"]),
        format!("the audit log is whole: {number} records, the newest with hash {hash}\n")
    );
    let document = stage.json(&["--verify"]);
    assert_eq!((&document["schema"], &document["intact"]), (&1.into(), &true.into()));
    assert_eq!((&document["first_bad"], &document["head"]), (&serde_json::Value::Null, head));
}

#[test]
fn p10_a_bad_record_ends_with_11_and_its_number() {
    let bad = r#"{"schema":1,"intact":false,
        "first_bad":{"number":7,"message":"its content was changed"},
        "head":{"number":9,"hash":"00"}}"#;
    for json in [false, true] {
        let mut command = audit(if json { &["--verify", "--json"] } else { &["--verify"] });
        command.env("AWS_ENDPOINT_URL", canned("200 OK", bad));
        command.env("AWS_ACCESS_KEY_ID", "ROOT").env("AWS_SECRET_ACCESS_KEY", "12345678");
        let ended = ended(&command.output().expect("the binary can be started"));
        ended.refused(11, &["at record 7: its content was changed", "hint: "]);
        assert_eq!(ended.stdout.contains("\"number\":7"), json, "{ended:?}");
    }
}
