//! CreateTable, DescribeTable, ListTables, UpdateTable and DeleteTable.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fields::{self, Fields};
use super::refusal::Refusal;
use super::{Answered, Call, descriptions, settings, table_name};
use crate::engine::tables::{NewTable, TableError};
use crate::records::{KeyAttribute, KeySchema, KeyType, TableEncryption, TableRecord, Throughput};

const BILLING_MODES: [&str; 2] = ["PROVISIONED", "PAY_PER_REQUEST"];
const CLASSES: [&str; 2] = ["STANDARD", "STANDARD_INFREQUENT_ACCESS"];
const NAMES_MAX: i64 = 100;
const INVALID: &str = "One or more parameter values were invalid:";

/// What this server has no equivalent for: secondary indexes, replicas, policies and limits.
const UNSUPPORTED: [&str; 11] = [
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "GlobalSecondaryIndexUpdates",
    "ReplicaUpdates",
    "GlobalTableWitnessUpdates",
    "MultiRegionConsistency",
    "ResourcePolicy",
    "OnDemandThroughput",
    "WarmThroughput",
    "VectorIndexes",
    "VectorIndexUpdates",
];

/// CreateTable.
pub(super) async fn create(call: &Call<'_>) -> Answered {
    let request = &call.request;
    let name = call.table_name()?;
    refuse_unsupported(request)?;
    let key = key_schema(request)?;
    let billing = billing(request)?;
    let new = NewTable {
        name,
        region: call.region.clone(),
        key,
        throughput: billing.throughput,
        billing_mode_named: billing.mode.is_some(),
        encryption: match encryption(request)? {
            Encryption::Wanted(wanted) => Some(wanted),
            Encryption::Unsaid | Encryption::Unwanted => None,
        },
        class: request.one_of("TableClass", &CLASSES)?.map(str::to_owned),
        deletion_protected: request.truth("DeletionProtectionEnabled")?.unwrap_or(false),
        tags: match request.list("Tags")? {
            Some(tags) => settings::read_tags(tags)?,
            None => BTreeMap::new(),
        },
    };
    let made = call.engine.create_table(new, Some(call.sender.clone())).await?;
    Ok(json!({ "TableDescription": descriptions::table(&made, "ACTIVE") }))
}

/// DescribeTable.
pub(super) async fn describe(call: &Call<'_>) -> Answered {
    let name = call.table_name()?;
    let described = call.engine.table(name).await.map_err(about_table)?;
    Ok(json!({ "Table": descriptions::table(&described, "ACTIVE") }))
}

/// ListTables.
pub(super) async fn list(call: &Call<'_>) -> Answered {
    let limit = call.request.bounded("Limit", 1, NAMES_MAX)?.unwrap_or(100);
    let after = call.request.text("ExclusiveStartTableName")?.map(table_name).transpose()?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let page = call.engine.tables(after, limit).await?;
    let mut body = json!({ "TableNames": page.names });
    if let (true, Some(last), Some(members)) = (page.more, page.names.last(), body.as_object_mut())
    {
        members.insert("LastEvaluatedTableName".to_owned(), json!(last));
    }
    Ok(body)
}

/// DeleteTable.
pub(super) async fn delete(call: &Call<'_>) -> Answered {
    let name = call.table_name()?;
    let gone = call.engine.delete_table(name, call.sender.clone()).await.map_err(about_table)?;
    Ok(json!({ "TableDescription": descriptions::table(&gone, "DELETING") }))
}

/// UpdateTable: what can be changed and is shown afterwards.
pub(super) async fn update(call: &Call<'_>) -> Answered {
    let request = &call.request;
    let name = call.table_name()?;
    refuse_unsupported(request)?;
    let mode = request.one_of("BillingMode", &BILLING_MODES)?;
    let throughput = throughput(request)?;
    let encryption = encryption(request)?;
    let class = request.one_of("TableClass", &CLASSES)?.map(str::to_owned);
    let protected = request.truth("DeletionProtectionEnabled")?;
    let is_empty = mode.is_none()
        && throughput.is_none()
        && encryption == Encryption::Unsaid
        && class.is_none()
        && protected.is_none()
        && !request.has("StreamSpecification");
    if is_empty {
        return Err(Refusal::validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, \
             GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
        ));
    }
    if mode == Some("PAY_PER_REQUEST") && throughput.is_some() {
        return Err(throughput_with_pay_per_request());
    }
    let change = move |record: &mut TableRecord| {
        change_billing(record, mode, throughput)?;
        match &encryption {
            Encryption::Unsaid => {}
            Encryption::Unwanted => record.encryption = None,
            Encryption::Wanted(wanted) => record.encryption = Some(wanted.clone()),
        }
        if class.is_some() {
            record.class.clone_from(&class);
        }
        record.deletion_protected = protected.unwrap_or(record.deletion_protected);
        Ok(())
    };
    let changed =
        call.engine.change_table(name, call.sender.clone(), change).await.map_err(about_table)?;
    Ok(json!({ "TableDescription": descriptions::table(&changed, "ACTIVE") }))
}

fn change_billing(
    record: &mut TableRecord,
    mode: Option<&str>,
    throughput: Option<Throughput>,
) -> Result<(), TableError> {
    record.billing_mode_named |= mode.is_some();
    match (mode, throughput) {
        (Some("PAY_PER_REQUEST"), _) => record.throughput = None,
        (Some(_), None) if record.throughput.is_none() => {
            return Err(TableError::Invalid(format!(
                "{INVALID} ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
            )));
        }
        (None, Some(_)) if record.throughput.is_none() => {
            return Err(TableError::Invalid(format!(
                "{INVALID} Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when \
                 BillingMode is PAY_PER_REQUEST"
            )));
        }
        (_, Some(asked)) => record.throughput = Some(asked),
        (_, None) => {}
    }
    Ok(())
}

/// Operations on a table name it when there is none.
pub(super) fn about_table(error: TableError) -> Refusal {
    match error {
        TableError::NoSuchTable(name) => Refusal::no_such_table(&name),
        TableError::TableExists(_)
        | TableError::Protected(_)
        | TableError::ConditionFailed(_)
        | TableError::Invalid(_)
        | TableError::Engine(_) => error.into(),
    }
}

/// An empty list of indexes and a stream that is off ask for nothing.
fn refuse_unsupported(request: &Fields) -> Result<(), Refusal> {
    let asked = UNSUPPORTED.iter().find(|name| {
        request.get(name).is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty()))
    });
    if let Some(name) = asked {
        return Err(Refusal::unsupported(name));
    }
    match request.object("StreamSpecification")? {
        Some(stream) if stream.truth("StreamEnabled")? == Some(true) => {
            Err(Refusal::unsupported("StreamSpecification"))
        }
        Some(_) | None => Ok(()),
    }
}

struct Billing {
    mode: Option<&'static str>,
    throughput: Option<Throughput>,
}

fn billing(request: &Fields) -> Result<Billing, Refusal> {
    let named = request.one_of("BillingMode", &BILLING_MODES)?;
    let mode = BILLING_MODES.into_iter().find(|mode| Some(*mode) == named);
    let throughput = throughput(request)?;
    match (mode, throughput) {
        (Some("PAY_PER_REQUEST"), Some(_)) => Err(throughput_with_pay_per_request()),
        (Some("PAY_PER_REQUEST"), None) | (_, Some(_)) => Ok(Billing { mode, throughput }),
        (_, None) => Err(Refusal::validation(format!(
            "{INVALID} ReadCapacityUnits and WriteCapacityUnits must both be specified when \
             BillingMode is PROVISIONED"
        ))),
    }
}

fn throughput_with_pay_per_request() -> Refusal {
    Refusal::validation(format!(
        "{INVALID} Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when \
         BillingMode is PAY_PER_REQUEST"
    ))
}

fn throughput(request: &Fields) -> Result<Option<Throughput>, Refusal> {
    let Some(asked) = request.object("ProvisionedThroughput")? else { return Ok(None) };
    let units = |name: &str| {
        asked.bounded(name, 1, i64::MAX)?.ok_or_else(|| {
            let path = format!("provisionedThroughput.{}", fields::lower_first(name));
            Refusal::constraints(&[fields::missing(&path)])
        })
    };
    Ok(Some(Throughput { read: units("ReadCapacityUnits")?, write: units("WriteCapacityUnits")? }))
}

/// What SSESpecification asks for.
#[derive(PartialEq)]
enum Encryption {
    /// It is not there.
    Unsaid,
    /// No key of its own.
    Unwanted,
    /// A key of its own.
    Wanted(TableEncryption),
}

fn encryption(request: &Fields) -> Result<Encryption, Refusal> {
    let Some(asked) = request.object("SSESpecification")? else { return Ok(Encryption::Unsaid) };
    if asked.one_of("SSEType", &["AES256", "KMS"])? == Some("AES256") {
        return Err(Refusal::validation(format!("{INVALID} SSEType AES256 is not supported")));
    }
    let key_id = asked.text("KMSMasterKeyId")?.map(str::to_owned);
    match (asked.truth("Enabled")?.unwrap_or(false), key_id) {
        (true, key_id) => Ok(Encryption::Wanted(TableEncryption { key_id })),
        (false, None) => Ok(Encryption::Unwanted),
        (false, Some(_)) => Err(Refusal::validation(format!(
            "{INVALID} SSE is not enabled; KMSMasterKeyId cannot be specified"
        ))),
    }
}

fn key_schema(request: &Fields) -> Result<KeySchema, Refusal> {
    let elements = fields::list(request.required("KeySchema")?)?;
    let definitions = definitions(request)?;
    let element = |value: &Value, role: &str, rule: &str| {
        let fields = Fields::of(value)?;
        let name = fields::text(fields.required("AttributeName")?)?.to_owned();
        let given = fields.one_of("KeyType", &["HASH", "RANGE"])?;
        if given != Some(role) {
            return Err(Refusal::validation(format!("Invalid KeySchema: {rule}")));
        }
        match definitions.iter().find(|definition| definition.name == name) {
            Some(definition) => Ok(definition.clone()),
            None => Err(Refusal::validation(format!(
                "{INVALID} Some index key attributes are not defined in AttributeDefinitions. Keys: \
                 [{name}], AttributeDefinitions: [{}]",
                names(&definitions)
            ))),
        }
    };
    let first = "The first KeySchemaElement is not a HASH key type";
    let second = "The second KeySchemaElement is not a RANGE key type";
    let key = match elements.as_slice() {
        [hash] => KeySchema { hash: element(hash, "HASH", first)?, range: None },
        [hash, range] => KeySchema {
            hash: element(hash, "HASH", first)?,
            range: Some(element(range, "RANGE", second)?),
        },
        other => return Err(key_count(other.len())),
    };
    if key.range.as_ref().is_some_and(|range| range.name == key.hash.name) {
        return Err(Refusal::validation(
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ));
    }
    if definitions.len() != key.attributes().count() {
        let keys: Vec<&str> = key.attributes().map(|attribute| attribute.name.as_str()).collect();
        return Err(Refusal::validation(format!(
            "{INVALID} Number of attributes in KeySchema does not exactly match number of attributes \
             defined in AttributeDefinitions. Keys: [{}], AttributeDefinitions: [{}]",
            keys.join(", "),
            names(&definitions)
        )));
    }
    Ok(key)
}

fn key_count(count: usize) -> Refusal {
    let rule = if count == 0 { "greater than or equal to 1" } else { "less than or equal to 2" };
    Refusal::constraints(&[format!(
        "Value of {count} elements at 'keySchema' failed to satisfy constraint: Member must have \
         length {rule}"
    )])
}

fn names(definitions: &[KeyAttribute]) -> String {
    let names: Vec<&str> = definitions.iter().map(|each| each.name.as_str()).collect();
    names.join(", ")
}

fn definitions(request: &Fields) -> Result<Vec<KeyAttribute>, Refusal> {
    let given = fields::list(request.required("AttributeDefinitions")?)?;
    let mut definitions: Vec<KeyAttribute> = Vec::new();
    for value in given {
        let fields = Fields::of(value)?;
        let name = fields::text(fields.required("AttributeName")?)?.to_owned();
        fields.required("AttributeType")?;
        let key_type = match fields.one_of("AttributeType", &["B", "N", "S"])? {
            Some("N") => KeyType::N,
            Some("B") => KeyType::B,
            Some(_) | None => KeyType::S,
        };
        if definitions.iter().any(|earlier| earlier.name == name) {
            return Err(Refusal::validation(format!(
                "{INVALID} Cannot have two attributes with the same name"
            )));
        }
        definitions.push(KeyAttribute { name, key_type });
    }
    Ok(definitions)
}
