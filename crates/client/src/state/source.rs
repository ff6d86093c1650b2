//! Bytes that are to be written as a state.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest as _, Md5};
use sha2::Sha256;
use statelock_protocol::state::{Digest, StateHeader};

use super::error::SourceError;

/// What is larger goes to the store in parts: a piece that is lost on the way costs this much again, and no
/// more than three of half this size are in memory. One request is simpler, so not smaller.
pub(super) const SINGLE_SIZE_BYTES_MAX: u64 = 16 << 20;
/// The usual size of a part.
const PART_SIZE_BYTES: u64 = 8 << 20;
/// Stores accept no more parts than this.
const PARTS_MAX: u64 = 10_000;

/// A state to be written: its bytes, in memory or in a file, and what they say about themselves.
#[derive(Clone, Debug)]
pub struct StateSource {
    place: SourcePlace,
    size_bytes: u64,
    piece_size_bytes: u64,
    /// The SHA-256 of each piece, as it was when the header was read.
    pieces: Vec<[u8; 32]>,
    digest: Digest,
    header: StateHeader,
}

#[derive(Clone)]
enum SourcePlace {
    Memory(Bytes),
    File(Arc<File>),
}

/// States hold secrets: the bytes stay out of logs.
impl std::fmt::Debug for SourcePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Memory(_) => "Memory",
            Self::File(_) => "File",
        })
    }
}

impl StateSource {
    /// Takes bytes.
    ///
    /// # Errors
    /// [`SourceError::Header`]: they are no state.
    pub fn of_bytes(bytes: impl Into<Bytes>) -> Result<Self, SourceError> {
        let bytes = bytes.into();
        let size_bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let mut reader: &[u8] = &bytes;
        Self::of(SourcePlace::Memory(bytes.clone()), size_bytes, &mut reader)
    }

    /// Takes a file, which must be one that can be read at any position: not a pipe. It is read once from
    /// its beginning to its end now, and again when it is written. Blocks.
    ///
    /// # Errors
    /// [`SourceError`]
    pub fn of_file(mut file: File) -> Result<Self, SourceError> {
        let size_bytes = file.metadata()?.len();
        file.rewind()?;
        let file = Arc::new(file);
        Self::of(SourcePlace::File(Arc::clone(&file)), size_bytes, &mut &*file)
    }

    fn of(place: SourcePlace, size_bytes: u64, reader: &mut dyn Read) -> Result<Self, SourceError> {
        let piece_size_bytes = piece_size_bytes(size_bytes);
        let mut hashing = Hashing::new(reader, piece_size_bytes);
        let header = StateHeader::read_from(&mut hashing);
        io::copy(&mut hashing, &mut io::sink())?;
        let header = header?;
        let (seen_bytes, digest, pieces) = hashing.finish();
        if seen_bytes != size_bytes {
            return Err(SourceError::Changed);
        }
        Ok(Self { place, size_bytes, piece_size_bytes, pieces, digest, header })
    }

    /// What the bytes say about themselves.
    pub fn header(&self) -> &StateHeader {
        &self.header
    }

    /// The MD5 of the bytes.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// How many there are.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The SHA-256 of each piece.
    pub(super) fn pieces(&self) -> &[[u8; 32]] {
        &self.pieces
    }

    /// The bytes of a piece, if they are still those that were looked at.
    pub(super) fn piece(&self, index: usize) -> Result<Bytes, SourceError> {
        let from = u64::try_from(index).unwrap_or(u64::MAX).saturating_mul(self.piece_size_bytes);
        let size = self.size_bytes.saturating_sub(from).min(self.piece_size_bytes);
        let bytes = self.place.read(from, usize::try_from(size).unwrap_or(usize::MAX))?;
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        if self.pieces.get(index) == Some(&hash) { Ok(bytes) } else { Err(SourceError::Changed) }
    }
}

impl SourcePlace {
    fn read(&self, from: u64, size: usize) -> Result<Bytes, SourceError> {
        match self {
            Self::Memory(bytes) => {
                let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.slice(from..from.saturating_add(size).min(bytes.len())))
            }
            Self::File(file) => {
                let mut piece = vec![0; size];
                match file.read_exact_at(&mut piece, from) {
                    Ok(()) => Ok(piece.into()),
                    Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                        Err(SourceError::Changed)
                    }
                    Err(error) => Err(error.into()),
                }
            }
        }
    }
}

/// One piece for what goes in one request, else parts.
fn piece_size_bytes(size_bytes: u64) -> u64 {
    if size_bytes <= SINGLE_SIZE_BYTES_MAX {
        return SINGLE_SIZE_BYTES_MAX;
    }
    PART_SIZE_BYTES.max(size_bytes.div_ceil(PARTS_MAX))
}

/// Hashes what is read through it: all of it, and piece by piece.
struct Hashing<'a> {
    reader: &'a mut dyn Read,
    piece_size_bytes: u64,
    size_bytes: u64,
    in_piece_bytes: u64,
    md5: Md5,
    piece: Sha256,
    pieces: Vec<[u8; 32]>,
}

impl<'a> Hashing<'a> {
    fn new(reader: &'a mut dyn Read, piece_size_bytes: u64) -> Self {
        let (md5, piece, pieces) = (Md5::new(), Sha256::new(), Vec::new());
        Self { reader, piece_size_bytes, size_bytes: 0, in_piece_bytes: 0, md5, piece, pieces }
    }

    fn finish(mut self) -> (u64, Digest, Vec<[u8; 32]>) {
        if self.in_piece_bytes > 0 || self.pieces.is_empty() {
            self.pieces.push(self.piece.finalize().into());
        }
        (self.size_bytes, Digest::from_bytes(self.md5.finalize().into()), self.pieces)
    }
}

impl Read for Hashing<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let room = self.piece_size_bytes - self.in_piece_bytes;
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(into.len());
        let (target, _) = into.split_at_mut(room);
        let count = self.reader.read(target)?;
        let read = target.get(..count).unwrap_or_default();
        self.md5.update(read);
        self.piece.update(read);
        let count_bytes = u64::try_from(count).unwrap_or(u64::MAX);
        self.size_bytes += count_bytes;
        self.in_piece_bytes += count_bytes;
        if self.in_piece_bytes == self.piece_size_bytes {
            self.pieces.push(self.piece.finalize_reset().into());
            self.in_piece_bytes = 0;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn state(padding: usize) -> Vec<u8> {
        let padding = "x".repeat(padding);
        format!(
            "{{\"version\":4,\"serial\":7,\"lineage\":\"L\",\"outputs\":{{\"o\":\"{padding}\"}}}}"
        )
        .into_bytes()
    }

    #[test]
    fn pieces_make_the_whole_and_each_has_its_hash() {
        let bytes = state(17 << 20);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let source = StateSource::of_file(file).unwrap();
        let in_memory = StateSource::of_bytes(bytes.clone()).unwrap();
        assert_eq!(source.pieces().len(), 3);
        assert_eq!(source.pieces(), in_memory.pieces());
        let pieces: Vec<_> = (0..3).map(|index| source.piece(index).unwrap()).collect();
        assert!(pieces.concat() == bytes, "the pieces are the bytes");
        assert!(pieces.iter().rev().skip(1).all(|piece| piece.len() == 8 << 20));
        assert_eq!(source.digest(), &Digest::of(&bytes));
        assert_eq!(source.header().serial.0, 7);
    }

    #[test]
    fn what_goes_in_one_request_is_one_piece() {
        let bytes = state(10);
        let source = StateSource::of_bytes(bytes.clone()).unwrap();
        assert_eq!(source.pieces().len(), 1);
        assert_eq!(source.piece(0).unwrap(), bytes);
        let whole = usize::try_from(SINGLE_SIZE_BYTES_MAX).unwrap();
        let exactly = state(whole - state(0).len());
        assert_eq!(StateSource::of_bytes(exactly).unwrap().pieces().len(), 1);
        let more = state(whole - state(0).len() + 1);
        assert_eq!(StateSource::of_bytes(more).unwrap().pieces().len(), 3);
    }

    #[test]
    fn a_file_that_changed_is_not_written() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&state(10)).unwrap();
        let source = StateSource::of_file(file.try_clone().unwrap()).unwrap();
        source.piece(0).unwrap();
        file.write_all_at(b"[", 0).unwrap();
        assert!(matches!(source.piece(0), Err(SourceError::Changed)));
        file.set_len(3).unwrap();
        assert!(matches!(source.piece(0), Err(SourceError::Changed)));
    }

    #[test]
    fn what_is_no_state_is_no_source() {
        for bytes in [&b""[..], b"{}", b"hello", b"{\"version\":4,\"serial\":1,"] {
            let error = StateSource::of_bytes(bytes).unwrap_err();
            assert!(matches!(error, SourceError::Header(_)), "{error}");
        }
    }
}
