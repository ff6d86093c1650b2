//! What is wanted, and how what is there stands to it. Pure.

use statelock_client::bucket::{
    BucketVersioning, DefaultEncryption, OldVersions, PublicAccessBlock,
};
use statelock_client::lock_table::{Billing, TableDescription};
use statelock_client::state::Versioning;

use super::standing::Standing;

/// A state bucket and, if one is named, a lock table.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Wanted {
    pub(super) bucket: String,
    pub(super) kms_key: Option<String>,
    pub(super) old: OldVersions,
    pub(super) table: Option<String>,
    pub(super) recovers_table: bool,
    pub(super) changes_existing: bool,
    pub(super) is_dry: bool,
    /// Whether plain HTTP is denied although the store is reached by it.
    pub(super) insists_on_tls: bool,
}

pub(super) const OWNERSHIP: &str = "BucketOwnerEnforced";

pub(super) fn ownership(is: &str) -> Standing {
    if is == OWNERSHIP {
        return Standing::AsWanted("the bucket's owner owns all objects; no ACLs".to_owned());
    }
    Standing::Different(format!("{is}: ACLs count"))
}

/// How a bucket stands that somebody made without it.
pub(super) fn no_ownership() -> Standing {
    Standing::Different("not set: ACLs count".to_owned())
}

pub(super) fn public_access(block: PublicAccessBlock) -> Standing {
    let parts = [
        (block.blocks_public_acls, "BlockPublicAcls"),
        (block.ignores_public_acls, "IgnorePublicAcls"),
        (block.blocks_public_policy, "BlockPublicPolicy"),
        (block.restricts_public_buckets, "RestrictPublicBuckets"),
    ];
    let missing: Vec<_> = parts.iter().filter(|(is_set, _)| !is_set).map(|part| part.1).collect();
    if missing.is_empty() {
        return Standing::AsWanted("all four parts".to_owned());
    }
    Standing::Different(format!("without {}", missing.join(", ")))
}

pub(super) fn versioning(is: BucketVersioning) -> Standing {
    let more = if is.is_mfa_delete { ", and deleting a version needs a second factor" } else { "" };
    match is.versioning {
        Versioning::Enabled => Standing::AsWanted(format!("enabled{more}")),
        Versioning::Suspended => Standing::Different("suspended".to_owned()),
        Versioning::Off => Standing::NotSet,
    }
}

pub(super) fn encryption(is: &DefaultEncryption, wanted: Option<&str>) -> Standing {
    let DefaultEncryption { algorithm, kms_key, .. } = is;
    let shown = match kms_key {
        Some(key) => format!("{algorithm} with {key}"),
        None => algorithm.clone(),
    };
    match (wanted, kms_key) {
        // Every bucket of S3 has it from the beginning: nobody chose it.
        (Some(_), _) if algorithm == "AES256" => Standing::NotSet,
        (Some(wanted), Some(key)) if same_key(wanted, key) => Standing::AsWanted(shown),
        (Some(_), _) => Standing::Different(shown),
        (None, _) => Standing::AsWanted(shown),
    }
}

/// A key may be named by its id alone or by its ARN.
fn same_key(one: &str, other: &str) -> bool {
    let id = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
    let is_whole = one.contains(':') && other.contains(':');
    one == other || (!is_whole && !one.contains("alias/") && id(one) == id(other))
}

/// The table itself.
pub(super) fn lock_table(table: &TableDescription) -> Standing {
    if table.has_lock_key() {
        return Standing::AsWanted("its key is the text LockID".to_owned());
    }
    let key: Vec<_> =
        table.key.iter().map(|part| format!("{} ({})", part.name, part.kind)).collect();
    let key = if key.is_empty() { "unknown".to_owned() } else { key.join(", ") };
    Standing::Impossible(format!(
        "there is a table of this name whose key is {key}; a lock table has the key LockID (S) alone"
    ))
}

pub(super) fn billing(table: &TableDescription) -> Standing {
    match table.billing {
        Billing::OnDemand => Standing::AsWanted("by request".to_owned()),
        Billing::Provisioned { reads, writes } => Standing::Different(format!(
            "provisioned, {reads} reads and {writes} writes a second; more are refused"
        )),
    }
}

#[cfg(test)]
#[path = "wanted_tests.rs"]
mod tests;
