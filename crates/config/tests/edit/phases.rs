//! The changes of a migration, as the tests make them.

use std::path::{Path, PathBuf};

use statelock_config::edit::{ArgumentChange, EditError, Edited, Form, NewValue, edited_text};

/// Adds the lockfile.
pub(crate) const SET_LOCKFILE: ArgumentChange = ArgumentChange::Set {
    name: "use_lockfile",
    value: NewValue::Bool(true),
    after: "dynamodb_table",
};
/// Takes it away again.
pub(crate) const REMOVE_LOCKFILE: ArgumentChange =
    ArgumentChange::Remove { path: &["use_lockfile"] };
/// Takes the lock table away.
pub(crate) const REMOVE_TABLE: ArgumentChange =
    ArgumentChange::Remove { path: &["dynamodb_table"] };

/// To both locks.
pub(crate) const DUAL: &[ArgumentChange] = &[SET_LOCKFILE];
/// From both locks to the lockfile alone.
pub(crate) const S3: &[ArgumentChange] = &[
    REMOVE_TABLE,
    ArgumentChange::Remove { path: &["dynamodb_endpoint"] },
    ArgumentChange::Remove { path: &["endpoints", "dynamodb"] },
];

/// A file of the corpus.
pub(crate) struct CorpusFile {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) form: Form,
}

/// A folder of the corpus.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/edit/corpus").join(name)
}

/// The files of a folder, by name.
pub(crate) fn files(name: &str) -> Vec<CorpusFile> {
    let mut files: Vec<_> = std::fs::read_dir(folder(name))
        .expect("the corpus")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("a text");
            let form = Form::of(&path, &text);
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            CorpusFile { name, text, form }
        })
        .collect();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    files
}

/// The text after changes.
pub(crate) fn edit(
    name: &str,
    form: Form,
    text: &str,
    changes: &[ArgumentChange],
) -> Result<Edited, EditError> {
    edited_text(Path::new(name), form, text, changes)
}

/// The text after changes that must be possible.
#[expect(clippy::panic, reason = "ends the test, and shows the text that it was about")]
pub(crate) fn must_edit(name: &str, form: Form, text: &str, changes: &[ArgumentChange]) -> String {
    match edit(name, form, text, changes) {
        Ok(edited) => edited.text,
        Err(error) => panic!("{error} in:\n{text}"),
    }
}
