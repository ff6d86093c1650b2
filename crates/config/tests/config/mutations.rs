//! Files that somebody cut, mixed up or scribbled over: an answer or an error, and never a panic.

use proptest::prelude::*;
use statelock_config::{Arguments, BackendOption, S3Arguments, WorkingDirectory};

use crate::scratch::{directory, environment};

const STATES: &[&str] = &[
    include_str!("initialised/s3-all-arguments.json"),
    include_str!("initialised/s3-legacy-arguments.json"),
    include_str!("initialised/http.json"),
];
const BLOCKS: &[&str] = &[
    include_str!("initialised/s3-all-arguments.tf"),
    include_str!("initialised/s3-legacy-arguments.tf"),
    "\u{feff}terraform {\r\n  cloud {\r\n    workspaces {\r\n      name = <<-E\r\n   \u{e9}\r\n E\r\n    }\r\n  }\r\n}\r\n",
    "terraform {\n  backend \"s3\" {\n    bucket = \"a${1}$${x}\"\n    key = -1\n    tags = [{a = !true}]\n  }\n}\n",
];
const JSON: &str = r#"{"//": 1, "terraform": [{"backend": {"s3": [{"bucket": "b", "key": "k", "max_retries": 1e300}]}}]}"#;

/// One change to a text.
#[derive(Clone, Debug)]
enum Change {
    Cut { at: usize, bytes: usize },
    Insert { at: usize, text: Vec<u8> },
    Repeat { at: usize, bytes: usize, times: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let pieces = prop_oneof![
        Just(b"{".to_vec()),
        Just(b"}".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"<<-E\n".to_vec()),
        Just(b"null".to_vec()),
        Just(b"${".to_vec()),
        Just(b"%{".to_vec()),
        Just(b"\\u12".to_vec()),
        Just(b"[".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"-9e999".to_vec()),
        Just("\u{feff}\u{301}".as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 1..4),
    ];
    prop_oneof![
        (any::<usize>(), 1..200_usize).prop_map(|(at, bytes)| Change::Cut { at, bytes }),
        (any::<usize>(), pieces).prop_map(|(at, text)| Change::Insert { at, text }),
        (any::<usize>(), 1..8_usize, 2..300_usize).prop_map(|(at, bytes, times)| Change::Repeat {
            at,
            bytes,
            times
        }),
    ]
}

fn changed(text: &str, changes: &[Change]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for change in changes {
        let length = bytes.len() + 1;
        match change {
            Change::Cut { at, bytes: count } => {
                let at = at % length;
                let end = (at + count).min(bytes.len());
                bytes.drain(at..end);
            }
            Change::Insert { at, text } => {
                let at = at % length;
                bytes.splice(at..at, text.iter().copied());
            }
            Change::Repeat { at, bytes: count, times } => {
                let at = at % length;
                let end = (at + count).min(bytes.len());
                let repeated = bytes[at..end].repeat(*times);
                bytes.splice(at..at, repeated);
            }
        }
    }
    bytes
}

/// Everything that can be asked of a directory; what it answers does not matter here, but errors and
/// warnings must have a text.
fn ask_everything(path: &std::path::Path) {
    let environment = environment(&[]);
    let Ok(open) = WorkingDirectory::open(path, &environment) else { return };
    let options = [BackendOption::parse("acl=x"), BackendOption::File(path.join("main.tf.json"))];
    for found in [open.backend(), open.backend_with(&options[..1]), open.backend_with(&options)] {
        match found {
            Ok(backend) => {
                assert!(backend.warnings.iter().all(|warning| !warning.to_string().is_empty()));
                assert!(!format!("{backend:?}").contains("SECRETKEYVALUE"));
                if let Err(error) = S3Arguments::read(&backend.arguments) {
                    assert!(!error.to_string().is_empty() && !error.hint().is_empty());
                }
            }
            Err(error) => {
                assert!(!error.to_string().is_empty() && !error.hint().is_empty());
                assert!(!format!("{error} {error:?}").contains("SECRETKEYVALUE"));
            }
        }
    }
    drop(open.workspace());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_makes_the_reader_panic(
        state in 0..STATES.len(),
        block in 0..BLOCKS.len(),
        changes in proptest::array::uniform4(proptest::collection::vec(change(), 0..4)),
    ) {
        let root = directory(&[(".terraform/x", "")]);
        let [of_state, of_block, of_json, of_environment] = changes;
        let write = |name: &str, text: &str, changes: &[Change]| {
            std::fs::write(root.path().join(name), changed(text, changes)).expect("write");
        };
        write("main.tf", BLOCKS[block], &of_block);
        ask_everything(root.path());
        write(".terraform/environment", "dev\n", &of_environment);
        write(".terraform/terraform.tfstate", STATES[state], &of_state);
        ask_everything(root.path());
        std::fs::remove_file(root.path().join("main.tf")).expect("remove");
        std::fs::remove_file(root.path().join(".terraform/terraform.tfstate")).expect("remove");
        write("main.tf.json", JSON, &of_json);
        ask_everything(root.path());
        drop(Arguments::read_file(&root.path().join("main.tf.json")));
    }

    #[test]
    fn no_option_makes_the_reader_panic(option in ".{0,40}", name in "[a-z_]{0,12}", value in ".{0,40}") {
        let root = directory(&[("main.tf", "terraform {\n  backend \"s3\" {\n  }\n}\n")]);
        let environment = environment(&[]);
        let open = WorkingDirectory::open(root.path(), &environment).expect("open");
        for option in [option, format!("{name}={value}"), format!("endpoints={value}"), format!("max_retries={value}")] {
            drop(open.backend_with(&[BackendOption::parse(&option)]));
        }
    }
}
