//! Tests of lock infos: golden bytes, what other clients may have written, and round trips.

use std::error::Error as _;

use proptest::prelude::*;

use super::*;

/// Captured from terraform 1.11.4.
const REAL: &str = r#"{"ID":"76048f77-4be5-58f2-5e83-1c243c2aa257","Operation":"OperationTypeApply","Info":"","Who":"root@vm","Version":"1.11.4","Created":"2026-11-21T20:59:50.707283404Z","Path":"bkt/app/terraform.tfstate"}"#;

fn parse(text: &str) -> LockInfo {
    LockInfo::parse(text.as_bytes()).expect(text)
}

fn with_who(who: &str) -> LockInfo {
    LockInfo { who: who.to_owned(), ..parse(REAL) }
}

#[test]
fn p11_terraforms_own_lock_info_comes_back_byte_for_byte() {
    assert_eq!(REAL.len(), 201);
    let info = parse(REAL);
    assert_eq!(info.id.as_str(), "76048f77-4be5-58f2-5e83-1c243c2aa257");
    assert_eq!((info.operation.as_str(), info.info.as_str()), ("OperationTypeApply", ""));
    assert_eq!((info.who.as_str(), info.version.as_str()), ("root@vm", "1.11.4"));
    assert_eq!(info.path, "bkt/app/terraform.tfstate");
    assert_eq!((info.created.unix_seconds(), info.created.nanos()), (1_795_294_790, 707_283_404));
    assert_eq!(info.marshal(), REAL.as_bytes());
}

#[test]
fn p11_golden_vectors_are_read_and_written_byte_for_byte() {
    for golden in [
        // A force-unlock of an http backend by OpenTofu: nothing but an ID.
        r#"{"ID":"1","Operation":"","Info":"","Who":"","Version":"","Created":"0001-01-01T00:00:00Z","Path":""}"#,
        // No user name, whole seconds, a workspace's path.
        r#"{"ID":"a","Operation":"init","Info":"","Who":"@runner-7","Version":"1.10.6","Created":"2026-01-01T00:00:00Z","Path":"bkt/env:/dev/k"}"#,
        // An http backend has no path.
        r#"{"ID":"a","Operation":"state-rm","Info":"","Who":"u@h","Version":"1.9.0","Created":"2026-01-01T00:00:00.1Z","Path":""}"#,
        r#"{"ID":"a","Operation":"migration source state","Info":"","Who":"u@h","Version":"1.16.0-rc2","Created":"2024-02-29T23:59:59.999999999Z","Path":"b/k"}"#,
        // Escapes of Go: HTML, controls, separators.
        r#"{"ID":"a","Operation":"o","Info":"\u003cb\u003e\u0026\"\\/","Who":"u@h","Version":"1","Created":"2026-01-01T00:00:00.00000001Z","Path":"b/k"}"#,
        r#"{"ID":"a","Operation":"o","Info":"\b\f\n\r\t\u0000\u001f","Who":"u@h","Version":"1","Created":"2026-01-01T00:00:00Z","Path":"b/k"}"#,
        "{\"ID\":\"a\",\"Operation\":\"o\",\"Info\":\"\\u2028\\u2029\u{7f}\u{a0}\",\"Who\":\"u@h\",\"Version\":\"1\",\"Created\":\"2026-01-01T00:00:00Z\",\"Path\":\"b/k\"}",
        // Windows and directory names, spaces, other scripts.
        r#"{"ID":"a","Operation":"o","Info":"","Who":"CORP\\Jürgen Öz@büro-3","Version":"1","Created":"2026-01-01T00:00:00Z","Path":"b/日本/k"}"#,
        r#"{"ID":"a","Operation":"o","Info":"😀","Who":"u@h","Version":"1","Created":"2026-01-01T00:00:00Z","Path":"b/a b+c%20"}"#,
        // Times by hand or by other tools, with an offset that Go keeps.
        r#"{"ID":"a","Operation":"o","Info":"","Who":"u@h","Version":"1","Created":"2026-01-01T02:00:00+02:00","Path":"b/k"}"#,
        r#"{"ID":"a","Operation":"o","Info":"","Who":"u@h","Version":"1","Created":"2026-01-01T00:00:00.5-03:30","Path":"b/k"}"#,
        r#"{"ID":"not a uuid","Operation":"o","Info":"","Who":"u@h","Version":"1","Created":"9999-12-31T23:59:59Z","Path":"b/k"}"#,
    ] {
        assert_eq!(String::from_utf8_lossy(&parse(golden).marshal()), golden);
    }
}

#[test]
fn p11_other_spellings_and_unknown_fields_are_written_as_go_would_write_them_again() {
    let golden = r#"{"ID":"a","Operation":"o","Info":"<","Who":"","Version":"","Created":"2026-01-01T00:00:00.5Z","Path":""}"#;
    let again = golden.replace('<', r"\u003c");
    for text in [
        golden.to_owned(),
        r#" { "Info" : "<", "Created":"2026-01-01T00:00:00.500Z", "Operation":"o", "ID":"a" } "#
            .to_owned(),
        golden.replace("\"ID\"", "\"id\"").replace("Operation", "oPERATION"),
        golden.replace("\"Who\":\"\"", "\"Who\":null,\"Extra\":{\"ID\":[1,{}]},\"extra2\":1.5e3"),
        golden.replace("\"ID\":\"a\"", "\"ID\":\"first\",\"ID\":\"a\",\"id\":null"),
    ] {
        assert_eq!(String::from_utf8_lossy(&parse(&text).marshal()), again, "{text}");
    }
}

#[test]
fn missing_fields_are_as_empty_as_in_go() {
    let info = parse(r#"{"ID":"a"}"#);
    let golden = r#"{"ID":"a","Operation":"","Info":"","Who":"","Version":"","Created":"0001-01-01T00:00:00Z","Path":""}"#;
    assert_eq!(info.marshal(), golden.as_bytes());
    assert_eq!(parse(r#"{"ID":"a","Created":null}"#), info);
}

#[test]
fn bytes_that_are_not_utf_8_are_tolerated_in_names_and_values() {
    let info = LockInfo::parse(b"{\"ID\":\"a\",\"Who\":\"\xff@h\",\"\xfe\":1}").expect("an info");
    assert_eq!(info.who, "\u{fffd}@h");
}

#[test]
fn empty_bodies_are_told_apart_from_unreadable_ones() {
    for bytes in [&b""[..], b" \n"] {
        assert!(matches!(LockInfo::parse(bytes), Err(LockInfoError::Empty)));
    }
    for text in ["{", "[]", "7", "\"a\"", "{\"ID\":7}", "{\"ID\":\"a\"}{}", "locked", "{\"ID\":[]}"]
    {
        let error = LockInfo::parse(text.as_bytes()).expect_err(text);
        assert!(matches!(error, LockInfoError::Unreadable(_)), "{text}: {error:?}");
        assert!(error.source().is_some(), "{text}");
    }
}

#[test]
fn a_lock_info_without_a_usable_id_or_time_is_an_error_of_its_own() {
    for text in ["null", "{}", "{\"ID\":\"\"}", "{\"ID\":null}", "{\"ID\":\"a\\nb\"}"] {
        let error = LockInfo::parse(text.as_bytes()).expect_err(text);
        assert!(matches!(error, LockInfoError::Id(_)), "{text}: {error:?}");
    }
    let error = LockInfo::parse(br#"{"ID":"a","Created":"yesterday"}"#).expect_err("no time");
    assert!(matches!(error, LockInfoError::Created(_)), "{error:?}");
}

#[test]
fn the_human_block_is_laid_out_as_terraforms() {
    let block = "Lock Info:
  ID:        76048f77-4be5-58f2-5e83-1c243c2aa257
  Path:      bkt/app/terraform.tfstate
  Operation: OperationTypeApply
  Who:       root@vm
  Version:   1.11.4
  Created:   2026-11-21 20:59:50.707283404 +0000 UTC
  Info:      
";
    assert_eq!(parse(REAL).to_string(), block);
}

#[test]
fn the_human_block_does_not_let_a_holder_drive_the_terminal() {
    let block = with_who("\u{1b}[2Jü\n  ID: forged").to_string();
    assert!(block.contains("  Who:       \\u{1b}[2Jü\\n  ID: forged\n"), "{block}");
}

fn any_info() -> impl Strategy<Value = LockInfo> {
    let texts = (any::<String>(), any::<String>(), any::<String>(), any::<String>());
    ("[ -~]{1,40}", texts, any::<String>(), 0..4_000_000_000_i64, 0..1_000_000_000_u32).prop_map(
        |(id, (operation, info, who, version), path, seconds, nanos)| LockInfo {
            id: LockId::parse(id).expect("an ID"),
            created: CreatedAt::from_unix(seconds, nanos).expect("a time"),
            operation,
            info,
            who,
            version,
            path,
        },
    )
}

proptest! {
    #[test]
    fn every_lock_info_is_read_back(info in any_info()) {
        let bytes = info.marshal();
        prop_assert_eq!(&LockInfo::parse(&bytes).expect("our own bytes"), &info);
        prop_assert_eq!(LockInfo::parse(&bytes).expect("our own bytes").marshal(), bytes);
    }

    #[test]
    fn an_independent_reader_finds_the_same_fields(info in any_info()) {
        let value: serde_json::Value = serde_json::from_slice(&info.marshal()).expect("JSON");
        prop_assert_eq!(value["ID"].as_str(), Some(info.id.as_str()));
        prop_assert_eq!(value["Who"].as_str(), Some(info.who.as_str()));
        prop_assert_eq!(value["Path"].as_str(), Some(info.path.as_str()));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        drop(LockInfo::parse(&bytes));
    }

    #[test]
    fn a_lock_info_with_one_byte_changed_never_panics(at in 0..REAL.len(), byte: u8) {
        let mut bytes = REAL.as_bytes().to_vec();
        bytes[at] = byte;
        drop(LockInfo::parse(&bytes));
    }
}
