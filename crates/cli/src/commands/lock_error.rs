//! Why `lock`, `unlock`, `status`, `force-unlock` or `wait` did not do what was asked.

use statelock_client::protocol::lock::steps::{Inspection, Looked};
use statelock_client::protocol::store::Refusal;
use statelock_client::{ReleaseReport, Trouble};

use super::CommandError;
use crate::backend::{
    AcquireFailure, BackendError, StopSignal, Verdict, command, place_name, refused_exit_code,
    refused_hint, removal_lines,
};
use crate::exit_code::ExitCode;

/// Every way in which these verbs end badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockVerbError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error(transparent)]
    Acquire(#[from] AcquireFailure),
    /// It is not the lock that stands, or none does.
    #[error("{what}")]
    NotHeld { what: String, hint: String },
    /// Another holds it, and goes on holding it.
    #[error("{what}")]
    Held { what: String, hint: String },
    /// A store refused, or did not answer, so that something is not known or not done.
    #[error("{what}")]
    Store { what: String, hint: String, code: ExitCode },
    /// A signal ended it. Nothing is left.
    #[error("ended by {0}; the lock is released")]
    Stopped(StopSignal),
    #[error("could not catch signals")]
    Signals(#[source] std::io::Error),
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

impl LockVerbError {
    /// A release that did not do what it should, or of a lock that was not there.
    pub(crate) fn of_release(
        report: &ReleaseReport,
        verdict: &Verdict,
        (named, id): (&str, &str),
    ) -> Option<Self> {
        let lines = || removal_lines(report).join("\n");
        let trouble = || because(report.trouble.as_ref());
        match verdict {
            Verdict::Removed => None,
            Verdict::NotThere => Some(Self::NotHeld {
                what: format!("lock {id} is not held\n{}", lines()),
                hint: format!("look what is there: {}", command("status", named, "")),
            }),
            Verdict::Refused(refusal) => Some(Self::Store {
                what: format!("lock {id} is not released everywhere{}\n{}", trouble(), lines()),
                hint: refused_hint(*refusal).to_owned(),
                code: refused_exit_code(*refusal),
            }),
            Verdict::Unknown => Some(Self::Store {
                what: format!(
                    "whether lock {id} is released is not known{}\n{}",
                    trouble(),
                    lines()
                ),
                hint: format!("when the store answers again: {}", command("unlock", named, id)),
                code: ExitCode::OutcomeUnknown,
            }),
        }
    }

    /// A release that came to no end.
    pub(crate) fn of_silence(why: &str, (named, id): (&str, &str)) -> Self {
        Self::Store {
            what: format!("whether lock {id} is released is not known: {why}"),
            hint: format!("when the store answers again: {}", command("unlock", named, id)),
            code: ExitCode::OutcomeUnknown,
        }
    }

    /// What keeps us from knowing who holds a lock, if something does.
    pub(crate) fn of_look(seen: &Inspection, trouble: Option<&Trouble>) -> Option<Self> {
        let (place, refusal) = seen.places.iter().find_map(|(place, looked)| match looked {
            Looked::Refused(refusal) => Some((place, *refusal)),
            Looked::Unknown => Some((place, Refusal::Unavailable)),
            Looked::Absent | Looked::Found(_) => None,
        })?;
        let what = format!("could not look at the {}{}", place_name(place), because(trouble));
        let (hint, code) = (refused_hint(refusal).to_owned(), refused_exit_code(refusal));
        Some(Self::Store { what, hint, code })
    }
}

fn because(trouble: Option<&Trouble>) -> String {
    trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default()
}

impl CommandError for LockVerbError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Backend(error) => error.exit_code(),
            Self::Acquire(error) => error.exit_code(),
            Self::NotHeld { .. } => ExitCode::NotHeld,
            Self::Held { .. } => ExitCode::Held,
            Self::Store { code, .. } => *code,
            Self::Stopped(signal) => signal.exit_code(),
            Self::Signals(_) | Self::Json(_) => ExitCode::Internal,
            Self::Stdout(_) => ExitCode::Unavailable,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Backend(error) => error.hint(),
            Self::Acquire(error) => error.hint(),
            Self::NotHeld { hint, .. } | Self::Held { hint, .. } | Self::Store { hint, .. } => {
                Some(hint)
            }
            Self::Stopped(_) | Self::Json(_) => None,
            Self::Signals(_) => Some("try again"),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
        }
    }
}
