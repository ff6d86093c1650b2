//! The DynamoDB API with boto3, the AWS CLI, python-dynamodb-lock and requests given byte for byte.
//!
//! The cases are in `tests/python`, one script for each subject.

mod python;

use python::Script;

/// Both come from one release train; other versions would disagree about botocore.
const SDK: &[&str] = &["boto3==1.43.11", "awscli==1.45.11"];
const LOCK_CLIENT: &[&str] = &["boto3==1.43.11", "python-dynamodb-lock==0.9.1"];

fn all_cases_pass(name: &str, requirements: &[&str], at_least: usize) {
    Script { name, requirements, arguments: &[], server_flags: &[], at_least }.passes();
}

#[test]
fn p1_p8_p11_terraforms_own_requests_on_the_lock_table() {
    all_cases_pass("dynamodb_locks.py", SDK, 7);
}

#[test]
fn items_conditions_updates_pages_and_batches() {
    all_cases_pass("dynamodb_items.py", SDK, 15);
}

#[test]
fn tables_and_their_settings() {
    all_cases_pass("dynamodb_tables.py", SDK, 9);
}

#[test]
fn errors_have_the_types_and_texts_of_dynamodb() {
    all_cases_pass("dynamodb_errors.py", SDK, 10);
}

#[test]
fn aws_command_line() {
    all_cases_pass("dynamodb_cli.py", SDK, 3);
}

#[test]
fn another_lock_client_on_a_table_of_its_own() {
    all_cases_pass("dynamodb_lock_client.py", LOCK_CLIENT, 4);
}
