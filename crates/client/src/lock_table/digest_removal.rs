//! Removes the digest of a state that no client of the table uses any more.

use aws_sdk_dynamodb::types::AttributeValue;
use statelock_protocol::state::LockTableKey;
use statelock_protocol::store::Refusal;

use super::LockTable;
use crate::error::StoreError;
use crate::system;
use crate::transport::failure::failed;

/// Attempts at a removal.
const ATTEMPTS_MAX: u8 = 5;

/// What came of the removal of a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestRemoval {
    /// It is gone.
    Removed,
    /// There is another digest now, or none: somebody wrote or removed it meanwhile. Nothing was removed.
    Changed,
}

impl LockTable {
    /// Removes a digest, on condition that it is still this text, and that the item is no lock.
    ///
    /// An answer that was lost is asked for again: a digest that is gone then counts as removed. Dropping the
    /// future may leave the digest or not.
    ///
    /// # Errors
    /// The table refuses, or does not answer; then the digest may be there or not, and to repeat it is harmless.
    pub async fn remove_digest(
        &self,
        key: &LockTableKey,
        seen: &str,
    ) -> Result<DigestRemoval, StoreError> {
        let (mut attempt, mut may_be_removed) = (0, false);
        loop {
            let sent = self
                .connection()
                .tables()
                .delete_item()
                .table_name(self.name().as_str())
                .key("LockID", AttributeValue::S(key.as_str().to_owned()))
                .condition_expression("Digest = :seen AND attribute_not_exists(Info)")
                .expression_attribute_values(":seen", AttributeValue::S(seen.to_owned()))
                .send()
                .await;
            let Err(error) = sent.map_err(|error| failed("DynamoDB", "DeleteItem", &error)) else {
                return Ok(DigestRemoval::Removed);
            };
            match error.refusal {
                // The first attempt, whose answer was lost, may have removed it; another's digest is left.
                Some(Refusal::PreconditionFailed) if may_be_removed => {
                    return self.removed_or_changed(key).await;
                }
                Some(Refusal::PreconditionFailed) => return Ok(DigestRemoval::Changed),
                None => may_be_removed = true,
                Some(Refusal::Unavailable | Refusal::Conflict) => {}
                Some(
                    Refusal::Denied
                    | Refusal::Invalid
                    | Refusal::NoSuchBucket
                    | Refusal::NoSuchKey
                    | Refusal::NoSuchTable
                    | Refusal::Unsupported,
                ) => return Err(error.into()),
            }
            attempt += 1;
            if attempt >= ATTEMPTS_MAX {
                return Err(error.into());
            }
            system::pause(attempt).await;
        }
    }

    async fn removed_or_changed(&self, key: &LockTableKey) -> Result<DigestRemoval, StoreError> {
        let found = crate::transport::repeated("GetItem", || {
            let call = self.connection().tables().get_item().table_name(self.name().as_str());
            call.key("LockID", AttributeValue::S(key.as_str().to_owned()))
                .projection_expression("LockID")
                .consistent_read(true)
                .send()
        });
        let output = found.await.map_err(|error| *error)?;
        let is_gone = output.item.is_none();
        Ok(if is_gone { DigestRemoval::Removed } else { DigestRemoval::Changed })
    }
}
