//! Reads locks: the few requests of a listing that are about one state.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use statelock_protocol::lock::steps::{LockMark, LockMode, StoredLock};
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::state::{LockTableKey, lockfile_key_of, state_key_of_lockfile};
use statelock_protocol::store::{BucketName, ETag, ObjectKey, Refusal, TableName};
use tokio::sync::Semaphore;

use super::entry::{ListedLock, ListedObject, ListedState, LockContent};
use super::error::ListingFailure;
use super::join::Joined;
use super::table;
use crate::connection::Connection;
use crate::connection::headers::with_customer_key;
use crate::error::{StoreError, Trouble};
use crate::transport::LOCKFILE_SIZE_BYTES_MAX;
use crate::transport::failure::failed;

/// Requests for single locks at a time.
const READS_MAX: usize = 16;

/// Reads locks of one bucket, not too many at a time.
#[derive(Debug)]
pub(super) struct LockReader {
    connection: Connection,
    bucket: BucketName,
    mode: LockMode,
    reads_locks: bool,
    turns: Semaphore,
}

impl LockReader {
    pub(super) fn new(
        connection: Connection,
        (bucket, mode): (BucketName, LockMode),
        reads_locks: bool,
    ) -> Self {
        Self { connection, bucket, mode, reads_locks, turns: Semaphore::new(READS_MAX) }
    }

    /// Completes a line.
    ///
    /// # Errors
    /// The lock table does not answer any more.
    pub(super) async fn complete(&self, joined: Joined) -> Result<ListedState, ListingFailure> {
        let Joined { key, object, lockfile, item, .. } = joined;
        let written = lockfile.as_ref().and_then(|listed| listed.last_modified_unix_seconds);
        let lockfile = match lockfile {
            Some(_) if !self.reads_locks => Some(LockContent::NotAskedFor),
            Some(ListedObject { size_bytes, .. }) if size_bytes > LOCKFILE_SIZE_BYTES_MAX => {
                Some(LockContent::TooLarge { size_bytes })
            }
            Some(_) => self.lockfile(&key).await,
            None => None,
        };
        let item = item.map(LockContent::Read);
        let (lockfile, item) = match self.mode.table() {
            Some(table) if self.reads_locks && self.is_half(lockfile.as_ref(), item.as_ref()) => {
                // Lockfile and item were seen at two moments: only a second look tells.
                (self.lockfile(&key).await, self.item(table, &key).await?)
            }
            Some(_) | None => (lockfile, item),
        };
        let is_half = self.is_half(lockfile.as_ref(), item.as_ref());
        let locks = [(Facet::Lockfile, lockfile, written), (Facet::LockTable, item, None)];
        let lock = |(facet, content, written_unix_seconds): (_, Option<_>, _)| {
            content.map(|content| ListedLock { facet, content, written_unix_seconds })
        };
        let locks = locks.into_iter().filter_map(lock).collect();
        Ok(ListedState { key: ObjectKey::new(key), object, locks, is_half })
    }

    fn is_half(&self, lockfile: Option<&LockContent>, item: Option<&LockContent>) -> bool {
        match (lockfile, item) {
            (Some(lockfile), Some(item)) => {
                let id = |content: &LockContent| content.stored().and_then(StoredLock::id);
                lockfile.is_known() && item.is_known() && id(lockfile) != id(item)
            }
            (Some(_), None) | (None, Some(_)) => match self.mode {
                LockMode::Dual(_) => self.reads_locks,
                LockMode::Lockfile | LockMode::LockTable(_) => false,
            },
            (None, None) => false,
        }
    }

    /// Reads the lockfile of a state; `None` if there is none.
    async fn lockfile(&self, state: &str) -> Option<LockContent> {
        // The semaphore is never closed; without a turn there would merely be one request more.
        let _turn = self.turns.acquire().await.ok();
        let key = lockfile_key_of(&ObjectKey::new(state));
        state_key_of_lockfile(&key)?;
        let call = self.connection.reads().get_object();
        let call = call.bucket(self.bucket.as_str()).key(key.as_str());
        let call = with_customer_key!(call, self.connection.objects());
        match call.send().await.map_err(|error| failed("S3", "GetObject", &error)) {
            Ok(output) => Some(content(output).await),
            Err(gone) if gone.refusal == Some(Refusal::NoSuchKey) => None,
            Err(error) => Some(LockContent::Failed(error.into())),
        }
    }

    async fn item(
        &self,
        table: &TableName,
        state: &str,
    ) -> Result<Option<LockContent>, ListingFailure> {
        let _turn = self.turns.acquire().await.ok();
        let key = LockTableKey::lock_of(&self.bucket, &ObjectKey::new(state));
        let found = table::item(&self.connection, table, &key).await;
        Ok(found.map_err(ListingFailure::Table)?.map(LockContent::Read))
    }
}

async fn content(output: GetObjectOutput) -> LockContent {
    let size_bytes = output.content_length().and_then(|size| u64::try_from(size).ok());
    if let Some(size_bytes) = size_bytes.filter(|size| *size > LOCKFILE_SIZE_BYTES_MAX) {
        return LockContent::TooLarge { size_bytes };
    }
    let etag = ETag::new(output.e_tag().unwrap_or_default());
    let mut body = output.body;
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        match piece {
            Ok(piece) => bytes.extend_from_slice(&piece),
            Err(error) => return LockContent::Failed(StoreError::Unknown(broke_off(&error))),
        }
        let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size_bytes > LOCKFILE_SIZE_BYTES_MAX {
            return LockContent::TooLarge { size_bytes };
        }
    }
    LockContent::Read(StoredLock { bytes, mark: LockMark::ETag(etag) })
}

fn broke_off(error: &dyn std::error::Error) -> Trouble {
    Trouble {
        service: "S3",
        operation: "GetObject",
        endpoint: None,
        status: None,
        code: None,
        message: format!("the body broke off: {error}"),
        request_id: None,
        was_sent: true,
    }
}
