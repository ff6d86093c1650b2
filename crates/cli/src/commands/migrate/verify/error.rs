//! How `verify` ends when not everything is proven.

use super::report::UnitReport;
use super::{text, worse};
use crate::backend::{BackendError, StopSignal};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

/// Every way in which `verify` ends badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// There is nothing to verify.
    #[error("there is no root module with an `s3` backend in these directories")]
    Nothing,
    /// Something is not proven.
    #[error("{what}")]
    NotVerified { what: String, code: ExitCode },
    /// A signal ended it, and it released what it held.
    #[error("stopped by {0}; nothing is left locked")]
    Stopped(StopSignal),
    /// A second one ended it at once.
    #[error("stopped by {signal} at once; a lock may be left")]
    StoppedAtOnce { signal: StopSignal, on_state: bool },
    #[error("could not catch signals")]
    Signals(#[source] std::io::Error),
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

impl VerifyError {
    /// What is to be said of these reports, if anything is. `unread` is how many files could not be read.
    pub(super) fn of(reports: &[UnitReport], total: usize, unread: usize) -> Option<Self> {
        let failed = reports.iter().filter(|report| !report.is_verified()).count();
        let of_files = (unread > 0).then_some(ExitCode::BadInput);
        let of_units = reports.iter().filter_map(UnitReport::worst);
        let code = of_units.chain(of_files).reduce(worse)?;
        let mut what = format!("{failed} of {total} {} not verified", text::backends(total));
        if failed == 0 {
            what = format!(
                "every backend that was found is {}",
                "verified, or its proof could not be noted"
            );
        }
        let unread = match unread {
            0 => String::new(),
            1 => "; one thing could not be read, so there may be more".to_owned(),
            _ => format!("; {unread} things could not be read, so there may be more"),
        };
        what.push_str(&unread);
        Some(Self::NotVerified { what, code })
    }
}

impl CommandError for VerifyError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Backend(error) => error.exit_code(),
            Self::Nothing => ExitCode::NotFound,
            Self::NotVerified { code, .. } => *code,
            Self::Stopped(signal) => signal.exit_code(),
            Self::StoppedAtOnce { .. } => ExitCode::OutcomeUnknown,
            Self::Signals(_) | Self::Json(_) => ExitCode::Internal,
            Self::Stdout(_) => ExitCode::Unavailable,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Backend(error) => error.hint(),
            Self::Nothing => Some(
                "name a directory in which root modules are: statelock migrate scan DIR shows them",
            ),
            Self::NotVerified { .. } => Some("each line FAILED says what to do; then verify again"),
            Self::Stopped(_) => Some("run it again: what was verified and noted stays so"),
            Self::StoppedAtOnce { on_state: false, .. } => Some(
                "only throw-away states were locked; the next `statelock migrate verify` removes what is left",
            ),
            Self::StoppedAtOnce { on_state: true, .. } => {
                Some("look at each state whose lines are missing: statelock status DIR")
            }
            Self::Signals(_) => Some("try again"),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Json(_) => None,
        }
    }
}
