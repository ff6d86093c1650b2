//! `statelock migrate`: from a DynamoDB lock table to lockfiles in S3, for many root modules.

mod apply;
mod change;
mod diff;
#[cfg(test)]
mod errors_page;
mod excluding;
mod files;
mod finish;
mod git;
mod init;
mod last_probe;
mod online;
mod phase_error;
mod plan;
pub(crate) mod prices;
mod record;
mod report;
mod rollback;
mod scan;
mod secrets;
mod session;
mod status;
mod stop_notice;
mod store_name;
pub(crate) mod survey;
mod verify;
mod workspaces;
mod writing;

use std::path::PathBuf;
use std::process;

use clap::{Args, Subcommand};

use survey::Survey;

/// Move root modules from a DynamoDB lock table to lockfiles in S3.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(subcommand)]
    command: MigrateCommand,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    Scan(scan::ScanArgs),
    Plan(plan::PlanArgs),
    Apply(apply::ApplyArgs),
    Verify(verify::VerifyArgs),
    Finish(finish::FinishArgs),
    Status(status::StatusArgs),
    Rollback(rollback::RollbackArgs),
}

/// Runs one phase of a migration.
pub(crate) fn run(args: &MigrateArgs) -> process::ExitCode {
    match &args.command {
        MigrateCommand::Scan(args) => crate::exit(scan::run(args)),
        MigrateCommand::Plan(args) => crate::exit(plan::run(args)),
        MigrateCommand::Apply(args) => crate::exit(apply::run(args)),
        MigrateCommand::Verify(args) => crate::exit(verify::run(args)),
        MigrateCommand::Finish(args) => crate::exit(finish::run(args)),
        MigrateCommand::Status(args) => crate::exit(status::run(args)),
        MigrateCommand::Rollback(args) => crate::exit(rollback::run(args)),
    }
}

/// What there is below these directories. Asks no store.
fn survey_of(roots: &[PathBuf], excluding: &excluding::Excluding) -> Survey {
    let survey = Survey::take(roots.to_vec(), false, excluding.exclusions());
    excluding.tell(&survey);
    survey
}
