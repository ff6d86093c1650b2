//! The time in a lock info: RFC 3339 as Go writes and reads it.
//!
//! There is no clock here. A time is made from seconds that a caller read from its clock, or from
//! text that another client wrote.

use std::fmt;

use super::calendar::{civil_from_days, days_from_civil, days_in_month};

const SECONDS_PER_DAY: i64 = 86_400;
/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: Go refuses to marshal years outside.
const UNIX_SECONDS_MIN: i64 = -62_167_219_200;
const UNIX_SECONDS_MAX: i64 = 253_402_300_799;
/// 0001-01-01T00:00:00Z, the zero of Go's `time.Time`.
const UNIX_SECONDS_OF_GO_ZERO: i64 = -62_135_596_800;
const NANOS_PER_SECOND: u32 = 1_000_000_000;

/// When a lock was made, to the nanosecond, with the offset from UTC that its writer used.
///
/// [`fmt::Display`] writes what Go's `json.Marshal` writes: up to nine fraction digits without
/// trailing zeros, and `Z` for no offset. The offset is kept because Go keeps it: reading and
/// writing again has to give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreatedAt {
    unix_seconds: i64,
    nanos: u32,
    offset_minutes: i16,
}

/// Why there is no such time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreatedAtError {
    /// The text is not RFC 3339, or names a day or an hour that does not exist.
    #[error("`{0}` is not an RFC 3339 time")]
    NotRfc3339(String),
    /// The year is not in 0 to 9999, or there are a thousand million nanoseconds or more.
    #[error("{unix_seconds} s and {nanos} ns since 1970 cannot be written as RFC 3339")]
    OutOfRange {
        /// Seconds since 1970-01-01T00:00:00Z.
        unix_seconds: i64,
        /// Nanoseconds within the second.
        nanos: u32,
    },
}

impl CreatedAt {
    /// A time in UTC, as clients write their own.
    ///
    /// # Errors
    /// [`CreatedAtError::OutOfRange`]
    pub fn from_unix(unix_seconds: i64, nanos: u32) -> Result<Self, CreatedAtError> {
        let possible = (UNIX_SECONDS_MIN..=UNIX_SECONDS_MAX).contains(&unix_seconds);
        if !possible || nanos >= NANOS_PER_SECOND {
            return Err(CreatedAtError::OutOfRange { unix_seconds, nanos });
        }
        Ok(Self { unix_seconds, nanos, offset_minutes: 0 })
    }

    /// The zero of Go's `time.Time`, which stands for "not set".
    pub fn go_zero() -> Self {
        Self { unix_seconds: UNIX_SECONDS_OF_GO_ZERO, nanos: 0, offset_minutes: 0 }
    }

    /// Reads RFC 3339. Fraction digits beyond the ninth are cut off, as Go does.
    ///
    /// # Errors
    /// [`CreatedAtError::NotRfc3339`]
    pub fn parse(text: &str) -> Result<Self, CreatedAtError> {
        let error = || CreatedAtError::NotRfc3339(text.chars().take(64).collect());
        parse_rfc_3339(text.as_bytes()).ok_or_else(error)
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix_seconds(&self) -> i64 {
        self.unix_seconds
    }

    /// Nanoseconds within the second.
    pub fn nanos(&self) -> u32 {
        self.nanos
    }

    /// The form that Terraform shows to people: `2026-11-21 20:59:50.707283404 +0000 UTC`.
    pub fn to_human(&self) -> String {
        let (date, time) = self.local_date_and_time();
        let (sign, hours, minutes) = self.offset();
        let offset = format!("{sign}{hours:02}{minutes:02}");
        // Go repeats the offset where a zone has no name.
        let zone = if self.offset_minutes == 0 { "UTC" } else { &offset };
        format!("{date} {time} {offset} {zone}")
    }

    fn local_date_and_time(&self) -> (String, String) {
        let local = self.unix_seconds + i64::from(self.offset_minutes) * 60;
        let (year, month, day) = civil_from_days(local.div_euclid(SECONDS_PER_DAY));
        let second_of_day = local.rem_euclid(SECONDS_PER_DAY);
        let (hour, minute) = (second_of_day / 3600, second_of_day / 60 % 60);
        let mut time = format!("{hour:02}:{minute:02}:{:02}", second_of_day % 60);
        if self.nanos != 0 {
            let fraction = format!(".{:09}", self.nanos);
            time.push_str(fraction.trim_end_matches('0'));
        }
        (format!("{year:04}-{month:02}-{day:02}"), time)
    }

    fn offset(&self) -> (char, u16, u16) {
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let minutes = self.offset_minutes.unsigned_abs();
        (sign, minutes / 60, minutes % 60)
    }
}

impl fmt::Display for CreatedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = self.local_date_and_time();
        match self.offset() {
            (_, 0, 0) => write!(f, "{date}T{time}Z"),
            (sign, hours, minutes) => write!(f, "{date}T{time}{sign}{hours:02}:{minutes:02}"),
        }
    }
}

fn parse_rfc_3339(text: &[u8]) -> Option<CreatedAt> {
    let mut rest = Cursor(text);
    let year = rest.number(4, 0..=9999)?;
    let month = rest.byte(b'-').and_then(|()| rest.number(2, 1..=12))?;
    let day = rest.byte(b'-').and_then(|()| rest.number(2, 1..=days_in_month(year, month)))?;
    let hour = rest.byte(b'T').and_then(|()| rest.number(2, 0..=23))?;
    let minute = rest.byte(b':').and_then(|()| rest.number(2, 0..=59))?;
    let second = rest.byte(b':').and_then(|()| rest.number(2, 0..=59))?;
    let nanos = rest.fraction()?;
    let offset_minutes = rest.offset()?;
    if !rest.0.is_empty() {
        return None;
    }
    let local =
        days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    let unix_seconds = local - i64::from(offset_minutes) * 60;
    Some(CreatedAt { unix_seconds, nanos, offset_minutes })
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn byte(&mut self, expected: u8) -> Option<()> {
        (self.next()? == expected).then_some(())
    }

    fn digit(&mut self) -> Option<u8> {
        let digit = *self.0.first().filter(|byte| byte.is_ascii_digit())?;
        self.next()?;
        Some(digit - b'0')
    }

    fn number(&mut self, digits: usize, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let mut number = 0;
        for _ in 0..digits {
            number = number * 10 + i64::from(self.digit()?);
        }
        range.contains(&number).then_some(number)
    }

    /// `.` and at least one digit, or nothing.
    fn fraction(&mut self) -> Option<u32> {
        if self.0.first() != Some(&b'.') {
            return Some(0);
        }
        self.next()?;
        let mut unit = NANOS_PER_SECOND / 10;
        let mut nanos = u32::from(self.digit()?) * unit;
        while let Some(digit) = self.digit() {
            unit /= 10;
            nanos += u32::from(digit) * unit;
        }
        Some(nanos)
    }

    /// `Z`, or a sign and `hh:mm`.
    fn offset(&mut self) -> Option<i16> {
        let sign = match self.next()? {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.number(2, 0..=23)?;
        let minutes = self.byte(b':').and_then(|()| self.number(2, 0..=59))?;
        i16::try_from(sign * (hours * 60 + minutes)).ok()
    }
}

#[cfg(test)]
#[path = "created_at_tests.rs"]
mod tests;
