//! How values are shown to people.

use time::OffsetDateTime;
use time::macros::format_description;

/// A moment in UTC; `None` if it lies beyond the calendar.
pub(super) fn utc(micros: u64) -> Option<String> {
    let moment = OffsetDateTime::from_unix_timestamp(i64::try_from(micros / 1_000_000).ok()?);
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    moment.ok()?.format(form).ok()
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn a_moment_is_a_day_and_a_time() {
        assert_eq!(utc(1_700_000_000_999_999).as_deref(), Some("2023-11-14 22:13:20 UTC"));
        assert_eq!(utc(u64::MAX), None);
    }
}
