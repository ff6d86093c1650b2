//! Tests of the whole way from a text to explanations, and of the rules as a table.

use std::collections::BTreeSet;

use proptest::prelude::*;

use statelock_client::protocol::lock::LockId;
use statelock_client::protocol::lock::steps::{LockMark, StoredLock};
use statelock_client::protocol::lock::unified::Facet;
use statelock_client::protocol::store::Refusal;
use statelock_client::state::WriteError;
use statelock_client::{BUCKET_IN_HOST, LockError, Trouble};

use super::recognise;
use crate::backend::LockFailure;
use crate::commands::explain::{facts, rules, show, template};

fn ids(text: &str) -> Vec<&'static str> {
    recognise(text, 0).iter().map(|explanation| explanation.rule.id).collect()
}

#[test]
fn each_rule_is_whole() {
    let known = facts::names();
    let mut ids = BTreeSet::new();
    for rule in rules::all() {
        let id = rule.id;
        assert!(ids.insert(id), "{id} stands twice");
        assert!(
            id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "{id}"
        );
        assert!(!rule.title.is_empty() && rule.cause.len() > 60 && !rule.next.is_empty(), "{id}");
        let mut sentences = rule.cause.matches(['.', '?']).count();
        sentences += rule.cause.matches(':').count();
        assert!((1..=8).contains(&sentences), "{id}: {sentences} sentences");
        assert_ne!(rule.possible.len(), 1, "{id}: one possibility is a certainty");
        for name in rule.next.iter().filter_map(|step| step.command).flat_map(template::names) {
            let is_json = matches!(name, "digest_item" | "digest_value");
            assert!(known.contains(name) || is_json, "{id}: `{name}` is no fact");
        }
    }
}

#[test]
fn no_advice_switches_locking_off() {
    for rule in rules::all() {
        for command in rule.next.iter().filter_map(|step| step.command) {
            assert!(!command.contains("-lock=false"), "{}", rule.id);
            let forces = command.contains("force-unlock");
            assert!(!forces || command.contains("{lock_id}"), "{}: {command}", rule.id);
            assert!(!command.contains("-force "), "{}: {command}", rule.id);
        }
    }
}

#[test]
fn the_last_of_many_errors_wins_nothing() {
    let text = "Workspace \"a\" already exists\nx\nWorkspace \"b\" doesn't exist.\nWorkspace \"a\" already exists\n";
    assert_eq!(ids(text), ["workspace-exists", "workspace-missing"]);
    let two = "Workspace \"a\" already exists\nWorkspace \"b\" already exists\n";
    assert_eq!(ids(two), ["workspace-exists", "workspace-exists"]);
}

#[test]
fn a_lock_that_this_run_took_itself_is_told_by_its_times() {
    let held = |began: &str, failed: &str| {
        let lines = "Error message: ConditionalCheckFailedException: The conditional request failed\nLock Info:\n  \
                     ID:        1\n  Path:      b/k\n  Operation: OperationTypeApply\n  Who:       me\n  Version:   \
                     1.11.4\n  Created:   2026-11-21 21:17:07.5 +0000 UTC\n  Info:      ";
        let error: Vec<_> = lines.lines().map(|line| format!("{failed} {line}")).collect();
        format!(
            "{began} begin\n{failed} Error: Error acquiring the state lock\n{}\n",
            error.join("\n")
        )
    };
    let own = held("2026-11-21T21:17:00Z", "2026-11-21T21:17:09Z");
    assert_eq!(ids(&own), ["own-lock-after-lost-answer"]);
    let older = held("2026-11-21T21:17:08Z", "2026-11-21T21:17:09Z");
    assert_eq!(ids(&older), ["lock-held"]);
    let waited = held("2026-11-21T21:00:00Z", "2026-11-21T21:47:00Z");
    assert_eq!(ids(&waited), ["lock-held"]);
}

/// Errors of the lock tool itself, as they are printed.
#[test]
fn what_our_own_verbs_say_is_known() {
    let trouble = || Trouble {
        service: "S3",
        operation: "PutObject",
        endpoint: Some("http://127.0.0.1:9000".into()),
        status: None,
        code: None,
        message: "it took too long".to_owned(),
        request_id: None,
        was_sent: true,
    };
    let boxed = || Some(Box::new(trouble()));
    let id = || LockId::parse("1de601c9-1b26-64cd-3813-cbb15acf3040").unwrap();
    let refusal = Refusal::Unavailable;
    let holder = StoredLock {
        bytes: br#"{"ID":"1de601c9-1b26-64cd-3813-cbb15acf3040","Operation":"lock","Info":"","Who":"root@vm","Version":"1.0.0","Created":"2026-11-22T14:02:15.5Z","Path":"tfstate/a"}"#.to_vec(),
        mark: LockMark::Info(None),
    };
    let held = |bytes: &[u8]| {
        let holder = Box::new(StoredLock { bytes: bytes.to_vec(), ..holder.clone() });
        LockError::Held { facet: Facet::Lockfile, holder }
    };
    let locks = [
        (held(&holder.bytes), "statelock-lock-held"),
        (held(b"no lock info"), "statelock-lock-held"),
        (LockError::Refused { refusal, trouble: boxed() }, "statelock-lock-refused"),
        (LockError::Unstable { facet: Facet::Lockfile }, "statelock-lock-refused"),
        (LockError::Unknown { id: id(), seen: None, trouble: boxed() }, "statelock-lock-unknown"),
    ];
    for (error, known) in locks {
        let said = format!("error: {}\n\nhint: x\n", LockFailure::new(error, "s3://b/k"));
        assert_eq!(ids(&said), [known], "{said}");
    }
    let writes = [
        (WriteError::LockLost(Vec::new()), "statelock-lock-lost"),
        (WriteError::Conflict { stored: None }, "statelock-write-conflict"),
        (WriteError::Unknown { trouble: trouble() }, "statelock-write-unknown"),
    ];
    for (error, known) in writes {
        let said = format!("error: {error}\n");
        assert_eq!(ids(&said), [known], "{said}");
    }
    let in_host = format!("error: nothing could be listed: no host; {BUCKET_IN_HOST}\n");
    assert_eq!(ids(&in_host), ["statelock-bucket-in-host"]);
}

proptest! {
    #[test]
    fn arbitrary_text_does_no_harm(text in any::<String>()) {
        let explanations = recognise(&text, 0);
        show::text(&explanations);
        prop_assert!(show::json(&explanations).is_ok());
    }

    #[test]
    fn pieces_of_errors_do_no_harm(pieces in prop::collection::vec(piece(), 0..20)) {
        let explanations = recognise(&pieces.concat(), 3);
        prop_assert!(explanations.iter().all(|explanation| explanation.line > 3));
        show::text(&explanations);
        prop_assert!(show::json(&explanations).is_ok());
    }
}

fn piece() -> impl Strategy<Value = String> {
    let known = [
        "Error: ",
        "Error acquiring the state lock ",
        "PreconditionFailed ",
        "Lock Info: ID: ",
        " Path: a/b Operation: ",
        " Who: ",
        " Created: ",
        "\n",
        "\u{1b}[31m",
        "\u{1b}]",
        "│ ",
        "2026-11-22T10:00:00Z ",
        "[x] ",
        "RequestID: ",
        "{\"diagnostic\":",
        "HTTP remote state already locked: ID=",
        "Version: 1.9 ",
        "é",
        "://a:b@",
        "token=",
        "\\n\\n",
        "with key '",
        "with lock ID ",
    ];
    prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}
