//! `statelock force-unlock`: removes a lock of somebody else, once it is shown that its holder is gone.

mod conditions;
mod consent;
mod meant;
mod report;

use std::time::Duration;

use clap::Args;
use statelock_client::StateBackend;

use super::lock_error::LockVerbError;
use super::unlock::lock_id;
use crate::backend::{self, BackendArgs, command, removal_lines, verdict};
use crate::evidence::Observers;
use crate::{output, span};
use conditions::Conditions;
use meant::Meant;
use statelock_protocol::lock::LockId;

/// Remove a lock of somebody else, who is gone.
///
/// Shows what proves that its holder is alive or gone. Removes exactly the lock that was seen, and none that
/// came meanwhile. A holder that lives is not stopped by this: it would go on, and overwrite the state.
#[derive(Debug, Args)]
#[command(
    allow_missing_positional = true,
    after_help = "\
Examples:
  statelock force-unlock d0d7fbe6-e907-5504-520e-ce1b6ee7b800
  statelock force-unlock s3://tfstate/network/terraform.tfstate d0d7fbe6-e907-5504-520e-ce1b6ee7b800
  statelock force-unlock unreadable      # a lock that cannot be read has no ID
  statelock force-unlock ID --yes --if-holder ci@runner-7 --if-older-than 2h   # in a script

Exit code 3: the holder lives, or is not shown to be gone. 4: no such lock."
)]
pub(crate) struct ForceUnlockArgs {
    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .].
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// Its lock ID, as `statelock status` and Terraform show it.
    #[arg(value_name = "LOCK_ID", value_parser = lock_id, required = true)]
    lock_id: LockId,

    /// Remove it although its holder lives, or is not shown to be gone.
    #[arg(long)]
    yes: bool,

    /// Only if this is the holder (`Who`).
    #[arg(long, value_name = "WHO")]
    if_holder: Option<String>,

    /// Only if the lock is older than this, by the holder's clock.
    #[arg(long, value_name = "DURATION", value_parser = span::duration)]
    if_older_than: Option<Duration>,

    /// Print what was removed as JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    backend: BackendArgs,
}

/// Removes a lock.
///
/// # Errors
/// [`LockVerbError`]
pub(crate) fn run(args: &ForceUnlockArgs) -> Result<(), LockVerbError> {
    let resolved = args.backend.resolve(args.address.as_deref())?;
    let named = resolved.named.clone();
    backend::runtime()?.block_on(async {
        let backend = resolved.connect().await?;
        remove(args, &backend, &named).await
    })
}

async fn remove(
    args: &ForceUnlockArgs,
    backend: &StateBackend,
    named: &str,
) -> Result<(), LockVerbError> {
    let (seen, trouble) = backend.inspect().await;
    if let Some(error) = LockVerbError::of_look(&seen, trouble.as_ref()) {
        return Err(error);
    }
    let meant = Meant::find(seen, &args.lock_id, named)?;
    let observers = Observers::of_this_process();
    let evidence = meant.evidence(&observers);
    output::text(&meant.shown(evidence.as_ref()));
    let conditions =
        Conditions { holder: args.if_holder.as_deref(), older_than: args.if_older_than };
    conditions.check(meant.info().as_ref(), now_seconds())?;
    consent::obtain(evidence.as_ref().map(|evidence| &evidence.life), args.yes, named)?;
    let id = args.lock_id.as_str();
    let removed = backend.force_unlock(meant.marks()).await;
    if args.json {
        let document = report::document(&removed, (id, backend), evidence.as_ref());
        let text = serde_json::to_string(&document).map_err(LockVerbError::Json)? + "\n";
        output::data(&text).map_err(LockVerbError::Stdout)?;
    }
    if let Some(error) = LockVerbError::of_release(&removed, &verdict(&removed), (named, id)) {
        return Err(error);
    }
    for line in removal_lines(&removed) {
        output::note(&line);
    }
    for line in report::afterwards(&removed, &meant, evidence.as_ref()) {
        output::note(&line);
    }
    output::note(&format!("what is there now: {}", command("status", named, "")));
    Ok(())
}

/// The time now, in seconds since 1970.
pub(crate) fn now_seconds() -> i64 {
    use statelock_server::engine::Clock as _;
    let seconds = statelock_server::SystemClock.now_micros() / 1_000_000;
    i64::try_from(seconds).unwrap_or(i64::MAX)
}
