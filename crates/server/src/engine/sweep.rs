//! Removes bodies that nobody refers to.

use super::{Engine, EngineError};
use crate::records::{
    self, BodyId, CompletedUpload, DiscardedBody, RowKey, RowKeyParts, StagedBody,
};
use crate::storage::{self, StorageError, Table, Verdict};

/// Longer than any request may take, so that no reader and no upload is cut off.
const GRACE_MICROS: u64 = 60 * 60 * 1_000_000;
/// Bodies looked at in one transaction.
const BATCH: usize = 64;
/// Pieces removed in one transaction, so that one huge body neither holds up every write nor fills
/// the memory.
const PIECES_BATCH: usize = 8;

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Bodies of replaced or deleted versions.
    pub discarded: usize,
    /// Bodies whose upload never ended.
    pub staged: usize,
}

impl Engine {
    /// Removes discarded bodies after their grace time, and staged bodies whose upload must be dead.
    ///
    /// # Errors
    /// A storage failure; what was removed stays removed, the rest waits for the next sweep.
    pub async fn sweep(&self) -> Result<SweepReport, EngineError> {
        let before = self.clock.now_micros().saturating_sub(GRACE_MICROS);
        let discarded = self
            .sweep_family(DiscardedBody::all(), move |bytes| {
                let record: DiscardedBody = records::decode(b"discarded", bytes)?;
                Ok(record.discarded_micros < before)
            })
            .await?;
        let staged = self
            .sweep_family(StagedBody::all(), move |bytes| {
                let record: StagedBody = records::decode(b"staged", bytes)?;
                Ok(record.begun_micros < before)
            })
            .await?;
        self.sweep_completed_uploads(before).await?;
        Ok(SweepReport { discarded, staged })
    }

    async fn sweep_completed_uploads(&self, before: u64) -> Result<(), EngineError> {
        let all = CompletedUpload::all();
        let (mut from, end) = (all.as_slice().to_vec(), all.end());
        loop {
            let (start, end) = (from.clone(), end.clone());
            let last = storage::write(&self.storage, move |transaction| {
                let rows = transaction.scan(Table::Records, &start, Some(&end), BATCH)?;
                for (row, bytes) in &rows {
                    let record: CompletedUpload = records::decode(row, bytes)?;
                    if record.completed_micros < before {
                        records::remove(transaction, &RowKey::from_row(row))?;
                    }
                }
                Ok((Verdict::Commit, rows.into_iter().next_back()))
            })
            .await?;
            let Some((last, _)) = last else { return Ok(()) };
            from = [last, vec![0]].concat();
        }
    }

    /// Removes every staged body. Only right before requests are served: none is in use then.
    ///
    /// # Errors
    /// A storage failure.
    pub async fn sweep_at_start(&self) -> Result<SweepReport, EngineError> {
        let staged = self.sweep_family(StagedBody::all(), |_| Ok(true)).await?;
        let swept = self.sweep().await?;
        Ok(SweepReport { staged: staged + swept.staged, ..swept })
    }

    async fn sweep_family(
        &self,
        family: RowKey,
        due: impl Fn(&[u8]) -> Result<bool, StorageError> + Copy + Send + Sync + 'static,
    ) -> Result<usize, EngineError> {
        let end = family.end();
        let mut from = family.as_slice().to_vec();
        let mut removed = 0;
        loop {
            let (start, end) = (from.clone(), end.clone());
            let rows = storage::read(&self.storage, move |transaction| {
                transaction.scan(Table::Records, &start, Some(&end), BATCH)
            })
            .await?;
            let Some((last, _)) = rows.last() else {
                return Ok(removed);
            };
            from = [last.as_slice(), &[0]].concat();
            for (row, bytes) in &rows {
                if due(bytes)? {
                    let body = BodyId(RowKeyParts::new(row).array()?);
                    self.remove_body(body, RowKey::from_row(row)).await?;
                    removed += 1;
                }
            }
        }
    }

    /// Removes a body's pieces, then the row that marked it.
    pub(super) async fn remove_body(&self, body: BodyId, mark: RowKey) -> Result<(), EngineError> {
        loop {
            let mark = mark.clone();
            let done = storage::write(&self.storage, move |transaction| {
                let end = [body.0.as_slice(), &[0xFF; 5]].concat();
                let pieces = transaction.scan(Table::Chunks, &body.0, Some(&end), PIECES_BATCH)?;
                for (piece, _) in &pieces {
                    transaction.delete(Table::Chunks, piece)?;
                }
                let done = pieces.len() < PIECES_BATCH;
                if done {
                    records::remove(transaction, &mark)?;
                }
                Ok((Verdict::Commit, done))
            })
            .await?;
            if done {
                return Ok(());
            }
        }
    }
}
