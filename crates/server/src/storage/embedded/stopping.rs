//! Asks a long statement of another thread to end.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, InterruptHandle};

/// A request to end early what runs with it. Clones are one and the same.
#[derive(Clone, Default)]
pub struct Stop(Arc<Shared>);

#[derive(Default)]
struct Shared {
    is_asked: AtomicBool,
    running: Mutex<Option<InterruptHandle>>,
}

impl Stop {
    /// Asks; what runs ends soon, and nothing of it counts.
    pub fn ask(&self) {
        self.0.is_asked.store(true, Ordering::SeqCst);
        if let Some(running) = &*self.0.running.lock().unwrap_or_else(PoisonError::into_inner) {
            running.interrupt();
        }
    }

    /// Whether it was asked.
    pub fn is_asked(&self) -> bool {
        self.0.is_asked.load(Ordering::SeqCst)
    }

    /// Does `work`, whose statements on `connection` are interrupted when it is asked to stop. A request
    /// that comes just before a statement begins does not end it: ask before and after each.
    pub(super) fn watch<T>(&self, connection: &Connection, work: impl FnOnce() -> T) -> T {
        let running = || self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        *running() = Some(connection.get_interrupt_handle());
        let done = work();
        *running() = None;
        done
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stop").field(&self.is_asked()).finish()
    }
}
