//! Faults of lock tables.

use statelock_testkit::condition_proxy::Fault;
use statelock_testkit::real_clients::terraform::LOCK_TABLE;
use statelock_testkit::signed_client::SignedClient;

use crate::stage::Stage;

/// What a conditional put of an item, again, a conditional delete of another holder's and a read say.
fn told_of_items(stage: &Stage) -> [u16; 4] {
    let mut client = stage.client();
    let item = |who: &str| {
        format!(
            "{{\"TableName\":\"{LOCK_TABLE}\",\"Item\":{{\"LockID\":{{\"S\":\"b/k\"}},\"Info\":\
             {{\"S\":\"{who}\"}}}},\"ConditionExpression\":\"attribute_not_exists(LockID)\"}}"
        )
    };
    let key = format!("\"TableName\":\"{LOCK_TABLE}\",\"Key\":{{\"LockID\":{{\"S\":\"b/k\"}}}}");
    let delete = format!(
        "{{{key},\"ConditionExpression\":\"Info = :info\",\
         \"ExpressionAttributeValues\":{{\":info\":{{\"S\":\"nobody\"}}}}}}"
    );
    let get = format!("{{{key},\"ConsistentRead\":true}}");
    let mut status = |operation: &str, body: &str| {
        client.dynamodb(operation, body.as_bytes()).expect("an answer").status()
    };
    [
        status("PutItem", &item("one")),
        status("PutItem", &item("two")),
        status("DeleteItem", &delete),
        status("GetItem", &get),
    ]
}

#[test]
fn conditions_of_items_are_ignored_or_raced() {
    for (fault, expected) in [
        (Fault::Nothing, [200, 400, 400, 200]),
        (Fault::ItemConditionIgnored, [200, 200, 200, 200]),
        (Fault::ItemConditionRaced, [200, 400, 400, 200]),
    ] {
        assert_eq!(told_of_items(&Stage::with(fault)), expected, "{fault:?}");
    }
}

#[test]
fn another_connection_reads_an_item_as_it_was_before_once() {
    let stage = Stage::with(Fault::StaleItems);
    let (mut writer, mut reader) = (stage.client(), stage.client());
    let id = "{\"LockID\":{\"S\":\"b/k\"}}";
    let put = format!("{{\"TableName\":\"{LOCK_TABLE}\",\"Item\":{id}}}");
    let get = format!("{{\"TableName\":\"{LOCK_TABLE}\",\"Key\":{id},\"ConsistentRead\":true}}");
    let put = writer.dynamodb("PutItem", put.as_bytes()).expect("an answer");
    assert_eq!(put.status(), 200, "{}", put.text());
    let is_there = |client: &mut SignedClient| {
        client.dynamodb("GetItem", get.as_bytes()).expect("an answer").text().contains("\"Item\"")
    };
    assert!(is_there(&mut writer));
    assert!(!is_there(&mut reader));
    assert!(is_there(&mut reader));
}
