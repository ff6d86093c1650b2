//! Row keys: a family byte, then parts whose byte order is the order of what they stand for.
//!
//! Text is escaped so that it keeps its order and no text is a prefix of another's encoding:
//! `00` becomes `00 FF`, and `00 01` ends the text.

use super::StorageError;

/// What a record row is. The byte is persisted: it never changes its meaning. `t` was used once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// `number` → an audit record; numbers grow by one.
    Audit,
    /// Nothing → the newest audit record's number and hash.
    AuditHead,
    /// `bucket` → [`super::BucketRecord`].
    Bucket,
    /// `bucket, key, upload id` → [`super::CompletedUpload`]: answers a repeated completion.
    Completed,
    /// `body id` → [`super::DiscardedBody`]: a body nobody refers to, removed after a grace time.
    Discarded,
    /// `table, item key` → an item of a table that is neither a lock nor computed.
    Item,
    /// `bucket, state key` → the lock on that state, and what lately happened to it.
    Lock,
    /// `bucket, key` → permission for one write that the write guard would refuse.
    Overwrite,
    /// `upload id, part number` → [`super::PartRecord`].
    Part,
    /// `bucket, key, inverted sequence` → a body that the write guard refused, kept.
    Quarantine,
    /// `bucket` → [`super::BucketSettings`]: what the bucket's configuration calls stored.
    Settings,
    /// `body id` → [`super::StagedBody`]: a body that is being received.
    Staged,
    /// `table` → a table and its settings.
    Table,
    /// `bucket, key, upload id` → [`super::UploadRecord`].
    Upload,
    /// `bucket, key, inverted sequence` → [`super::VersionRecord`]; newest first within a key.
    Version,
}

impl Family {
    const fn byte(self) -> u8 {
        match self {
            Self::Audit => b'a',
            Self::AuditHead => b'h',
            Self::Bucket => b'b',
            Self::Completed => b'c',
            Self::Discarded => b'd',
            Self::Item => b'i',
            Self::Lock => b'l',
            Self::Overwrite => b'o',
            Self::Part => b'p',
            Self::Quarantine => b'q',
            Self::Settings => b'e',
            Self::Staged => b's',
            Self::Table => b'x',
            Self::Upload => b'u',
            Self::Version => b'v',
        }
    }
}

/// Builds one row key.
#[derive(Clone, Debug)]
pub(crate) struct RowKey(Vec<u8>);

impl RowKey {
    pub(crate) fn new(family: Family) -> Self {
        Self(vec![family.byte()])
    }

    /// A key that was read from a row.
    pub(crate) fn from_row(row: &[u8]) -> Self {
        Self(row.to_vec())
    }

    /// Appends a whole text part.
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.escape(text);
        self.0.extend_from_slice(&[0, 1]);
        self
    }

    /// Appends the beginning of a text part: what every text that starts with `prefix` starts with.
    pub(crate) fn text_prefix(mut self, prefix: &str) -> Self {
        self.escape(prefix);
        self
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The first key after every key that starts with this one.
    pub(crate) fn end(&self) -> Vec<u8> {
        let mut end = self.0.clone();
        // A family byte is ASCII, so there is always a byte that can grow.
        while let Some(last) = end.pop() {
            if let Some(next) = last.checked_add(1) {
                end.push(next);
                break;
            }
        }
        end
    }

    fn escape(&mut self, text: &str) {
        for &byte in text.as_bytes() {
            self.0.push(byte);
            if byte == 0 {
                self.0.push(0xFF);
            }
        }
    }
}

/// Takes the parts of a row key apart again.
pub(crate) struct RowKeyParts<'a> {
    whole: &'a [u8],
    rest: &'a [u8],
}

impl<'a> RowKeyParts<'a> {
    pub(crate) fn new(key: &'a [u8]) -> Self {
        Self { whole: key, rest: key.get(1..).unwrap_or_default() }
    }

    pub(crate) fn text(&mut self) -> Result<String, StorageError> {
        let mut text = Vec::new();
        let mut bytes = self.rest.iter().copied().enumerate();
        while let Some((_, byte)) = bytes.next() {
            if byte != 0 {
                text.push(byte);
                continue;
            }
            match bytes.next() {
                Some((_, 0xFF)) => text.push(0),
                Some((at, 1)) => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return String::from_utf8(text).map_err(|_| self.corrupt());
                }
                Some(_) | None => return Err(self.corrupt()),
            }
        }
        Err(self.corrupt())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], StorageError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| self.corrupt())?;
        self.rest = rest;
        Ok(*head)
    }

    fn corrupt(&self) -> StorageError {
        StorageError::Corrupt(format!("malformed row key `{}`", self.whole.escape_ascii()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Family, RowKey, RowKeyParts};

    proptest! {
        #[test]
        fn encoded_text_keeps_its_order(a in "\\PC{0,6}|[\0-\x02]{0,4}", b in "\\PC{0,6}|[\0-\x02]{0,4}") {
            let (x, y) = (RowKey::new(Family::Version).text(&a), RowKey::new(Family::Version).text(&b));
            prop_assert_eq!(a.as_bytes().cmp(b.as_bytes()), x.as_slice().cmp(y.as_slice()));
        }

        #[test]
        fn parts_come_back(a in "\\PC{0,6}|[\0-\x02]{0,4}", b in "\\PC{0,6}", n in any::<u64>()) {
            let key = RowKey::new(Family::Version).text(&a).text(&b).bytes(&n.to_be_bytes());
            let mut parts = RowKeyParts::new(key.as_slice());
            prop_assert_eq!(parts.text().unwrap(), a);
            prop_assert_eq!(parts.text().unwrap(), b);
            prop_assert_eq!(parts.array::<8>().unwrap(), n.to_be_bytes());
        }

        #[test]
        fn a_prefix_covers_its_keys_only(p in "[\0-\x02a-c]{0,3}", k in "[\0-\x02a-c]{0,6}") {
            let prefix = RowKey::new(Family::Version).text_prefix(&p);
            let key = RowKey::new(Family::Version).text(&k);
            let inside = prefix.as_slice() <= key.as_slice() && key.as_slice() < prefix.end().as_slice();
            prop_assert_eq!(inside, k.starts_with(&p));
        }
    }

    #[test]
    fn a_damaged_key_is_reported() {
        assert!(RowKeyParts::new(b"vabc").text().is_err());
        assert!(RowKeyParts::new(b"v\x00\x02").text().is_err());
        assert!(RowKeyParts::new(b"v\xff\x00\x01").text().is_err());
        assert!(RowKeyParts::new(b"").array::<1>().is_err());
    }
}
