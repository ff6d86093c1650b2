//! Removes bodies that nobody refers to, and answers that nobody can ask for any more.

use serde::de::DeserializeOwned;

use super::{Engine, EngineError};
use crate::records::{
    self, BodyId, CompletedUpload, DiscardedBody, LockRecord, OverwriteRecord, RowKey, RowKeyParts,
    StagedBody,
};
use crate::storage::{self, StorageError, Table, Verdict};

/// Longer than any request may take, so that no reader and no upload is cut off.
const GRACE_MICROS: u64 = 60 * 60 * 1_000_000;
/// Bodies looked at in one transaction.
const BATCH: usize = 64;
/// Pieces removed in one transaction, so that one huge body neither holds up every write nor fills
/// the memory.
const PIECES_BATCH: usize = 8;

/// Bodies with their marks, and where the next ones begin.
type Marked<T> = (Vec<(BodyId, T)>, Option<Vec<u8>>);

/// What a sweep removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Bodies of replaced or deleted versions.
    pub discarded: usize,
    /// Bodies whose upload never ended, or died.
    pub staged: usize,
}

impl Engine {
    /// Removes discarded bodies after their grace time, staged bodies whose upload must be dead, and
    /// answers that no late request can ask for any more.
    ///
    /// # Errors
    /// A storage failure; what was removed stays removed, the rest waits for the next sweep.
    pub async fn sweep(&self) -> Result<SweepReport, EngineError> {
        let now = self.clock.now_micros();
        let before = now.saturating_sub(GRACE_MICROS);
        let discarded = self.sweep_discarded(before).await?;
        let staged = self.sweep_staged(move |staged| staged.last_active_micros() < before).await?;
        self.sweep_records(CompletedUpload::all(), move |row, bytes| {
            Ok(records::decode::<CompletedUpload>(row, bytes)?.completed_micros < before)
        })
        .await?;
        self.sweep_records(OverwriteRecord::all(), move |row, bytes| {
            Ok(records::decode::<OverwriteRecord>(row, bytes)?.until_micros <= now)
        })
        .await?;
        self.settle_locks().await?;
        self.sweep_records(LockRecord::all(), move |row, bytes| {
            Ok(records::decode::<LockRecord>(row, bytes)?.lock()?.is_forgotten(now))
        })
        .await?;
        Ok(SweepReport { discarded, staged })
    }

    /// Removes every staged body. Only right before requests are served: none is in use then.
    ///
    /// # Errors
    /// A storage failure.
    pub async fn sweep_at_start(&self) -> Result<SweepReport, EngineError> {
        let staged = self.sweep_staged(|_| true).await?;
        let swept = self.sweep().await?;
        Ok(SweepReport { staged: staged + swept.staged, ..swept })
    }

    async fn sweep_discarded(&self, before: u64) -> Result<usize, EngineError> {
        let (mut page, mut removed) = (Some(DiscardedBody::all().as_slice().to_vec()), 0);
        while let Some(from) = page {
            let (bodies, next) = self.bodies::<DiscardedBody>(DiscardedBody::all(), from).await?;
            for (body, record) in bodies {
                // Nobody takes a discarded body back, so what was read about it still holds.
                if record.discarded_micros < before {
                    self.remove_discarded(body).await?;
                    removed += 1;
                }
            }
            page = next;
        }
        Ok(removed)
    }

    async fn sweep_staged(
        &self,
        due: impl Fn(&StagedBody) -> bool + Copy + Send + 'static,
    ) -> Result<usize, EngineError> {
        let (mut page, mut removed) = (Some(StagedBody::all().as_slice().to_vec()), 0);
        while let Some(from) = page {
            let (bodies, next) = self.bodies::<StagedBody>(StagedBody::all(), from).await?;
            for (body, record) in bodies {
                if due(&record) && self.remove_if_staged(body, due).await? {
                    removed += 1;
                }
            }
            page = next;
        }
        Ok(removed)
    }

    /// Some marked bodies, and where the next ones begin.
    async fn bodies<T: DeserializeOwned + Send + 'static>(
        &self,
        family: RowKey,
        from: Vec<u8>,
    ) -> Result<Marked<T>, EngineError> {
        self.observe(move |transaction| {
            let rows = transaction.scan(Table::Records, &from, Some(&family.end()), BATCH)?;
            let next = rows.last().map(|(last, _)| [last.as_slice(), &[0]].concat());
            let bodies = rows.iter().map(|(row, bytes)| {
                Ok((BodyId(RowKeyParts::new(row).array()?), records::decode(row, bytes)?))
            });
            Ok((bodies.collect::<Result<_, StorageError>>()?, next))
        })
        .await
    }

    async fn sweep_records(
        &self,
        family: RowKey,
        due: impl Fn(&[u8], &[u8]) -> Result<bool, StorageError> + Copy + Send + 'static,
    ) -> Result<(), EngineError> {
        let mut page = Some(family.as_slice().to_vec());
        while let Some(from) = page {
            let end = family.end();
            page = storage::write(&self.storage, move |transaction| {
                let rows = transaction.scan(Table::Records, &from, Some(&end), BATCH)?;
                let mut verdict = Verdict::Discard;
                for (row, bytes) in &rows {
                    if due(row, bytes)? {
                        records::remove(transaction, &RowKey::from_row(row))?;
                        verdict = Verdict::Commit;
                    }
                }
                let next = rows.last().map(|(last, _)| [last.as_slice(), &[0]].concat());
                Ok((verdict, next))
            })
            .await?;
        }
        Ok(())
    }

    /// Removes a body if it is still nobody's and, as it stands now, `due`. Whether it did.
    pub(super) async fn remove_if_staged(
        &self,
        body: BodyId,
        due: impl Fn(&StagedBody) -> bool + Send + 'static,
    ) -> Result<bool, EngineError> {
        let taken = storage::write(&self.storage, move |transaction| {
            let mark = StagedBody::key(body);
            let staged = records::load::<StagedBody>(transaction, &mark)?;
            if !staged.as_ref().is_some_and(&due) {
                return Ok((Verdict::Discard, false));
            }
            // First the mark, then the pieces: from here on no object can adopt the body. It needs
            // no grace time, for it never had a reader.
            records::remove(transaction, &mark)?;
            let discarded = DiscardedBody { discarded_micros: 0 };
            records::store(transaction, &DiscardedBody::key(body), &discarded)?;
            Ok((Verdict::Commit, true))
        })
        .await?;
        if taken {
            self.remove_discarded(body).await?;
        }
        Ok(taken)
    }

    /// Removes a discarded body's pieces, then its mark.
    async fn remove_discarded(&self, body: BodyId) -> Result<(), EngineError> {
        let mut done = false;
        while !done {
            done = storage::write(&self.storage, move |transaction| {
                let end = [body.0.as_slice(), &[0xFF; 5]].concat();
                let pieces = transaction.scan(Table::Chunks, &body.0, Some(&end), PIECES_BATCH)?;
                for (piece, _) in &pieces {
                    transaction.delete(Table::Chunks, piece)?;
                }
                let last = pieces.len() < PIECES_BATCH;
                if last {
                    records::remove(transaction, &DiscardedBody::key(body))?;
                }
                Ok((Verdict::Commit, last))
            })
            .await?;
        }
        Ok(())
    }
}
