//! A body's pieces as they are stored: one byte that names the codec, then the data.

use std::cell::RefCell;

use bytes::{Bytes, BytesMut};
use zstd::bulk::Compressor;

use crate::storage::{CHUNK_SIZE_BYTES_MAX, StorageError};

/// Text shrinks about tenfold at the fastest level already.
const COMPRESSION_LEVEL: i32 = 1;
const CODEC_RAW: u8 = 0;
const CODEC_ZSTD: u8 = 1;

thread_local! {
    /// Made once for a thread: for a small piece that costs more than to compress it.
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> =
        RefCell::new(Compressor::new(COMPRESSION_LEVEL).ok());
}

/// A piece as it is stored: one byte that names the codec, then the data.
pub(super) fn encode(bytes: &[u8]) -> Bytes {
    // Without a compressor, or if it fails, the piece is stored as it is.
    let compressed = COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.as_mut().and_then(|compressor| compressor.compress(bytes).ok())
    });
    let compressed = compressed.unwrap_or_default();
    let (codec, data) = if compressed.is_empty() || compressed.len() >= bytes.len() {
        (CODEC_RAW, bytes)
    } else {
        (CODEC_ZSTD, compressed.as_slice())
    };
    let mut chunk = BytesMut::with_capacity(data.len() + 1);
    chunk.extend_from_slice(&[codec]);
    chunk.extend_from_slice(data);
    chunk.freeze()
}

/// The bytes of a stored piece.
pub(crate) fn decode(chunk: &[u8]) -> Result<Bytes, StorageError> {
    match chunk.split_first() {
        Some((&CODEC_RAW, data)) => Ok(Bytes::copy_from_slice(data)),
        Some((&CODEC_ZSTD, data)) => zstd::bulk::decompress(data, CHUNK_SIZE_BYTES_MAX)
            .map(Bytes::from)
            .map_err(|error| StorageError::Corrupt(format!("a piece does not unpack: {error}"))),
        Some((codec, _)) => Err(StorageError::Corrupt(format!("unknown piece codec {codec}"))),
        None => Err(StorageError::Corrupt("an empty piece".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, encode};

    proptest! {
        #[test]
        fn pieces_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
            prop_assert_eq!(decode(&encode(&bytes)).unwrap(), bytes);
        }
    }

    #[test]
    fn text_shrinks_and_damage_is_noticed() {
        let text = vec![b'a'; 100_000];
        assert!(encode(&text).len() < 1_000);
        assert!(decode(&[]).is_err());
        assert!(decode(&[9, 1, 2]).is_err());
        assert!(decode(&[1, 1, 2]).is_err());
    }
}
