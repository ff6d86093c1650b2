//! Where requests wait until a test lets them go.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A request is held no longer than this, so that a failed test does not hang its client.
const HOLD_BOUND: Duration = Duration::from_mins(2);

#[derive(Debug, Default)]
pub(super) struct Gate {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    held: usize,
    /// How often the gate was opened; those that wait leave when it changes.
    opened: usize,
}

impl Gate {
    /// Returns when the gate is opened.
    pub(super) fn hold(&self) {
        let mut inside = self.inside();
        inside.held += 1;
        self.changed.notify_all();
        let came_at = inside.opened;
        let waits = |inside: &mut Inside| inside.opened == came_at;
        let left = self.changed.wait_timeout_while(inside, HOLD_BOUND, waits);
        left.unwrap_or_else(PoisonError::into_inner).0.held -= 1;
    }

    /// Waits until somebody is held.
    pub(super) fn await_held(&self, bound: Duration) -> bool {
        let nobody = |inside: &mut Inside| inside.held == 0;
        let waited = self.changed.wait_timeout_while(self.inside(), bound, nobody);
        waited.unwrap_or_else(PoisonError::into_inner).0.held > 0
    }

    /// Opens the gate for those who are held now.
    pub(super) fn let_go(&self) {
        self.inside().opened += 1;
        self.changed.notify_all();
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
