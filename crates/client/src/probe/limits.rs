//! What a probe may cost a store: requests and time. And how it is told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::answer::NotSent;

/// Tells a probe to send nothing more, and to remove what it wrote.
#[derive(Clone, Debug, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Stops it. What is on its way is waited for.
    pub fn stop(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it is to stop.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What is left of a probe's allowance.
#[derive(Debug)]
pub(super) struct Limits {
    requests_max: u64,
    sent: AtomicU64,
    ends: Instant,
    stop: StopFlag,
}

impl Limits {
    pub(super) fn new(requests_max: u64, time: Duration, stop: StopFlag) -> Self {
        let ends = Instant::now() + time;
        Self { requests_max, sent: AtomicU64::new(0), ends, stop }
    }

    /// Takes `count` requests from the allowance, all or none.
    pub(super) fn admit(&self, count: u64) -> Result<(), NotSent> {
        if self.stop.is_stopped() {
            return Err(NotSent::Stopped);
        }
        if Instant::now() >= self.ends {
            return Err(NotSent::TimeOver);
        }
        let take = |sent: u64| sent.checked_add(count).filter(|sent| *sent <= self.requests_max);
        match self.sent.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take) {
            Ok(_) => Ok(()),
            Err(_) => Err(NotSent::RequestsUsedUp),
        }
    }

    /// How many were sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_beyond_what_was_said() {
        let stop = StopFlag::default();
        let limits = Limits::new(10, Duration::from_mins(1), stop.clone());
        assert_eq!(limits.admit(8), Ok(()));
        assert_eq!(limits.admit(3), Err(NotSent::RequestsUsedUp), "all or none");
        assert_eq!(limits.admit(2), Ok(()));
        assert_eq!((limits.admit(1), limits.sent()), (Err(NotSent::RequestsUsedUp), 10));
        let limits = Limits::new(10, Duration::ZERO, stop.clone());
        assert_eq!(limits.admit(1), Err(NotSent::TimeOver));
        stop.stop();
        assert_eq!(limits.admit(1), Err(NotSent::Stopped));
    }
}
