//! A moment in the past, as people write it.

use statelock_server::SystemClock;
use statelock_server::engine::Clock as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::span;

/// A moment, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Since(u64);

impl Since {
    pub(super) fn micros(self) -> u64 {
        self.0
    }
}

/// Reads a time, or a span that ends now.
pub(super) fn parse(text: &str) -> Result<Since, &'static str> {
    parse_at(text, SystemClock.now_micros())
}

fn parse_at(text: &str, now_micros: u64) -> Result<Since, &'static str> {
    if let Some(seconds) = span::seconds(text) {
        let micros = seconds.saturating_mul(1_000_000);
        return Ok(Since(now_micros.saturating_sub(micros)));
    }
    let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| {
        "neither a span such as 90s, 15m, 1h, 7d or 2w nor an RFC 3339 time such as \
         2026-11-22T09:30:00Z"
    })?;
    // Nothing was recorded before 1970.
    Ok(Since(u64::try_from(moment.unix_timestamp_nanos() / 1000).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000_000;

    #[test]
    fn spans_end_now() {
        let ago = |text| (NOW - parse_at(text, NOW).unwrap().micros()) / 1_000_000;
        assert_eq!(ago("0s"), 0);
        assert_eq!(ago("90s"), 90);
        assert_eq!(ago("15m"), 900);
        assert_eq!(ago("1h"), 3600);
        assert_eq!(ago("7d"), 604_800);
        assert_eq!(ago("2w"), 1_209_600);
        assert_eq!(parse_at("99999999999999999999999w", NOW), Ok(Since(0)));
    }

    #[test]
    fn times_are_rfc_3339() {
        let at = |text| parse_at(text, NOW).map(Since::micros);
        assert_eq!(at("2023-11-14T22:13:20Z"), Ok(NOW));
        assert_eq!(at("2023-11-15T00:13:20.000001+02:00"), Ok(NOW + 1));
        assert_eq!(at("1969-12-31T23:59:59Z"), Ok(0));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "h", "1", "1y", "-1h", "+1h", "1.5h", "yesterday", "2023-11-14", "1µ"] {
            assert!(parse_at(text, NOW).is_err(), "{text}");
        }
    }
}
