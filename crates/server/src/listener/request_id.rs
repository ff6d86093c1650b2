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
    pub(crate) fn new(seed: [u8; 16]) -> Self {
        let (head, _) = seed.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        Self(AtomicU64::new(u64::from_be_bytes(*head)))
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
        let ids = RequestIds::new([7; 16]);
        let (first, second) = (ids.next().to_string(), ids.next().to_string());
        assert_eq!(first.len(), 16);
        assert_ne!(first, second);
    }
}
