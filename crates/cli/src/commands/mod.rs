//! A file or folder per verb.

pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod bootstrap;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod force_unlock;
pub(crate) mod gc;
pub(crate) mod iam;
pub(crate) mod lock;
mod lock_error;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod probe;
mod releasing;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod state;
pub(crate) mod status;
mod trial_operation;
pub(crate) mod unlock;
pub(crate) mod wait;

use crate::exit_code::ExitCode;

/// Why a verb did not do what was asked.
pub(crate) trait CommandError: std::error::Error {
    /// The number of `docs/errors.md`.
    fn exit_code(&self) -> ExitCode;

    /// What to do next, where the message does not say it already.
    fn hint(&self) -> Option<&str>;
}
