//! Each directory in `corpus/` is a repository, and the text beside it says what must be found there.

use std::path::Path;

use crate::scratch::{repository, scan, text_of};

/// Compares one repository with its text. What was found instead is left in a file.
#[track_caller]
pub(crate) fn matches(name: &str) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tree/corpus");
    let copy = repository(&[]);
    copy_all(&corpus.join(name), copy.path());
    let found = text_of(&scan(copy.path()), copy.path());
    let expected_file = corpus.join(format!("{name}.txt"));
    let expected = std::fs::read_to_string(&expected_file).unwrap_or_default();
    if found != expected {
        let actual = std::env::temp_dir().join(format!("statelock-tree-{name}.txt"));
        std::fs::write(&actual, &found).expect("write");
        let (from, to) = (actual.display(), expected_file.display());
        assert_eq!(found, expected, "{name}\n{found}\nIf that is right: cp {from} {to}");
    }
}

/// A file whose name begins with `dot_` gets a dot there: git would not keep some of them.
fn copy_all(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a directory of the corpus") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name");
        let name = name.strip_prefix("dot_").map_or(name.clone(), |rest| format!(".{rest}"));
        let target = to.join(name);
        if entry.file_type().expect("a type").is_dir() {
            std::fs::create_dir_all(&target).expect("a directory");
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}
