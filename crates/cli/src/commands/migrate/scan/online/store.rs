//! Asks one bucket and its lock tables.

use std::collections::{BTreeMap, BTreeSet};

use statelock_client::bucket::Bucket;
use statelock_client::listing::{Listing, ListingQuery, ListingSelection};
use statelock_client::lock_table::{Billing, LockTable, LockTableItem};
use statelock_client::protocol::store::{BucketName, TableName};
use statelock_client::{Connection, ObjectSettings, StoreError, StoreSettings};

use super::super::error::with_causes;
use super::OnlineUnit;
use super::keys::Keys;
use crate::backend::BackendError;
use crate::commands::CommandError as _;
use crate::commands::ls::LsError;

/// What it said.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) account: Option<String>,
    /// By their positions.
    pub(super) units: BTreeMap<usize, OnlineUnit>,
    /// Keys of states that belong to nobody, and whether they are locked.
    pub(super) strays: Vec<(String, bool)>,
    /// Why not everything was said, and what to do.
    pub(super) problem: Option<(String, Option<&'static str>)>,
    pub(super) has_object_lock: bool,
    /// Write and read units, by table.
    pub(super) provisioned: BTreeMap<String, (u32, u32)>,
}

/// Asks what there is. What could be had before something failed is kept.
pub(super) async fn ask(
    bucket: &str,
    stores: &StoreSettings,
    tables: &BTreeSet<String>,
    keys: Keys,
) -> Asked {
    let mut asked = Asked::default();
    let connection = match Connection::open(stores, &ObjectSettings::default()).await {
        Ok(connection) => connection,
        Err(error) => {
            let error = BackendError::from(error);
            asked.problem =
                Some((with_causes(&error), Some("check region, profile and credentials")));
            return asked;
        }
    };
    // Other stores often have no STS; the account is then not known.
    asked.account = connection.caller_identity().await.ok().map(|identity| identity.account);
    let bucket = BucketName::new(bucket);
    let mut held = BTreeSet::new();
    for table in tables {
        if let Err(error) = ask_table(&connection, &bucket, table, (&mut asked, &mut held)).await {
            let problem = format!("lock table `{table}`: {}", with_causes(&error));
            asked.problem = Some((problem, Some("it needs dynamodb:Scan on the table")));
        }
    }
    if let Err(error) = list(&connection, &bucket, (&mut asked, held), &keys).await {
        let hint = error.hint().map(|_| "it needs s3:ListBucket on the bucket, and an answer");
        asked.problem = Some((with_causes(&error), hint));
        return asked;
    }
    let locking = Bucket::new(connection, bucket).object_lock().await;
    asked.has_object_lock = locking
        .is_ok_and(|setting| setting.value().is_some_and(|lock| lock.default_retention.is_some()));
    asked
}

/// The locks in a table, and how it is paid for.
async fn ask_table(
    connection: &Connection,
    bucket: &BucketName,
    table: &str,
    (asked, held): (&mut Asked, &mut BTreeSet<String>),
) -> Result<(), StoreError> {
    let lock_table = LockTable::new(connection.clone(), TableName::new(table));
    // A nicety: who may not ask that has no price of it.
    if let Ok(description) = lock_table.describe().await
        && let Billing::Provisioned { reads, writes } = description.billing
    {
        let units = |count| u32::try_from(count).unwrap_or(u32::MAX);
        asked.provisioned.insert(table.to_owned(), (units(writes), units(reads)));
    }
    let mut items = lock_table.items();
    let prefix = format!("{bucket}/");
    while let Some(page) = items.next_page().await? {
        for item in page {
            match item {
                LockTableItem::Lock { key, .. } => {
                    held.extend(key.as_str().strip_prefix(&prefix).map(str::to_owned));
                }
                LockTableItem::Digest { .. } | LockTableItem::Strange { .. } => {}
            }
        }
    }
    Ok(())
}

/// The states of the bucket, and their lockfiles.
async fn list(
    connection: &Connection,
    bucket: &BucketName,
    (asked, mut held): (&mut Asked, BTreeSet<String>),
    keys: &Keys,
) -> Result<(), LsError> {
    let mut query = ListingQuery::prefix(bucket.clone(), "");
    (query.selection, query.reads_locks) = (ListingSelection::Objects, false);
    let mut listing = Listing::new(connection.clone(), query);
    while let Some(state) = listing.next().await? {
        let key = state.key.as_str();
        let is_held = state.is_locked() | held.remove(key);
        note(asked, keys, (bucket, key), (state.object.is_some(), is_held));
    }
    // What is locked in a table and has no object.
    for key in held {
        note(asked, keys, (bucket, &key), (false, true));
    }
    Ok(())
}

fn note(
    asked: &mut Asked,
    keys: &Keys,
    (bucket, key): (&BucketName, &str),
    (exists, is_held): (bool, bool),
) {
    let owners = keys.owners(key);
    if owners.is_empty() && (is_held || (exists && key.ends_with(".tfstate"))) {
        asked.strays.push((key.to_owned(), is_held));
    }
    for (index, workspace) in owners {
        let unit = asked.units.entry(index).or_default();
        if exists {
            unit.workspaces.push(workspace);
        }
        if is_held {
            unit.held.push(format!("s3://{bucket}/{key}"));
        }
    }
}
