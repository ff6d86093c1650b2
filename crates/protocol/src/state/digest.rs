//! The MD5 of a state snapshot, as clients keep it in the lock table.
//!
//! MD5 finds accidents here, not attacks: whoever may write a state may also write its digest.

use std::fmt;

use md5::{Digest as _, Md5};

/// The MD5 of a snapshot's exact bytes. It is written as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

/// Why a text is not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 32 hex digits, not `{0}`")]
pub struct DigestError(String);

impl Digest {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Md5::digest(bytes).into())
    }

    /// Takes an MD5 that was computed elsewhere, for example while a body streamed in.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 hex digits. Upper case is accepted, because clients that read digests accept it.
    ///
    /// # Errors
    /// [`DigestError`] for any other length or character.
    pub fn parse(text: &str) -> Result<Self, DigestError> {
        let error = || DigestError(text.chars().take(64).collect());
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 16 || !rest.is_empty() {
            return Err(error());
        }
        let mut bytes = [0; 16];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte =
                hex_value(*high).zip(hex_value(*low)).map(|(h, l)| h << 4 | l).ok_or_else(error)?;
        }
        Ok(Self(bytes))
    }

    /// The sixteen bytes, as `Content-MD5` wants them before base64.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By table: each lock row has many digests, and is written with each lock.
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |value: u8| DIGITS.get(usize::from(value)).copied().map_or('0', char::from);
        let mut text = String::with_capacity(2 * self.0.len());
        for byte in self.0 {
            text.extend([digit(byte >> 4), digit(byte & 15)]);
        }
        f.pad(&text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn digests_agree_with_the_vectors_of_rfc_1321() {
        for (text, hex) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ] {
            assert_eq!(Digest::of(text.as_bytes()).to_string(), hex);
        }
    }

    #[test]
    fn a_digest_survives_writing_and_reading_in_either_case() {
        let digest = Digest::of(b"state");
        assert_eq!(Digest::parse(&digest.to_string()), Ok(digest));
        assert_eq!(Digest::parse(&digest.to_string().to_uppercase()), Ok(digest));
        assert_eq!(Digest::from_bytes(*digest.as_bytes()), digest);
    }

    #[test]
    fn text_that_is_not_32_hex_digits_is_no_digest() {
        let good = "d41d8cd98f00b204e9800998ecf8427e";
        for bad in [
            "",
            "d4",
            good.trim_start_matches('d'),
            &good.replace('d', "g"),
            &format!("{good}0"),
            "é",
        ] {
            let error = Digest::parse(bad).expect_err(bad);
            assert!(error.to_string().contains("32 hex digits"), "{error}");
        }
    }
}
