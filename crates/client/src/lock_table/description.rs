//! What DynamoDB says of a lock table.

use aws_sdk_dynamodb::types::{
    BillingMode, BillingModeSummary, KeyType, ProvisionedThroughputDescription,
    TableDescription as SdkDescription, TimeToLiveDescription, TimeToLiveStatus,
};
use statelock_protocol::store::Refusal;

use super::LockTable;
use crate::error::StoreError;
use crate::transport::repeated;

/// A table, as far as it matters for locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDescription {
    /// `ACTIVE`, `CREATING`, `UPDATING`, `DELETING`, ….
    pub status: String,
    /// Its ARN, if the store has such a thing.
    pub arn: Option<String>,
    /// The attributes of its primary key.
    pub key: Vec<KeyAttribute>,
    /// How it is paid for.
    pub billing: Billing,
    /// Whether it cannot be deleted by mistake.
    pub is_deletion_protected: bool,
    /// Items in it, as DynamoDB counted them within the last six hours or so.
    pub item_count: u64,
    /// Their size, of the same time.
    pub size_bytes: u64,
}

/// An attribute of a primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAttribute {
    /// Its name.
    pub name: String,
    /// Whether it is the partition key or the sort key.
    pub role: KeyRole,
    /// `S`, `N` or `B`; empty if the store does not say it.
    pub kind: String,
}

/// What an attribute is in a primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRole {
    /// The partition key.
    Hash,
    /// The sort key.
    Range,
}

/// How a table is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billing {
    /// By request.
    OnDemand,
    /// By what is provided, used or not; more is refused.
    Provisioned {
        /// Read capacity units per second.
        reads: u64,
        /// Write capacity units per second.
        writes: u64,
    },
}

/// Whether items go by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeToLive {
    /// They do when the time in this attribute is over.
    Enabled {
        /// The attribute.
        attribute: String,
    },
    /// They stay.
    Disabled,
    /// These credentials may not ask, or the store has no such thing.
    NotSaid(StoreError),
}

impl TableDescription {
    /// Whether the key is that of a lock table: the text `LockID`, and nothing more. With another key Terraform
    /// cannot lock.
    pub fn has_lock_key(&self) -> bool {
        match self.key.as_slice() {
            [only] => {
                let is_text = matches!(only.kind.as_str(), "S" | "");
                only.name == "LockID" && only.role == KeyRole::Hash && is_text
            }
            _ => false,
        }
    }

    /// Its key in words.
    pub fn key_text(&self) -> String {
        let parts = self.key.iter().map(|part| {
            let role = match part.role {
                KeyRole::Hash => "partition key",
                KeyRole::Range => "sort key",
            };
            format!("`{}` ({} {role})", part.name, part.kind)
        });
        let parts: Vec<_> = parts.collect();
        if parts.is_empty() { "not said".to_owned() } else { parts.join(" and ") }
    }

    /// Whether it can be read and written.
    pub fn is_active(&self) -> bool {
        // A table that is changed goes on working.
        matches!(self.status.as_str(), "ACTIVE" | "UPDATING" | "")
    }
}

impl LockTable {
    /// Asks what it is. Needs `dynamodb:DescribeTable`. Changes nothing; may be dropped at any time.
    ///
    /// # Errors
    /// There is no such table, these credentials may not ask, or there is no answer.
    pub async fn describe(&self) -> Result<TableDescription, StoreError> {
        let said = repeated("DescribeTable", || {
            self.connection().tables().describe_table().table_name(self.name().as_str()).send()
        });
        let output = said.await.map_err(|error| *error)?;
        Ok(described(&output.table.unwrap_or_else(empty)))
    }

    /// Asks whether its items go by themselves: a lock that does lets two in. Needs
    /// `dynamodb:DescribeTimeToLive`. Changes nothing; may be dropped at any time.
    ///
    /// # Errors
    /// There is no such table, or no answer.
    pub async fn time_to_live(&self) -> Result<TimeToLive, StoreError> {
        let said = repeated("DescribeTimeToLive", || {
            let call = self.connection().tables().describe_time_to_live();
            call.table_name(self.name().as_str()).send()
        });
        let output = match said.await.map_err(|error| *error) {
            Ok(output) => output,
            Err(error) => return not_said(error),
        };
        let said = output.time_to_live_description;
        let status = said.as_ref().and_then(TimeToLiveDescription::time_to_live_status);
        let is_on = [TimeToLiveStatus::Enabled, TimeToLiveStatus::Enabling];
        if !status.is_some_and(|status| is_on.contains(status)) {
            return Ok(TimeToLive::Disabled);
        }
        let attribute = said.and_then(|said| said.attribute_name).unwrap_or_default();
        Ok(TimeToLive::Enabled { attribute })
    }
}

/// Who may not ask, or asks a store without such a thing, knows as little as before.
fn not_said(error: StoreError) -> Result<TimeToLive, StoreError> {
    match error {
        StoreError::Refused { refusal: Refusal::Denied | Refusal::Unsupported, .. } => {
            Ok(TimeToLive::NotSaid(error))
        }
        StoreError::Refused { .. } | StoreError::Unknown(_) => Err(error),
    }
}

fn empty() -> SdkDescription {
    SdkDescription::builder().build()
}

fn described(table: &SdkDescription) -> TableDescription {
    let kind = |name: &str| {
        let attributes = table.attribute_definitions().iter();
        let found = attributes.filter(|attribute| attribute.attribute_name() == name);
        let mut kinds = found.map(|attribute| attribute.attribute_type().as_str().to_owned());
        kinds.next().unwrap_or_default()
    };
    let key = table.key_schema().iter().map(|part| KeyAttribute {
        name: part.attribute_name().to_owned(),
        role: if *part.key_type() == KeyType::Range { KeyRole::Range } else { KeyRole::Hash },
        kind: kind(part.attribute_name()),
    });
    let status = table.table_status().map(|status| status.as_str().to_owned());
    TableDescription {
        status: status.unwrap_or_default(),
        arn: table.table_arn().map(str::to_owned),
        key: key.collect(),
        billing: billing(table),
        is_deletion_protected: table.deletion_protection_enabled().unwrap_or_default(),
        item_count: natural(table.item_count()),
        size_bytes: natural(table.table_size_bytes()),
    }
}

fn billing(table: &SdkDescription) -> Billing {
    let mode = table.billing_mode_summary().and_then(BillingModeSummary::billing_mode);
    let provided = table.provisioned_throughput();
    let reads = natural(provided.and_then(ProvisionedThroughputDescription::read_capacity_units));
    let writes = natural(provided.and_then(ProvisionedThroughputDescription::write_capacity_units));
    // A table that was never anything but provisioned has no summary.
    if mode == Some(&BillingMode::PayPerRequest) || (reads, writes) == (0, 0) {
        Billing::OnDemand
    } else {
        Billing::Provisioned { reads, writes }
    }
}

fn natural(number: Option<i64>) -> u64 {
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::{AttributeDefinition, KeySchemaElement, ScalarAttributeType};

    use super::*;

    fn table(parts: &[(&str, KeyType, ScalarAttributeType)]) -> SdkDescription {
        let mut table = SdkDescription::builder();
        for (name, role, kind) in parts {
            let part = KeySchemaElement::builder().attribute_name(*name).key_type(role.clone());
            let attribute = AttributeDefinition::builder().attribute_name(*name);
            table = table
                .key_schema(part.build().unwrap())
                .attribute_definitions(attribute.attribute_type(kind.clone()).build().unwrap());
        }
        table.build()
    }

    #[test]
    fn only_a_text_named_lock_id_alone_is_the_key_of_a_lock_table() {
        use KeyType::{Hash, Range};
        use ScalarAttributeType::{N, S};
        assert!(described(&table(&[("LockID", Hash, S)])).has_lock_key());
        for wrong in [
            &[("LockId", Hash, S)][..],
            &[("LockID", Hash, N)],
            &[("LockID", Hash, S), ("Path", Range, S)],
            &[],
        ] {
            assert!(!described(&table(wrong)).has_lock_key(), "{wrong:?}");
        }
    }

    #[test]
    fn a_table_without_a_summary_is_provisioned_if_it_has_capacity() {
        assert_eq!(described(&table(&[])).billing, Billing::OnDemand);
        let capacity = ProvisionedThroughputDescription::builder();
        let capacity = capacity.read_capacity_units(5).write_capacity_units(1).build();
        let provisioned = SdkDescription::builder().provisioned_throughput(capacity).build();
        assert_eq!(described(&provisioned).billing, Billing::Provisioned { reads: 5, writes: 1 });
    }
}
