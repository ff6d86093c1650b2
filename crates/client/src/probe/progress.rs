//! How far a probe is, for who waits for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::operation::Operation;

/// What a probe does just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProbeStep {
    /// It opens connections, and asks for the bucket.
    #[default]
    Reaching,
    /// It removes what earlier probes left.
    RemovingEarlier,
    /// It tries something.
    Trying {
        /// The first of the operations that are tried together.
        operation: Operation,
        /// Which of the checks it is, from 1 on.
        check: usize,
        /// How many checks there are.
        checks: usize,
        /// Which of how many rounds, or looks, from 1 on; where it is one.
        round: Option<(usize, usize)>,
    },
    /// It removes what it wrote.
    Removing,
}

/// Tells how far a probe is.
#[derive(Clone, Debug, Default)]
pub struct ProbeProgress(Arc<Mutex<ProbeStep>>);

impl ProbeProgress {
    /// What it does just now.
    pub fn step(&self) -> ProbeStep {
        *self.get()
    }

    pub(super) fn set(&self, step: ProbeStep) {
        *self.get() = step;
    }

    /// Notes a round, counted from 0 on, of what is tried.
    pub(super) fn set_round(&self, number: usize, rounds: usize) {
        if let ProbeStep::Trying { round, .. } = &mut *self.get() {
            *round = Some((number + 1, rounds));
        }
    }

    fn get(&self) -> MutexGuard<'_, ProbeStep> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_are_those_of_what_is_tried() {
        let progress = ProbeProgress::default();
        progress.set_round(0, 20);
        assert_eq!(progress.step(), ProbeStep::Reaching);
        let trying = |round| {
            let operation = Operation::PutIfAbsentConcurrent;
            ProbeStep::Trying { operation, check: 5, checks: 18, round }
        };
        progress.set(trying(None));
        progress.clone().set_round(2, 20);
        assert_eq!(progress.step(), trying(Some((3, 20))));
    }
}
