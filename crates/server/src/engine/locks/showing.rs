//! What readers of a lock are shown: what is stored, except to who was refused a moment ago.

use bytes::Bytes;
use md5::{Digest, Md5};
use statelock_protocol::lock::LockId;
use statelock_protocol::lock::unified::{AcquireOutcome, Facet, FacetSet, Hold, LockRefusal};

use super::taking::id_of;
use super::{LockedState, SightingKind, TakeLock};
use crate::engine::checksums::hex;
use crate::engine::{Engine, EngineError, Sender};
use crate::records::{BodyId, BucketRecord, Content, Headers, Segment, VersionId, VersionRecord};

/// How a lockfile is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockfileView {
    /// Its head, as stored.
    WithoutBody,
    /// With its body, as stored.
    Stored,
    /// With its body, as it is shown to this reader.
    ForItsReader,
}

type Found = (VersionRecord, BucketRecord, Option<Bytes>);

impl Engine {
    /// A lockfile, which its reader then has seen.
    ///
    /// Whoever was refused the lock a moment ago is shown its place in line in the lock info, and who
    /// is next if the lock was released in between.
    ///
    /// # Errors
    /// As [`Engine::find`].
    pub async fn find_lockfile(
        &self,
        state: LockedState,
        version: Option<VersionId>,
        view: LockfileView,
        sender: &Sender,
    ) -> Result<Found, EngineError> {
        let with_body = match view {
            LockfileView::WithoutBody => false,
            LockfileView::Stored | LockfileView::ForItsReader => true,
        };
        let key = state.lockfile_key();
        let found = self.find(state.bucket.clone(), key, version, with_body).await;
        let stored = found.as_ref().ok().and_then(|found| found.0.content.as_ref());
        let seen = stored.map(|content| content.lock_id.clone());
        let found = match (view, version) {
            (LockfileView::ForItsReader, None) => self.as_shown(&state, found, sender).await?,
            (LockfileView::WithoutBody | LockfileView::Stored, _)
            | (LockfileView::ForItsReader, Some(_)) => found?,
        };
        // Only what stands: who is next in line holds nothing yet.
        if with_body && let Some(id) = seen {
            let id = id.and_then(|id| LockId::parse(id).ok());
            let now_micros = self.clock.now_micros();
            self.sightings.note(&state, sender, SightingKind::Read, id.as_ref(), now_micros);
        }
        Ok(found)
    }

    async fn as_shown(
        &self,
        state: &LockedState,
        found: Result<Found, EngineError>,
        sender: &Sender,
    ) -> Result<Found, EngineError> {
        match found {
            Ok((version, bucket, Some(body))) if version.content.is_some() => {
                let hold = shown_hold(Facet::Lockfile, &body);
                let shown = self.waiting.shown_to(state, Facet::Lockfile, sender, Some(&hold));
                Ok(match shown {
                    Some((info, id)) => shown_lockfile(&version, bucket, info, id),
                    None => (version, bucket, Some(body)),
                })
            }
            Err(EngineError::NoSuchKey) => {
                let shown = self.waiting.shown_to(state, Facet::Lockfile, sender, None);
                let Some((info, id)) = shown else { return Err(EngineError::NoSuchKey) };
                let bucket = self.bucket(state.bucket.clone()).await?;
                let now_micros = self.clock.now_micros();
                let version = VersionRecord {
                    id: VersionId::Null,
                    sequence: now_micros,
                    modified_micros: now_micros,
                    content: None,
                };
                Ok(shown_lockfile(&version, bucket, info, id))
            }
            other => other,
        }
    }

    /// A refusal as its sender is told: with its place in line in the holder's lock info.
    pub(super) fn told(&self, wanted: &TakeLock, outcome: AcquireOutcome) -> AcquireOutcome {
        let AcquireOutcome::Refused(LockRefusal::Held(hold)) = outcome else { return outcome };
        let (facet, id) = (wanted.facet, id_of(&wanted.info));
        let info = self.waiting.annotated(wanted, id.as_ref(), &hold);
        AcquireOutcome::Refused(LockRefusal::Held(match info {
            Some(info) => Hold { info, taken_through: facet, ..hold },
            None => hold,
        }))
    }
}

/// A hold, as far as it can be told from what is shown of it through a facet.
pub(in crate::engine) fn shown_hold(facet: Facet, info: &[u8]) -> Hold {
    Hold {
        id: id_of(info),
        info: info.to_vec(),
        taken_through: facet,
        facets: FacetSet::of(facet),
        since_micros: 0,
        giving_back_since_micros: None,
    }
}

/// A lockfile with other bytes: everything that depends on them fits.
fn shown_lockfile(
    version: &VersionRecord,
    bucket: BucketRecord,
    info: Vec<u8>,
    id: Option<LockId>,
) -> Found {
    let size = u64::try_from(info.len()).unwrap_or(u64::MAX);
    let mut headers = Headers::default();
    headers.standard.insert("content-type".to_owned(), "application/json".to_owned());
    let shown = Content {
        size,
        etag: hex(&Md5::digest(&info)),
        // Nobody reads it: the bytes come along.
        segments: vec![Segment { body: BodyId([0; 16]), size }],
        checksum: None,
        headers,
        tags: Vec::new(),
        lock_id: id.map(|id| id.as_str().to_owned()),
        facts: None,
        writer: None,
    };
    (VersionRecord { content: Some(shown), ..version.clone() }, bucket, Some(Bytes::from(info)))
}
