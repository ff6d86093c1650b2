//! Every version and delete marker of a part of a bucket, page by page.
//!
//! The order is S3's: keys in order, and the versions of a key together. It is checked, because whoever removes
//! delete markers relies on having seen all that lies beneath them.

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{DeleteMarkerEntry, EncodingType, ObjectVersion as Listed};
use percent_encoding::percent_decode;
use statelock_protocol::store::ObjectKey;

use super::Bucket;
use crate::error::StoreError;
use crate::state::Versioning;
use crate::transport::asked_pages::AskedPages;
use crate::transport::failure::failed;

/// How many versions are asked for at a time: S3's own bound.
const PAGE_LENGTH: i32 = 1000;

/// The id of what was written while the bucket kept no versions. It names no version for good: in a bucket
/// whose versioning is suspended, the next write has it too.
pub const NULL_VERSION: &str = "null";

/// One version of one object, or one delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectVersion {
    /// Of which object.
    pub key: ObjectKey,
    /// Its id; [`NULL_VERSION`] if it has none of its own.
    pub id: String,
    /// Whether it is what is stored now.
    pub is_latest: bool,
    /// Its length, or `None` for a delete marker.
    pub size_bytes: Option<u64>,
    /// When it was written, by the store's clock, in seconds since 1970.
    pub last_modified_unix_seconds: Option<i64>,
}

impl ObjectVersion {
    /// Whether it is a delete marker.
    pub fn is_delete_marker(&self) -> bool {
        self.size_bytes.is_none()
    }
}

/// Why versions could not be listed to the end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionListingError {
    /// The store refuses, or does not answer; it needs the permission `s3:ListBucketVersions`.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The versions of a key do not stand together.
    #[error("the store listed `{key}` after `{after}`, which is not the order of S3")]
    OutOfOrder {
        /// The key that came too late.
        key: String,
        /// The one before it.
        after: String,
    },
    /// The store says that there is more, and not how to get it.
    #[error("the store says that there are more versions, and not how to ask for them")]
    NoContinuation,
    /// The store sent a key that cannot be decoded.
    #[error("the store sent the key `{0}`, which is no URL encoding of UTF-8")]
    Key(String),
}

/// The versions under a prefix, page by page.
#[derive(Debug)]
pub struct ObjectVersions<'a> {
    bucket: &'a Bucket,
    prefix: String,
    next: Next,
    asked: AskedPages<(String, Option<String>)>,
    last_key: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Next {
    /// From the beginning.
    Begin,
    /// After the version with this id of this key; without an id after the key.
    After(String, Option<String>),
    End,
}

impl Bucket {
    /// The versions and delete markers of all objects whose key starts with `prefix`.
    pub fn object_versions(&self, prefix: impl Into<String>) -> ObjectVersions<'_> {
        let (next, asked) = (Next::Begin, AskedPages::default());
        ObjectVersions { bucket: self, prefix: prefix.into(), next, asked, last_key: None }
    }

    /// Whether each write has a version id of its own by now, so that [`NULL_VERSION`] can only be what was
    /// written before. `false` where the store does not say it, or these credentials may not ask.
    pub async fn gives_version_ids(&self) -> bool {
        let said = self.versioning().await;
        said.is_ok_and(|said| said.value().is_some_and(|is| is.versioning == Versioning::Enabled))
    }
}

impl ObjectVersions<'_> {
    /// The next page, which may be empty; `None` after the last one. Those of one key stand together, the
    /// current one first; they may go on on the next page.
    ///
    /// May be dropped, and asked again.
    ///
    /// # Errors
    /// [`VersionListingError`]
    pub async fn next_page(&mut self) -> Result<Option<Vec<ObjectVersion>>, VersionListingError> {
        let (key, id) = match &self.next {
            Next::Begin => (None, None),
            Next::After(key, id) => (Some(key.clone()), id.clone()),
            Next::End => return Ok(None),
        };
        let sent = self
            .bucket
            .connection()
            .reads()
            .list_object_versions()
            .bucket(self.bucket.name().as_str())
            .prefix(&self.prefix)
            .encoding_type(EncodingType::Url)
            .set_key_marker(key)
            .set_version_id_marker(id)
            .max_keys(PAGE_LENGTH)
            .send()
            .await;
        let output =
            sent.map_err(|error| StoreError::from(failed("S3", "ListObjectVersions", &error)))?;
        let (versions, next) = read(output, &self.next, self.last_key.as_deref())?;
        if let Next::After(key, id) = &next
            && !self.asked.is_new((key.clone(), id.clone()))
        {
            return Err(VersionListingError::NoContinuation);
        }
        if let Some(last) = versions.last() {
            self.last_key = Some(last.key.as_str().to_owned());
        }
        self.next = next;
        Ok(Some(versions))
    }
}

/// What a page holds, and how to go on. `before` is where it began, `last_key` the last one of earlier pages.
fn read(
    output: ListObjectVersionsOutput,
    before: &Next,
    last_key: Option<&str>,
) -> Result<(Vec<ObjectVersion>, Next), VersionListingError> {
    let is_encoded = output.encoding_type() == Some(&EncodingType::Url);
    let key = |key: Option<String>| decoded(key.unwrap_or_default(), is_encoded);
    let next = match (output.is_truncated, output.next_key_marker) {
        (Some(true), Some(marker)) => {
            let id = output.next_version_id_marker.filter(|id| !id.is_empty());
            Next::After(key(Some(marker))?.as_str().to_owned(), id)
        }
        (Some(true), None) => return Err(VersionListingError::NoContinuation),
        (Some(false) | None, _) => Next::End,
    };
    let contents = output.versions.unwrap_or_default().into_iter();
    let contents = contents.map(|mut one| Ok(of_content(key(one.key.take())?, one)));
    let contents = in_order(contents, last_key)?;
    let markers = output.delete_markers.unwrap_or_default().into_iter();
    let markers = markers.map(|mut one| Ok(of_marker(key(one.key.take())?, one)));
    let markers = in_order(markers, last_key)?;
    let mut all = contents;
    all.extend(markers);
    // The SDK gives the two kinds apart. The sort is stable: contents of one key stay in the store's order.
    all.sort_by(|one, other| {
        one.key.as_str().cmp(other.key.as_str()).then(other.is_latest.cmp(&one.is_latest))
    });
    if let Next::After(marker, id) = &next {
        let is_within = id.is_none() && all.last().is_some_and(|one| one.key.as_str() == marker);
        // Without an id the rest of that key would be left out. A store that repeats itself would be asked for ever.
        if is_within || next == *before {
            return Err(VersionListingError::NoContinuation);
        }
    }
    Ok((all, next))
}

fn of_content(key: ObjectKey, listed: Listed) -> ObjectVersion {
    let size_bytes = listed.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    ObjectVersion {
        key,
        id: listed.version_id.unwrap_or_else(|| NULL_VERSION.to_owned()),
        // A store that does not say it may mean the current one.
        is_latest: listed.is_latest.unwrap_or(true),
        size_bytes: Some(size_bytes),
        last_modified_unix_seconds: listed.last_modified.as_ref().map(DateTime::secs),
    }
}

fn of_marker(key: ObjectKey, listed: DeleteMarkerEntry) -> ObjectVersion {
    ObjectVersion {
        key,
        id: listed.version_id.unwrap_or_else(|| NULL_VERSION.to_owned()),
        is_latest: listed.is_latest.unwrap_or(true),
        size_bytes: None,
        last_modified_unix_seconds: listed.last_modified.as_ref().map(DateTime::secs),
    }
}

/// Takes a list whose keys must not go back.
fn in_order(
    listed: impl Iterator<Item = Result<ObjectVersion, VersionListingError>>,
    last_key: Option<&str>,
) -> Result<Vec<ObjectVersion>, VersionListingError> {
    let mut taken: Vec<ObjectVersion> = Vec::new();
    for one in listed {
        let one = one?;
        let after = taken.last().map(|before| before.key.as_str()).or(last_key);
        if let Some(after) = after.filter(|after| one.key.as_str() < *after) {
            let (key, after) = (one.key.as_str().to_owned(), after.to_owned());
            return Err(VersionListingError::OutOfOrder { key, after });
        }
        taken.push(one);
    }
    Ok(taken)
}

/// As in a form: `+` is a space.
fn decoded(key: String, is_encoded: bool) -> Result<ObjectKey, VersionListingError> {
    if !is_encoded {
        return Ok(ObjectKey::new(key));
    }
    let spaced = key.replace('+', " ");
    match percent_decode(spaced.as_bytes()).decode_utf8() {
        Ok(text) => Ok(ObjectKey::new(text)),
        Err(_) => Err(VersionListingError::Key(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(key: &str, id: &str, is_latest: bool) -> Listed {
        Listed::builder().key(key).version_id(id).is_latest(is_latest).size(3).build()
    }

    fn marker(key: &str, id: &str, is_latest: bool) -> DeleteMarkerEntry {
        DeleteMarkerEntry::builder().key(key).version_id(id).is_latest(is_latest).build()
    }

    fn ids(versions: &[ObjectVersion]) -> Vec<&str> {
        versions.iter().map(|version| version.id.as_str()).collect()
    }

    #[test]
    fn the_versions_and_markers_of_a_key_stand_together_the_current_one_first() {
        let output = ListObjectVersionsOutput::builder()
            .versions(content("a", "a2", false))
            .versions(content("a", "a1", false))
            .versions(content("b", "b2", true))
            .versions(content("b", "b1", false))
            .delete_markers(marker("a", "a3", true))
            .delete_markers(marker("b", "b0", false))
            .build();
        let (versions, next) = read(output, &Next::Begin, None).unwrap();
        assert_eq!(ids(&versions), ["a3", "a2", "a1", "b2", "b1", "b0"]);
        assert!(versions[0].is_delete_marker() && !versions[1].is_delete_marker());
        assert_eq!(next, Next::End);
    }

    #[test]
    fn a_list_that_goes_back_is_not_believed() {
        let output = |first, second| {
            let output = ListObjectVersionsOutput::builder().versions(content(first, "1", true));
            output.versions(content(second, "2", true)).build()
        };
        assert!(read(output("a", "b"), &Next::Begin, None).is_ok());
        for (first, second, before) in [("b", "a", None), ("a", "b", Some("a1"))] {
            let error = read(output(first, second), &Next::Begin, before).unwrap_err();
            assert!(matches!(error, VersionListingError::OutOfOrder { .. }), "{error}");
        }
    }

    #[test]
    fn a_list_goes_on_only_where_nothing_is_left_out() {
        let output = |marker: Option<&str>, id: Option<&str>| {
            ListObjectVersionsOutput::builder()
                .versions(content("a", "1", true))
                .is_truncated(true)
                .set_next_key_marker(marker.map(str::to_owned))
                .set_next_version_id_marker(id.map(str::to_owned))
                .build()
        };
        let next = |marker, id| read(output(marker, id), &Next::Begin, None).map(|read| read.1);
        let after = |id: Option<&str>| Next::After("a".to_owned(), id.map(str::to_owned));
        assert_eq!(next(Some("a"), Some("1")), Ok(after(Some("1"))));
        assert_eq!(next(Some("a"), None), Err(VersionListingError::NoContinuation));
        assert_eq!(next(None, None), Err(VersionListingError::NoContinuation));
        let again = read(output(Some("a"), Some("1")), &after(Some("1")), Some("a"));
        assert_eq!(again, Err(VersionListingError::NoContinuation));
    }

    #[test]
    fn keys_are_decoded_only_if_they_are_encoded() {
        let plain = |key: &str, is_encoded| decoded(key.to_owned(), is_encoded);
        assert_eq!(plain("a+%2Bb", true), Ok(ObjectKey::new("a +b")));
        assert_eq!(plain("a+%2Bb", false), Ok(ObjectKey::new("a+%2Bb")));
        assert_eq!(plain("%FF", true), Err(VersionListingError::Key("%FF".to_owned())));
    }
}
