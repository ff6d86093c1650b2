//! SIGINT and SIGTERM, while there is something to clear up.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit_code::ExitCode;

/// A signal that asks to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caught {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Caught {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }

    /// The exit code of who was stopped by it.
    pub(super) fn exit_code(self) -> ExitCode {
        match self {
            Self::Interrupt => ExitCode::Interrupted,
            Self::Terminate => ExitCode::Terminated,
        }
    }
}

/// Listens from its making on: the signals do not end the process any more.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    caught: Option<Caught>,
}

impl Signals {
    /// Begins to listen. Needs a runtime around it.
    ///
    /// # Errors
    /// As the system says.
    pub(super) fn listen() -> std::io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { interrupt, terminate, caught: None })
    }

    /// Waits for the first one; ready at once when there was one. May be dropped and called again.
    pub(super) async fn first(&mut self) -> Caught {
        if let Some(caught) = self.caught {
            return caught;
        }
        let caught = tokio::select! {
            _ = self.interrupt.recv() => Caught::Interrupt,
            _ = self.terminate.recv() => Caught::Terminate,
        };
        self.caught = Some(caught);
        caught
    }

    /// The first one, if there was one by now.
    pub(super) async fn so_far(&mut self) -> Option<Caught> {
        tokio::select! {
            biased;
            caught = self.first() => Some(caught),
            // One turn of the runtime delivers what has come.
            () = tokio::task::yield_now() => None,
        }
    }
}
