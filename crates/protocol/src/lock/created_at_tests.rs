//! Tests of times: golden values, what is refused, and the calendar.

use proptest::prelude::*;

use super::*;

#[test]
fn unix_seconds_are_written_as_go_marshals_them() {
    for (seconds, nanos, text) in [
        (0, 0, "1970-01-01T00:00:00Z"),
        (-1, 999_999_999, "1969-12-31T23:59:59.999999999Z"),
        (951_782_400, 0, "2000-02-29T00:00:00Z"),
        (1_709_164_800, 500_000_000, "2024-02-29T00:00:00.5Z"),
        (1_795_294_790, 707_283_404, "2026-11-21T20:59:50.707283404Z"),
        (1_795_294_790, 1, "2026-11-21T20:59:50.000000001Z"),
        (1_795_294_790, 120_000, "2026-11-21T20:59:50.00012Z"),
        (UNIX_SECONDS_OF_GO_ZERO, 0, "0001-01-01T00:00:00Z"),
        (UNIX_SECONDS_MIN, 0, "0000-01-01T00:00:00Z"),
        (UNIX_SECONDS_MAX, 0, "9999-12-31T23:59:59Z"),
    ] {
        let time = CreatedAt::from_unix(seconds, nanos).expect(text);
        assert_eq!(time.to_string(), text);
        assert_eq!(CreatedAt::parse(text), Ok(time));
        assert_eq!((time.unix_seconds(), time.nanos()), (seconds, nanos));
    }
    assert_eq!(CreatedAt::go_zero().to_string(), "0001-01-01T00:00:00Z");
}

#[test]
fn other_spellings_are_written_again_as_go_would() {
    for (text, again) in [
        ("2026-11-21T20:59:50.500Z", "2026-11-21T20:59:50.5Z"),
        ("2026-11-21T20:59:50.000Z", "2026-11-21T20:59:50Z"),
        ("2026-11-21T20:59:50.1234567899Z", "2026-11-21T20:59:50.123456789Z"),
        ("2026-11-21T20:59:50+00:00", "2026-11-21T20:59:50Z"),
        ("2026-11-21T20:59:50-00:00", "2026-11-21T20:59:50Z"),
        ("2026-11-21T20:59:50+05:30", "2026-11-21T20:59:50+05:30"),
        ("2026-11-21T20:59:50.25-00:30", "2026-11-21T20:59:50.25-00:30"),
        ("0000-01-01T00:00:00+23:59", "0000-01-01T00:00:00+23:59"),
    ] {
        assert_eq!(CreatedAt::parse(text).expect(text).to_string(), again);
    }
}

#[test]
fn an_offset_moves_the_instant_and_is_kept() {
    let time = CreatedAt::parse("1970-01-01T01:00:00+01:00").expect("a time");
    assert_eq!(time.unix_seconds(), 0);
    assert_eq!(time.to_human(), "1970-01-01 01:00:00 +0100 +0100");
    let utc = CreatedAt::parse("2026-11-21T20:59:50.707283404Z").expect("a time");
    assert_eq!(utc.to_human(), "2026-11-21 20:59:50.707283404 +0000 UTC");
}

#[test]
fn texts_that_are_not_rfc_3339_are_refused() {
    for bad in [
        "",
        "now",
        "2026-11-21",
        "2026-11-21T20:59:50",
        "2026-11-21 20:59:50Z",
        "2026-11-21t20:59:50Z",
        "2026-11-21T20:59:50z",
        "2026-11-21T20:59:50.Z",
        "2026-11-21T20:59:50,5Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T20:60:00Z",
        "2026-11-21T20:59:60Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-11-00T00:00:00Z",
        "2026-11-21T20:59:50+24:00",
        "2026-11-21T20:59:50+01:60",
        "2026-11-21T20:59:50+0100",
        "2026-11-21T20:59:50Zx",
        "+026-11-21T20:59:50Z",
        "2026-11-21T20:59:5٠Z",
    ] {
        let expected = Err(CreatedAtError::NotRfc3339(bad.to_owned()));
        assert_eq!(CreatedAt::parse(bad), expected);
    }
}

#[test]
fn times_that_rfc_3339_cannot_write_are_refused() {
    for (unix_seconds, nanos) in
        [(UNIX_SECONDS_MIN - 1, 0), (UNIX_SECONDS_MAX + 1, 0), (i64::MAX, 0), (0, NANOS_PER_SECOND)]
    {
        let expected = Err(CreatedAtError::OutOfRange { unix_seconds, nanos });
        assert_eq!(CreatedAt::from_unix(unix_seconds, nanos), expected);
    }
}

proptest! {
    #[test]
    fn every_time_is_read_back(
        seconds in UNIX_SECONDS_MIN..=UNIX_SECONDS_MAX,
        nanos in 0..NANOS_PER_SECOND,
    ) {
        let time = CreatedAt::from_unix(seconds, nanos).expect("in range");
        prop_assert_eq!(CreatedAt::parse(&time.to_string()), Ok(time));
    }

    #[test]
    fn what_was_read_with_any_offset_is_written_so_that_it_reads_the_same(
        seconds in 0..=UNIX_SECONDS_MAX / 2,
        nanos in 0..NANOS_PER_SECOND,
        offset_minutes in -1439..=1439_i16,
    ) {
        let time = CreatedAt { unix_seconds: seconds, nanos, offset_minutes };
        prop_assert_eq!(CreatedAt::parse(&time.to_string()), Ok(time));
    }

    #[test]
    fn arbitrary_text_never_panics(text: String) {
        drop(CreatedAt::parse(&text));
    }
}
