//! Tags of objects. Changing them makes no new version, as on S3.

use super::audit::{self, AuditEntry};
use super::rows::{bucket_record, by_id, newest};
use super::{Engine, EngineError, Sender};
use crate::records::{self, AuditAction, VersionId, VersionRecord};
use crate::storage::Transaction;

impl Engine {
    /// Replaces the tags of an object's version and returns that version's id.
    ///
    /// # Errors
    /// As [`Engine::find`], and [`EngineError::IsDeleteMarker`].
    pub async fn set_tags(
        &self,
        bucket: String,
        key: String,
        version: Option<VersionId>,
        tags: Vec<(String, String)>,
        sender: Sender,
    ) -> Result<VersionId, EngineError> {
        let now_micros = self.clock.now_micros();
        self.transact(move |transaction| {
            let tagged = set_tags(transaction, &bucket, &key, version, &tags)?;
            let entry = AuditEntry {
                version: Some(tagged.to_string()),
                ..AuditEntry::new(AuditAction::ObjectTagged).about(&*bucket, &*key)
            };
            audit::append(transaction, &sender, entry, now_micros)?;
            Ok(tagged)
        })
        .await
    }
}

fn set_tags(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    version: Option<VersionId>,
    tags: &[(String, String)],
) -> Result<VersionId, EngineError> {
    bucket_record(transaction, bucket)?;
    let found = match version {
        None => newest(transaction, bucket, key)?.ok_or(EngineError::NoSuchKey)?,
        Some(id) => by_id(transaction, bucket, key, id)?.ok_or(EngineError::NoSuchVersion)?,
    };
    let mut changed = found;
    let Some(content) = &mut changed.content else {
        return Err(match version {
            None => EngineError::NoSuchKey,
            Some(_) => EngineError::IsDeleteMarker,
        });
    };
    tags.clone_into(&mut content.tags);
    let row = VersionRecord::row(bucket, key, changed.sequence);
    records::store(transaction, &row, &changed)?;
    Ok(changed.id)
}
