//! Why `migrate scan` did not show all that there is.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use super::super::prices::PriceError;
use crate::backend::BackendError;
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

/// Every way in which it ends other than well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanError {
    #[error(transparent)]
    Backend(#[from] BackendError),
    #[error(transparent)]
    Prices(#[from] PriceError),
    /// Everything else was shown.
    #[error("{}", troubles_text(*.0))]
    Troubles(usize),
    /// Everything else was shown.
    #[error("{}", not_reached_text(*.0))]
    NotReached(usize),
    #[error("no root module was found in {}", roots_text(.0))]
    NothingFound(Vec<PathBuf>),
    #[error("could not write the report `{}`", path.display())]
    Page { path: PathBuf, source: io::Error },
    #[error("could not print")]
    Stdout(#[source] io::Error),
    #[error("could not write JSON")]
    Json(#[source] serde_json::Error),
}

fn troubles_text(count: usize) -> String {
    match count {
        1 => "one thing could not be read; all the rest was shown".to_owned(),
        _ => format!("{count} things could not be read; all the rest was shown"),
    }
}

fn not_reached_text(count: usize) -> String {
    match count {
        1 => "one store could not be asked; all the rest was shown".to_owned(),
        _ => format!("{count} stores could not be asked; all the rest was shown"),
    }
}

fn roots_text(roots: &[PathBuf]) -> String {
    let names: Vec<_> = roots.iter().map(|root| format!("`{}`", root.display())).collect();
    names.join(" and ")
}

/// A message with its causes on one line.
pub(in super::super) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

impl CommandError for ScanError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::Backend(error) => error.exit_code(),
            Self::Prices(_) | Self::Troubles(_) | Self::Page { .. } => ExitCode::BadInput,
            Self::NotReached(_) | Self::Stdout(_) => ExitCode::Unavailable,
            Self::NothingFound(_) => ExitCode::NotFound,
            Self::Json(_) => ExitCode::Internal,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::Backend(error) => error.hint(),
            Self::Prices(_) => Some(
                "`docs/operations/migrate.md` shows the form of a price file; without --price-file the prices that come \
                 with statelock are used",
            ),
            Self::Troubles(_) => {
                Some("correct what the warnings name, and scan again; or leave it out: --exclude")
            }
            Self::NotReached(_) => Some(
                "the report names each store and why; check credentials and endpoints, or leave --online out",
            ),
            Self::NothingFound(_) => Some(
                "name a directory with Terraform configuration; files that git ignores are looked through with \
                 --include-ignored",
            ),
            Self::Page { .. } => {
                Some("name a file in a directory that exists and that you may write to")
            }
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
            Self::Json(_) => None,
        }
    }
}
