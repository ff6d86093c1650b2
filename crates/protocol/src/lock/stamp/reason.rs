//! Why a lock was taken: any text of a person, on one line.

use std::str::FromStr;

use std::fmt;

use super::{BETWEEN, reads_as_a_clause};

/// The longest reason that is accepted from a user, in characters.
pub const REASON_CHARACTERS_MAX: usize = 512;

/// Why a lock was taken, in somebody's words. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

/// Why a text is no reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReasonError {
    /// There is nothing but white space.
    #[error("a reason must not be empty")]
    Empty,
    /// The text is longer than [`REASON_CHARACTERS_MAX`].
    #[error("a reason has at most {REASON_CHARACTERS_MAX} characters, not {characters}")]
    TooLong {
        /// Its length.
        characters: usize,
    },
}

impl FromStr for Reason {
    type Err = ReasonError;

    fn from_str(text: &str) -> Result<Self, ReasonError> {
        Self::parse(text)
    }
}

impl Reason {
    /// Takes what a user gave as a reason, as it stands.
    ///
    /// # Errors
    /// [`ReasonError`]
    pub fn parse(text: impl Into<String>) -> Result<Self, ReasonError> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(ReasonError::Empty);
        }
        let characters = text.chars().count();
        if characters > REASON_CHARACTERS_MAX {
            return Err(ReasonError::TooLong { characters });
        }
        Ok(Self(text))
    }

    /// Reads the first clause of a stamp, or the text of another program. It may be of any length,
    /// for it is stored already.
    pub(super) fn read(clause: &str) -> Option<Self> {
        let text = unescape(clause).unwrap_or_else(|| clause.to_owned());
        (!text.is_empty()).then_some(Self(text))
    }

    /// The clause of a stamp: on one line, and no part of it reads like another clause.
    pub(super) fn to_clause(&self) -> String {
        let line = escape(&self.0);
        let part = |part: &str| {
            let mut rest = part.chars();
            match rest.next() {
                Some(first) if reads_as_a_clause(part) => {
                    format!("{}{}", first.escape_unicode(), rest.as_str())
                }
                Some(_) | None => part.to_owned(),
            }
        };
        line.split(BETWEEN).map(part).collect::<Vec<_>>().join(BETWEEN)
    }

    /// The text, as it was given. It may break lines and drive terminals; [`fmt::Display`] does not.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&visible(&self.0))
    }
}

/// Text of others as it can be shown on one line: what would move the cursor, change colours or turn
/// the direction of writing is escaped.
pub(in crate::lock) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_invisible(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// As [`visible`], and a backslash is doubled, so that [`unescape`] finds the text again.
fn escape(text: &str) -> String {
    visible(&text.replace('\\', "\\\\"))
}

fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// The inverse of [`escape`]; `None` for a text that it did not write.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        out.push(match rest.next()? {
            '\\' => '\\',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (code, after) = rest.as_str().strip_prefix('{')?.split_once('}')?;
                rest = after.chars();
                char::from_u32(u32::from_str_radix(code, 16).ok()?)?
            }
            _ => return None,
        });
    }
    Some(out)
}
