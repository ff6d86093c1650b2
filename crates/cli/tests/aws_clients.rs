//! boto3, the AWS CLI and hand-written requests, signed as AWS clients sign them.
//!
//! The cases are in `tests/python`, one script for each subject; a script says by name which case
//! failed, and its cases can be run alone (see `docs/compatibility.md`).

mod python;

use std::path::Path;

use python::Script;
use statelock_testkit::real_clients::python::PythonEnvironment;
use statelock_testkit::server_process::ServerProcess;
use statelock_testkit::skip::skip;
use tempfile::TempDir;

/// Both come from one release train; other versions would disagree about botocore.
const SDK: &[&str] = &["boto3==1.43.11", "awscli==1.45.11"];

fn all_cases_pass(name: &str, at_least: usize) {
    let script = Script {
        name,
        requirements: SDK,
        arguments: &[],
        server_flags: &["--domain", "localhost"],
        at_least,
    };
    script.passes();
}

#[test]
fn aws_command_line() {
    all_cases_pass("aws_cli.py", 13);
}

#[test]
fn objects_versions_and_copies() {
    all_cases_pass("objects.py", 28);
}

#[test]
fn copies_with_conditions_and_copied_parts() {
    all_cases_pass("copies.py", 12);
}

#[test]
fn tags_parts_and_listings_of_versions() {
    all_cases_pass("versions.py", 10);
}

#[test]
fn ranges_and_conditional_reads() {
    all_cases_pass("reads.py", 9);
}

#[test]
fn buckets_and_listings() {
    all_cases_pass("buckets.py", 23);
}

#[test]
fn bucket_settings() {
    all_cases_pass("bucket_settings.py", 15);
}

#[test]
fn p12_bucket_settings_survive_kill() {
    let environment = match PythonEnvironment::prepare(SDK) {
        Ok(environment) => environment,
        Err(reason) => return skip("p12_bucket_settings_survive_kill", &reason.to_string()),
    };
    let data = TempDir::new().expect("a directory for the server");
    let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
    let mut server = ServerProcess::start(binary, data.path(), &[]);
    let mut variables = server.client_env();
    variables.push(("AWS_CONFIG_FILE".into(), "/dev/null".into()));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/kept_settings.py");
    for case in ["set_everything", "read_everything"] {
        let run = environment.run(&script, &[case], &variables).expect("the interpreter starts");
        let report = || format!("{case}: {}\n--- server\n{}", run.transcript(), server.stderr());
        assert_eq!(run.code, Some(0), "{}", report());
        server.kill_hard();
        server.restart();
    }
}

#[test]
fn terragrunt_bootstraps_its_buckets_and_lock_table() {
    all_cases_pass("terragrunt_bootstrap.py", 6);
}

#[test]
fn keys_of_any_bytes() {
    all_cases_pass("keys.py", 12);
}

#[test]
fn multipart_uploads() {
    all_cases_pass("multipart.py", 24);
}

#[test]
fn conditional_writes_and_lockfiles() {
    all_cases_pass("conditions.py", 19);
}

#[test]
fn checksums_in_headers_and_trailers() {
    all_cases_pass("checksums.py", 9);
}

#[test]
fn body_framing_chunks_and_truncation() {
    all_cases_pass("framing.py", 14);
}

#[test]
fn signatures_presigned_urls_and_refused_credentials() {
    all_cases_pass("signatures.py", 27);
}

#[test]
fn what_the_sdk_itself_is_refused() {
    all_cases_pass("sdk_refusals.py", 6);
}

#[test]
fn encryption_that_is_not_done_is_not_claimed() {
    all_cases_pass("encryption.py", 4);
}

#[test]
fn malformed_signed_requests() {
    all_cases_pass("bad_bodies.py", 12);
}

#[test]
fn p7_what_the_write_guard_refuses_is_shown_and_kept() {
    all_cases_pass("write_guard.py", 8);
}

#[test]
fn thirty_two_racers_have_one_winner_each_round() {
    all_cases_pass("race.py", 3);
}
