//! Removes what a probe wrote: objects, versions, delete markers, uploads and items.

use aws_sdk_s3::primitives::DateTime;
use futures::StreamExt as _;
use futures::stream;
use statelock_protocol::store::{ObjectKey, Refusal, TableName};

use super::answer::Answer;
use super::checks::seeing::AT_ONCE;
use super::stage::Written;
use crate::bucket::{Bucket, REMOVALS_MAX, RemovalWay, VersionListingError, VersionName};
use crate::connection::Connection;
use crate::error::StoreError;
use crate::system;
use crate::transport::failure::failed;

/// How often everything is listed and removed, until nothing is listed any more.
const PASSES: u8 = 4;
/// Attempts at one removal.
const ATTEMPTS: u8 = 5;
/// The last object that goes: it says which items there may be.
pub(super) const JOURNAL: &str = "probe.json";

/// What was removed, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Objects, versions and delete markers that were removed.
    pub objects: u64,
    /// Uploads that were aborted.
    pub uploads: u64,
    /// Items that were removed, or were not there.
    pub items: u64,
    /// What is still there, or may be.
    pub left: Vec<Left>,
}

/// Something that could not be removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// What.
    pub what: LeftThing,
    /// Why.
    pub why: String,
}

/// A thing that a probe makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftThing {
    /// An object, or one version of it.
    Object {
        /// Its key.
        key: String,
        /// The version, if the bucket keeps some.
        version_id: Option<String>,
    },
    /// Parts of an upload.
    Upload {
        /// Of which key.
        key: String,
        /// Its id.
        upload_id: String,
    },
    /// An item of the lock table.
    Item {
        /// The table.
        table: String,
        /// Its `LockID`.
        lock_id: String,
    },
    /// All below a prefix: it could not be listed.
    Everything {
        /// The prefix.
        prefix: String,
    },
}

/// Removes all that is below one probe's prefix.
#[derive(Debug)]
pub(super) struct Cleaning<'a> {
    pub(super) bucket: &'a Bucket,
    /// The prefix; it ends with `/`.
    pub(super) base: &'a str,
    /// `Some(false)`: it is certain that the bucket never kept versions.
    pub(super) keeps_versions: Option<bool>,
}

impl Cleaning<'_> {
    fn connection(&self) -> &Connection {
        self.bucket.connection()
    }

    /// Removes everything, `written` too where a listing does not show it.
    pub(super) async fn run(&self, written: &Written, table: Option<&TableName>) -> Cleaned {
        let mut cleaned = Cleaned::default();
        if let Some(table) = table {
            self.items(table, written, &mut cleaned).await;
        }
        self.uploads(written, &mut cleaned).await;
        let keeps_journal = !cleaned.left.is_empty();
        let journal = format!("{}{JOURNAL}", self.base);
        let is_meant = |key: &str| !keeps_journal || key != journal;
        if self.keeps_versions == Some(false) || !self.versions(&is_meant, &mut cleaned).await {
            self.objects(written, &is_meant, &mut cleaned).await;
        }
        cleaned
    }

    async fn items(&self, table: &TableName, written: &Written, cleaned: &mut Cleaned) {
        let removals = written.items.iter().map(|id| async move {
            let failure = self.remove_item(table, id).await.err();
            (id, failure)
        });
        let mut ends = stream::iter(removals).buffer_unordered(AT_ONCE);
        while let Some((id, failure)) = ends.next().await {
            match failure {
                None => cleaned.items += 1,
                Some(why) => {
                    let (table, lock_id) = (table.as_str().to_owned(), id.clone());
                    let what = LeftThing::Item { table, lock_id };
                    cleaned.left.push(Left { what, why: why.to_string() });
                }
            }
        }
    }

    async fn remove_item(&self, table: &TableName, id: &str) -> Result<(), Answer> {
        let mut attempt = 0;
        loop {
            let call = self.connection().tables().delete_item().table_name(table.as_str());
            let key = aws_sdk_dynamodb::types::AttributeValue::S(id.to_owned());
            let Err(error) = Box::pin(call.key("LockID", key).send()).await else { return Ok(()) };
            let answer: Answer = failed("DynamoDB", "DeleteItem", &error).into();
            attempt += 1;
            if attempt >= ATTEMPTS || !answer.is_passing() {
                return Err(answer);
            }
            system::pause(attempt).await;
        }
    }

    async fn uploads(&self, written: &Written, cleaned: &mut Cleaned) {
        let mut uploads = written.uploads.clone();
        // Who may not list them, or whose store cannot, knows those that this probe began.
        uploads.extend(self.listed_uploads().await.into_iter().map(|(key, id, _)| (key, id)));
        for (key, id) in uploads {
            let call = self.connection().reads().abort_multipart_upload();
            let call = call.bucket(self.bucket.name().as_str()).key(&key).upload_id(&id);
            let sent = Box::pin(call.send()).await;
            match sent.map_err(|error| failed("S3", "AbortMultipartUpload", &error)) {
                Ok(_) => cleaned.uploads += 1,
                Err(error) if error.refusal == Some(Refusal::NoSuchKey) => {}
                Err(error) if error.trouble.status == Some(404) => {}
                Err(error) => {
                    let what = LeftThing::Upload { key, upload_id: id };
                    cleaned.left.push(Left { what, why: error.trouble.to_string() });
                }
            }
        }
    }

    /// Key, id, and when it was begun, of the uploads below the prefix.
    pub(super) async fn listed_uploads(&self) -> Vec<(String, String, Option<i64>)> {
        let call = self.connection().reads().list_multipart_uploads();
        let call = call.bucket(self.bucket.name().as_str()).prefix(self.base);
        let Ok(output) = Box::pin(call.send()).await else { return Vec::new() };
        let uploads = output.uploads.unwrap_or_default().into_iter();
        // Some stores do not look at the prefix.
        let ours = uploads.filter_map(|one| {
            let begun = one.initiated.as_ref().map(DateTime::secs);
            let key = one.key.filter(|key| key.starts_with(self.base))?;
            Some((key, one.upload_id?, begun))
        });
        ours.collect()
    }

    /// Removes versions and delete markers; whether the store shows them at all.
    async fn versions(&self, is_meant: &dyn Fn(&str) -> bool, cleaned: &mut Cleaned) -> bool {
        let mut refused = Vec::new();
        for pass in 0..PASSES {
            system::pause(pass).await;
            let found = match self.listed_versions().await {
                Ok(found) => found,
                Err(VersionListingError::Store(StoreError::Refused { .. })) if pass == 0 => {
                    return false;
                }
                Err(error) => {
                    let what = LeftThing::Everything { prefix: self.base.to_owned() };
                    cleaned.left.push(Left { what, why: error.to_string() });
                    return true;
                }
            };
            let names: Vec<_> =
                found.into_iter().filter(|name| is_meant(name.key.as_str())).collect();
            if names.is_empty() {
                return true;
            }
            refused.clear();
            for batch in names.chunks(REMOVALS_MAX) {
                match self.bucket.remove_versions(batch, RemovalWay::Many).await {
                    Ok(removal) => {
                        let removed = batch.len().saturating_sub(removal.refused.len());
                        cleaned.objects += u64::try_from(removed).unwrap_or(u64::MAX);
                        refused.extend(removal.refused.into_iter().map(|one| Left {
                            why: format!("{}: {}", one.code, one.message),
                            what: of_version(one.version),
                        }));
                    }
                    Err(error) => refused.extend(batch.iter().map(|name| {
                        let why = error.to_string();
                        Left { what: of_version(name.clone()), why }
                    })),
                }
            }
            if !refused.is_empty() && pass > 0 {
                break;
            }
        }
        cleaned.left.append(&mut refused);
        true
    }

    async fn listed_versions(&self) -> Result<Vec<VersionName>, VersionListingError> {
        let mut versions = self.bucket.object_versions(self.base);
        let mut found = Vec::new();
        while let Some(page) = versions.next_page().await? {
            // Some stores do not look at the prefix.
            let ours = page.into_iter().filter(|one| one.key.as_str().starts_with(self.base));
            found.extend(ours.map(|one| VersionName { key: one.key, id: one.id }));
        }
        Ok(found)
    }

    /// Removes objects of a bucket without versions, the journal last.
    async fn objects(
        &self,
        written: &Written,
        is_meant: &dyn Fn(&str) -> bool,
        cleaned: &mut Cleaned,
    ) {
        let journal = format!("{}{JOURNAL}", self.base);
        let mut left = Vec::new();
        for pass in 0..PASSES {
            system::pause(pass).await;
            let listed = self.listed_objects().await;
            let mut keys = match &listed {
                Ok(listed) => listed.clone(),
                Err(_) => Vec::new(),
            };
            if pass == 0 {
                // A listing may be late.
                keys.extend(written.keys.iter().cloned());
            }
            keys.retain(|key| is_meant(key));
            keys.sort_unstable();
            keys.dedup();
            keys.sort_by_key(|key| *key == journal);
            if keys.is_empty() {
                if let Err(error) = listed {
                    let what = LeftThing::Everything { prefix: self.base.to_owned() };
                    // What was written is removed by then; only what others left is not known.
                    tracing::debug!(%error, ?what, "a probe's prefix cannot be listed");
                }
                return;
            }
            left = self.remove_objects(&keys, cleaned).await;
            if listed.is_err() && left.is_empty() {
                return;
            }
        }
        if left.is_empty() {
            let listed = self.listed_objects().await.unwrap_or_default();
            let still = listed.into_iter().filter(|key| is_meant(key));
            left.extend(still.map(|key| Left {
                what: LeftThing::Object { key, version_id: None },
                why: "it is listed after it was removed".to_owned(),
            }));
        }
        cleaned.left.append(&mut left);
    }

    async fn listed_objects(&self) -> Result<Vec<String>, StoreError> {
        let mut keys = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let call = self.connection().reads().list_objects_v2();
            let call = call.bucket(self.bucket.name().as_str()).prefix(self.base);
            let sent = Box::pin(call.set_continuation_token(token.clone()).send()).await;
            let output =
                sent.map_err(|error| StoreError::from(failed("S3", "ListObjectsV2", &error)))?;
            let contents = output.contents.unwrap_or_default().into_iter();
            let found = contents.filter_map(|one| one.key);
            keys.extend(found.filter(|key| key.starts_with(self.base)));
            token = output.next_continuation_token.filter(|next| Some(next) != token.as_ref());
            if output.is_truncated != Some(true) || token.is_none() {
                return Ok(keys);
            }
        }
    }

    async fn remove_objects(&self, keys: &[String], cleaned: &mut Cleaned) -> Vec<Left> {
        let removals = keys.iter().map(|key| async move {
            let call = self.connection().reads().delete_object();
            let sent = Box::pin(call.bucket(self.bucket.name().as_str()).key(key).send()).await;
            (key, sent.map_err(|error| failed("S3", "DeleteObject", &error)).err())
        });
        let mut left = Vec::new();
        let mut ends = stream::iter(removals).buffered(AT_ONCE);
        while let Some((key, failure)) = ends.next().await {
            match failure {
                None => cleaned.objects += 1,
                Some(error) if error.trouble.status == Some(404) => {}
                Some(error) => left.push(Left {
                    what: LeftThing::Object { key: key.clone(), version_id: None },
                    why: error.trouble.to_string(),
                }),
            }
        }
        left
    }
}

fn of_version(VersionName { key, id }: VersionName) -> LeftThing {
    let key = ObjectKey::as_str(&key).to_owned();
    LeftThing::Object { key, version_id: Some(id) }
}
