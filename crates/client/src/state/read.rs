//! Reading a state, and comparing it with its digest.

use std::time::Duration;

use statelock_protocol::state::{Digest, StateHeader, StateReadError};
use statelock_protocol::store::ETag;

use super::digest_item::StoredDigest;
use super::error::ReadError;
use super::get::get;
use super::sink::StateSink;
use super::{StateObject, write::Expected};
use crate::settings::Encryption;

/// Terraform reads six times, two seconds apart, before it believes that a digest is wrong.
const DIGEST_READS: u8 = 6;
const DIGEST_PAUSE: Duration = Duration::from_secs(2);

/// A state as it was read.
#[derive(Clone, Debug)]
pub struct StateRead {
    /// The store's tag of it.
    pub etag: ETag,
    /// The MD5 of its bytes.
    pub digest: Digest,
    /// Its size.
    pub size_bytes: u64,
    /// What it says about itself. The bytes went to the sink whatever this is.
    pub header: Result<StateHeader, StateReadError>,
    /// Its version, in buckets with versions.
    pub version_id: Option<String>,
    /// When it was written, by the store's clock, since 1970.
    pub last_modified: Option<Duration>,
    /// How the store encrypted it, if with a KMS key; else [`Encryption::Bucket`].
    pub encryption: Encryption,
}

/// What is stored under the key of a state.
#[derive(Clone, Debug)]
pub enum Stored {
    /// Nothing.
    Absent,
    /// An object of no bytes. To Terraform that is no state.
    Empty(StateRead),
    /// Bytes.
    State(StateRead),
}

/// Whether a state is compared with its digest in the lock table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestCheck {
    /// It must agree; if it does not, both are read again for ten seconds.
    Verify,
    /// It is read, once, and may say what it wants.
    Ignore,
}

impl Stored {
    pub(super) fn of(read: Option<StateRead>) -> Self {
        match read {
            None => Self::Absent,
            Some(read) if read.size_bytes == 0 => Self::Empty(read),
            Some(read) => Self::State(read),
        }
    }

    /// The state, if there is one.
    pub fn state(&self) -> Option<&StateRead> {
        match self {
            Self::Absent | Self::Empty(_) => None,
            Self::State(read) => Some(read),
        }
    }

    /// The tag of the object, if there is one.
    pub fn etag(&self) -> Option<&ETag> {
        match self {
            Self::Absent => None,
            Self::Empty(read) | Self::State(read) => Some(&read.etag),
        }
    }

    /// What a write that replaces this has to expect.
    pub fn expected(&self) -> Expected {
        self.etag().map_or(Expected::Absent, |etag| Expected::Stored(etag.clone()))
    }
}

impl StateObject {
    /// Reads the state that is stored now, and what the lock table says of it. The bytes go to `sink`,
    /// exactly as they are; they are void if this fails.
    ///
    /// Changes nothing; may be dropped at any time.
    ///
    /// # Errors
    /// [`ReadError`]; `DigestMismatch` only with [`DigestCheck::Verify`].
    pub async fn read(
        &self,
        check: DigestCheck,
        sink: &mut dyn StateSink,
    ) -> Result<(Stored, StoredDigest), ReadError> {
        let mut reads = 1;
        loop {
            let stored = Stored::of(get(self, None, sink).await?);
            let digest = self.stored_digest().await;
            let calculated = stored.state().map(|read| read.digest);
            let StoredDigest::Digest(wanted) = &digest else { return Ok((stored, digest)) };
            if check == DigestCheck::Ignore || digest.agrees_with(calculated.as_ref()) {
                return Ok((stored, digest));
            }
            if reads >= DIGEST_READS {
                return Err(ReadError::DigestMismatch { stored: *wanted, calculated });
            }
            // State and digest are written one after the other, so they may disagree for a moment.
            reads += 1;
            tokio::time::sleep(DIGEST_PAUSE).await;
        }
    }

    /// Reads one version of the state. Digests are kept of the newest only.
    ///
    /// Changes nothing; may be dropped at any time.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn read_version(
        &self,
        version_id: &str,
        sink: &mut dyn StateSink,
    ) -> Result<Stored, ReadError> {
        Ok(Stored::of(get(self, Some(version_id), sink).await?))
    }
}
