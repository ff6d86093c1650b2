//! What a database holds, as people count it; and that every body in it is there and as it was when it
//! came.

use md5::{Digest as _, Md5};
use statelock_protocol::state::state_key_of_lockfile;
use statelock_protocol::store::ObjectKey;

use super::error::CheckFailure;
use crate::engine::decode_piece;
use crate::records::{
    self, BodyKind, Chunk, Content, Family, LockRecord, PartRecord, QuarantineRecord, RowKey,
    RowKeyParts, Segment, VersionRecord,
};
use crate::storage::{StorageError, Table, Transaction};

/// Rows read together.
const BATCH: usize = 256;

/// Counts of what a database holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) states: u64,
    pub(super) objects: u64,
    pub(super) locks: u64,
}

/// Called with how many bodies were checked, again and again; ends the check with its error.
type Counted<'a> = &'a mut dyn FnMut(u64) -> Result<(), CheckFailure>;

/// Counts, and checks every body.
pub(super) fn check(
    transaction: &mut dyn Transaction,
    now_micros: u64,
    counted: Counted<'_>,
) -> Result<Contents, CheckFailure> {
    let mut contents = Contents::default();
    let mut bodies = Bodies { checked: 0, counted };
    let mut before: Option<(String, String)> = None;
    each(transaction, Family::Version, |transaction, row, bytes| {
        let version: VersionRecord = records::decode(row, bytes)?;
        let mut parts = RowKeyParts::new(row);
        let key = (parts.text()?, parts.text()?);
        if let Some(content) = &version.content {
            bodies.check(transaction, content, || {
                format!("s3://{}/{}, version {}", key.0, key.1, version.id)
            })?;
        }
        // The newest version of a key comes first.
        if before.as_ref() != Some(&key) {
            if let Some(content) = &version.content {
                contents.count(transaction, &key, content)?;
            }
            before = Some(key);
        }
        Ok(())
    })?;
    each(transaction, Family::Quarantine, |transaction, row, bytes| {
        let refused: QuarantineRecord = records::decode(row, bytes)?;
        bodies.check(transaction, &refused.content, || format!("refused body {}", refused.id))
    })?;
    each(transaction, Family::Part, |transaction, row, bytes| {
        let part: PartRecord = records::decode(row, bytes)?;
        bodies.check_segments(transaction, &[part.segment], None, || "part of an upload".to_owned())
    })?;
    each(transaction, Family::Lock, |_, row, bytes| {
        let lock = records::decode::<LockRecord>(row, bytes)?.lock()?;
        contents.locks += u64::from(lock.standing(now_micros).is_some());
        Ok(())
    })?;
    Ok(contents)
}

impl Contents {
    fn count(
        &mut self,
        transaction: &mut dyn Transaction,
        (bucket, key): &(String, String),
        content: &Content,
    ) -> Result<(), CheckFailure> {
        let kind = content.facts.as_ref().map(|facts| &facts.kind);
        if matches!(kind, Some(BodyKind::State(_))) {
            self.states += 1;
        } else if let Some(state) = state_key_of_lockfile(&ObjectKey::new(key.as_str())) {
            // One of a time when locks had no rows of their own holds the lock by itself.
            let row = LockRecord::key(bucket, state.as_str());
            let is_shown = records::load::<LockRecord>(transaction, &row)?.is_some();
            self.locks += u64::from(!is_shown);
        } else {
            self.objects += 1;
        }
        Ok(())
    }
}

struct Bodies<'a> {
    checked: u64,
    counted: Counted<'a>,
}

impl Bodies<'_> {
    fn check(
        &mut self,
        transaction: &mut dyn Transaction,
        content: &Content,
        name: impl Fn() -> String,
    ) -> Result<(), CheckFailure> {
        let digest = content.facts.as_ref().map(|facts| *facts.digest.as_bytes());
        let sizes: u64 = content.segments.iter().map(|segment| segment.size).sum();
        if sizes != content.size {
            let what = format!("{}: its segments have {sizes} bytes of {}", name(), content.size);
            return Err(CheckFailure::Damaged(what));
        }
        self.check_segments(transaction, &content.segments, digest, name)
    }

    fn check_segments(
        &mut self,
        transaction: &mut dyn Transaction,
        segments: &[Segment],
        digest: Option<[u8; 16]>,
        name: impl Fn() -> String,
    ) -> Result<(), CheckFailure> {
        let damaged = |what: &str| CheckFailure::Damaged(format!("{}: {what}", name()));
        let mut hash = Md5::new();
        for segment in segments {
            let (mut size, mut index) = (0, 0);
            while size < segment.size {
                let piece = transaction.get(Table::Chunks, &Chunk::key(segment.body, index));
                let piece = piece.and_then(|piece| {
                    let missing = || StorageError::Corrupt("a piece of it is missing".to_owned());
                    decode_piece(&piece.ok_or_else(missing)?)
                });
                let piece = piece.map_err(|error| damaged(&error.to_string()))?;
                if piece.is_empty() {
                    return Err(damaged("a piece of it is empty"));
                }
                hash.update(&piece);
                size += u64::try_from(piece.len()).unwrap_or(u64::MAX);
                index += 1;
            }
            if size != segment.size {
                return Err(damaged("it is longer than its record says"));
            }
        }
        if digest.is_some_and(|digest| digest != <[u8; 16]>::from(hash.finalize())) {
            return Err(damaged("it does not have its MD5"));
        }
        self.checked += 1;
        (self.counted)(self.checked)
    }
}

/// Visits every row of a family, in key order.
fn each(
    transaction: &mut dyn Transaction,
    family: Family,
    mut visit: impl FnMut(&mut dyn Transaction, &[u8], &[u8]) -> Result<(), CheckFailure>,
) -> Result<(), CheckFailure> {
    let all = RowKey::new(family);
    let (mut from, end) = (all.as_slice().to_vec(), all.end());
    loop {
        let rows = transaction.scan(Table::Records, &from, Some(&end), BATCH)?;
        for (row, bytes) in &rows {
            visit(transaction, row, bytes)?;
        }
        match rows.into_iter().next_back() {
            Some((last, _)) => from = [last, vec![0]].concat(),
            None => return Ok(()),
        }
    }
}
