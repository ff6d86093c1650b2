//! The testing process's own clock, and pauses by which clients and killers keep their rhythm.

use std::time::{Duration, Instant};

/// Microseconds since it was started; never goes back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "histories are ordered by real time")]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn micros(self) -> u64 {
        u64::try_from(self.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Does nothing for a while. Nobody waits for a condition by this: it is the load's own rhythm.
#[expect(clippy::disallowed_methods, reason = "clients are idle at times")]
pub(super) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}
