//! Files in the styles that people write, and exactly what becomes of them.

use std::fmt::Write as _;

use statelock_config::edit::{EditError, edited};

use crate::phases::{DUAL, S3, edit, files, folder, must_edit};

/// Compares with the file of the same name in a folder of results.
fn assert_result(stage: &str, name: &str, text: &str) {
    let expected = std::fs::read_to_string(folder(stage).join(name)).expect("a result");
    assert_eq!(text, expected, "{stage}/{name}");
}

#[test]
fn every_file_becomes_what_it_should() {
    let before = files("before");
    assert!(before.len() >= 60, "{}", before.len());
    for file in before {
        let dual = must_edit(&file.name, file.form, &file.text, DUAL);
        assert_result("dual", &file.name, &dual);
        let s3 = must_edit(&file.name, file.form, &dual, S3);
        assert_result("s3", &file.name, &s3);
        // Each phase made again changes nothing, and the whole way at once ends at the same place.
        for (text, changes) in [(&dual, DUAL), (&s3, S3), (&s3, DUAL)] {
            let again = edit(&file.name, file.form, text, changes).expect("again");
            assert!(!again.is_changed, "{}", file.name);
        }
        let both = [DUAL, S3].concat();
        assert_eq!(must_edit(&file.name, file.form, &file.text, &both), s3, "{}", file.name);
    }
}

/// Each of these files needs a hand in one phase or in both; what is said has its line and the change.
#[test]
fn what_cannot_be_edited_is_said() {
    let mut said = String::new();
    let mut refused = 0;
    for file in files("by_hand").into_iter().filter(|file| file.name != "said.txt") {
        for changes in [DUAL, S3] {
            match edit(&file.name, file.form, &file.text, changes) {
                Err(EditError::ByHand(by_hand)) => {
                    assert!(!by_hand.is_empty(), "{}", file.name);
                    refused += 1;
                    for one in by_hand {
                        writeln!(said, "{one}").expect("a string takes all");
                    }
                }
                Ok(edited) => {
                    let what = if edited.is_changed { "is changed" } else { "needs no change" };
                    writeln!(said, "{} {what}", file.name).expect("a string takes all");
                }
                Err(EditError::Invalid(error)) => panic!("{error}"),
            }
        }
    }
    assert!(refused >= 15, "{refused}");
    assert_result("by_hand", "said.txt", &said);
}

/// The function that reads the file itself chooses the same form.
#[test]
fn a_file_is_read_and_its_form_found() {
    for file in files("before") {
        let found = edited(&folder("before").join(&file.name), None, DUAL).expect("edited");
        assert_eq!(found.text, must_edit(&file.name, file.form, &file.text, DUAL), "{}", file.name);
    }
    let error = edited(&folder("before").join("absent.tf"), None, DUAL).expect_err("absent");
    assert!(error.to_string().starts_with("could not read"), "{error}");
}
