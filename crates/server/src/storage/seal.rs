//! Seals: every value that goes to a disk carries a checksum of where it belongs and what it is.
//!
//! Stored form: 1 format byte ([`FORMAT`]), 8 bytes CRC-64/NVME little-endian, payload. The
//! checksum covers format byte, table, key length, key and payload, so that a value which turns
//! up under another key, or in another table, is as damaged as one with a flipped bit.
//!
//! Only the `embedded` engine seals. SQLite checks the structure of its pages but not their
//! content, so a bit that rots in a value would be served. The `memory` engine has no medium
//! below it. A seal detects accidents, not an attacker: it has no key.

use crc_fast::{CrcAlgorithm, Digest};

use super::{StorageError, Table};

/// The only stored form so far. Another number is a newer format or damage.
const FORMAT: u8 = 1;

/// Bytes that a seal adds to a value.
pub(super) const SEAL_SIZE_BYTES: usize = 1 + CHECKSUM_SIZE_BYTES;

const CHECKSUM_SIZE_BYTES: usize = 8;

/// `payload` in its stored form.
pub(super) fn seal(table: Table, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(SEAL_SIZE_BYTES + payload.len());
    sealed.push(FORMAT);
    sealed.extend_from_slice(&checksum(table, key, payload).to_le_bytes());
    sealed.extend_from_slice(payload);
    sealed
}

/// The payload of a stored value.
///
/// # Errors
/// [`StorageError::Corrupt`] naming the row, if these bytes are not what was sealed for it.
pub(super) fn open<'a>(
    table: Table,
    key: &[u8],
    sealed: &'a [u8],
) -> Result<&'a [u8], StorageError> {
    let (format, rest) = sealed.split_first().ok_or_else(|| corrupt(table, key, "has no seal"))?;
    if *format != FORMAT {
        return Err(corrupt(table, key, "has an unknown seal format"));
    }
    let (expected, payload) = rest
        .split_first_chunk::<CHECKSUM_SIZE_BYTES>()
        .ok_or_else(|| corrupt(table, key, "is shorter than its seal"))?;
    if u64::from_le_bytes(*expected) == checksum(table, key, payload) {
        Ok(payload)
    } else {
        Err(corrupt(table, key, "does not match its checksum"))
    }
}

/// The error for a damaged row, with the key in printable form.
pub(super) fn corrupt(table: Table, key: &[u8], what: &str) -> StorageError {
    let key = key.escape_ascii();
    StorageError::Corrupt(format!("row `{key}` of {table:?} {what}"))
}

fn checksum(table: Table, key: &[u8], payload: &[u8]) -> u64 {
    let table = match table {
        Table::Records => 1,
        Table::Chunks => 2,
    };
    // A length before the key keeps ("ab", "c") and ("a", "bc") apart. It cannot overflow: no
    // address space is larger than 64 bits.
    let key_len = u64::try_from(key.len()).unwrap_or(u64::MAX);
    let mut digest = Digest::new(CrcAlgorithm::Crc64Nvme);
    digest.update(&[FORMAT, table]);
    digest.update(&key_len.to_le_bytes());
    digest.update(key);
    digest.update(payload);
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_under_its_own_key_only() {
        let sealed = seal(Table::Records, b"key", b"value");

        assert_eq!(open(Table::Records, b"key", &sealed).unwrap(), b"value");
        for (table, key) in [
            (Table::Chunks, b"key".as_slice()),
            (Table::Records, b"kez"),
            (Table::Records, b"ke"),
            (Table::Records, b"keyv"),
        ] {
            let error = open(table, key, &sealed).unwrap_err();
            assert!(matches!(error, StorageError::Corrupt(_)), "{error}");
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let sealed = seal(Table::Chunks, b"\x00\xff", b"some payload");
        for at in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[at / 8] ^= 1 << (at % 8);
            assert!(open(Table::Chunks, b"\x00\xff", &damaged).is_err(), "bit {at}");
        }
        for len in 0..sealed.len() {
            assert!(open(Table::Chunks, b"\x00\xff", &sealed[..len]).is_err(), "cut to {len}");
        }
    }

    #[test]
    fn an_empty_value_is_a_value() {
        let sealed = seal(Table::Records, b"", b"");

        assert_eq!(sealed.len(), SEAL_SIZE_BYTES);
        assert_eq!(open(Table::Records, b"", &sealed).unwrap(), b"");
    }

    #[test]
    fn an_error_names_the_row_in_printable_form() {
        let error = open(Table::Records, b"b\x00tfstate\xff", b"\x01").unwrap_err();

        assert_eq!(
            error.to_string(),
            r"stored data is corrupt: row `b\x00tfstate\xff` of Records is shorter than its seal"
        );
    }
}
