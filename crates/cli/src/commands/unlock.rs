//! `statelock unlock`: releases a lock by its ID.

use clap::Args;
use statelock_client::protocol::lock::steps::{Inspection, Looked};
use statelock_protocol::lock::LockId;
use statelock_protocol::lock::evidence::{Life, is_of_stock_client};

use super::lock_error::LockVerbError;
use super::run::OPERATION_OF_RUN;
use crate::backend::{self, BackendArgs, command, removal_lines, verdict};
use crate::evidence::{self, Observers};
use crate::output;

/// Release a lock by its lock ID. A lock with another ID is never touched.
///
/// With two locks, lockfile and lock table, each is released where it has this ID.
#[derive(Debug, Args)]
#[command(
    allow_missing_positional = true,
    after_help = "\
Examples:
  statelock unlock d0d7fbe6-e907-5504-520e-ce1b6ee7b800
  statelock unlock s3://tfstate/network/terraform.tfstate d0d7fbe6-e907-5504-520e-ce1b6ee7b800

Exit code 3: a command that is at work holds it. 4: no lock with this ID. 7: what became of it is not
known. To remove a lock of somebody else: statelock force-unlock."
)]
pub(crate) struct UnlockArgs {
    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .].
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// Its lock ID, as `statelock lock` printed it.
    #[arg(value_name = "LOCK_ID", value_parser = lock_id, required = true)]
    lock_id: LockId,

    #[command(flatten)]
    backend: BackendArgs,
}

/// Releases a lock.
///
/// # Errors
/// [`LockVerbError`]
pub(crate) fn run(args: &UnlockArgs) -> Result<(), LockVerbError> {
    let resolved = args.backend.resolve(args.address.as_deref())?;
    let named = resolved.named.clone();
    let report = backend::runtime()?.block_on(async {
        let backend = resolved.connect().await?;
        let (seen, _) = backend.inspect().await;
        if let Some(error) = of_somebody_at_work(&seen, &args.lock_id, &named) {
            return Err(error);
        }
        Ok::<_, LockVerbError>(backend.unlock(&args.lock_id).await)
    })?;
    let verdict = verdict(&report);
    let id = args.lock_id.as_str();
    if let Some(error) = LockVerbError::of_release(&report, &verdict, (&named, id)) {
        return Err(error);
    }
    for line in removal_lines(&report) {
        output::note(&line);
    }
    Ok(())
}

/// A lock that is not a person's to give back: a command holds it while it works, and releases it by itself.
/// Where that cannot be seen, the lock goes by its ID.
fn of_somebody_at_work(seen: &Inspection, id: &LockId, named: &str) -> Option<LockVerbError> {
    let info = seen.places.iter().find_map(|(_, looked)| match looked {
        Looked::Found(lock) => lock.info().ok().filter(|info| info.id == *id),
        Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
    })?;
    let at_work = if is_of_stock_client(&info) {
        format!("a command of Terraform or OpenTofu ({})", output::printable(&info.operation))
    } else if info.operation == OPERATION_OF_RUN {
        match evidence::of(&info, &Observers::of_this_process()).life {
            Life::Alive { how } => format!("`statelock run`, which is alive: {how}"),
            Life::Dead { .. } | Life::Unknown { .. } => return None,
        }
    } else {
        return None;
    };
    let who = output::printable(&info.who);
    Some(LockVerbError::Held {
        what: format!("lock {id} of {who} was taken by {at_work}; it releases the lock itself"),
        hint: format!("if it is gone: {}", command("force-unlock", named, id.as_str())),
    })
}

/// Reads a lock ID.
///
/// # Errors
/// Why it is none.
pub(crate) fn lock_id(text: &str) -> Result<LockId, String> {
    if text.starts_with("s3://") {
        return Err("this is an address; the lock ID comes after it".to_owned());
    }
    LockId::parse(text).map_err(|error| error.to_string())
}
