//! The lock ID.

use std::fmt;

/// The longest lock ID in bytes. Stock clients use 36; the bound keeps stored records small.
pub const LOCK_ID_SIZE_BYTES_MAX: usize = 256;

/// The text that names one acquisition of a lock.
///
/// It looks like a UUID but need not be one: Terraform formats sixteen random bytes without the
/// version bits of a UUID (`internal/states/statemgr/locker.go`). So any short text is accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockId(String);

/// Why a text is not a lock ID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockIdError {
    /// The text is empty. Clients take a lock without an ID for no lock at all.
    #[error("a lock ID must not be empty")]
    Empty,
    /// The text is longer than [`LOCK_ID_SIZE_BYTES_MAX`].
    #[error("a lock ID has at most {LOCK_ID_SIZE_BYTES_MAX} bytes, not {size_bytes}")]
    TooLong {
        /// Its size.
        size_bytes: usize,
    },
    /// The text has a control character: nobody could type it into `force-unlock`.
    #[error("a lock ID must not contain control characters")]
    ControlCharacter,
}

impl LockId {
    /// Takes a lock ID as it stands.
    ///
    /// # Errors
    /// [`LockIdError`] if it is empty, too long, or has control characters.
    pub fn parse(text: impl Into<String>) -> Result<Self, LockIdError> {
        let text = text.into();
        if text.is_empty() {
            return Err(LockIdError::Empty);
        }
        if text.len() > LOCK_ID_SIZE_BYTES_MAX {
            return Err(LockIdError::TooLong { size_bytes: text.len() });
        }
        if text.chars().any(char::is_control) {
            return Err(LockIdError::ControlCharacter);
        }
        Ok(Self(text))
    }

    /// The ID under which a lockfile is shown whose own cannot be read.
    pub(super) fn unreadable() -> Self {
        Self("unreadable".to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{LOCK_ID_SIZE_BYTES_MAX, LockId, LockIdError};

    #[test]
    fn any_short_text_is_a_lock_id_not_only_a_uuid() {
        let longest = "x".repeat(LOCK_ID_SIZE_BYTES_MAX);
        for id in ["76048f77-4be5-58f2-5e83-1c243c2aa257", "1", "ci run <7>", "ü", &longest] {
            assert_eq!(LockId::parse(id).expect(id).as_str(), id);
        }
    }

    #[test]
    fn empty_long_and_untypable_texts_are_no_lock_ids() {
        assert_eq!(LockId::parse(""), Err(LockIdError::Empty));
        let size_bytes = LOCK_ID_SIZE_BYTES_MAX + 1;
        assert_eq!(LockId::parse("x".repeat(size_bytes)), Err(LockIdError::TooLong { size_bytes }));
        for bad in ["a\nb", "a\0", "\u{1b}[2J", "\u{7f}", "\u{85}"] {
            assert_eq!(LockId::parse(bad), Err(LockIdError::ControlCharacter));
        }
    }
}
