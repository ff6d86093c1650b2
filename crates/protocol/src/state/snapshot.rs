//! The exact bytes of a state, and what they say about themselves.
//!
//! The bytes are opaque and are never written anew: only the header is read from them, in one pass
//! and without building a document, so that a state of 100 MB costs no memory beside itself.

use std::fmt;
use std::io;

use super::digest::Digest;
use super::header_reader;

/// How much of a source is asked for at a time.
const SOURCE_BUFFER_BYTES: usize = 64 * 1024;

/// Opaque identifier that is made with a state and kept for its life.
///
/// Empty in states that are older than the notion; nothing can be concluded from an empty one.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lineage(String);

impl Lineage {
    /// Takes a lineage as it stands. Usually it is a UUID, but nobody checks.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the state has none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Lineage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Counter inside a lineage; grows with each change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(pub u64);

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a state is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFormat {
    /// Terraform's JSON; today's version is 4.
    Plain {
        /// The format version, 1 to 4.
        version: u8,
    },
    /// OpenTofu's encrypted envelope, which shows lineage and serial in the clear.
    Encrypted,
}

/// Whether a state describes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateContent {
    /// No resources and no outputs.
    Empty,
    /// At least one resource or output, or a format in which that is not looked up.
    Present,
    /// Encrypted.
    Hidden,
}

/// What a state says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateHeader {
    /// How it is written down.
    pub format: StateFormat,
    /// Which state this is.
    pub lineage: Lineage,
    /// Which snapshot of it.
    pub serial: Serial,
    /// Who wrote it; empty if it does not say (the envelope never does).
    pub terraform_version: String,
    /// Whether it describes anything.
    pub content: StateContent,
}

/// Why bytes have no state header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateReadError {
    /// These bytes are something else: not JSON, or JSON without the marks of a state.
    #[error("not a state: {reason}")]
    NotAState {
        /// What is missing.
        reason: String,
    },
    /// These bytes begin as a state and go wrong: cut off, or a field of the wrong type.
    #[error("damaged state: {reason}")]
    Damaged {
        /// Where and how.
        reason: String,
    },
    /// A state of a format version that is newer than this program.
    #[error("state of unknown format version {version}")]
    UnknownVersion {
        /// The version it declares.
        version: u64,
    },
    /// The source of the bytes failed; nothing is known about them.
    #[error("could not read the bytes of a state: {reason}")]
    SourceFailed {
        /// What the source said.
        reason: String,
    },
}

impl StateHeader {
    /// Reads the header of a plain state (format versions 1 to 4) or of an encrypted envelope.
    ///
    /// A plain state has a numeric `version` and at least one of `serial`, `lineage` and
    /// `terraform_version`. Terraform itself asks only for the version; but `{"version": 1, …}` is
    /// also how countless other JSON files begin, and a header without any of the three says
    /// nothing that a rule could compare.
    ///
    /// # Errors
    /// [`StateReadError`], never `SourceFailed`.
    pub fn read(bytes: &[u8]) -> Result<Self, StateReadError> {
        if bytes.is_empty() {
            return Err(StateReadError::NotAState { reason: "no bytes".to_owned() });
        }
        header_reader::read(serde_json::Deserializer::from_slice(bytes))
    }

    /// As [`StateHeader::read`], for a body that is not in one piece. What follows a body that turns
    /// out to be no state stays unread.
    ///
    /// # Errors
    /// [`StateReadError`]
    pub fn read_from(mut source: impl io::Read) -> Result<Self, StateReadError> {
        // One reader for all sources, so that the parser is compiled here, once. It asks for single
        // bytes, which only a buffer of a known type gives out fast.
        let source: &mut dyn io::Read = &mut source;
        let buffered = io::BufReader::with_capacity(SOURCE_BUFFER_BYTES, source);
        header_reader::read(serde_json::Deserializer::from_reader(buffered))
    }
}

/// The exact bytes of one state at one serial.
#[derive(Clone, PartialEq, Eq)]
pub struct StateSnapshot {
    bytes: Vec<u8>,
    header: StateHeader,
    digest: Digest,
}

impl StateSnapshot {
    /// Takes bytes whose header can be read, and hashes them.
    ///
    /// # Errors
    /// [`StateReadError`], never `SourceFailed`.
    pub fn read(bytes: Vec<u8>) -> Result<Self, StateReadError> {
        let header = StateHeader::read(&bytes)?;
        let digest = Digest::of(&bytes);
        Ok(Self { bytes, header, digest })
    }

    /// The bytes, exactly as they came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives the bytes back.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// What the bytes say about themselves.
    pub fn header(&self) -> &StateHeader {
        &self.header
    }

    /// The MD5 of the bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// States hold secrets: the bytes stay out of logs.
impl fmt::Debug for StateSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateSnapshot")
            .field("header", &self.header)
            .field("digest", &self.digest)
            .field("size_bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
