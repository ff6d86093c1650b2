//! Suites that nobody here wrote, run against the built server.

use std::future::Future;
use std::path::Path;
use std::process::Command;

use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut, S3CopyIfNotExists};
use object_store::integration as suite;
use serde_json::Value;
use statelock_testkit::peers::{Build, CargoProgram};
use statelock_testkit::server_process::ServerProcess;
use statelock_testkit::skip::skip;
use tempfile::TempDir;

/// The cases of `s3s-e2e` but for the one that needs STS AssumeRole.
const S3S_CASES: &[&str] =
    &["^Basic/", "^Advanced/(Multipart|Tagging|ListPagination|PresignedUrl)/"];
const S3S_E2E: CargoProgram =
    CargoProgram { name: "s3s-e2e", version: "0.14.1", features: "", build: Build::Debug };
/// 12 in `Basic` and 5 in `Advanced`.
const S3S_CASE_COUNT: usize = 17;

/// A server with an empty data directory, both gone at the end of the test.
struct Stage {
    server: ServerProcess,
    _data: TempDir,
}

impl Stage {
    fn new() -> Self {
        let data = TempDir::new().expect("a directory for the server");
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        Self { server: ServerProcess::start(binary, data.path(), &[]), _data: data }
    }

    fn builder(&self) -> AmazonS3Builder {
        let (access_key, secret_key) = self.server.credentials();
        AmazonS3Builder::new()
            .with_endpoint(self.server.endpoint())
            .with_allow_http(true)
            .with_region("us-east-1")
            .with_bucket_name("tfstate")
            .with_access_key_id(access_key)
            .with_secret_access_key(secret_key)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
    }
}

/// Runs one test of the suite on a store that `configure` may change.
async fn on_a_server<F, T>(configure: fn(AmazonS3Builder) -> AmazonS3Builder, test: T)
where
    F: Future<Output = ()>,
    T: FnOnce(&'static AmazonS3) -> F,
{
    let stage = Stage::new();
    let store = configure(stage.builder()).build().expect("a store");
    // The suite borrows the store across awaits; one small leak per test keeps this signature plain.
    test(Box::leak(Box::new(store))).await;
}

/// One `#[tokio::test]` for each function of `object_store::integration`.
macro_rules! object_store_suite {
    ($($name:ident: |$store:ident| $call:expr;)*) => {
        mod object_store_integration {
            use super::*;
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                on_a_server(|builder| builder, |$store| async move { $call.await; }).await;
            })*
        }
    };
}

// The fifteen public tests that the project's own `s3_test` runs without further settings.
object_store_suite! {
    put_get_delete_list: |store| suite::put_get_delete_list(store);
    put_get_attributes: |store| suite::put_get_attributes(store);
    get_opts: |store| suite::get_opts(store);
    put_opts: |store| suite::put_opts(store, true);
    stream_get: |store| suite::stream_get(store);
    list_uses_directories_correctly: |store| suite::list_uses_directories_correctly(store);
    list_with_delimiter: |store| suite::list_with_delimiter(store);
    list_with_offset_exclusivity: |store| suite::list_with_offset_exclusivity(store);
    list_paginated: |store| suite::list_paginated(store, store);
    rename_and_copy: |store| suite::rename_and_copy(store);
    multipart: |store| suite::multipart(store, store);
    multipart_with_opts: |store| suite::multipart_with_opts(store, store);
    multipart_put_part_out_of_order: |store| suite::multipart_put_part_out_of_order(store, store);
    multipart_race_condition: |store| suite::multipart_race_condition(store, true);
    multipart_out_of_order: |store| suite::multipart_out_of_order(store);
}

/// A copy that must not overwrite: a multipart upload with one copied part, completed `If-None-Match`.
fn copies_by_multipart(builder: AmazonS3Builder) -> AmazonS3Builder {
    builder.with_copy_if_not_exists(S3CopyIfNotExists::Multipart)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn object_store_copy_if_not_exists() {
    on_a_server(copies_by_multipart, |store| suite::copy_if_not_exists(store)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn object_store_copy_rename_nonexistent_object() {
    on_a_server(copies_by_multipart, |store| suite::copy_rename_nonexistent_object(store)).await;
}

/// The three variants of the first test that the project itself runs against S3.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn object_store_with_other_payload_settings() {
    use object_store::aws::Checksum;
    let variants: [fn(AmazonS3Builder) -> AmazonS3Builder; 3] = [
        |builder| builder.with_unsigned_payload(true),
        |builder| builder.with_checksum_algorithm(Checksum::SHA256),
        |builder| builder.with_checksum_algorithm(Checksum::CRC64NVME),
    ];
    for configure in variants {
        on_a_server(configure, |store| suite::put_get_delete_list(store)).await;
    }
}

#[test]
fn s3s_e2e() {
    let program = match S3S_E2E.prepare() {
        Ok(program) => program,
        Err(missing) => return skip("s3s-e2e", &missing.0),
    };
    let stage = Stage::new();
    let (access_key, secret_key) = stage.server.credentials();
    let scratch = TempDir::new().expect("a scratch directory");
    let report = scratch.path().join("report.json");
    let mut command = Command::new(program);
    command.current_dir(scratch.path()).envs(stage.server.client_env()).arg("--json").arg(&report);
    command.env("AWS_ACCESS_KEY_ID", access_key).env("AWS_SECRET_ACCESS_KEY", secret_key);
    for pattern in S3S_CASES {
        command.args(["--filter", pattern]);
    }
    let output = command.output().expect("s3s-e2e starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{said}\n{}", output.status, stage.server.stderr());
    let text = std::fs::read_to_string(&report).expect("a report");
    let passed = passed_cases(&serde_json::from_str(&text).expect("a JSON report"));
    assert_eq!(passed, S3S_CASE_COUNT, "number of passed cases\n{said}");
}

fn passed_cases(report: &Value) -> usize {
    let each = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    each(report, "suites")
        .iter()
        .flat_map(|suite| each(suite, "fixtures"))
        .flat_map(|fixture| each(&fixture, "cases"))
        .filter(|case| case["passed"] == true && case["ignored"] == false)
        .count()
}
