//! `statelock status`: who holds a state's lock, whether they live, and what the state is.

mod document;
mod facts;
mod locks;
mod next;
mod text;

use std::process;

use clap::Args;

use super::lock_error::LockVerbError;
use crate::backend::{self, BackendArgs, Resolved};
use crate::exit_code::ExitCode;
use crate::output;
use facts::Facts;

/// Show who holds a state's lock, whether they are still there, and what the state is.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock status                                    # the state of this Terraform directory
  statelock status s3://tfstate/network/terraform.tfstate --dynamodb-table locks
  statelock status --json | jq -r '.locks[].holder.who'
  statelock status --exit-code || echo held

Reads the state once, whatever its size, without keeping it.")]
pub(crate) struct StatusArgs {
    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .].
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// Print a JSON document.
    #[arg(long)]
    json: bool,

    /// End with exit code 3 if the lock is held.
    #[arg(long)]
    exit_code: bool,

    #[command(flatten)]
    backend: BackendArgs,
}

/// Shows it.
pub(crate) fn run(args: &StatusArgs) -> process::ExitCode {
    match show(args) {
        Ok(true) if args.exit_code => ExitCode::Held.into(),
        // Whoever reads has seen enough.
        Err(LockVerbError::Stdout(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            process::ExitCode::SUCCESS
        }
        result => crate::exit(result.map(drop)),
    }
}

/// Whether the lock is held.
fn show(args: &StatusArgs) -> Result<bool, LockVerbError> {
    let resolved = args.backend.resolve(args.address.as_deref())?;
    let facts = backend::runtime()?.block_on(gather(resolved))?;
    for warning in facts.warnings() {
        output::warning(&warning);
    }
    let text = if args.json {
        let document = document::of(&facts);
        serde_json::to_string(&document).map_err(LockVerbError::Json)? + "\n"
    } else {
        text::of(&facts)
    };
    output::data(&text).map_err(LockVerbError::Stdout)?;
    match facts.failure() {
        Some(error) => Err(error),
        None => Ok(!facts.locks.is_free()),
    }
}

async fn gather(resolved: Resolved) -> Result<Facts, LockVerbError> {
    let named = resolved.named.clone();
    let backend = resolved.connect().await?;
    Ok(Box::pin(Facts::gather(&backend, named)).await)
}
