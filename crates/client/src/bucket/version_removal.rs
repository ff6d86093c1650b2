//! Removes versions and delete markers by their id, many at a time.
//!
//! A version id names one version for good, so the same removal sent twice has one effect: these requests are
//! repeated by the SDK, other than all that take or release locks.

use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata as _};
use aws_sdk_s3::types::{Delete, Error, ObjectIdentifier};
use futures::StreamExt as _;
use futures::stream;
use statelock_protocol::store::{ObjectKey, Refusal};

use super::Bucket;
use crate::error::{StoreError, Trouble};
use crate::transport::failure::failed;

/// How many versions one request removes at most: S3's own bound.
pub const REMOVALS_MAX: usize = 1000;
/// How many requests are on their way at once where each removes one version.
const SINGLE_REMOVALS_MAX: usize = 16;

/// One version of one object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VersionName {
    /// Of which object.
    pub key: ObjectKey,
    /// Its id.
    pub id: String,
}

/// A version that the store did not remove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRemoval {
    /// Which.
    pub version: VersionName,
    /// The store's error code.
    pub code: String,
    /// Its message.
    pub message: String,
}

impl RefusedRemoval {
    /// Whether Object Lock keeps it: a retention that has not ended, or a legal hold.
    pub fn is_kept_by_object_lock(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        let words = ["object lock", "object is worm", "worm protected", "retention", "legal hold"];
        words.iter().any(|words| message.contains(words))
    }

    /// Whether the credentials may not do it.
    pub fn is_denied(&self) -> bool {
        self.code == "AccessDenied" && !self.is_kept_by_object_lock()
    }
}

/// How versions are removed, as far as a store can do it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RemovalWay {
    /// Many with one request.
    #[default]
    Many,
    /// Each with its own: the store does not know DeleteObjects.
    Single,
}

/// What became of one removal of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// What is still there. Everything else is gone.
    pub refused: Vec<RefusedRemoval>,
    /// How it went; the next one may begin with it.
    pub way: RemovalWay,
}

impl Bucket {
    /// Removes these versions, at most [`REMOVALS_MAX`]; one that is gone already counts as removed. Never
    /// makes a delete marker. Dropped midway, any of them may be gone.
    ///
    /// # Errors
    /// The store refuses all of them, or it is not known which are gone.
    pub async fn remove_versions(
        &self,
        versions: &[VersionName],
        way: RemovalWay,
    ) -> Result<Removal, StoreError> {
        if way == RemovalWay::Many {
            match self.remove_many(versions).await {
                Ok(refused) => return Ok(Removal { refused, way }),
                Err(StoreError::Refused { refusal: Refusal::Unsupported, .. }) => {}
                // XML cannot carry every key, and some stores want another checksum.
                Err(StoreError::Refused { refusal: Refusal::Invalid, .. }) => {
                    return Ok(Removal { refused: self.remove_each(versions).await?, way });
                }
                Err(error) => return Err(error),
            }
        }
        let refused = self.remove_each(versions).await?;
        Ok(Removal { refused, way: RemovalWay::Single })
    }

    async fn remove_many(
        &self,
        versions: &[VersionName],
    ) -> Result<Vec<RefusedRemoval>, StoreError> {
        let named = versions.iter().map(|version| {
            ObjectIdentifier::builder().key(version.key.as_str()).version_id(&version.id).build()
        });
        let named: Result<Vec<_>, _> = named.collect();
        let delete = named
            .and_then(|named| Delete::builder().quiet(true).set_objects(Some(named)).build())
            .map_err(|error| unbuilt(&error))?;
        let call = self.connection().reads().delete_objects().bucket(self.name().as_str());
        let sent = call.delete(delete).send().await;
        let output = sent.map_err(|error| failed("S3", "DeleteObjects", &error))?;
        Ok(output.errors.unwrap_or_default().into_iter().filter_map(refused).collect())
    }

    async fn remove_each(
        &self,
        versions: &[VersionName],
    ) -> Result<Vec<RefusedRemoval>, StoreError> {
        let removals = versions.iter().map(|version| self.remove_one(version));
        let mut ends = stream::iter(removals).buffer_unordered(SINGLE_REMOVALS_MAX);
        let mut refused = Vec::new();
        while let Some(end) = ends.next().await {
            refused.extend(end?);
        }
        Ok(refused)
    }

    /// Why it is still there, or `None` if it is gone.
    async fn remove_one(
        &self,
        version: &VersionName,
    ) -> Result<Option<RefusedRemoval>, StoreError> {
        let call = self.connection().reads().delete_object().bucket(self.name().as_str());
        let sent = call.key(version.key.as_str()).version_id(&version.id).send().await;
        let Err(error) = sent else { return Ok(None) };
        let code = error.code().unwrap_or_default().to_owned();
        let failed = failed("S3", "DeleteObject", &error);
        match failed.refusal {
            Some(Refusal::NoSuchKey) => Ok(None),
            Some(Refusal::Denied | Refusal::Invalid | Refusal::Conflict) => {
                let message = failed.trouble.message;
                Ok(Some(RefusedRemoval { version: version.clone(), code, message }))
            }
            Some(
                Refusal::PreconditionFailed
                | Refusal::NoSuchBucket
                | Refusal::NoSuchTable
                | Refusal::Unavailable
                | Refusal::Unsupported,
            )
            | None => Err(failed.into()),
        }
    }
}

/// `None`: the version was gone already.
fn refused(error: Error) -> Option<RefusedRemoval> {
    let code = error.code.unwrap_or_default();
    if matches!(code.as_str(), "NoSuchVersion" | "NoSuchKey") {
        return None;
    }
    let key = ObjectKey::new(error.key.unwrap_or_default());
    let version = VersionName { key, id: error.version_id.unwrap_or_default() };
    Some(RefusedRemoval { version, code, message: error.message.unwrap_or_default() })
}

fn unbuilt(error: &BuildError) -> StoreError {
    let trouble = Trouble {
        service: "S3",
        operation: "DeleteObjects",
        endpoint: None,
        status: None,
        code: None,
        message: error.to_string(),
        request_id: None,
        was_sent: false,
    };
    StoreError::Refused { refusal: Refusal::Invalid, trouble }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: &str, message: &str) -> Option<RefusedRemoval> {
        refused(Error::builder().key("k").version_id("1").code(code).message(message).build())
    }

    #[test]
    fn what_was_gone_already_is_no_refusal() {
        assert_eq!(told("NoSuchVersion", ""), None);
        assert_eq!(told("NoSuchKey", ""), None);
        let kept = told("InternalError", "We encountered an internal error").unwrap();
        assert_eq!((kept.version.key.as_str(), kept.version.id.as_str()), ("k", "1"));
        assert!(!kept.is_denied() && !kept.is_kept_by_object_lock());
    }

    #[test]
    fn a_retention_is_told_from_a_missing_permission() {
        let by_lock = "Access Denied because object protected by object lock.";
        let kept = told("AccessDenied", by_lock).unwrap();
        assert!(kept.is_kept_by_object_lock() && !kept.is_denied());
        let kept = told("AccessDenied", "Access Denied").unwrap();
        assert!(kept.is_denied() && !kept.is_kept_by_object_lock());
    }
}
