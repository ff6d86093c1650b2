//! `statelock state pull`: the exact bytes of a state.

use clap::Args;
use statelock_client::protocol::state::StateReadError;
use statelock_client::state::{DigestCheck, StateRead, Stored, StoredDigest};

use super::StateError;
use super::failure::StateFailure;
use super::spool::Spool;
use crate::backend::{self, BackendArgs};
use crate::exit_code::ExitCode;
use crate::output;

/// Print a state, byte for byte as it is stored.
///
/// Nothing is printed before all of it has come and, in modes with a lock table, its digest is right.
/// Takes no lock.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock state pull > state.json
  statelock state pull s3://tfstate/app/terraform.tfstate --workspace staging | jq .serial
  statelock state pull --version-id ID > yesterday.tfstate")]
pub(super) struct PullArgs {
    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .]
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    #[command(flatten)]
    backend: BackendArgs,

    /// Not the current state, but this version of it.
    #[arg(long, value_name = "ID")]
    version_id: Option<String>,

    /// Print a state that does not have the digest that the lock table says.
    #[arg(long)]
    ignore_digest: bool,
}

/// Reads and prints.
pub(super) fn run(args: &PullArgs) -> Result<(), StateError> {
    let resolved = args.backend.resolve(args.address.as_deref())?;
    let named = &super::named(&resolved);
    let check = if args.ignore_digest { DigestCheck::Ignore } else { DigestCheck::Verify };
    let runtime = backend::runtime()?;
    let spool = runtime.block_on(async {
        let state = resolved.connect().await?.state();
        let failed = |error| StateFailure::of_read(&error, named, &state);
        let mut spool = Spool::default();
        let stored = if let Some(id) = &args.version_id {
            state.read_version(id, &mut spool).await.map_err(failed)?
        } else {
            let (stored, digest) = state.read(check, &mut spool).await.map_err(failed)?;
            warn_of_digest(&stored, &digest);
            stored
        };
        match &stored {
            Stored::State(read) => warn_of_bytes(read),
            Stored::Absent => return Err(no_state("nothing is stored there", named)),
            Stored::Empty(_) => return Err(no_state("the object has no bytes", named)),
        }
        Ok(spool)
    })?;
    spool.print().map_err(StateError::Stdout)
}

fn no_state(what: &str, named: &str) -> StateError {
    let hint = format!(
        "check key and workspace; if it was deleted, its versions may be there: statelock state list-versions {named}"
    );
    StateFailure::new(format!("there is no state: {what}"), ExitCode::NotFound, hint).into()
}

fn warn_of_digest(stored: &Stored, digest: &StoredDigest) {
    match digest {
        StoredDigest::Digest(wanted) => {
            let calculated = stored.state().map(|read| read.digest);
            if let Some(calculated) = calculated
                && calculated != *wanted
            {
                output::warning(&format!(
                    "the lock table has the digest {wanted}, the state has {calculated}"
                ));
            }
        }
        StoredDigest::Unreadable(text) => {
            let text = output::printable(text);
            output::warning(&format!("what the lock table has for the digest is none: `{text}`"));
        }
        StoredDigest::Unknown(trouble) => {
            output::warning(&format!("the digest was not compared: {trouble}"));
        }
        StoredDigest::NoTable | StoredDigest::Absent => {}
    }
}

fn warn_of_bytes(read: &StateRead) {
    match &read.header {
        Ok(_) => {}
        Err(StateReadError::SourceFailed { reason }) => {
            output::warning(&format!("whether the bytes are a state was not looked at: {reason}"));
        }
        Err(
            error @ (StateReadError::NotAState { .. }
            | StateReadError::Damaged { .. }
            | StateReadError::UnknownVersion { .. }),
        ) => output::warning(&format!("{error}; the bytes are printed as they are")),
    }
}
