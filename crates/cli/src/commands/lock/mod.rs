//! `statelock lock`: takes a state's lock and keeps it.

mod hold;

use std::time::Duration;

use clap::Args;
use serde::Serialize;
use statelock_client::{Claim, LockHandle};
use statelock_protocol::lock::stamp::Reason;

use super::lock_error::LockVerbError;
use crate::backend::{AcquireFailure, BackendArgs, Resolved, StopSignals, acquire, command};
use crate::evidence::{self, Lifeline};
use crate::{backend, output, span};

/// The version of the JSON that is printed; members are added without a new one.
const SCHEMA: u32 = 1;
/// What a lock says that nobody gave a reason for, so that it is not taken for a forgotten one of Terraform.
const KEPT: &str = "kept until `statelock unlock`";

/// Take a state's lock, so that Terraform, OpenTofu and others wait.
///
/// Prints the lock ID. The lock stays until `statelock unlock` releases it; with --for this command keeps
/// it, and releases it at its end.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  id=$(statelock lock --reason 'moving to another account')   # the state of this Terraform directory
  statelock unlock \"$id\"
  statelock lock s3://tfstate/network/terraform.tfstate --wait 10m
  statelock lock --for 1h --reason 'no applies during the release'   # until Ctrl-C, at most an hour

Exit code 3: another holds it.")]
pub(crate) struct LockArgs {
    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .].
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// Why. Terraform shows it to whoever is refused.
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,

    /// Wait for the lock, at most this long (90s, 10m, 1h30m).
    #[arg(long, value_name = "DURATION", value_parser = span::duration, default_value = "0s", hide_default_value = true)]
    wait: Duration,

    /// Keep this command running that long, and release the lock then, or at Ctrl-C.
    #[arg(long = "for", value_name = "DURATION", value_parser = span::duration)]
    keep: Option<Duration>,

    /// What the lock says it is taken for.
    #[arg(long, value_name = "NAME", default_value = "lock")]
    operation: String,

    /// Print a JSON document instead of the lock ID.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    backend: BackendArgs,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    lock_id: &'a str,
    address: String,
    mode: String,
    operation: &'a str,
    info: &'a str,
    who: &'a str,
    version: &'a str,
    created: String,
}

/// Takes a lock.
///
/// # Errors
/// [`LockVerbError`]
pub(crate) fn run(args: &LockArgs) -> Result<(), LockVerbError> {
    let resolved = args.backend.resolve(args.address.as_deref())?;
    backend::runtime()?.block_on(take(args, resolved))
}

async fn take(args: &LockArgs, resolved: Resolved) -> Result<(), LockVerbError> {
    let mut signals = StopSignals::catch().map_err(LockVerbError::Signals)?;
    let named = resolved.named.clone();
    let backend = tokio::select! {
        backend = resolved.connect_to_lock() => backend?,
        signal = signals.next() => return Err(AcquireFailure::Stopped(signal).into()),
    };
    let claim = claim(args);
    let lock = acquire(&backend, &claim, (args.wait, &named), &mut signals).await?;
    let settings = backend.settings();
    let text = if args.json {
        let info = lock.info();
        let document = Document {
            schema: SCHEMA,
            lock_id: info.id.as_str(),
            address: settings.address.to_string(),
            mode: settings.mode.to_string(),
            operation: &info.operation,
            info: &info.info,
            who: &info.who,
            version: &info.version,
            created: info.created.to_string(),
        };
        serde_json::to_string(&document).map_err(LockVerbError::Json)? + "\n"
    } else {
        format!("{}\n", lock.id())
    };
    if let Err(error) = output::data(&text) {
        return Err(untold(&lock, error, &named, &mut signals).await);
    }
    if let Some(keep) = args.keep {
        return hold::hold(&lock, keep, &named, &mut signals).await;
    }
    let unlock = command("unlock", &named, lock.id().as_str());
    output::note(&format!("the lock stays until it is released: {unlock}"));
    Ok(())
}

/// Without `--for` this process ends while its lock stays, so its end is no evidence of anything.
fn claim(args: &LockArgs) -> Claim {
    let lifeline = if args.keep.is_some() { Lifeline::Process } else { Lifeline::Run };
    let stated = args.keep.is_none().then(|| Reason::parse(KEPT).ok()).flatten();
    let reason = args.reason.clone().or(stated);
    evidence::claim(&args.operation, reason, lifeline)
}

/// Nobody would know the ID of a lock that could not be printed: it is released.
async fn untold(
    lock: &LockHandle,
    error: std::io::Error,
    named: &str,
    signals: &mut StopSignals,
) -> LockVerbError {
    match hold::release(lock, named, signals, false).await {
        Ok(()) => LockVerbError::Stdout(error),
        Err(left) => left,
    }
}
