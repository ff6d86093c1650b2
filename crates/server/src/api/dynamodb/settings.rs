//! Tags, backups and time to live of tables, and the account's limits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fields::{self, Fields};
use super::refusal::Refusal;
use super::tables::about_table;
use super::{Answered, Call, table_name};
use crate::engine::tables::TableError;

const TAGS_MAX: usize = 50;
const TAG_KEY_CHARS_MAX: usize = 128;
const TAG_VALUE_CHARS_MAX: usize = 256;

/// TagResource.
pub(super) async fn tag(call: &Call<'_>) -> Answered {
    let (arn, name) = resource(&call.request)?;
    let tags = read_tags(fields::list(call.request.required("Tags")?)?)?;
    if tags.is_empty() {
        return Err(Refusal::validation("Atleast one Tag needs to be provided as Input."));
    }
    let change = move |record: &mut crate::records::TableRecord| {
        record.tags.extend(tags.clone());
        if record.tags.len() > TAGS_MAX {
            return Err(TableError::Invalid(
                "One or more parameter values were invalid: Too many tags, 50 are allowed"
                    .to_owned(),
            ));
        }
        Ok(())
    };
    call.engine
        .change_table(name, call.sender.clone(), change)
        .await
        .map_err(|error| about_arn(error, &arn))?;
    Ok(json!({}))
}

/// UntagResource.
pub(super) async fn untag(call: &Call<'_>) -> Answered {
    let (arn, name) = resource(&call.request)?;
    let keys = fields::list(call.request.required("TagKeys")?)?;
    let keys: Vec<String> =
        keys.iter().map(|key| fields::text(key).map(str::to_owned)).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        return Err(Refusal::validation("Atleast one Tag Key needs to be provided as Input."));
    }
    let change = move |record: &mut crate::records::TableRecord| {
        record.tags.retain(|key, _| !keys.contains(key));
        Ok(())
    };
    call.engine
        .change_table(name, call.sender.clone(), change)
        .await
        .map_err(|error| about_arn(error, &arn))?;
    Ok(json!({}))
}

/// ListTagsOfResource. All tags fit on one page.
pub(super) async fn tags(call: &Call<'_>) -> Answered {
    let (arn, name) = resource(&call.request)?;
    let described = call.engine.table(name).await.map_err(|error| match error {
        // The service does not tell whether there is such a table.
        TableError::NoSuchTable(_) => Refusal::access_denied("ListTagsOfResource", &arn),
        TableError::TableExists(_)
        | TableError::Protected(_)
        | TableError::ConditionFailed(_)
        | TableError::Invalid(_)
        | TableError::Engine(_) => error.into(),
    })?;
    let tag = |(key, value): (&String, &String)| json!({ "Key": key, "Value": value });
    let tags: Vec<Value> = described.record.tags.iter().map(tag).collect();
    Ok(json!({ "Tags": tags }))
}

/// Reads a list of tags.
pub(super) fn read_tags(list: &[Value]) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for value in list {
        let fields = Fields::of(value)?;
        let key = fields::text(fields.required("Key")?)?.to_owned();
        let value = fields::text(fields.required("Value")?)?.to_owned();
        let fits = !key.is_empty()
            && key.chars().count() <= TAG_KEY_CHARS_MAX
            && value.chars().count() <= TAG_VALUE_CHARS_MAX;
        if !fits {
            return Err(Refusal::validation(format!(
                "One or more parameter values were invalid: the tag `{key}` has a key of more than \
                 128 or a value of more than 256 characters, or no key"
            )));
        }
        if let Some(key) = tags.insert(key.clone(), value).map(|_| key) {
            return Err(Refusal::validation(format!(
                "One or more parameter values were invalid: Duplicate tag key: {key}"
            )));
        }
    }
    Ok(tags)
}

/// ResourceArn, and the table that it names.
fn resource(request: &Fields) -> Result<(String, String), Refusal> {
    let arn = fields::text(request.required("ResourceArn")?)?.to_owned();
    match arn.strip_prefix("arn:aws").and_then(|rest| rest.split_once(":table/")) {
        Some((_, name)) => {
            let name = table_name(name)?;
            Ok((arn, name))
        }
        None => Err(Refusal::validation(format!(
            "Invalid TableArn: Invalid ResourceArn provided as input {arn}"
        ))),
    }
}

fn about_arn(error: TableError, arn: &str) -> Refusal {
    match error {
        TableError::NoSuchTable(_) => Refusal::no_such_resource(arn),
        TableError::TableExists(_)
        | TableError::Protected(_)
        | TableError::ConditionFailed(_)
        | TableError::Invalid(_)
        | TableError::Engine(_) => error.into(),
    }
}

/// DescribeContinuousBackups.
pub(super) async fn backups(call: &Call<'_>) -> Answered {
    let name = call.table_name()?;
    let described = call.engine.table(name).await.map_err(about_backups)?;
    Ok(backup_description(described.record.point_in_time_recovery))
}

/// UpdateContinuousBackups. What is asked for is shown; there is nothing to recover from by this API.
pub(super) async fn update_backups(call: &Call<'_>) -> Answered {
    let name = call.table_name()?;
    let wanted = call.request.object("PointInTimeRecoverySpecification")?;
    let wanted = wanted.ok_or_else(|| {
        Refusal::constraints(&[fields::missing("pointInTimeRecoverySpecification")])
    })?;
    let enabled = fields::truth(wanted.required("PointInTimeRecoveryEnabled")?)?;
    let change = move |record: &mut crate::records::TableRecord| {
        record.point_in_time_recovery = enabled;
        Ok(())
    };
    call.engine.change_table(name, call.sender.clone(), change).await.map_err(about_backups)?;
    Ok(backup_description(enabled))
}

fn backup_description(enabled: bool) -> Value {
    let status = if enabled { "ENABLED" } else { "DISABLED" };
    json!({
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": { "PointInTimeRecoveryStatus": status },
        }
    })
}

fn about_backups(error: TableError) -> Refusal {
    match error {
        TableError::NoSuchTable(name) => Refusal::table_not_found(&name),
        TableError::TableExists(_)
        | TableError::Protected(_)
        | TableError::ConditionFailed(_)
        | TableError::Invalid(_)
        | TableError::Engine(_) => error.into(),
    }
}

/// DescribeTimeToLive.
pub(super) async fn time_to_live(call: &Call<'_>) -> Answered {
    let name = call.table_name()?;
    let described = call.engine.table(name).await.map_err(about_table)?;
    let body = match &described.record.expiry_attribute {
        Some(attribute) => json!({ "TimeToLiveStatus": "ENABLED", "AttributeName": attribute }),
        None => json!({ "TimeToLiveStatus": "DISABLED" }),
    };
    Ok(json!({ "TimeToLiveDescription": body }))
}

/// UpdateTimeToLive. Items of a lock table are locks, and a lock never expires.
pub(super) async fn update_time_to_live(call: &Call<'_>) -> Answered {
    let name = call.table_name()?;
    let wanted = call.request.object("TimeToLiveSpecification")?;
    let wanted = wanted
        .ok_or_else(|| Refusal::constraints(&[fields::missing("timeToLiveSpecification")]))?;
    let enabled = fields::truth(wanted.required("Enabled")?)?;
    let attribute = fields::text(wanted.required("AttributeName")?)?.to_owned();
    let (shown, table) = (attribute.clone(), name.clone());
    let change = move |record: &mut crate::records::TableRecord| {
        if enabled && record.is_lock_table() {
            return Err(TableError::Invalid(format!(
                "`{table}` is a lock table: its items are locks, which never expire. \
                 TimeToLive cannot be enabled on it."
            )));
        }
        match (&record.expiry_attribute, enabled) {
            (Some(_), true) => Err(already("enabled")),
            (None, false) => Err(already("disabled")),
            (Some(present), false) if *present != attribute => Err(TableError::Invalid(format!(
                "TimeToLive is active on a different AttributeName: current AttributeName is \
                 {present}"
            ))),
            (_, true) => {
                record.expiry_attribute = Some(attribute.clone());
                Ok(())
            }
            (Some(_), false) => {
                record.expiry_attribute = None;
                Ok(())
            }
        }
    };
    call.engine.change_table(name, call.sender.clone(), change).await.map_err(about_table)?;
    let specification = json!({ "Enabled": enabled, "AttributeName": shown });
    Ok(json!({ "TimeToLiveSpecification": specification }))
}

fn already(state: &str) -> TableError {
    TableError::Invalid(format!("TimeToLive is already {state}"))
}

/// DescribeLimits: the service's own figures. Nothing here is bounded by them.
pub(super) fn limits() -> Value {
    json!({
        "AccountMaxReadCapacityUnits": 80_000,
        "AccountMaxWriteCapacityUnits": 80_000,
        "TableMaxReadCapacityUnits": 40_000,
        "TableMaxWriteCapacityUnits": 40_000,
    })
}
