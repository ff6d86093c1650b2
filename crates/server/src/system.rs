//! The real clock and the real randomness: the only place that asks the operating system for them.

use crate::engine::{Clock, EngineError, IdSource};

/// The operating system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock adapter")]
    fn now_micros(&self) -> u64 {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock before 1970 is as wrong as one that stands still, and less harmful as zero.
        since_epoch.map_or(0, |elapsed| u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX))
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug)]
pub struct SystemRandomness;

impl IdSource for SystemRandomness {
    fn random(&self) -> Result<[u8; 16], EngineError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| EngineError::Randomness(error.to_string()))?;
        Ok(bytes)
    }
}
