//! The one date format of Signature Version 4: `YYYYMMDDTHHMMSSZ`.

use std::fmt;

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// A second in UTC, with the text that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp {
    text: String,
    unix: i64,
}

impl Timestamp {
    /// Reads exactly `YYYYMMDDTHHMMSSZ`.
    pub fn parse(text: &str) -> Option<Self> {
        // The length keeps out the signs that a year may otherwise have.
        let plain = text.len() == 16 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        let parsed = PrimitiveDateTime::parse(text, FORMAT).ok().filter(|_| plain)?;
        Some(Self { text: text.to_owned(), unix: parsed.assume_utc().unix_timestamp() })
    }

    /// Writes a time. Outside the years that the format knows the text is the number of seconds.
    pub fn from_unix(unix: i64) -> Self {
        let time = OffsetDateTime::from_unix_timestamp(unix).ok();
        let text = time.and_then(|time| time.format(FORMAT).ok());
        Self { text: text.unwrap_or_else(|| unix.to_string()), unix }
    }

    /// Seconds since 1970.
    pub fn unix(&self) -> i64 {
        self.unix
    }

    /// The day, `YYYYMMDD`.
    pub fn day(&self) -> &str {
        self.text.get(..8).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_format_and_no_other() {
        let stamp = Timestamp::parse("20150830T123600Z").unwrap();
        assert_eq!((stamp.unix(), stamp.day()), (1_440_938_160, "20150830"));
        assert_eq!(Timestamp::from_unix(1_440_938_160), stamp);
        for text in [
            "",
            "20150830",
            "2015-08-30T12:36:00Z",
            "20150830T123600",
            "20150830T123600z",
            "20150230T123600Z",
            "20150830T246000Z",
            "+2015083T123600Z",
            " 20150830T123600Z",
            "20150830T123600Zé",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
