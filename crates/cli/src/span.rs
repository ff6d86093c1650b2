//! Spans of time, as people write them.

/// Reads a span such as `90s`, `15m`, `1h`, `7d` or `2w`; `None` if it is none.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let seconds_of = |unit| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(60 * 60),
        'd' => Some(24 * 60 * 60),
        'w' => Some(7 * 24 * 60 * 60),
        _ => None,
    };
    let mut characters = text.chars();
    let seconds = seconds_of(characters.next_back()?)?;
    let digits = characters.as_str();
    // The number parser would take a sign.
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // What is beyond all numbers is as long as can be.
    let count: u64 = digits.parse().unwrap_or(u64::MAX);
    Some(count.saturating_mul(seconds))
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        for (text, expected) in [("0s", 0), ("5m", 300), ("1h", 3600), ("2w", 1_209_600)] {
            assert_eq!(seconds(text), Some(expected));
        }
        assert_eq!(seconds("99999999999999999999999w"), Some(u64::MAX));
        for text in ["", "s", "5", "+5m", "-5m", "5 m", "5M", "1.5h", "\u{665}m"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
