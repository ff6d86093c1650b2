//! What earlier probes left that were killed, and which items they may have put.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::DateTime;
use serde::{Deserialize, Serialize};
use statelock_protocol::store::TableName;

use super::cleaning::{Cleaned, Cleaning, JOURNAL, Place, everywhere};
use super::plan::item_names;
use super::written::{Names, Written};
use crate::bucket::{Bucket, VersionListingError};
use crate::error::StoreError;
use crate::transport::failure::failed;

/// The directory of all probes below a prefix.
const DIRECTORY: &str = ".statelock-probe/";
/// A probe that wrote nothing for so long does not run any more.
const OLD_SECONDS: i64 = 60 * 60;
/// More rounds than any probe runs.
const COUNT_MAX: usize = 10_000;

/// What a probe notes about itself before it puts items.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    pub(super) schema: u32,
    pub(super) table: Option<String>,
    pub(super) rounds: usize,
    pub(super) samples: usize,
}

/// What the keys of all probes of a prefix begin with.
pub(super) fn directory(prefix: &str) -> String {
    let prefix = prefix.trim_end_matches('/');
    if prefix.is_empty() { DIRECTORY.to_owned() } else { format!("{prefix}/{DIRECTORY}") }
}

/// The prefix of the probe that made a key, if one did.
fn base_of(directory: &str, key: &str) -> Option<String> {
    let (name, _) = key.strip_prefix(directory)?.split_once('/')?;
    let lengths: Vec<_> = name.split('-').map(str::len).collect();
    let is_hex = |c: char| c == '-' || c.is_ascii_digit() || ('a'..='f').contains(&c);
    let is_ours = lengths == [8, 4, 4, 4, 12] && name.chars().all(is_hex);
    is_ours.then(|| format!("{directory}{name}/"))
}

/// What became of what earlier probes left.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    pub(super) cleaned: Cleaned,
    /// The prefixes of those that may still run.
    pub(super) young: Vec<String>,
}

/// Removes what probes left that nobody runs any more; with `all`, whatever their age. `now` is by the store's
/// clock, in seconds since 1970.
///
/// # Errors
/// The store does not list them.
pub(super) async fn remove(
    places: &[Place],
    directory: &str,
    (all, now): (bool, i64),
) -> Result<Earlier, StoreError> {
    let Earlier { mut cleaned, mut young } = Earlier::default();
    let mut all_found: BTreeMap<String, Option<i64>> = BTreeMap::new();
    for place in places {
        for (base, newest) in found(place, directory).await? {
            let known = all_found.entry(base).or_default();
            *known = (*known).max(newest);
        }
    }
    for (base, newest) in all_found {
        let is_old = newest.is_some_and(|newest| now.saturating_sub(newest) > OLD_SECONDS);
        if !all && !is_old {
            young.push(base);
            continue;
        }
        let (table, items) = journal_of_any(places, &base).await;
        let written = Written { items, ..Written::default() };
        let one = everywhere(places, (&base, false), (&written, table.as_ref())).await;
        cleaned.objects += one.objects;
        cleaned.uploads += one.uploads;
        cleaned.items += one.items;
        cleaned.left.extend(one.left);
    }
    Ok(Earlier { cleaned, young })
}

/// The prefixes of probes, with when the newest thing below each was written.
async fn found(
    Place { bucket, keeps_versions, is_further }: &Place,
    directory: &str,
) -> Result<BTreeMap<String, Option<i64>>, StoreError> {
    let mut found = BTreeMap::new();
    let mut note = |key: &str, at: Option<i64>| {
        if let Some(base) = base_of(directory, key) {
            let newest: &mut Option<i64> = found.entry(base).or_default();
            *newest = (*newest).max(at);
        }
    };
    match versions(bucket, directory, &mut note).await {
        Err(VersionListingError::Store(error @ StoreError::Unknown(_)))
            if *keeps_versions == Some(true) =>
        {
            return Err(error);
        }
        Ok(()) if *keeps_versions == Some(true) => {}
        // The store does not show versions, or not to us; or it says that there are none whatever is there.
        Ok(()) | Err(_) => objects(bucket, directory, &mut note).await?,
    }
    let (keeps_versions, is_further) = (*keeps_versions, *is_further);
    let (base, knows_written) = (directory, false);
    let cleaning = Cleaning { bucket, base, keeps_versions, knows_written, is_further };
    for (key, _, begun) in cleaning.listed_uploads().await.0 {
        note(&key, begun);
    }
    Ok(found)
}

async fn versions(
    bucket: &Bucket,
    directory: &str,
    note: &mut impl FnMut(&str, Option<i64>),
) -> Result<(), VersionListingError> {
    let mut versions = bucket.object_versions(directory);
    while let Some(page) = versions.next_page().await? {
        for one in page {
            note(one.key.as_str(), one.last_modified_unix_seconds);
        }
    }
    Ok(())
}

async fn objects(
    bucket: &Bucket,
    directory: &str,
    note: &mut impl FnMut(&str, Option<i64>),
) -> Result<(), StoreError> {
    let mut token: Option<String> = None;
    loop {
        let call = bucket.connection().reads().list_objects_v2();
        let call = call.bucket(bucket.name().as_str()).prefix(directory);
        let sent = Box::pin(call.set_continuation_token(token.clone()).send()).await;
        let output =
            sent.map_err(|error| StoreError::from(failed("S3", "ListObjectsV2", &error)))?;
        for one in output.contents.unwrap_or_default() {
            note(one.key().unwrap_or_default(), one.last_modified.as_ref().map(DateTime::secs));
        }
        token = output.next_continuation_token.filter(|next| Some(next) != token.as_ref());
        if output.is_truncated != Some(true) || token.is_none() {
            return Ok(());
        }
    }
}

/// The note of a probe at the first endpoint that has one.
async fn journal_of_any(places: &[Place], base: &str) -> (Option<TableName>, Names) {
    for place in places {
        let (table, items) = journal(&place.bucket, base).await;
        if table.is_some() {
            return (table, items);
        }
    }
    Default::default()
}

/// The table and the items of a probe. Only its own LockIDs: of what the journal says, it is the numbers that count.
async fn journal(bucket: &Bucket, base: &str) -> (Option<TableName>, Names) {
    let call = bucket.connection().reads().get_object().bucket(bucket.name().as_str());
    let Ok(output) = Box::pin(call.key(format!("{base}{JOURNAL}")).send()).await else {
        return Default::default();
    };
    let Ok(body) = output.body.collect().await else { return Default::default() };
    let Ok(journal) = serde_json::from_slice::<Journal>(&body.into_bytes()) else {
        return Default::default();
    };
    let Some(table) = journal.table.filter(|table| !table.is_empty()) else {
        return Default::default();
    };
    let names = item_names(journal.rounds.min(COUNT_MAX), journal.samples.min(COUNT_MAX));
    let ids = names.into_iter().map(|name| format!("{}/{base}{name}", bucket.name()));
    (Some(TableName::new(table)), ids.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_the_shape_of_a_probe_is_one() {
        let directory = directory("team/a/");
        assert_eq!(directory, "team/a/.statelock-probe/");
        assert_eq!(super::directory(""), ".statelock-probe/");
        let id = "0123abcd-0123-4567-89ab-0123456789ab";
        let base = format!("{directory}{id}/");
        assert_eq!(base_of(&directory, &format!("{base}list/1.json")), Some(base));
        for other in [
            format!("{directory}{id}"),
            format!("{directory}mine/terraform.tfstate"),
            format!("{directory}0123ABCD-0123-4567-89ab-0123456789ab/x"),
            format!("other/.statelock-probe/{id}/x"),
            format!("{directory}../{id}/x"),
        ] {
            assert_eq!(base_of(&directory, &other), None, "{other}");
        }
    }
}
