//! Tests of reading state headers: real shapes, other files, damage, and arbitrary bytes.

use proptest::prelude::*;

use super::*;

const PLAIN: &str = r#"{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": 12,
  "lineage": "5d6a1c8e-65a1-7c1c-0f6b-5a7f3d0a1b2c",
  "outputs": {},
  "resources": [
    {"mode": "managed", "type": "null_resource", "name": "a", "instances": [{"serial": 99}]}
  ],
  "check_results": null
}
"#;

const ENVELOPE: &str = r#"{"serial":7,"lineage":"L","meta":{"key_provider.pbkdf2.a":"eyJ9"},"encrypted_data":"q83v","encryption_version":"v0"}"#;

fn read(text: &str) -> Result<StateHeader, StateReadError> {
    StateHeader::read(text.as_bytes())
}

fn is_not_a_state(text: &str) -> bool {
    matches!(read(text), Err(StateReadError::NotAState { .. }))
}

fn is_damaged(text: &str) -> bool {
    matches!(read(text), Err(StateReadError::Damaged { .. }))
}

#[test]
fn a_plain_states_header_is_read_from_the_top_level_only() {
    let expected = StateHeader {
        format: StateFormat::Plain { version: 4 },
        lineage: Lineage::new("5d6a1c8e-65a1-7c1c-0f6b-5a7f3d0a1b2c"),
        serial: Serial(12),
        terraform_version: "1.11.4".to_owned(),
        content: StateContent::Present,
    };
    assert_eq!(read(PLAIN), Ok(expected.clone()));
    assert_eq!(StateHeader::read_from(PLAIN.as_bytes()), Ok(expected));
}

#[test]
fn an_encrypted_envelope_shows_lineage_and_serial() {
    let expected = StateHeader {
        format: StateFormat::Encrypted,
        lineage: Lineage::new("L"),
        serial: Serial(7),
        terraform_version: String::new(),
        content: StateContent::Hidden,
    };
    assert_eq!(read(ENVELOPE), Ok(expected));
}

#[test]
fn a_snapshot_keeps_the_exact_bytes_and_hides_them_from_logs() {
    let snapshot = StateSnapshot::read(PLAIN.as_bytes().to_vec()).expect("a state");
    assert_eq!(snapshot.bytes(), PLAIN.as_bytes());
    assert_eq!(*snapshot.digest(), Digest::of(PLAIN.as_bytes()));
    assert!(!format!("{snapshot:?}").contains("null_resource"));
    assert_eq!(snapshot.into_bytes(), PLAIN.as_bytes());
}

#[test]
fn all_versions_from_1_to_4_are_plain_states_and_newer_ones_are_unknown() {
    for version in 1..=4_u8 {
        let header = read(&format!(r#"{{"version":{version},"serial":1}}"#)).expect("a state");
        assert_eq!(header.format, StateFormat::Plain { version });
    }
    for version in [5, 255, 256, u64::MAX] {
        let expected = StateReadError::UnknownVersion { version };
        assert_eq!(read(&format!(r#"{{"version":{version},"serial":1}}"#)), Err(expected));
    }
}

#[test]
fn the_largest_serial_fits() {
    let header = read(r#"{"version":4,"serial":18446744073709551615}"#).expect("a state");
    assert_eq!(header.serial, Serial(u64::MAX));
}

#[test]
fn a_state_without_resources_and_outputs_is_empty() {
    for (fields, content) in [
        (r#""resources":[],"outputs":{}"#, StateContent::Empty),
        (r#""resources":null,"outputs":null"#, StateContent::Empty),
        (r#""check_results":null"#, StateContent::Empty),
        (r#""resources":[],"outputs":{"a":{"value":1}}"#, StateContent::Present),
        (r#""resources":[{}],"outputs":{}"#, StateContent::Present),
    ] {
        let header = read(&format!(r#"{{"version":4,"serial":1,{fields}}}"#)).expect(fields);
        assert_eq!(header.content, content, "{fields}");
    }
    let old = read(r#"{"version":3,"serial":1}"#).expect("a state");
    assert_eq!(old.content, StateContent::Present, "old formats are never taken for empty");
}

#[test]
fn missing_and_null_fields_are_defaults_and_the_last_duplicate_wins() {
    let header =
        read(r#"{"serial":null,"version":1,"version":4,"lineage":null}"#).expect("a state");
    assert_eq!((header.serial, header.lineage), (Serial(0), Lineage::default()));
    assert_eq!(header.format, StateFormat::Plain { version: 4 });
}

#[test]
fn other_files_are_not_states() {
    for text in [
        "",
        "   ",
        "null",
        "4",
        "[]",
        "{}",
        "not json",
        "\u{feff}{}",
        r#"{"version":4}"#,
        r#"{"version":3,"services":{"web":{}}}"#,
        r#"{"name":"x","version":"1.0.0","serial":1}"#,
        r#"{"version":0,"serial":1}"#,
        r#"{"serial":7,"lineage":"L","encryption_version":""}"#,
        r#"{"ID":"76048f77","Operation":"OperationTypeApply","Version":"1.11.4"}"#,
    ] {
        assert!(is_not_a_state(text), "{text}: {:?}", read(text));
    }
}

#[test]
fn a_state_with_a_field_of_the_wrong_type_is_damaged() {
    for text in [
        r#"{"version":4,"serial":"12","lineage":"L"}"#,
        r#"{"version":4,"serial":-1}"#,
        r#"{"version":4,"serial":1.5}"#,
        r#"{"version":4,"serial":18446744073709551616}"#,
        r#"{"version":4,"lineage":7}"#,
        r#"{"version":4,"serial":1,"resources":"none"}"#,
        r#"{"version":4,"serial":1} trailing"#,
    ] {
        assert!(is_damaged(text), "{text}: {:?}", read(text));
    }
}

#[test]
fn a_state_that_is_cut_off_anywhere_after_its_marks_is_damaged() {
    let whole = PLAIN.trim_end();
    let marks = whole.find("\"serial\"").expect("a serial");
    for end in marks..whole.len() {
        let cut_off = whole.get(..end).expect("plain ASCII");
        assert!(is_damaged(cut_off), "cut at {end}: {:?}", read(cut_off));
    }
    let (cut_off, _) = ENVELOPE.split_once("q83v").expect("data");
    assert!(is_damaged(cut_off));
}

#[test]
fn a_failing_source_says_nothing_about_the_bytes() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let error = StateHeader::read_from(Broken).expect_err("no bytes");
    assert!(matches!(error, StateReadError::SourceFailed { .. }), "{error:?}");
}

#[test]
fn deep_nesting_does_not_exhaust_the_stack() {
    let deep = "[".repeat(2_000_000);
    assert!(is_damaged(&format!(r#"{{"version":4,"serial":1,"x":{deep}"#)));
    assert!(is_damaged(&format!(r#"{{"version":4,"serial":1,"resources":{deep}"#)));
    assert!(is_not_a_state(&deep));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(StateHeader::read(&bytes));
    }

    #[test]
    fn a_state_with_one_byte_changed_never_panics(at in 0..PLAIN.len(), byte: u8) {
        let mut bytes = PLAIN.as_bytes().to_vec();
        bytes[at] = byte;
        drop(StateHeader::read(&bytes));
    }

    #[test]
    fn any_lineage_and_serial_are_read_back(lineage: String, serial: u64) {
        let text = serde_json::json!({ "version": 4, "lineage": lineage, "serial": serial });
        let header = read(&text.to_string()).expect("a state");
        prop_assert_eq!(header.lineage.as_str(), lineage);
        prop_assert_eq!(header.serial, Serial(serial));
    }
}
