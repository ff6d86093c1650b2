//! `statelock backup`: a copy of a server's data directory, made while it runs.

mod error;
mod progress;
mod report;
mod running;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use statelock_server::SystemClock;
use statelock_server::backup::{self, ExposedKey, Manifest, Verified};

pub(crate) use error::BackupCommandError;

use crate::output;

/// Copy a server's data directory while the server runs, and check the copy.
///
/// Everything that was acknowledged before it began is in the backup. It is a directory that `statelock serve
/// --data` can be started on, and holds the root access key: keep it as secret as the data directory. Run it
/// on the server's machine, as the server's user.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  statelock backup --data /var/lib/statelock /backup/statelock-2026-11-22
  statelock backup verify /backup/statelock-2026-11-22   # exit code 11 if it is damaged

To restore: stop the server, move its data directory away, copy the backup to its place, and start."
)]
pub(crate) struct BackupArgs {
    #[command(subcommand)]
    command: Option<BackupCommand>,

    /// Directory to make; it must not exist, the one above it must.
    #[arg(value_name = "DEST", required = true)]
    destination: Option<PathBuf>,

    /// Data directory of the server.
    #[arg(long, value_name = "DIR", default_value = "statelock-data", env = "STATELOCK_DATA")]
    data: PathBuf,

    /// Print what the backup holds as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum BackupCommand {
    Verify(VerifyArgs),
}

/// Check a backup again: its files, every record and body in it, and the audit log.
#[derive(Debug, Args)]
struct VerifyArgs {
    /// The backup. Nothing in it is changed.
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,

    /// Print what the backup holds as JSON.
    #[arg(long)]
    json: bool,
}

/// Makes or checks a backup.
///
/// # Errors
/// [`BackupCommandError`].
pub(crate) fn run(args: &BackupArgs) -> Result<(), BackupCommandError> {
    let done = match (&args.command, &args.destination) {
        (Some(BackupCommand::Verify(args)), _) => verify(args),
        (None, Some(destination)) => take(args, destination),
        (None, None) => Err(BackupCommandError::NoDestination),
    };
    match done {
        // Whoever reads has seen enough.
        Err(BackupCommandError::Stdout(error))
            if error.kind() == std::io::ErrorKind::BrokenPipe =>
        {
            Ok(())
        }
        other => other,
    }
}

fn take(args: &BackupArgs, destination: &Path) -> Result<(), BackupCommandError> {
    let (data, named) = (args.data.clone(), destination.to_owned());
    let manifest = running::until_stopped(move |stop, progress| {
        backup::take(&data, &named, &SystemClock, stop, progress)
    })?;
    if !manifest.credentials {
        let data = args.data.display();
        output::warning(&format!(
            "`{data}` has no `credentials`: a server that is started on the backup makes a new access key"
        ));
    }
    print(&manifest, destination, args.json, report::Told::Made)
}

fn verify(args: &VerifyArgs) -> Result<(), BackupCommandError> {
    let backup = args.backup.clone();
    let Verified { manifest, exposed_key } =
        running::until_stopped(move |stop, progress| backup::verify(&backup, stop, progress))?;
    if let Some(ExposedKey { path, mode }) = exposed_key {
        output::warning(&format!(
            "`{}` has mode {mode:04o}: others can use the key; run `chmod 600` on it, a server does not start with it as it is",
            output::printable(&path.display().to_string())
        ));
    }
    print(&manifest, &args.backup, args.json, report::Told::Verified)
}

fn print(
    manifest: &Manifest,
    backup: &Path,
    as_json: bool,
    told: report::Told,
) -> Result<(), BackupCommandError> {
    let backup = std::path::absolute(backup).unwrap_or_else(|_| backup.to_owned());
    let text = if as_json {
        report::json(manifest, &backup)?
    } else {
        report::text(manifest, &backup, told)
    };
    output::data(&text).map_err(BackupCommandError::Stdout)
}
