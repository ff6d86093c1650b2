//! What a proof leaves in a bucket that keeps versions.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;

use crate::backend::StateBackend;
use crate::error::{StoreError, Trouble};
use crate::transport::asked_pages::AskedPages;
use crate::transport::failure::failed;

/// Versions and delete markers of lockfiles of throw-away states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweptVersions {
    /// How many were removed.
    pub removed: u64,
    /// How many stay: those that could not be removed, and the markers that hide them.
    pub left: u64,
    /// Why the first one could not be removed.
    pub trouble: Option<Trouble>,
}

/// What there is of each key.
#[derive(Debug, Default)]
struct Found(BTreeMap<String, OfKey>);

/// Ids of the versions and delete markers of a key.
#[derive(Debug, Default, PartialEq, Eq)]
struct OfKey {
    versions: Vec<String>,
    markers: Vec<String>,
    /// Whether a version is current: the lock stands.
    is_in_use: bool,
}

impl StateBackend {
    /// Removes the versions and delete markers of the lockfiles of throw-away states beside this state, except of
    /// those that are locked now.
    ///
    /// Dropping the future may leave some of them; the next sweep finds them.
    ///
    /// # Errors
    /// The store does not list them; it needs the permission `s3:ListBucketVersions`. That one may not be removed
    /// is no error: it is counted. That needs `s3:DeleteObjectVersion`.
    pub async fn sweep_throwaway_versions(&self) -> Result<SweptVersions, StoreError> {
        let mut swept = SweptVersions::default();
        let Found(found) = self.throwaway_versions().await?;
        for (key, of_key) in found.into_iter().filter(|(_, of_key)| !of_key.is_in_use) {
            let left_before = swept.left;
            for id in of_key.versions {
                self.remove_version(&key, id, &mut swept).await;
            }
            for id in of_key.markers {
                if swept.left > left_before {
                    // Without the marker that hides it, a version that stays would be a lock again.
                    swept.left += 1;
                } else {
                    self.remove_version(&key, id, &mut swept).await;
                }
            }
        }
        Ok(swept)
    }

    async fn remove_version(&self, key: &str, id: String, swept: &mut SweptVersions) {
        // By its id, one version is removed or none: to repeat it is harmless.
        let call = self.connection().reads().delete_object().version_id(id);
        let call = call.bucket(self.settings().address.bucket().as_str()).key(key);
        match call.send().await.map_err(|error| failed("S3", "DeleteObject", &error)) {
            Ok(_) => swept.removed += 1,
            Err(error) => {
                swept.left += 1;
                swept.trouble.get_or_insert(error.trouble);
            }
        }
    }

    async fn throwaway_versions(&self) -> Result<Found, StoreError> {
        let prefix = self.throwaway_prefix();
        let mut found = Found::default();
        let (mut markers, mut asked) = ((None, None), AskedPages::default());
        loop {
            let call = self.connection().reads().list_object_versions();
            let sent = call
                .bucket(self.settings().address.bucket().as_str())
                .prefix(&prefix)
                .set_key_marker(markers.0)
                .set_version_id_marker(markers.1)
                .send()
                .await;
            let mut output = sent.map_err(|error| failed("S3", "ListObjectVersions", &error))?;
            let next = (output.next_key_marker.take(), output.next_version_id_marker.take());
            let is_truncated = output.is_truncated.unwrap_or_default();
            found.take(output, &prefix);
            if !is_truncated || next.0.is_none() {
                return Ok(found);
            }
            asked.goes_on(("S3", "ListObjectVersions"), next.clone())?;
            markers = next;
        }
    }
}

impl Found {
    /// Takes what is below the prefix. Some stores do not look at it, and list what others wrote.
    fn take(&mut self, output: ListObjectVersionsOutput, prefix: &str) {
        let ours = |key: &String| key.starts_with(prefix);
        for version in output.versions.unwrap_or_default() {
            let Some(key) = version.key.filter(ours) else { continue };
            let of_key = self.0.entry(key).or_default();
            // A store that does not say it may mean the current one.
            of_key.is_in_use |= version.is_latest != Some(false);
            of_key.versions.extend(version.version_id);
        }
        for marker in output.delete_markers.unwrap_or_default() {
            let Some(key) = marker.key.filter(ours) else { continue };
            self.0.entry(key).or_default().markers.extend(marker.version_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{DeleteMarkerEntry, ObjectVersion};

    use super::*;

    #[test]
    fn the_versions_of_a_lock_that_stands_are_in_use() {
        let version = |key: &str, id: &str, latest| {
            ObjectVersion::builder().key(key).version_id(id).is_latest(latest).build()
        };
        let marker = DeleteMarkerEntry::builder().key("gone").version_id("d").is_latest(true);
        let mut found = Found::default();
        found.take(
            ListObjectVersionsOutput::builder()
                .versions(version("gone", "1", false))
                .versions(version("held", "2", true))
                .delete_markers(marker.build())
                .build(),
            "",
        );
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let gone = OfKey { versions: ids(&["1"]), markers: ids(&["d"]), is_in_use: false };
        let held = OfKey { versions: ids(&["2"]), markers: ids(&[]), is_in_use: true };
        assert_eq!(found.0["gone"], gone);
        assert_eq!(found.0["held"], held);
    }

    #[test]
    fn what_lies_elsewhere_or_may_be_current_is_not_removed() {
        let version = |key: &str| ObjectVersion::builder().key(key).version_id("1");
        let prefix = "app/.statelock-verify-";
        let (silent, old) = (format!("{prefix}silent.tflock"), format!("{prefix}old.tflock"));
        let marker = |key: &str| DeleteMarkerEntry::builder().key(key).version_id("d");
        let mut found = Found::default();
        found.take(
            ListObjectVersionsOutput::builder()
                .versions(version("app/terraform.tfstate").is_latest(false).build())
                .versions(version(&silent).build())
                .versions(version(&old).is_latest(false).build())
                .delete_markers(marker("app/gone.tfstate").is_latest(true).build())
                .delete_markers(marker(&old).is_latest(true).build())
                .build(),
            prefix,
        );
        let in_use: Vec<_> =
            found.0.iter().map(|(key, of_key)| (key.clone(), of_key.is_in_use)).collect();
        assert_eq!(in_use, [(old, false), (silent, true)]);
    }
}
