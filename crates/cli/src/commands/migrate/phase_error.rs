//! Why `plan`, `apply`, `rollback` or `status` did not end as it should.

use std::io;
use std::path::PathBuf;

use super::record::{OpenEnd, RecordError};
use super::survey::LockPhase;
use super::writing::{Outcome, WritingError};
use crate::backend::{BackendError, StopSignal};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;
use crate::output::printable;

/// Every way in which these verbs end other than well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PhaseError {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error(transparent)]
    Writing(#[from] WritingError),
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error("there is no directory `{}`", .0.display())]
    NoDirectory(PathBuf),
    #[error("no root module with an s3 backend was found in {}", listed(.0))]
    NothingFound(Vec<PathBuf>),
    #[error("--only `{}` names no root module with an s3 backend in the directories that were named", .0.display())]
    OnlyUnknown(PathBuf),
    /// Everything else was done.
    #[error("{}", troubles_text(*.0))]
    Troubles(usize),
    /// Everything else was done.
    #[error("{}", stay_text(*.0))]
    Stay(usize),
    #[error("{}", expected_text(*.count, *.phase))]
    Elsewhere { count: usize, phase: LockPhase, unlocked: usize },
    #[error("{}", unattached_text(*.0))]
    Unattached(usize),
    #[error("{}", init_text(*.count))]
    Init { count: usize, phase: LockPhase },
    /// All files are changed.
    #[error(
        "stopped by {signal}; the files are changed, and not initialised: {}",
        names_text(left)
    )]
    InitStopped { signal: StopSignal, left: Vec<String>, phase: LockPhase },
    /// Before anything was begun.
    #[error("stopped by {0}; nothing was changed")]
    Stopped(StopSignal),
    /// What was interrupted before was finished, and nothing else was begun.
    #[error(
        "stopped by {0}; what was interrupted before is finished, and nothing more was changed"
    )]
    StoppedNext(StopSignal),
    #[error("could not catch signals")]
    Signals(#[source] io::Error),
    #[error("could not keep the output of init in `{}`", path.display())]
    InitLog {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not print")]
    Stdout(#[source] io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

fn listed(roots: &[PathBuf]) -> String {
    roots.iter().map(|root| format!("`{}`", root.display())).collect::<Vec<_>>().join(" and ")
}

fn troubles_text(count: usize) -> String {
    match count {
        1 => "one thing could not be read; the rest was gone on with".to_owned(),
        _ => format!("{count} things could not be read; the rest was gone on with"),
    }
}

fn stay_text(count: usize) -> String {
    match count {
        1 => "one backend stays as it is".to_owned(),
        _ => format!("{count} backends stay as they are"),
    }
}

fn expected_text(count: usize, phase: LockPhase) -> String {
    match count {
        1 => format!("one backend is not at {phase}"),
        _ => format!("{count} backends are not at {phase}"),
    }
}

fn unattached_text(count: usize) -> String {
    match count {
        1 => "one file may complete a backend, and is used by none that was found".to_owned(),
        _ => format!("{count} files may complete a backend, and are used by none that was found"),
    }
}

fn init_text(count: usize) -> String {
    match count {
        1 => "init failed for one backend; its files stay changed".to_owned(),
        _ => format!("init failed for {count} backends; their files stay changed"),
    }
}

fn names_text(names: &[String]) -> String {
    const TOLD_MAX: usize = 5;
    let told: Vec<_> =
        names.iter().take(TOLD_MAX).map(|name| format!("`{}`", printable(name))).collect();
    match names.len().saturating_sub(TOLD_MAX) {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

impl PhaseError {
    /// The same, after these were done: an interrupted run that was finished first.
    pub(super) fn after(self, done: &[Outcome]) -> Self {
        let Self::Stopped(signal) = self else { return self };
        if done.is_empty() { self } else { Self::StoppedNext(signal) }
    }
}

impl CommandError for PhaseError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Record(error) => error.exit_code(),
            Self::Writing(error) => error.exit_code(),
            Self::Backend(error) => error.exit_code(),
            Self::NoDirectory(_) | Self::OnlyUnknown(_) | Self::Troubles(_) => ExitCode::BadInput,
            Self::NothingFound(_) => ExitCode::NotFound,
            Self::Stay(_) | Self::Elsewhere { .. } | Self::Unattached(_) => ExitCode::StateConflict,
            Self::InitStopped { signal, .. }
            | Self::Stopped(signal)
            | Self::StoppedNext(signal) => signal.exit_code(),
            Self::Init { .. } | Self::InitLog { .. } | Self::Stdout(_) => ExitCode::Unavailable,
            Self::Json(_) | Self::Signals(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Record(error) => Some(error.hint()),
            Self::Writing(error) => Some(error.hint()),
            Self::Backend(error) => error.hint(),
            Self::NoDirectory(_) => Some("check the path"),
            Self::NothingFound(_) => Some(
                "name a directory with Terraform configuration; files that git ignores are looked through with \
                 --include-ignored",
            ),
            Self::OnlyUnknown(_) => Some("`statelock migrate status` lists them"),
            Self::Troubles(_) => {
                Some("correct what the warnings name, and run the same command again; or leave it out: --exclude")
            }
            Self::Stay(_) => {
                Some("settle what is said above for each, and run the same command again")
            }
            Self::Elsewhere { unlocked: 0, .. } => {
                Some("`statelock migrate plan` says what keeps them")
            }
            Self::Elsewhere { .. } => Some(
                "`statelock migrate plan --include-unlocked` says what keeps them; those that take no lock so far get one with \
                 `statelock migrate apply --phase s3 --include-unlocked --yes`",
            ),
            Self::Unattached(_) => Some(
                "name the directory of the root module that uses it as well, or delete it if nobody does",
            ),
            Self::Init { phase, .. } => Some(OpenEnd::of_apply(*phase).choose(
                "correct what it says, and run the same command again",
                "correct what it says, and run the same command again, which tries it again; or go back: statelock migrate rollback --to dual --yes",
                "correct what it says, and run the same command again, which tries it again; or go back: statelock migrate rollback --to lock_table --yes",
            )),
            Self::InitStopped { phase, .. } => Some(OpenEnd::of_apply(*phase).choose(
                "run the same command again to go on",
                "run the same command again to go on, or go back: statelock migrate rollback --to dual --yes",
                "run the same command again to go on, or go back: statelock migrate rollback --to lock_table --yes",
            )),
            Self::Stopped(_) | Self::StoppedNext(_) => Some("run it again: to repeat it is safe"),
            Self::Signals(_) => Some("try again"),
            Self::InitLog { .. } => Some("check the path and its permissions"),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Json(_) => None,
        }
    }
}
