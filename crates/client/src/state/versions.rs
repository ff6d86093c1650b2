//! The earlier versions of a state, in a bucket that keeps them.

use std::time::Duration;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::primitives::DateTime;
use bytes::Bytes;
use statelock_protocol::state::{Lineage, Serial};
use statelock_protocol::store::{ETag, Refusal};

use super::StateObject;
use super::error::ReadError;
use super::top_level::glimpse;
use crate::bucket::{Bucket, Setting};
use crate::connection::headers::with_customer_key;
use crate::error::StoreError;
use crate::transport::asked_pages::AskedPages;
use crate::transport::failure::failed;

/// How many versions are asked for at a time.
const PAGE_LENGTH: i32 = 1000;
/// How much of a version is read for a glimpse: lineage and serial stand at the beginning.
const GLIMPSE_SIZE_BYTES: u32 = 64 << 10;

/// What a version is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionKind {
    /// Bytes.
    Content {
        /// Their number.
        size_bytes: u64,
        /// The store's tag of them.
        etag: ETag,
    },
    /// The object was deleted then.
    DeleteMarker,
}

/// One version of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateVersion {
    /// Its id. `null` if it was written while the bucket kept no versions.
    pub id: String,
    /// When it was written, by the store's clock, since 1970.
    pub last_modified: Option<Duration>,
    /// Whether it is what is stored now.
    pub is_latest: bool,
    /// What it is.
    pub kind: VersionKind,
}

/// Whether a bucket keeps versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// It does.
    Enabled,
    /// It did; what is written now replaces the version `null`.
    Suspended,
    /// It never did.
    Off,
}

/// What the first bytes of a version say about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderGlimpse {
    /// Which state.
    pub lineage: Option<Lineage>,
    /// Which snapshot of it.
    pub serial: Option<Serial>,
    /// Who wrote it.
    pub terraform_version: Option<String>,
}

/// The versions, page by page.
#[derive(Debug)]
pub struct Versions<'a> {
    object: &'a StateObject,
    next: Next,
    asked: AskedPages<(String, Option<String>)>,
}

#[derive(Debug)]
enum Next {
    /// From the beginning, or from these markers on.
    From(Option<(String, Option<String>)>),
    End,
}

impl StateObject {
    /// Whether the bucket keeps versions.
    ///
    /// # Errors
    /// The store does not say it; it needs the permission `s3:GetBucketVersioning`.
    pub async fn versioning(&self) -> Result<Versioning, StoreError> {
        let bucket = Bucket::new(self.connection.clone(), self.bucket.clone());
        let refused = |refusal, trouble| Err(StoreError::Refused { refusal, trouble });
        match bucket.versioning().await? {
            Setting::Set { value, .. } => Ok(value.versioning),
            Setting::NotSet => Ok(Versioning::Off),
            Setting::NotPermitted(trouble) => refused(Refusal::Denied, trouble),
            Setting::Unsupported(trouble) => refused(Refusal::Unsupported, trouble),
        }
    }

    /// The versions of this state, newest first.
    pub fn versions(&self) -> Versions<'_> {
        Versions { object: self, next: Next::From(None), asked: AskedPages::default() }
    }

    /// Reads the beginning of a version, at most 64 KiB. What cannot be seen there is `None`.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn glimpse(&self, version_id: &str) -> Result<HeaderGlimpse, ReadError> {
        let call = self.connection.reads().get_object();
        let call = call.bucket(self.bucket.as_str()).key(self.key.as_str());
        let call = call.version_id(version_id).range(format!("bytes=0-{}", GLIMPSE_SIZE_BYTES - 1));
        let call = with_customer_key!(call, self.connection.objects());
        let output = call.send().await.map_err(|error| failed("S3", "GetObject", &error));
        let mut output = output.map_err(|error| ReadError::Store(error.into()))?;
        let mut pieces: Vec<Bytes> = Vec::new();
        let mut left = usize::try_from(GLIMPSE_SIZE_BYTES).unwrap_or(usize::MAX);
        // A store that ignores the range sends everything; the rest is left on the wire.
        while left > 0
            && let Some(Ok(piece)) = output.body.next().await
        {
            left = left.saturating_sub(piece.len());
            pieces.push(piece);
        }
        Ok(glimpse(&pieces.concat()))
    }
}

impl Versions<'_> {
    /// The next versions, newest first; none at the end.
    ///
    /// # Errors
    /// The store refuses or does not answer; it needs the permission `s3:ListBucketVersions`.
    pub async fn next_page(&mut self) -> Result<Vec<StateVersion>, StoreError> {
        while let Next::From(markers) = &self.next {
            let (key_marker, id_marker) = markers.clone().unzip();
            let call = self.object.connection.reads().list_object_versions();
            let sent = call
                .bucket(self.object.bucket.as_str())
                .prefix(self.object.key.as_str())
                .set_key_marker(key_marker)
                .set_version_id_marker(id_marker.flatten())
                .max_keys(PAGE_LENGTH)
                .send()
                .await;
            let output = sent.map_err(|error| failed("S3", "ListObjectVersions", &error))?;
            let (versions, next) = page(output, self.object.key.as_str());
            if let Next::From(Some(markers)) = &next {
                self.asked.goes_on(("S3", "ListObjectVersions"), markers.clone())?;
            }
            self.next = next;
            if !versions.is_empty() {
                return Ok(versions);
            }
        }
        Ok(Vec::new())
    }
}

/// Those of exactly this key, and where to go on. A key comes before all that begin with it.
fn page(output: ListObjectVersionsOutput, key: &str) -> (Vec<StateVersion>, Next) {
    let next = match (output.is_truncated, output.next_key_marker) {
        (Some(true), Some(marker)) if marker == key => {
            Next::From(Some((marker, output.next_version_id_marker)))
        }
        _ => Next::End,
    };
    let contents = output.versions.unwrap_or_default().into_iter();
    let contents =
        contents.filter(|version| version.key() == Some(key)).map(|version| StateVersion {
            id: version.version_id.unwrap_or_default(),
            last_modified: version.last_modified.as_ref().and_then(since_1970),
            is_latest: version.is_latest.unwrap_or_default(),
            kind: VersionKind::Content {
                size_bytes: version
                    .size
                    .and_then(|size| u64::try_from(size).ok())
                    .unwrap_or_default(),
                etag: ETag::new(version.e_tag.unwrap_or_default()),
            },
        });
    let markers = output.delete_markers.unwrap_or_default().into_iter();
    let markers = markers.filter(|marker| marker.key() == Some(key)).map(|marker| StateVersion {
        id: marker.version_id.unwrap_or_default(),
        last_modified: marker.last_modified.as_ref().and_then(since_1970),
        is_latest: marker.is_latest.unwrap_or_default(),
        kind: VersionKind::DeleteMarker,
    });
    let mut all: Vec<_> = contents.chain(markers).collect();
    // The SDK gives the two kinds apart; their times put them together again.
    all.sort_by_key(|version| (!version.is_latest, std::cmp::Reverse(version.last_modified)));
    (all, next)
}

fn since_1970(time: &DateTime) -> Option<Duration> {
    let nanos = u128::try_from(time.as_nanos()).ok()?;
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    let rest = u32::try_from(nanos % 1_000_000_000).ok()?;
    Some(Duration::new(seconds, rest))
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{DeleteMarkerEntry, ObjectVersion};

    use super::*;

    fn version(key: &str, id: &str, seconds: i64, latest: bool) -> ObjectVersion {
        let version = ObjectVersion::builder().key(key).version_id(id).is_latest(latest).size(3);
        version.e_tag("\"e\"").last_modified(DateTime::from_secs(seconds)).build()
    }

    #[test]
    fn versions_and_delete_markers_of_exactly_this_key_are_one_list() {
        let marker = DeleteMarkerEntry::builder().key("a").version_id("d").is_latest(false);
        let marker = marker.last_modified(DateTime::from_secs(20)).build();
        let output = ListObjectVersionsOutput::builder()
            .versions(version("a", "new", 30, true))
            .versions(version("a", "old", 10, false))
            .versions(version("a.tflock", "x", 40, true))
            .delete_markers(marker)
            .is_truncated(true)
            .next_key_marker("a.tflock")
            .build();
        let (versions, next) = page(output, "a");
        let ids: Vec<_> = versions.iter().map(|version| version.id.as_str()).collect();
        assert_eq!(ids, ["new", "d", "old"]);
        assert_eq!(versions[1].kind, VersionKind::DeleteMarker);
        assert!(matches!(next, Next::End), "what follows are other keys");
    }

    #[test]
    fn the_list_goes_on_within_the_key_only() {
        let output = |marker: &str| {
            let output = ListObjectVersionsOutput::builder().is_truncated(true);
            output.next_key_marker(marker).next_version_id_marker("v").build()
        };
        let (_, next) = page(output("a"), "a");
        assert!(
            matches!(next, Next::From(Some((key, Some(id)))) if key == "a" && id == "v"),
            "from where the page ended"
        );
        assert!(matches!(page(output("a/b"), "a").1, Next::End));
    }
}
