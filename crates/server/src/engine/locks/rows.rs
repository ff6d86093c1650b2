//! The rows of one lock: its record, and the lockfile beside it.

use md5::{Digest, Md5};
use statelock_protocol::lock::LockInfo;
use statelock_protocol::lock::unified::{Facet, FacetSet, Hold, UnifiedLock};

use super::{LockTransaction, LockedState, settling};
use crate::engine::checksums::hex;
use crate::engine::rows::{drop_body, newest, single_piece};
use crate::engine::{EngineError, Sender, Staged, codec};
use crate::records::{
    self, BodyId, Chunk, Content, Headers, HoldRecord, HolderRecord, LockRecord, RowKeyParts,
    Segment, VersionId, VersionRecord,
};
use crate::storage::{StorageError, Table, Transaction};

/// Everything stored about one lock.
pub(in crate::engine) struct Loaded {
    pub(in crate::engine) lock: UnifiedLock,
    pub(in crate::engine) holder: Option<HolderRecord>,
    /// The lockfile, if it is shown.
    pub(in crate::engine) lockfile: Option<VersionRecord>,
}

/// A lockfile that a client sent.
#[derive(Clone, Copy)]
pub(in crate::engine) struct Upload<'a> {
    pub(in crate::engine) content: &'a Content,
    pub(in crate::engine) staged: &'a Staged,
}

/// Loads a lock. A lockfile without a record was stored before there were records: it holds.
pub(in crate::engine) fn load(
    transaction: &mut dyn Transaction,
    state: &LockedState,
) -> Result<Loaded, StorageError> {
    let lockfile = stored_lockfile(transaction, state)?;
    let row = LockRecord::key(&state.bucket, &state.key);
    let Some(record) = records::load::<LockRecord>(transaction, &row)? else {
        let hold = lockfile.as_ref().map(|lockfile| found(transaction, lockfile)).transpose()?;
        let lock = UnifiedLock { hold, ..UnifiedLock::default() };
        return Ok(Loaded { lock, holder: None, lockfile });
    };
    Ok(Loaded { lock: record.lock()?, holder: record.holder().cloned(), lockfile })
}

/// Who holds a lock at this moment, and what is known of the holder.
pub(in crate::engine) fn standing(
    transaction: &mut dyn Transaction,
    state: &LockedState,
    now_micros: u64,
) -> Result<Option<(Hold, Option<HolderRecord>)>, StorageError> {
    let row = LockRecord::key(&state.bucket, &state.key);
    let held = match records::load::<HoldRecord>(transaction, &row)? {
        Some(record) => record.hold()?,
        None => match stored_lockfile(transaction, state)? {
            Some(lockfile) => Some((found(transaction, &lockfile)?, None)),
            None => None,
        },
    };
    Ok(held.filter(|(hold, _)| !hold.is_over(now_micros)))
}

fn stored_lockfile(
    transaction: &mut dyn Transaction,
    state: &LockedState,
) -> Result<Option<VersionRecord>, StorageError> {
    let lockfile = newest(transaction, &state.bucket, &state.lockfile_key())?;
    Ok(lockfile.filter(|version| version.content.is_some()))
}

fn found(
    transaction: &mut dyn Transaction,
    lockfile: &VersionRecord,
) -> Result<Hold, StorageError> {
    let info = single_piece(transaction, lockfile)?.unwrap_or_default();
    Ok(Hold {
        id: LockInfo::parse(&info).ok().map(|info| info.id),
        info: info.to_vec(),
        taken_through: Facet::Lockfile,
        facets: FacetSet::of(Facet::Lockfile),
        since_micros: lockfile.modified_micros,
        giving_back_since_micros: None,
    })
}

/// Stores a lock and brings the lockfile beside it in line. Returns the lockfile that then stands.
///
/// Every change of who holds a lock goes through here, and is noted here.
pub(super) fn store(
    transaction: &mut LockTransaction<'_>,
    state: &LockedState,
    loaded: &Loaded,
    next: &UnifiedLock,
    change: Change<'_>,
) -> Result<Option<VersionRecord>, EngineError> {
    // What was over before is nobody's deed.
    let sender = change.sender.filter(|_| loaded.lock.settled(change.now_micros).is_none());
    transaction.passes(state, (&loaded.lock, next), sender);
    settling::note(transaction, state, (&loaded.lock, next), change.now_micros)?;
    let row = LockRecord::key(&state.bucket, &state.key);
    if *next == UnifiedLock::default() {
        records::remove(transaction, &row)?;
    } else {
        records::store(transaction, &row, &LockRecord::new(next, change.holder))?;
    }
    let key = state.lockfile_key();
    let wanted = next.hold.as_ref().filter(|hold| shows(hold, Facet::Lockfile));
    let keeps = loaded.lockfile.as_ref().filter(|_| change.upload.is_none());
    let now_micros = change.now_micros;
    match (wanted, keeps) {
        (Some(_), Some(kept)) if !change.replaces => Ok(Some(kept.clone())),
        (wanted, _) => {
            if let Some(old) = &loaded.lockfile {
                remove(transaction, &state.bucket, &key, old, now_micros)?;
            }
            let Some(hold) = wanted else { return Ok(None) };
            let content = match change.upload {
                Some(upload) => {
                    upload.staged.adopt(transaction)?;
                    upload.content.clone()
                }
                None => materialise(transaction, hold, change.body)?,
            };
            let version = VersionRecord {
                id: VersionId::Null,
                sequence: now_micros,
                modified_micros: now_micros,
                content: Some(content),
            };
            let row = VersionRecord::row(&state.bucket, &key, version.sequence);
            records::store(transaction, &row, &version)?;
            Ok(Some(version))
        }
    }
}

/// What a transition brings beside the lock itself.
pub(super) struct Change<'a> {
    /// Who makes it; `None` if time does.
    pub(super) sender: Option<&'a Sender>,
    /// Who holds it afterwards.
    pub(super) holder: Option<HolderRecord>,
    /// The lockfile that the client sent.
    pub(super) upload: Option<Upload<'a>>,
    /// Whether another hold stands afterwards than before.
    pub(super) replaces: bool,
    /// Names the body of a lockfile that the server makes.
    pub(super) body: BodyId,
    pub(super) now_micros: u64,
}

impl<'a> Change<'a> {
    /// Of a transition that makes no lockfile: so no body needs a name.
    pub(super) fn of_no_lockfile(
        sender: Option<&'a Sender>,
        holder: Option<HolderRecord>,
        now_micros: u64,
    ) -> Self {
        let (upload, replaces, body) = (None, false, BodyId([0; 16]));
        Self { sender, holder, upload, replaces, body, now_micros }
    }
}

/// A lock is shown through every facet, until one is given back: then through what is left only.
pub(in crate::engine) fn shows(hold: &Hold, facet: Facet) -> bool {
    hold.facets.contains(facet) || hold.giving_back_since_micros.is_none()
}

/// Every lock that stands.
pub(in crate::engine) fn held_locks(
    transaction: &mut dyn Transaction,
    now_micros: u64,
) -> Result<Vec<(LockedState, Hold)>, StorageError> {
    const BATCH: usize = 256;
    let (mut from, end) = (LockRecord::all().as_slice().to_vec(), LockRecord::all().end());
    let mut held = Vec::new();
    loop {
        let rows = transaction.scan(Table::Records, &from, Some(&end), BATCH)?;
        for (row, bytes) in &rows {
            let found = records::decode::<HoldRecord>(row, bytes)?.hold()?;
            if let Some((hold, _)) = found.filter(|(hold, _)| !hold.is_over(now_micros)) {
                let mut parts = RowKeyParts::new(row);
                let state = LockedState { bucket: parts.text()?, key: parts.text()? };
                held.push((state, hold));
            }
        }
        match rows.into_iter().next_back() {
            Some((last, _)) => from = [last, vec![0]].concat(),
            None => return Ok(held),
        }
    }
}

/// The lockfile of a lock that was taken elsewhere.
fn materialise(
    transaction: &mut dyn Transaction,
    hold: &Hold,
    body: BodyId,
) -> Result<Content, StorageError> {
    let info = hold.shown_through(Facet::Lockfile);
    transaction.put(Table::Chunks, &Chunk::key(body, 0), &codec::encode(&info))?;
    let size = u64::try_from(info.len()).unwrap_or(u64::MAX);
    let mut headers = Headers::default();
    headers.standard.insert("content-type".to_owned(), "application/json".to_owned());
    Ok(Content {
        size,
        etag: hex(&Md5::digest(&info)),
        segments: vec![Segment { body, size }],
        checksum: None,
        headers,
        tags: Vec::new(),
        lock_id: hold.id.as_ref().map(|id| id.as_str().to_owned()),
        facts: None,
        writer: None,
    })
}

/// Removes a lockfile's row and its bytes: locks come and go, and a GET reads such a body in the
/// snapshot in which it found it.
fn remove(
    transaction: &mut dyn Transaction,
    bucket: &str,
    key: &str,
    version: &VersionRecord,
    now_micros: u64,
) -> Result<(), StorageError> {
    records::remove(transaction, &VersionRecord::row(bucket, key, version.sequence))?;
    let segments = version.content.as_ref().map(|content| content.segments.as_slice());
    let mut segments = segments.unwrap_or_default().iter();
    segments.try_for_each(|segment| drop_body(transaction, segment, now_micros))
}
