//! Signals that ask this process to stop, caught so that no lock stays behind unsaid.

use std::io;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit_code::ExitCode;

/// A signal that asks to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopSignal {
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal is gone.
    HangUp,
}

/// Catches them from now on; until this is made, they end the process.
#[derive(Debug)]
pub(crate) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Option<Signal>,
}

impl StopSignals {
    /// Needs a runtime around it. A SIGHUP that is ignored, as under `nohup`, stays so. A SIGINT that was
    /// ignored, as in the background of a script, does not: what is started here would ignore it too, and
    /// could not be told to stop.
    ///
    /// # Errors
    /// The operating system does not let us.
    pub(crate) fn catch() -> io::Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let is_wanted = !is_ignored(&status, Number::HUP);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: is_wanted.then(|| signal(SignalKind::hangup())).transpose()?,
        })
    }

    /// The next one. Several of one kind that come together count once. May be dropped at any time.
    pub(crate) async fn next(&mut self) -> StopSignal {
        tokio::select! {
            () = next_of(Some(&mut self.interrupt)) => StopSignal::Interrupt,
            () = next_of(Some(&mut self.terminate)) => StopSignal::Terminate,
            () = next_of(self.hang_up.as_mut()) => StopSignal::HangUp,
        }
    }
}

async fn next_of(signal: Option<&mut Signal>) {
    let Some(signal) = signal else {
        return std::future::pending().await;
    };
    if signal.recv().await.is_none() {
        // The end of the stream is the end of the runtime: nothing comes any more.
        std::future::pending::<()>().await;
    }
}

/// Whether a process status of Linux has a signal among those that are ignored.
fn is_ignored(status: &str, number: Number) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let bit = u32::try_from(number.as_raw().saturating_sub(1)).unwrap_or(u32::MAX);
    mask.checked_shr(bit).is_some_and(|mask| mask & 1 == 1)
}

impl StopSignal {
    /// As a shell tells that a command was ended by this signal.
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Interrupt => ExitCode::Interrupted,
            Self::Terminate => ExitCode::Terminated,
            Self::HangUp => ExitCode::HungUp,
        }
    }
}

impl std::fmt::Display for StopSignal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_status() {
        let status = "Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000004002\n";
        assert!(is_ignored(status, Number::HUP));
        assert!(!is_ignored(status, Number::INT));
        assert!(!is_ignored(status, Number::TERM));
        assert!(!is_ignored("", Number::HUP));
    }
}
