//! Removes what a probe wrote: objects, versions, delete markers, uploads and items.

mod objects;
mod places;
mod versions;

pub(in crate::probe) use places::{Place, everywhere};

use std::collections::HashSet;

use aws_sdk_s3::primitives::DateTime;
use futures::StreamExt as _;
use futures::stream;
use statelock_protocol::store::{Refusal, TableName};

use self::versions::{Shown, may_be_left};
use crate::bucket::Bucket;
use crate::connection::Connection;
use crate::probe::answer::{Answer, Outcome};
use crate::probe::checks::seeing::AT_ONCE;
use crate::probe::written::Written;
use crate::system;
use crate::transport::failure::failed;

/// How often everything is listed and removed, until nothing is listed any more.
const PASSES: u8 = 4;
/// Attempts at one removal.
const ATTEMPTS: u8 = 5;
/// The last object that goes: it says which items there may be.
pub(in crate::probe) const JOURNAL: &str = "probe.json";

/// Key and id of an upload, and when it was begun, in seconds since 1970.
pub(in crate::probe) type ListedUpload = (String, String, Option<i64>);

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
pub(in crate::probe) struct Cleaning<'a> {
    pub(in crate::probe) bucket: &'a Bucket,
    /// The prefix; it ends with `/`.
    pub(in crate::probe) base: &'a str,
    /// `Some(false)`: it is certain that the bucket never kept versions.
    pub(in crate::probe) keeps_versions: Option<bool>,
    /// Whether it is known what was written; else only a listing can tell.
    pub(in crate::probe) knows_written: bool,
    /// Whether the same was, or will be, cleaned at another address: what is not listed is not removed once more.
    pub(in crate::probe) is_further: bool,
}

impl Cleaning<'_> {
    fn connection(&self) -> &Connection {
        self.bucket.connection()
    }

    /// Removes everything, `written` too where a listing does not show it. The journal stays as long as something
    /// is left, and for those who still need it.
    pub(in crate::probe) async fn run(
        &self,
        (written, table): (&Written, Option<&TableName>),
        is_journal_needed: bool,
    ) -> Cleaned {
        let mut cleaned = Cleaned::default();
        if self.knows_written && written.is_nothing() {
            return cleaned;
        }
        if let Some(table) = table {
            self.items(table, written, &mut cleaned).await;
        }
        self.uploads(written, &mut cleaned).await;
        let keeps_journal = is_journal_needed || !cleaned.left.is_empty();
        let journal = format!("{}{JOURNAL}", self.base);
        let is_meant = |key: &str| !keeps_journal || key != journal;
        let shown = if self.keeps_versions == Some(false) {
            Shown::Nothing
        } else {
            self.versions(&is_meant, &mut cleaned).await
        };
        let why = match shown {
            Shown::All => return cleaned,
            Shown::Nothing => None,
            Shown::NotListed(error) => may_be_left(self.keeps_versions, &error),
        };
        self.objects(written, &is_meant, &mut cleaned).await;
        cleaned.left.extend(why.map(|why| self.everything(why)));
        cleaned
    }

    /// All below the prefix: nobody can say what of it is still there.
    fn everything(&self, why: String) -> Left {
        Left { what: LeftThing::Everything { prefix: self.base.to_owned() }, why }
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
            // Without a table there is nothing in it.
            if answer.outcome == Outcome::Refused(Refusal::NoSuchTable) {
                return Ok(());
            }
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
        let (listed, broke_off) = self.listed_uploads().await;
        uploads.extend(listed.into_iter().map(|(key, id, _)| (key, id)));
        cleaned.left.extend(broke_off.map(|why| self.everything(why)));
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

    /// Key, id, and when it was begun, of the uploads below the prefix; and why there may be more than these. A store
    /// that lists none at all says nothing of what is there.
    pub(in crate::probe) async fn listed_uploads(&self) -> (Vec<ListedUpload>, Option<String>) {
        let mut listed = Vec::new();
        let mut from: (Option<String>, Option<String>) = (None, None);
        let mut led_to = HashSet::new();
        loop {
            let call = self.connection().reads().list_multipart_uploads();
            let call = call.bucket(self.bucket.name().as_str()).prefix(self.base);
            let call = call.set_key_marker(from.0.clone()).set_upload_id_marker(from.1.clone());
            let sent = Box::pin(call.send()).await;
            let output = match sent.map_err(|error| failed("S3", "ListMultipartUploads", &error)) {
                Ok(output) => output,
                Err(_) if from.0.is_none() => return (listed, None),
                Err(error) => return (listed, Some(error.trouble.to_string())),
            };
            // Some stores do not look at the prefix.
            let uploads = output.uploads.unwrap_or_default().into_iter();
            listed.extend(uploads.filter_map(|one| {
                let begun = one.initiated.as_ref().map(DateTime::secs);
                let key = one.key.filter(|key| key.starts_with(self.base))?;
                Some((key, one.upload_id?, begun))
            }));
            if output.is_truncated != Some(true) {
                return (listed, None);
            }
            let filled = |marker: Option<String>| marker.filter(|marker| !marker.is_empty());
            let next = (filled(output.next_key_marker), filled(output.next_upload_id_marker));
            // Where a page leads nowhere, or back, the store would be asked the same for ever.
            if next.0.is_none() || !led_to.insert(next.clone()) {
                let why = "the store says that there are more uploads, and not from where on";
                return (listed, Some(why.to_owned()));
            }
            from = next;
        }
    }
}
