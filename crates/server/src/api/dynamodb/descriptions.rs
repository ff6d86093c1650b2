//! Tables as answers describe them.

use serde_json::{Map, Value, json};

use crate::api::identity::ACCOUNT_ID;
use crate::engine::tables::TableDescription;
use crate::records::{KeyAttribute, KeySchema, TableRecord};

/// The name of a table among all resources.
pub(super) fn arn(name: &str, region: &str) -> String {
    format!("arn:aws:dynamodb:{region}:{ACCOUNT_ID}:table/{name}")
}

/// TableDescription. A table is there at once, so its status changes only when it goes.
pub(super) fn table(described: &TableDescription, status: &str) -> Value {
    let TableDescription { name, record, items, size_bytes } = described;
    let throughput = record.throughput.map_or((0, 0), |asked| (asked.read, asked.write));
    let mut body = Map::new();
    let mut add = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    add("TableName", json!(name));
    add("TableStatus", json!(status));
    add("TableArn", json!(arn(name, &record.region)));
    add("TableId", json!(record.id));
    add("CreationDateTime", seconds(record.created_micros));
    add("KeySchema", key_schema(&record.key));
    add("AttributeDefinitions", definitions(&record.key));
    add("ItemCount", json!(items));
    add("TableSizeBytes", json!(size_bytes));
    add("DeletionProtectionEnabled", json!(record.deletion_protected));
    add(
        "ProvisionedThroughput",
        json!({
            "NumberOfDecreasesToday": 0,
            "ReadCapacityUnits": throughput.0,
            "WriteCapacityUnits": throughput.1,
        }),
    );
    if let Some(summary) = billing(record) {
        add("BillingModeSummary", summary);
    }
    if let Some(class) = &record.class {
        add("TableClassSummary", json!({ "TableClass": class }));
    }
    if let Some(encryption) = &record.encryption {
        let key = encryption.key_id.clone().unwrap_or_else(|| "alias/aws/dynamodb".to_owned());
        let description = json!({ "Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key });
        add("SSEDescription", description);
    }
    Value::Object(body)
}

fn billing(record: &TableRecord) -> Option<Value> {
    let mode = if record.throughput.is_some() { "PROVISIONED" } else { "PAY_PER_REQUEST" };
    let shown = record.billing_mode_named || record.throughput.is_none();
    shown.then(|| {
        json!({
            "BillingMode": mode,
            "LastUpdateToPayPerRequestDateTime": seconds(record.created_micros),
        })
    })
}

fn key_schema(key: &KeySchema) -> Value {
    let element = |attribute: &KeyAttribute, role: &str| json!({ "AttributeName": attribute.name, "KeyType": role });
    let hash = element(&key.hash, "HASH");
    let range = key.range.as_ref().map(|attribute| element(attribute, "RANGE"));
    std::iter::once(hash).chain(range).collect()
}

fn definitions(key: &KeySchema) -> Value {
    key.attributes()
        .map(|attribute| {
            json!({
                "AttributeName": attribute.name,
                "AttributeType": attribute.key_type.name(),
            })
        })
        .collect()
}

/// Seconds since the Unix epoch, to the millisecond.
pub(super) fn seconds(micros: u64) -> Value {
    let millis = micros / 1000;
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    serde_json::from_str(&text).unwrap_or(Value::Null)
}
