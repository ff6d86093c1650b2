//! One id per request: in the log, in the answer's headers and in error bodies.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Identifies a request; shown to users by their clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.0)
    }
}

/// Gives out ids: a random start, so that ids of two runs of the server do not collide, and a step
/// that spreads them.
#[derive(Debug)]
pub(crate) struct RequestIds(AtomicU64);

impl RequestIds {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(crate) fn next(&self) -> RequestId {
        // Odd, so that every value comes once before any repeats.
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        RequestId(self.0.fetch_add(STEP, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::RequestIds;

    #[test]
    fn ids_are_sixteen_digits_and_differ() {
        let ids = RequestIds::new(7);
        let (first, second) = (ids.next().to_string(), ids.next().to_string());
        assert_eq!(first.len(), 16);
        assert_ne!(first, second);
    }
}
