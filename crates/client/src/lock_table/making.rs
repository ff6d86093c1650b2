//! Makes a lock table, and sets what is not set.

use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata as _, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, PointInTimeRecoverySpecification,
    PointInTimeRecoveryStatus, ScalarAttributeType,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use statelock_protocol::store::Refusal;

use super::{LockTable, TableDescription};
use crate::error::{StoreError, Trouble};
use crate::system;
use crate::transport::failure::failed;
use crate::transport::repeated;

/// The one attribute of the key.
const KEY: &str = "LockID";
/// How often is looked whether a table is ready: with pauses of up to 3.2 s, some five minutes.
const LOOKS_MAX: u8 = 100;

impl LockTable {
    /// Makes it: paid for by request, protected from deletion, with the key `LockID`. It cannot be used before
    /// [`Self::ready`]. One that is there already stays as it is. Needs `dynamodb:CreateTable`.
    ///
    /// # Errors
    /// DynamoDB refuses, or it is not known whether it was made; to ask again is safe.
    pub async fn create(&self) -> Result<(), StoreError> {
        let key = KeySchemaElement::builder().attribute_name(KEY).key_type(KeyType::Hash).build();
        let kind = AttributeDefinition::builder().attribute_name(KEY);
        let kind = kind.attribute_type(ScalarAttributeType::S).build();
        let call = self.connection().tables().create_table().table_name(self.name().as_str());
        let sent = call
            .key_schema(key.map_err(|error| unbuilt(&error))?)
            .attribute_definitions(kind.map_err(|error| unbuilt(&error))?)
            .billing_mode(BillingMode::PayPerRequest)
            .deletion_protection_enabled(true)
            .send()
            .await;
        match sent {
            Err(error) if error.code() != Some("ResourceInUseException") => {
                Err(failed("DynamoDB", "CreateTable", &error).into())
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Waits until it can be used, some five minutes at most. Needs `dynamodb:DescribeTable`.
    ///
    /// May be dropped at any time.
    ///
    /// # Errors
    /// It is not there, is not ready after that time, or there is no answer.
    pub async fn ready(&self) -> Result<TableDescription, StoreError> {
        let mut looks = 0;
        loop {
            let described = self.describe().await?;
            if described.is_active() {
                return Ok(described);
            }
            looks += 1;
            if looks >= LOOKS_MAX {
                let message = format!("the table is still {}", described.status);
                return Err(StoreError::Unknown(trouble("DescribeTable", message)));
            }
            system::pause(looks).await;
        }
    }

    /// Keeps it from being deleted by mistake. Needs `dynamodb:UpdateTable`.
    ///
    /// # Errors
    /// DynamoDB refuses, or does not answer.
    pub async fn protect_from_deletion(&self) -> Result<(), StoreError> {
        let call = self.connection().tables().update_table().table_name(self.name().as_str());
        ended("UpdateTable", call.deletion_protection_enabled(true).send().await)
    }

    /// Has it paid for by request. Needs `dynamodb:UpdateTable`.
    ///
    /// # Errors
    /// DynamoDB refuses (it takes one such change a day), or does not answer.
    pub async fn bill_by_request(&self) -> Result<(), StoreError> {
        let call = self.connection().tables().update_table().table_name(self.name().as_str());
        ended("UpdateTable", call.billing_mode(BillingMode::PayPerRequest).send().await)
    }

    /// Whether it can be restored to any moment of the last weeks. Needs
    /// `dynamodb:DescribeContinuousBackups`.
    ///
    /// # Errors
    /// DynamoDB refuses, or does not answer.
    pub async fn has_point_in_time_recovery(&self) -> Result<bool, StoreError> {
        let said = repeated("DescribeContinuousBackups", || {
            let call = self.connection().tables().describe_continuous_backups();
            call.table_name(self.name().as_str()).send()
        });
        let output = said.await.map_err(|error| *error)?;
        let recovery = output
            .continuous_backups_description
            .and_then(|backups| backups.point_in_time_recovery_description);
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
        Ok(status == Some(PointInTimeRecoveryStatus::Enabled))
    }

    /// Has it restorable. Needs `dynamodb:UpdateContinuousBackups`.
    ///
    /// # Errors
    /// DynamoDB refuses, or does not answer. Of a table that was just made, it may refuse for some minutes.
    pub async fn enable_point_in_time_recovery(&self) -> Result<(), StoreError> {
        let enabled = PointInTimeRecoverySpecification::builder();
        let enabled = enabled.point_in_time_recovery_enabled(true).build();
        let call = self.connection().tables().update_continuous_backups();
        let call = call.table_name(self.name().as_str());
        let call =
            call.point_in_time_recovery_specification(enabled.map_err(|error| unbuilt(&error))?);
        ended("UpdateContinuousBackups", call.send().await)
    }
}

fn ended<T, E>(
    operation: &'static str,
    sent: Result<T, SdkError<E, HttpResponse>>,
) -> Result<(), StoreError>
where
    E: aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + 'static,
{
    sent.map(|_| ()).map_err(|error| failed("DynamoDB", operation, &error).into())
}

fn unbuilt(error: &BuildError) -> StoreError {
    let trouble = Trouble { was_sent: false, ..trouble("CreateTable", error.to_string()) };
    StoreError::Refused { refusal: Refusal::Invalid, trouble }
}

fn trouble(operation: &'static str, message: String) -> Trouble {
    Trouble {
        service: "DynamoDB",
        operation,
        endpoint: None,
        status: None,
        code: None,
        message,
        request_id: None,
        was_sent: true,
    }
}
