//! `statelock audit --verify`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::log::Head;
use super::{AuditError, SCHEMA, json, print};
use crate::admin_client::AdminClient;

/// A long log takes a while; the server itself gives up after its request timeout.
const TIMEOUT: Duration = Duration::from_mins(31);

/// What the server found; printed as it came.
#[derive(Serialize, Deserialize)]
struct Verification {
    #[serde(skip_deserializing)]
    schema: u32,
    intact: bool,
    first_bad: Option<FirstBad>,
    head: Head,
}

#[derive(Serialize, Deserialize)]
struct FirstBad {
    number: u64,
    message: String,
}

/// Has the server check its log.
pub(super) fn run(client: &AdminClient, as_json: bool) -> Result<(), AuditError> {
    let found: Verification = client.get("audit/verify", &[], TIMEOUT)?;
    let found = Verification { schema: SCHEMA, ..found };
    if as_json {
        print(&json(&found)?)?;
    } else if found.intact {
        let Head { number, hash } = &found.head;
        print(&format!("the audit log is whole: {number} records, the newest with hash {hash}\n"))?;
    }
    match found.first_bad {
        Some(FirstBad { number, message }) => Err(AuditError::Broken { number, message }),
        None => Ok(()),
    }
}
