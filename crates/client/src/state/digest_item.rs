//! The item of the lock table that holds a state's digest.

use aws_sdk_dynamodb::types::AttributeValue;
use statelock_protocol::state::Digest;
use statelock_protocol::store::Refusal;

use super::StateObject;
use crate::error::Trouble;
use crate::system;
use crate::transport::failure::{Failed, failed};

/// Attempts at a request to the table.
const ATTEMPTS_MAX: u8 = 5;

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
        let Some((table, key)) = &self.digest_item else { return StoredDigest::NoTable };
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
            let output = match sent.map_err(|error| failed("DynamoDB", "GetItem", &error)) {
                Ok(output) => output,
                Err(error) if again(&error, &mut attempt).await => continue,
                Err(error) => return StoredDigest::Unknown(error.trouble),
            };
            let Some(digest) = output.item.and_then(|mut item| item.remove("Digest")) else {
                return StoredDigest::Absent;
            };
            let text = digest.as_s().cloned().unwrap_or_default();
            return Digest::parse(&text)
                .map_or(StoredDigest::Unreadable(text), StoredDigest::Digest);
        }
    }

    /// Writes the digest and reads it back. The lock must be held: a digest that somebody writes at the
    /// same time is replaced. Nothing happens in a mode without a lock table.
    ///
    /// # Errors
    /// What the table said. Whether the digest was written is not known then; to repeat it is harmless.
    pub async fn write_digest(&self, digest: &Digest) -> Result<(), Trouble> {
        let Some((table, key)) = &self.digest_item else { return Ok(()) };
        let mut attempt = 0;
        loop {
            let sent = self
                .connection
                .tables()
                .put_item()
                .table_name(table.as_str())
                .item("LockID", AttributeValue::S(key.as_str().to_owned()))
                .item("Digest", AttributeValue::S(digest.to_string()))
                .send()
                .await;
            match sent.map_err(|error| failed("DynamoDB", "PutItem", &error)) {
                Ok(_) => {}
                Err(error) if again(&error, &mut attempt).await => continue,
                Err(error) => return Err(error.trouble),
            }
            return match self.stored_digest().await {
                StoredDigest::Digest(stored) if stored == *digest => Ok(()),
                StoredDigest::Unknown(trouble) => Err(trouble),
                other => Err(disagrees(&other)),
            };
        }
    }
}

/// Whether to try again, after a pause: to write the same digest twice is to write it once.
async fn again(error: &Failed, attempt: &mut u8) -> bool {
    *attempt += 1;
    let may_pass = matches!(error.refusal, None | Some(Refusal::Unavailable | Refusal::Conflict));
    let goes_on = may_pass && *attempt < ATTEMPTS_MAX;
    if goes_on {
        system::pause(*attempt).await;
    }
    goes_on
}

fn disagrees(found: &StoredDigest) -> Trouble {
    let found = match found {
        StoredDigest::Digest(digest) => digest.to_string(),
        StoredDigest::Unreadable(text) => format!("`{text}`"),
        StoredDigest::Absent | StoredDigest::NoTable | StoredDigest::Unknown(_) => {
            "nothing".to_owned()
        }
    };
    Trouble {
        service: "DynamoDB",
        operation: "GetItem",
        endpoint: None,
        status: Some(200),
        code: None,
        message: format!("the digest was written, and {found} is stored"),
        request_id: None,
        was_sent: true,
    }
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
