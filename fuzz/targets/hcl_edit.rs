//! Edits of backend arguments: the kind of file on the first line, then the file. Nothing makes them panic, an edit is one
//! insertion or one removal in each backend, and to edit again changes nothing.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use statelock_config::edit::{ArgumentChange, Form, NewValue, edited_text};
use statelock_fuzz::request::line_of;

const SET: ArgumentChange = ArgumentChange::Set {
    name: "use_lockfile",
    value: NewValue::Bool(true),
    after: "dynamodb_table",
};
const REMOVE: ArgumentChange = ArgumentChange::Remove { path: &["dynamodb_table"] };
const REMOVE_ENDPOINT: ArgumentChange = ArgumentChange::Remove { path: &["endpoints", "dynamodb"] };

/// The text without white space: what alignment may move is not compared.
fn dense(text: &str) -> Vec<char> {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Whether `longer` is `shorter` with one piece put into it.
fn is_one_piece_more(longer: &[char], shorter: &[char]) -> bool {
    let same =
        |pairs: &mut dyn Iterator<Item = (&char, &char)>| pairs.take_while(|(a, b)| a == b).count();
    let front = same(&mut longer.iter().zip(shorter));
    let back = same(&mut longer.iter().rev().zip(shorter.iter().rev()));
    longer.len() >= shorter.len() && front + back >= shorter.len()
}

fn edit(form: Form, text: &str, change: &ArgumentChange) {
    let path = Path::new("file");
    let changes = std::slice::from_ref(change);
    let Ok(edited) = edited_text(path, form, text, changes) else {
        return;
    };
    assert_eq!(edited.is_changed, edited.text != text);
    let again =
        edited_text(path, form, &edited.text, changes).expect("what was written can be edited");
    assert!(!again.is_changed, "a second edit: {:?} to {:?}", edited.text, again.text);
    if edited.backends == 1 && edited.is_changed {
        let (before, after) = (dense(text), dense(&edited.text));
        let is_there = text.contains("use_lockfile");
        match change {
            // Where it stands already, another value takes the place of the one.
            ArgumentChange::Set { .. } if is_there => {}
            ArgumentChange::Set { .. } => {
                assert!(is_one_piece_more(&after, &before), "{:?}", edited.text)
            }
            ArgumentChange::Remove { .. } => {
                assert!(is_one_piece_more(&before, &after), "{:?}", edited.text);
            }
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((form, text)) = line_of(bytes) else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let form = match form {
        b"tf" => Form::Terraform,
        b"tf.json" => Form::TerraformJson,
        b"tfbackend" => Form::BackendConfig,
        b"json" => Form::BackendConfigJson,
        b"terragrunt" => Form::Terragrunt,
        _ => return,
    };
    for change in [SET, REMOVE, REMOVE_ENDPOINT] {
        edit(form, text, &change);
    }
});
