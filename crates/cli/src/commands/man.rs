//! `statelock man`: the manual pages.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::CommandError;
use crate::exit_code::ExitCode;
use crate::output;

/// Print the manual page, or write one page per verb into a directory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock man | man -l -
  statelock man --dir /usr/local/share/man/man1")]
pub(crate) struct ManArgs {
    /// Write `statelock.1`, `statelock-lock.1` and so on there.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Why there are no pages.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ManError {
    #[error("could not write `{}`", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("could not print")]
    Stdout(#[source] io::Error),
}

/// Prints or writes them. `command` is the whole command line.
///
/// # Errors
/// [`ManError`]
pub(crate) fn run(args: &ManArgs, mut command: clap::Command) -> Result<(), ManError> {
    // Gives each verb its whole name.
    command.build();
    if let Some(directory) = &args.dir {
        return write_all(&command, directory);
    }
    let page = render(&command).map_err(ManError::Stdout)?;
    output::data(&String::from_utf8_lossy(&page)).map_err(ManError::Stdout)
}

fn write_all(command: &clap::Command, directory: &Path) -> Result<(), ManError> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let path = directory.join(format!("{name}.1"));
    let written = render(command).and_then(|page| std::fs::write(&path, page));
    written.map_err(|source| ManError::File { path, source })?;
    let is_shown = |verb: &&clap::Command| !verb.is_hide_set() && verb.get_name() != "help";
    for verb in command.get_subcommands().filter(is_shown) {
        write_all(verb, directory)?;
    }
    Ok(())
}

fn render(command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(page)
}

impl CommandError for ManError {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self::File { .. } => ExitCode::BadInput,
            Self::Stdout(_) => ExitCode::Unavailable,
        }
    }

    fn hint(&self) -> Option<&str> {
        match self {
            Self::File { .. } => Some("name a directory that exists and that you may write to"),
            Self::Stdout(_) => Some("keep standard output open, or send it to a file"),
        }
    }
}
