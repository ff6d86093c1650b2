//! Signals that ask to stop, while there is something to clear up: the first one counts, whenever it is asked for.

use crate::backend::{StopSignal, StopSignals};

/// Listens from its making on: the signals do not end the process any more.
#[derive(Debug)]
pub(super) struct Signals {
    signals: StopSignals,
    caught: Option<StopSignal>,
}

impl Signals {
    /// Begins to listen. Needs a runtime around it.
    ///
    /// # Errors
    /// As the system says.
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self { signals: StopSignals::catch()?, caught: None })
    }

    /// Waits for the first one; ready at once when there was one. May be dropped and called again.
    pub(super) async fn first(&mut self) -> StopSignal {
        let caught = match self.caught {
            Some(caught) => caught,
            None => self.signals.next().await,
        };
        self.caught = Some(caught);
        caught
    }

    /// The first one, if there was one by now.
    pub(super) async fn so_far(&mut self) -> Option<StopSignal> {
        tokio::select! {
            biased;
            caught = self.first() => Some(caught),
            // One turn of the runtime delivers what has come.
            () = tokio::task::yield_now() => None,
        }
    }
}
