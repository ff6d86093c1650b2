//! Runs the work, and asks it to end when a signal asks this process.

use std::mem::discriminant;

use rustix::process::Signal;
use statelock_server::backup::{BackupError, Progress};
use statelock_server::storage::embedded::Stop;
use tokio::signal::unix::{SignalKind, signal};

use super::BackupCommandError;
use super::progress::text;
use crate::backend::StopSignals;
use crate::output::progress_line::ProgressLine;

/// Does `work` until it is done or a signal comes; it clears up itself.
pub(super) fn until_stopped<W, T>(work: W) -> Result<T, BackupCommandError>
where
    W: FnOnce(&Stop, &mut dyn FnMut(Progress)) -> Result<T, BackupError> + Send + 'static,
    T: Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(BackupCommandError::Runtime)?;
    runtime.block_on(async {
        let mut signals = StopSignals::catch().map_err(BackupCommandError::Runtime)?;
        // A file that reaches the limit of this user (`ulimit -f`) is an error then, and not the end.
        let too_large = SignalKind::from_raw(Signal::XFSZ.as_raw());
        let _too_large = signal(too_large).map_err(BackupCommandError::Runtime)?;
        let stop = Stop::default();
        let theirs = stop.clone();
        let mut running = tokio::task::spawn_blocking(move || {
            let mut line = ProgressLine::new(true);
            work(&theirs, &mut |progress| line.draw(discriminant(&progress), || text(progress)))
        });
        let mut caught = None;
        let done = loop {
            tokio::select! {
                done = &mut running => break done,
                signal = signals.next() => {
                    stop.ask();
                    caught = caught.or(Some(signal));
                }
            }
        };
        match (done.map_err(BackupCommandError::Worker)?, caught) {
            (Err(BackupError::Stopped), Some(signal)) => Err(BackupCommandError::Stopped(signal)),
            (Ok(done), _) => Ok(done),
            (Err(error), _) => Err(error.into()),
        }
    })
}
