//! Files of the corpus with bytes cut, put in and repeated: refused, or changed soundly, and never a panic.

use std::sync::LazyLock;

use proptest::prelude::*;
use statelock_config::edit::EditError;

use crate::phases::{CorpusFile, DUAL, S3, edit, files};

/// One damage to a text.
#[derive(Clone, Debug)]
enum Damage {
    Cut { at: usize, bytes: usize },
    Insert { at: usize, text: &'static str },
    Repeat { at: usize, bytes: usize, times: usize },
}

const PIECES: &[&str] = &[
    "{",
    "}",
    "\"",
    "<<-E\n",
    "${",
    "%{",
    "\\",
    "[",
    "(",
    ")",
    "\n",
    "\r",
    "\r\n",
    "=",
    ":",
    ",",
    "#",
    "/*",
    "*/",
    "//",
    "\u{feff}",
    "\u{301}",
    "dynamodb_table = 1\n",
    "use_lockfile = ",
    "null",
    "for ",
];

static CORPUS: LazyLock<Vec<CorpusFile>> = LazyLock::new(|| files("before"));

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<usize>(), 1..60_usize).prop_map(|(at, bytes)| Damage::Cut { at, bytes }),
        (any::<usize>(), proptest::sample::select(PIECES.to_vec()))
            .prop_map(|(at, text)| Damage::Insert { at, text }),
        (any::<usize>(), 1..40_usize, 2..4_usize).prop_map(|(at, bytes, times)| Damage::Repeat {
            at,
            bytes,
            times
        }),
    ]
}

fn damaged(text: &str, all: &[Damage]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for damage in all {
        let length = bytes.len() + 1;
        let part = |at: usize, count: usize| at % length..(at % length + count).min(length - 1);
        match damage {
            Damage::Cut { at, bytes: count } => {
                bytes.drain(part(*at, *count));
            }
            Damage::Insert { at, text } => {
                let at = at % length;
                bytes.splice(at..at, text.bytes());
            }
            Damage::Repeat { at, bytes: count, times } => {
                let repeated = bytes.get(part(*at, *count)).unwrap_or(&[]).repeat(*times);
                let at = at % length;
                bytes.splice(at..at, repeated);
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damage_is_refused_or_edited_soundly(
        file in any::<proptest::sample::Index>(),
        all in proptest::collection::vec(damage(), 0..4),
    ) {
        let file = file.get(&CORPUS);
        let text = damaged(&file.text, &all);
        for changes in [DUAL, S3] {
            match edit(&file.name, file.form, &text, changes) {
                Ok(edited) => {
                    let again = edit(&file.name, file.form, &edited.text, changes);
                    let again = again.unwrap_or_else(|error| panic!("{error} in:\n{}", edited.text));
                    assert_eq!(again.text, edited.text, "a second time, after:\n{text}");
                    assert_eq!(again.backends, edited.backends);
                }
                Err(EditError::ByHand(by_hand)) => assert!(!by_hand.is_empty()),
                Err(EditError::Invalid(error)) => {
                    assert!(!error.to_string().is_empty() && !error.hint().is_empty());
                }
            }
        }
    }
}
