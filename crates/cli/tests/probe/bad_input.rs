//! What keeps a probe from trying anything.

use statelock_testkit::fault_proxy::Fault;

use crate::stage::{BUCKET, PLACE, QUICK, Run, Stage, TABLE};

/// Of a bucket in which nothing can be removed for two years.
const RETAINS: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 186\r\nConnection: close\r\n\r\n\
    <ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Years>2</Years></DefaultRetention></Rule></ObjectLockConfiguration>";

/// Of a table whose key has another name.
const OTHER_KEY: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 121\r\nConnection: close\r\n\r\n\
    {\"__type\":\"com.amazon.coral.validate#ValidationException\",\"message\":\"The provided key element does not match the schema\"}";
/// What that table is.
const DESCRIBED: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 179\r\nConnection: close\r\n\r\n\
    {\"Table\":{\"TableName\":\"wrongkey\",\"TableStatus\":\"ACTIVE\",\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}],\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]}}";
/// To who may not ask.
const NOT_DESCRIBED: &str = "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 74\r\nConnection: close\r\n\r\n\
    {\"__type\":\"com.amazon.coral.service#AccessDeniedException\",\"message\":\"no\"}";
/// To who may not write.
const DENIED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 59\r\nConnection: close\r\n\r\n\
                      <Error><Code>AccessDenied</Code><Message></Message></Error>";

#[test]
fn a_dry_run_says_everything_and_sends_nothing() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    let run = Run::of(stage.command(&proxy.endpoint(), &["probe", PLACE, "--dry-run"]));
    run.ended(0, "writes below     s3://tfstate/team/.statelock-probe/");
    for line in ["at most 5,", "32 at once, within 10 min", "note: nothing was sent"] {
        assert!(run.stderr.contains(line), "expected {line:?} in {}", run.stderr);
    }
    assert_eq!(proxy.requests(), []);
}

#[test]
fn what_is_not_there_is_said() {
    let stage = Stage::statelock();
    stage.run(&["probe", "s3://nosuch"]).ended(6, "error: nothing could be tried");
    let proxy = stage.server.proxy();
    let args = ["probe", PLACE, "--dynamodb-table", "nosuch"];
    let run = Run::of(stage.command(&proxy.endpoint(), &args));
    run.ended(6, "leave --dynamodb-table out");
    assert!(proxy.requests().iter().all(|one| one.method != "PUT"), "before anything is written");
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn where_nothing_can_be_removed_nothing_is_written_unless_that_is_accepted() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    proxy.inject(Fault::Answer(RETAINS), usize::MAX, |_, path| path.contains("object-lock"));
    let args = [&["probe", PLACE], QUICK].concat();
    let run = Run::of(stage.command(&proxy.endpoint(), &args));
    run.ended(2, "keeps every version for 730 days (Object Lock, COMPLIANCE)");
    run.ended(2, "--allow object_lock");
    assert!(proxy.requests().iter().all(|one| one.method != "PUT"), "nothing is written");
    assert!(!stage.kept().exists(), "no verdict is kept");
    let args = [&args[..], &["--allow", "object_lock"]].concat();
    Run::of(stage.command(&proxy.endpoint(), &args)).ended(0, "");
}

#[test]
fn who_may_not_write_is_told_what_is_needed() {
    let stage = Stage::statelock();
    let mut command = stage.command(&stage.server.endpoint(), &["probe", PLACE]);
    command.env_remove("AWS_SHARED_CREDENTIALS_FILE");
    command.env("AWS_ACCESS_KEY_ID", "AKIA").env("AWS_SECRET_ACCESS_KEY", "wrong");
    Run::of(command).ended(9, "a probe needs s3:PutObject");
    assert!(!stage.kept().exists(), "no verdict is kept");
}

#[test]
fn what_was_refused_is_not_told_as_left() {
    let stage = Stage::statelock();
    let proxy = stage.server.proxy();
    proxy.inject(Fault::Answer(DENIED), usize::MAX, |method, _| method != "HEAD");
    let run = Run::of(stage.command(&proxy.endpoint(), &["probe", PLACE]));
    run.ended(9, "a probe needs s3:PutObject");
    for untrue in ["is left", "could not be removed", "--clean"] {
        assert!(!run.stderr.contains(untrue), "{untrue:?} in {}", run.stderr);
    }
    let asked = proxy.requests();
    assert!(asked.iter().any(|one| one.method == "PUT"), "{asked:?}");
    assert!(
        asked.iter().all(|one| one.method != "DELETE"),
        "there is nothing to remove: {asked:?}"
    );
    stage.assert_nothing_left(BUCKET);
}

#[test]
fn a_table_with_another_key_is_no_lock_table() {
    for (described, said) in [
        (DESCRIBED, "has the key `id` (S partition key), and a lock table needs `LockID` (S"),
        (NOT_DESCRIBED, "does not take the key of a lock table, `LockID` (S partition key): "),
    ] {
        let stage = Stage::statelock();
        let proxy = stage.server.proxy();
        proxy.inject_on(Fault::Answer(OTHER_KEY), usize::MAX, |one| {
            matches!(one.operation.as_str(), "GetItem" | "PutItem" | "DeleteItem")
        });
        proxy.inject_on(Fault::Answer(described), usize::MAX, |one| {
            one.operation == "DescribeTable"
        });
        let args = ["probe", PLACE, "--dynamodb-table", TABLE];
        let run = Run::of(stage.command(&proxy.endpoint(), &args));
        run.ended(2, said);
        run.ended(2, "name another table, or leave --dynamodb-table out");
        assert!(proxy.requests().iter().all(|one| one.method != "PUT"), "before all rounds");
        assert!(!stage.kept().exists(), "no verdict is kept");
    }
}

#[test]
fn a_store_that_is_not_there_is_unavailable() {
    let stage = Stage::statelock();
    let args = ["probe", PLACE, "--endpoint-url", "http://127.0.0.1:1"];
    stage.run(&args).ended(8, "check the endpoint, the network and the proxy settings");
}

#[test]
fn an_upper_case_name_is_up_to_the_store_and_a_refusal_says_what_may_be_wrong() {
    let stage = Stage::statelock();
    let hint = "most stores take no upper-case letters in a bucket's name: is it `tfstate`?";
    stage.run(&["probe", "s3://TFstate"]).ended(2, hint);
    stage.run(&["probe", "s3://TFstate", "--clean"]).ended(2, hint);
    let other = stage.run(&["probe", "s3://elsewhere"]);
    other.ended(6, "a probe makes no bucket");
    assert!(!other.stderr.contains("upper-case"), "{}", other.stderr);
    // A store may take them: what it says of other things is told as ever.
    let proxy = stage.server.proxy();
    proxy.inject(Fault::Answer(DENIED), usize::MAX, |method, _| method != "HEAD");
    proxy.inject(
        Fault::Answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        usize::MAX,
        |method, _| method == "HEAD",
    );
    let denied = Run::of(stage.command(&proxy.endpoint(), &["probe", "s3://TFstate"]));
    denied.ended(9, "a probe needs s3:PutObject");
    assert!(!denied.stderr.contains("upper-case"), "{}", denied.stderr);
}

#[test]
fn a_store_that_takes_nothing_as_it_is_sent_is_not_called_unsafe() {
    let stage = Stage::statelock();
    let run = stage.probe(&["--encrypt", "--kms-key-id", "1234", "--json"]);
    run.ended(2, "the store takes no object that is sent so: S3 PutObject was answered with 501");
    run.ended(2, "check --encrypt, --kms-key-id");
    assert_eq!(run.stdout, "");
    assert!(!stage.kept().exists(), "no verdict is kept");
    stage.assert_nothing_left(BUCKET);
    let far = stage.run(&["probe", PLACE, "--endpoint-url", "http://127.0.0.1:99999"]);
    far.ended(2, "`http://127.0.0.1:99999` is no URL such as");
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let stage = Stage::statelock();
    for (args, said) in [
        (&["probe", "tfstate"][..], "not of the form s3://BUCKET[/PREFIX]"),
        (&["probe", PLACE, "--writers", "8"], "--writers"),
        (&["probe", PLACE, "--rounds", "0"], "--rounds"),
        (
            &["probe", PLACE, "--endpoint-url", "localhost:9000"],
            "`localhost:9000` is no URL such as",
        ),
        (&["probe", PLACE, "--clean", "--dry-run"], "cannot be used with"),
    ] {
        stage.run(args).ended(2, said);
    }
}
