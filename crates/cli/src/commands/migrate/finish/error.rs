//! How `finish` ends when not everything is done.

use statelock_config::tree::TreeTrouble;

use super::super::record::RecordError;
use super::super::verify::worse;
use super::report::TableReport;
use crate::backend::{BackendError, StopSignal};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

/// Every way in which `finish` ends badly.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FinishError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error(transparent)]
    Record(#[from] RecordErrorOf),
    /// Who names the table is not known while files cannot be read.
    #[error("{0}")]
    Unread(String),
    #[error("there is no root module with an `s3` backend in these directories")]
    Nothing,
    #[error(
        "no lock table is known: no root module names one, and there is no record of a migration"
    )]
    NoTable,
    /// A table could not be finished.
    #[error("{what}")]
    NotFinished { what: String, hint: String, code: ExitCode },
    #[error("stopped by {0}; what was removed until then stays removed")]
    Stopped(StopSignal),
    #[error("could not catch signals")]
    Signals(#[source] std::io::Error),
    #[error("could not print")]
    Stdout(#[source] std::io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

/// A record that could not be read or closed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct RecordErrorOf(RecordError);

impl From<RecordError> for FinishError {
    fn from(error: RecordError) -> Self {
        Self::Record(RecordErrorOf(error))
    }
}

impl FinishError {
    /// Files that could not be read.
    pub(super) fn unread(troubles: &[TreeTrouble]) -> Self {
        let lines: Vec<_> =
            troubles.iter().map(|trouble| format!("\n  {}", trouble.error)).collect();
        let text = "who names the lock table is not known: not every file could be read";
        Self::Unread(crate::output::printable(text) + &lines.concat())
    }

    /// What is to be said of these tables, if anything is.
    pub(super) fn of(reports: &[TableReport]) -> Option<Self> {
        let bad: Vec<_> =
            reports.iter().filter_map(|report| Some((report, end(report)?))).collect();
        let code = bad.iter().map(|(_, (_, code))| *code).reduce(worse)?;
        let line = |(report, (what, _)): &(&TableReport, (String, ExitCode))| {
            format!("lock table `{}`: {what}", report.table)
        };
        let what = bad.iter().map(line).collect::<Vec<_>>().join("\n");
        let hint = match code {
            ExitCode::StateConflict => {
                "move those too (statelock migrate status shows who is where), or name their directories; one that names no lock gets `use_lockfile = true`; then finish again"
            }
            ExitCode::Held => {
                "wait until they are released, or remove those whose holder is gone: statelock force-unlock"
            }
            ExitCode::Internal
            | ExitCode::BadInput
            | ExitCode::NotHeld
            | ExitCode::NotFound
            | ExitCode::OutcomeUnknown
            | ExitCode::Unavailable
            | ExitCode::NotPermitted
            | ExitCode::Unsupported
            | ExitCode::Corrupt
            | ExitCode::HungUp
            | ExitCode::Interrupted
            | ExitCode::Terminated => "see above; to run it again is safe",
        };
        Some(Self::NotFinished { what, hint: hint.to_owned(), code })
    }
}

fn end(report: &TableReport) -> Option<(String, ExitCode)> {
    if let Some(problem) = &report.problem {
        let code = problem.code.unwrap_or(ExitCode::Unavailable);
        return Some((format!("not finished: {}", problem.message), code));
    }
    if !report.named_by.is_empty() {
        let count = report.named_by.len();
        let name = match count {
            1 => "one still names it, or may".to_owned(),
            _ => format!("{count} still name it, or may"),
        };
        return Some((format!("{name}, so nothing was removed"), ExitCode::StateConflict));
    }
    if !report.locks.is_empty() {
        let count = report.locks.len();
        let what = match (report.has_begun, count) {
            (true, 1) => "one lock was taken meanwhile".to_owned(),
            (true, _) => format!("{count} locks were taken meanwhile"),
            (false, 1) => "it holds one lock, so nothing was removed".to_owned(),
            (false, _) => format!("it holds {count} locks, so nothing was removed"),
        };
        return Some((what, ExitCode::Held));
    }
    let what = match report.changed.len() {
        0 => return None,
        1 => "one digest was written meanwhile".to_owned(),
        count => format!("{count} digests were written meanwhile"),
    };
    Some((what, ExitCode::StateConflict))
}

impl CommandError for FinishError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Backend(error) => error.exit_code(),
            Self::Record(error) => error.0.exit_code(),
            Self::Unread(_) => ExitCode::BadInput,
            Self::Nothing | Self::NoTable => ExitCode::NotFound,
            Self::NotFinished { code, .. } => *code,
            Self::Stopped(signal) => signal.exit_code(),
            Self::Signals(_) | Self::Json(_) => ExitCode::Internal,
            Self::Stdout(_) => ExitCode::Unavailable,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Backend(error) => error.hint(),
            Self::Record(error) => Some(error.0.hint()),
            Self::Unread(_) => Some(
                "correct them, or leave them out with --exclude if they name no table; nothing was changed",
            ),
            Self::Nothing => Some(
                "name a directory in which root modules are: statelock migrate scan DIR shows them",
            ),
            Self::NoTable => Some("name it: --dynamodb-table TABLE"),
            Self::NotFinished { hint, .. } => Some(hint),
            Self::Stopped(_) => Some("run it again: to repeat it is safe"),
            Self::Signals(_) => Some("try again"),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Json(_) => None,
        }
    }
}
