//! Spans of time, as people write them.

use std::time::Duration;

/// The units, the longest first, in seconds.
const UNITS: [(char, u64); 5] =
    [('w', 7 * 24 * 60 * 60), ('d', 24 * 60 * 60), ('h', 60 * 60), ('m', 60), ('s', 1)];

/// Reads a span such as `90s`, `15m`, `1h30m`, `7d` or `2w`; `None` if it is none. Each unit stands once,
/// the longest first.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let mut units = UNITS.iter();
    let mut total: u64 = 0;
    let mut rest = text;
    loop {
        let end = rest.find(|character: char| !character.is_ascii_digit())?;
        let (digits, tail) = rest.split_at_checked(end)?;
        let mut characters = tail.chars();
        let unit = characters.next()?;
        let (_, size) = units.find(|(name, _)| *name == unit)?;
        if digits.is_empty() {
            return None;
        }
        // What is beyond all numbers is as long as can be.
        let count: u64 = digits.parse().unwrap_or(u64::MAX);
        total = total.saturating_add(count.saturating_mul(*size));
        rest = characters.as_str();
        if rest.is_empty() {
            return Some(total);
        }
    }
}

/// Reads a span for an option of the command line.
///
/// # Errors
/// What would be one.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let error = || "not a span of time such as 90s, 10m or 1h30m".to_owned();
    seconds(text).map(Duration::from_secs).ok_or_else(error)
}

/// A span for people, by its two largest units: `3 h 12 min`, `5 d 2 h`, `48 s`.
pub(crate) fn shown(seconds: u64) -> String {
    let (minute, hour, day) = (60, 60 * 60, 24 * 60 * 60);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => two((seconds / minute, "min"), (seconds % minute, "s")),
        3600..86_400 => two((seconds / hour, "h"), (seconds % hour / minute, "min")),
        _ => two((seconds / day, "d"), (seconds % day / hour, "h")),
    }
}

fn two((large, large_unit): (u64, &str), (small, small_unit): (u64, &str)) -> String {
    match small {
        0 => format!("{large} {large_unit}"),
        _ => format!("{large} {large_unit} {small} {small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{seconds, shown};

    #[test]
    fn a_span_is_numbers_with_units() {
        for (text, expected) in [
            ("0s", 0),
            ("5m", 300),
            ("1h", 3600),
            ("2w", 1_209_600),
            ("1h30m", 5400),
            ("1d2h3m4s", 93_784),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        assert_eq!(seconds("99999999999999999999999w"), Some(u64::MAX));
        for text in [
            "", "s", "5", "+5m", "-5m", "5 m", "5M", "1.5h", "\u{665}m", "1h30", "1m1m", "30m1h",
            "hm", "1hm", "5ü",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_span_is_shown_by_two_units() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (11_520, "3 h 12 min"),
            (7199, "1 h 59 min"),
            (86_400, "1 d"),
            (442_800, "5 d 3 h"),
        ] {
            assert_eq!(shown(seconds), expected);
        }
    }
}
