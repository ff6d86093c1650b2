//! Requests to the lock table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use statelock_protocol::store::{
    ItemCondition, LockItem, Reply, TableName, TableRequest, TableSuccess,
};

use super::failure::{Failed, failed};
use crate::connection::Connection;
use crate::error::Trouble;

pub(super) async fn send(
    connection: &Connection,
    request: TableRequest,
) -> (Reply<TableSuccess>, Option<Trouble>) {
    let result = match request {
        TableRequest::Read { table, key } => read(connection, &table, key.as_str()).await,
        TableRequest::Put { table, key, info } => {
            put(connection, &table, (key.as_str(), info)).await
        }
        TableRequest::Delete { table, key, condition } => {
            delete(connection, &table, (key.as_str(), condition)).await
        }
    };
    match result {
        Ok(success) => (Reply::Applied(success), None),
        Err(failed) => failed.reply(),
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

async fn read(
    connection: &Connection,
    table: &TableName,
    key: &str,
) -> Result<TableSuccess, Failed> {
    let sent = connection
        .tables()
        .get_item()
        .table_name(table.as_str())
        .key("LockID", text(key))
        .projection_expression("LockID, Info")
        .consistent_read(true)
        .send()
        .await;
    let output = sent.map_err(|error| failed("DynamoDB", "GetItem", &error))?;
    Ok(TableSuccess::Read(output.item.map(|item| LockItem { info: info_of(&item) })))
}

fn info_of(item: &HashMap<String, AttributeValue>) -> Option<String> {
    item.get("Info").and_then(|value| value.as_s().ok()).cloned()
}

async fn put(
    connection: &Connection,
    table: &TableName,
    (key, info): (&str, String),
) -> Result<TableSuccess, Failed> {
    let sent = connection
        .tables()
        .put_item()
        .table_name(table.as_str())
        .item("LockID", text(key))
        .item("Info", AttributeValue::S(info))
        .condition_expression("attribute_not_exists(LockID)")
        .send()
        .await;
    sent.map_err(|error| failed("DynamoDB", "PutItem", &error))?;
    Ok(TableSuccess::Put)
}

async fn delete(
    connection: &Connection,
    table: &TableName,
    (key, condition): (&str, ItemCondition),
) -> Result<TableSuccess, Failed> {
    let call =
        connection.tables().delete_item().table_name(table.as_str()).key("LockID", text(key));
    let call = match condition {
        ItemCondition::InfoIs(info) => call
            .condition_expression("Info = :info")
            .expression_attribute_values(":info", AttributeValue::S(info)),
        ItemCondition::NoInfo => call
            .condition_expression("attribute_exists(LockID) AND NOT attribute_type(Info, :text)")
            .expression_attribute_values(":text", text("S")),
    };
    call.send().await.map_err(|error| failed("DynamoDB", "DeleteItem", &error))?;
    Ok(TableSuccess::Deleted)
}
