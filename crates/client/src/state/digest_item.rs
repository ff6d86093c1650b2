//! The item of the lock table that holds a state's digest.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use statelock_protocol::state::{Digest, LockTableKey};
use statelock_protocol::store::{Refusal, TableName};

use super::StateObject;
use super::digest_writing::{Answer, Ask, DigestValue, DigestWriting, Next};
use super::error::DigestError;
use super::write::standing_of;
use crate::error::Trouble;
use crate::handle::LockHandle;
use crate::system;
use crate::transport::failure::{Failed, failed};

/// Attempts at a read of the table.
const READS_MAX: u8 = 5;

/// What the lock table says of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredDigest {
    /// The mode has no lock table.
    NoTable,
    /// It says nothing.
    Absent,
    /// This digest.
    Digest(Digest),
    /// Something that is no digest. Clients take it for nothing.
    Unreadable(String),
    /// It could not be asked. Clients go on without.
    Unknown(Trouble),
}

impl StoredDigest {
    /// What an item says whose digest is this.
    pub(super) fn of(value: Option<&AttributeValue>) -> Self {
        let Some(value) = value else { return Self::Absent };
        let text = value.as_s().cloned().unwrap_or_default();
        Digest::parse(&text).map_or(Self::Unreadable(text), Self::Digest)
    }

    /// Whether readers that use the lock table accept a state with this digest; `None` is no state.
    pub fn agrees_with(&self, calculated: Option<&Digest>) -> bool {
        match self {
            Self::Digest(stored) => calculated == Some(stored),
            Self::NoTable | Self::Absent | Self::Unreadable(_) | Self::Unknown(_) => true,
        }
    }
}

impl StateObject {
    /// Reads what the lock table says. Changes nothing; may be dropped at any time.
    pub async fn stored_digest(&self) -> StoredDigest {
        match &self.digest_item {
            None => StoredDigest::NoTable,
            Some(item) => match self.digest_value(item).await {
                Ok(value) => StoredDigest::of(value.as_ref()),
                Err(trouble) => StoredDigest::Unknown(trouble),
            },
        }
    }

    async fn digest_value(
        &self,
        (table, key): &(TableName, LockTableKey),
    ) -> Result<DigestValue, Trouble> {
        let mut attempt = 0;
        loop {
            let sent = self
                .connection
                .tables()
                .get_item()
                .table_name(table.as_str())
                .key("LockID", AttributeValue::S(key.as_str().to_owned()))
                .projection_expression("LockID, Digest")
                .consistent_read(true)
                .send()
                .await;
            match sent.map_err(|error| failed("DynamoDB", "GetItem", &error)) {
                Ok(output) => return Ok(output.item.and_then(|mut item| item.remove("Digest"))),
                Err(error) if again(&error, &mut attempt).await => {}
                Err(error) => return Err(error.trouble),
            }
        }
    }

    /// Writes the digest over what is there, and reads it back. Nothing happens in a mode without a lock table.
    ///
    /// Needs the lock: `lock` must be of this state. Whether it still stands is looked at right before each
    /// attempt, and each is carried out only if the table still says what it said then: one that comes late, when
    /// somebody else has written a digest, does nothing (P8).
    ///
    /// # Errors
    /// [`DigestError`]. Whether the digest was written is not known then; to repeat it is harmless.
    pub async fn write_digest(
        &self,
        digest: &Digest,
        lock: &LockHandle,
    ) -> Result<(), DigestError> {
        let Some(item) = &self.digest_item else { return Ok(()) };
        let mut writing = DigestWriting::new(*digest);
        let mut answer = None;
        loop {
            let (pause, ask) = match writing.next(answer) {
                Next::Ask { pause, ask } => (pause, ask),
                Next::Done(result) => return result,
            };
            system::pause(pause).await;
            answer = Some(match ask {
                Ask::Read => {
                    self.digest_value(item).await.map_or_else(Answer::NotRead, Answer::Value)
                }
                Ask::LookAtLock => Answer::Standing(standing_of(lock).await),
                Ask::Write { over } => Answer::Written(self.put_digest(item, digest, over).await),
            });
        }
    }

    async fn put_digest(
        &self,
        (table, key): &(TableName, LockTableKey),
        digest: &Digest,
        over: DigestValue,
    ) -> Result<(), Failed> {
        let new = AttributeValue::S(digest.to_string());
        let condition = match &over {
            None => "attribute_not_exists(Digest) OR Digest = :new",
            Some(_) => "Digest = :seen OR Digest = :new",
        };
        let mut values = HashMap::from([(":new".to_owned(), new.clone())]);
        values.extend(over.map(|seen| (":seen".to_owned(), seen)));
        let sent = self
            .connection
            .tables()
            .put_item()
            .table_name(table.as_str())
            .item("LockID", AttributeValue::S(key.as_str().to_owned()))
            .item("Digest", new)
            .condition_expression(condition)
            .set_expression_attribute_values(Some(values))
            .send()
            .await;
        sent.map(drop).map_err(|error| failed("DynamoDB", "PutItem", &error))
    }
}

/// Whether to read again, after a pause.
async fn again(error: &Failed, attempt: &mut u8) -> bool {
    *attempt += 1;
    let may_pass = matches!(error.refusal, None | Some(Refusal::Unavailable | Refusal::Conflict));
    let goes_on = may_pass && *attempt < READS_MAX;
    if goes_on {
        system::pause(*attempt).await;
    }
    goes_on
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p8_only_a_digest_can_disagree() {
        let (right, wrong) = (Digest::of(b"right"), Digest::of(b"wrong"));
        assert!(StoredDigest::Digest(right).agrees_with(Some(&right)));
        assert!(!StoredDigest::Digest(wrong).agrees_with(Some(&right)));
        assert!(!StoredDigest::Digest(right).agrees_with(None), "a digest of no state");
        for nothing in
            [StoredDigest::NoTable, StoredDigest::Absent, StoredDigest::Unreadable("x".to_owned())]
        {
            assert!(nothing.agrees_with(Some(&right)) && nothing.agrees_with(None));
        }
    }
}
