//! Which state a verb of the lock tool is about, how it is locked, and how its stores are reached.
//!
//! From an address on the command line or the configuration of a directory, and options that carry the
//! names of Terraform's backend arguments. Everything else comes from where AWS clients look.

mod acquire;
mod args;
mod bucket;
mod directory;
mod error;
mod held;
mod removal;
mod s3_arguments;
mod stop_signal;

use statelock_client::{BackendSettings, StateBackend};

pub(crate) use acquire::{AcquireFailure, acquire, command, whose};
pub(crate) use args::BackendArgs;
pub(crate) use bucket::ResolvedBucket;
pub(crate) use directory::by;
pub(crate) use error::BackendError;
pub(crate) use held::{
    LockFailure, holder_text, lock_error_exit_code, lock_error_hint, refused_exit_code,
    refused_hint,
};
pub(crate) use removal::{
    UNREADABLE, Verdict, had_a_window, lines as removal_lines, outcome_word, place_name, typed_id,
    verdict,
};
pub(crate) use stop_signal::{StopSignal, StopSignals};

/// A backend as the command line and the configuration name it.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// What to connect to.
    pub(crate) settings: BackendSettings,
    /// What the user should know, and that keeps nothing from being done.
    pub(crate) warnings: Vec<String>,
    /// The words by which the user can name it again: the address and the options that matter. Empty for
    /// the working directory.
    pub(crate) named: String,
}

impl Resolved {
    /// Connects, after saying what there is to say.
    ///
    /// # Errors
    /// [`BackendError::Connect`].
    pub(crate) async fn connect(self) -> Result<StateBackend, BackendError> {
        for warning in &self.warnings {
            crate::output::warning(warning);
        }
        Ok(Box::pin(StateBackend::connect(self.settings)).await?)
    }

    /// As [`Self::connect`], for verbs that lock: they also say if a probe found that this is not safe there.
    ///
    /// # Errors
    /// [`BackendError::Connect`].
    pub(crate) async fn connect_to_lock(self) -> Result<StateBackend, BackendError> {
        crate::commands::probe::warn_of_last_probe(&self.settings);
        self.connect().await
    }
}

/// Runs what a verb does against the stores. One thread is enough: a verb waits more than it computes.
///
/// # Errors
/// The operating system gives no thread or no timer.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, BackendError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(BackendError::Runtime)
}
