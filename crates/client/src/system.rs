//! The one adapter to time, randomness and waiting.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use statelock_protocol::lock::{CreatedAt, LockId};

/// The time now.
#[expect(clippy::disallowed_methods, reason = "the adapter itself")]
pub(crate) fn now() -> CreatedAt {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    CreatedAt::from_unix(seconds, since.subsec_nanos()).unwrap_or_else(|_| CreatedAt::go_zero())
}

/// How long it is until a time; zero if it is over.
#[expect(clippy::disallowed_methods, reason = "the adapter itself")]
pub(crate) fn time_until(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::now()).unwrap_or_default()
}

/// A lock ID that was never used: sixteen random bytes in the form that Terraform gives them.
///
/// # Errors
/// The operating system has no random bytes.
pub(crate) fn new_lock_id() -> Result<LockId, std::io::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    let text = [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-");
    LockId::parse(text).map_err(std::io::Error::other)
}

/// How long to wait before the `repeat`th repetition: 0.1 s doubling to 3.2 s, less up to a half at random, so
/// that clients that were refused together do not come back together.
pub(crate) fn backoff(repeat: u8) -> Duration {
    let longest = Duration::from_millis(50).saturating_mul(1 << repeat.clamp(1, 6));
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// Waits before a repetition.
pub(crate) async fn pause(repeat: u8) {
    if repeat > 0 {
        tokio::time::sleep(backoff(repeat)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_ids_look_like_terraforms_and_never_repeat() {
        let (one, other) = (new_lock_id().unwrap(), new_lock_id().unwrap());
        assert_ne!(one, other);
        let lengths: Vec<_> = one.as_str().split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
    }

    #[test]
    fn pauses_grow_to_a_bound() {
        assert!(backoff(1) <= Duration::from_millis(100));
        for repeat in [6, 7, 255] {
            let pause = backoff(repeat);
            assert!(pause >= Duration::from_millis(1600) && pause <= Duration::from_millis(3200));
        }
    }
}
