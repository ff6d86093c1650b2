//! Waits for a condition, with a bound.

use std::time::Duration;

/// How often [`wait_until`] looks.
pub const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Looks for `found` every [`POLL_INTERVAL`] and returns it, or `None` after `bound`.
#[expect(clippy::disallowed_methods, reason = "the one place of the test support that waits")]
pub fn wait_until<T>(bound: Duration, mut found: impl FnMut() -> Option<T>) -> Option<T> {
    let started = std::time::Instant::now();
    loop {
        if let Some(value) = found() {
            return Some(value);
        }
        if started.elapsed() >= bound {
            return None;
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}
