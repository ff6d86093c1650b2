//! Lock tables.

use crate::stage::{Report, Stage, TABLE, Told};

fn table(fields: &str) -> String {
    format!(
        r#"{{"Table":{{"TableName":"terraform-locks","TableStatus":"ACTIVE","DeletionProtectionEnabled":true,"BillingModeSummary":{{"BillingMode":"PAY_PER_REQUEST"}},"AttributeDefinitions":[{{"AttributeName":"LockID","AttributeType":"S"}}],"KeySchema":[{{"AttributeName":"LockID","KeyType":"HASH"}}]{fields}}}}}"#
    )
}

fn told(stage: &Stage, operation: &'static str, status: u16, body: &str) -> Report {
    let options = [&["--no-write"], TABLE].concat();
    stage.doctor_told(&options, vec![Told::table(operation, status, body)])
}

#[test]
fn a_table_that_is_none_for_locks() {
    let stage = Stage::statelock();
    let base = stage.doctor(&[&["--no-write"], TABLE].concat());
    base.shows("lock-table-unprotected").shows("lock-table-deprecated");
    stage.doctor(&["--no-write"]).lacks("lock-table-unprotected").lacks("lock-table-deprecated");
    told(&stage, "DescribeTable", 200, &table("")).lacks("lock-table-unprotected");
    let wrong_key = table("").replace("LockID", "LockId");
    let waiting = table("").replace("ACTIVE", "CREATING");
    let provisioned = table("").replace("PAY_PER_REQUEST", "PROVISIONED").replace(
        "\"TableStatus\"",
        "\"ProvisionedThroughput\":{\"ReadCapacityUnits\":5,\"WriteCapacityUnits\":5},\"TableStatus\"",
    );
    let error =
        |code: &str| format!(r#"{{"__type":"com.amazonaws.dynamodb#{code}","message":"no"}}"#);
    let expiring =
        r#"{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"ttl"}}"#;
    for (id, operation, status, body, code) in [
        ("lock-table-missing", "DescribeTable", 400, error("ResourceNotFoundException"), 6),
        ("lock-table-key", "DescribeTable", 200, wrong_key, 2),
        ("lock-table-not-active", "DescribeTable", 200, waiting, 8),
        ("lock-table-provisioned", "DescribeTable", 200, provisioned, 0),
        ("lock-table-not-described", "DescribeTable", 400, error("AccessDeniedException"), 0),
        ("lock-table-not-described", "DescribeTimeToLive", 400, error("AccessDeniedException"), 0),
        ("lock-table-expires-items", "DescribeTimeToLive", 200, expiring.to_owned(), 2),
    ] {
        base.lacks(id);
        told(&stage, operation, status, &body).shows(id).ended(code);
    }
    let missing = stage.doctor(&["--no-write", "--dynamodb-table", "nowhere"]);
    missing.says("lock-table-missing", "--table-name nowhere");
}
