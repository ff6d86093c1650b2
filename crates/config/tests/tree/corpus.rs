//! The repositories of the corpus, one test each.

use crate::goldens::matches;

#[test]
fn a_directory_for_each_environment() {
    matches("environments");
}

#[test]
fn every_form_of_configuration_file() {
    matches("forms");
}

#[test]
fn initialised_directories() {
    matches("initialised");
}

#[test]
fn partial_configurations() {
    matches("partial");
}

#[test]
fn scripts_and_ci_files() {
    matches("scripts");
}

#[test]
fn units_of_terragrunt() {
    matches("terragrunt");
}
