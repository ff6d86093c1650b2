//! Signals to this process, caught from the start: none of them may end it while it holds a lock.

use std::io;

use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal that asks to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caught {
    Interrupt,
    Terminate,
    HangUp,
}

/// Those that are listened to. With `nohup`, SIGHUP stays ignored. A SIGINT that was ignored, as in the
/// background of a script, does not: the command would ignore it too, and could not be told to stop.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Option<Signal>,
}

impl Signals {
    /// Begins to listen. Needs a runtime around it.
    ///
    /// # Errors
    /// As the system says.
    pub(super) fn listen() -> io::Result<Self> {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hang_up =
            if is_ignored(&status, Number::HUP) { None } else { Some(SignalKind::hangup()) };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: hang_up.map(signal).transpose()?,
        })
    }

    /// The next signal. Several of one kind that come together count once. May be dropped and called again.
    pub(super) async fn next(&mut self) -> Caught {
        tokio::select! {
            () = next_of(Some(&mut self.interrupt)) => Caught::Interrupt,
            () = next_of(Some(&mut self.terminate)) => Caught::Terminate,
            () = next_of(self.hang_up.as_mut()) => Caught::HangUp,
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

impl Caught {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
        }
    }

    /// The exit code of a shell for who was ended by it.
    pub(super) fn shell_code(self) -> u8 {
        match self {
            Self::HangUp => 128 + 1,
            Self::Interrupt => 128 + 2,
            Self::Terminate => 128 + 15,
        }
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
