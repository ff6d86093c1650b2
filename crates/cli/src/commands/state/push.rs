//! `statelock state push`: writes a state under the lock, and only over what was judged.

use std::fs::File;
use std::io::stdin;
use std::path::Path;

use clap::Args;
use statelock_client::StateBackend;
use statelock_client::protocol::state::{StateHeader, WriteVerdict, judge_write};
use statelock_client::state::{
    DigestCheck, Discard, Fencing, SourceError, StateObject, StateSource, Stored, StoredDigest,
};

use super::StateError;
use super::failure::{StateFailure, side, sides};
use super::signals::Signals;
use super::spool::Spool;
use super::under_lock::{Held, LockArgs, acquire, stopped_before};
use crate::backend::{self, BackendArgs};
use crate::exit_code::ExitCode;
use crate::output;

/// Store a state, byte for byte: its serial and lineage stay as they are, unlike with terraform, which
/// counts the serial up and, where no state is stored, makes a new lineage.
///
/// Takes the lock, compares lineage and serial with what is stored, and replaces exactly that or nothing.
/// In modes with a lock table the digest is written too; to push what is stored already repairs it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock state push errored.tfstate
  statelock state push s3://tfstate/app/terraform.tfstate state.json --wait 10m --reason 'rollback, #123'
  statelock state pull | jq '.serial += 1' | statelock state push -")]
pub(super) struct PushArgs {
    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .]; then the FILE, - for standard input.
    #[arg(value_names = ["ADDRESS", "FILE"], num_args = 1..=2, required = true)]
    words: Vec<String>,

    #[command(flatten)]
    backend: BackendArgs,

    #[command(flatten)]
    lock: LockArgs,

    /// Push a lower serial, another lineage, or over something that is no state. The lock and a state that
    /// was written meanwhile are respected all the same.
    #[arg(long)]
    force: bool,

    /// For stores without conditional writes: look right before the write instead.
    #[arg(long)]
    unfenced: bool,
}

/// What is to be done with the state that was read.
enum Plan {
    /// It is there, digest and all.
    Nothing,
    /// It is there; its digest is not.
    Digest,
    Write,
}

/// Reads the file, takes the lock, writes.
pub(super) fn run(args: &PushArgs) -> Result<(), StateError> {
    let (address, file) = match args.words.as_slice() {
        [address, file] => (Some(address.as_str()), file.as_str()),
        [file] => (None, file.as_str()),
        _ => return Err(StateError::NoAddress),
    };
    let resolved = args.backend.resolve(address)?;
    let source = source(file).map_err(|error| StateFailure::of_source(&error, file))?;
    let runtime = backend::runtime()?;
    let named = &super::named(&resolved);
    let done = runtime.block_on(async {
        let backend = resolved.connect().await?;
        let mut signals = Signals::listen().map_err(StateError::Signals)?;
        let held = acquire(&backend, named, "state push", &args.lock, &mut signals).await?;
        let done = push(args, &backend, (&source, named), &held, &mut signals).await;
        held.release(done).await?;
        match signals.so_far().await {
            Some(caught) => Err(StateError::Stopped { caught, what: "by then it was done" }),
            None => Ok(()),
        }
    });
    // A thread that parses what is void by now may still run.
    runtime.shutdown_background();
    done
}

fn source(file: &str) -> Result<StateSource, SourceError> {
    if file == "-" {
        return Spool::of(&mut stdin().lock())?.into_source();
    }
    let mut opened = File::open(Path::new(file))?;
    let kind = opened.metadata()?.file_type();
    if kind.is_file() {
        StateSource::of_file(opened)
    } else {
        Spool::of(&mut opened)?.into_source()
    }
}

async fn push(
    args: &PushArgs,
    backend: &StateBackend,
    (source, named): (&StateSource, &str),
    held: &Held<'_>,
    signals: &mut Signals,
) -> Result<(), StateError> {
    let state = backend.state();
    let mut sink = Discard;
    let (stored, digest) = tokio::select! {
        read = state.read(DigestCheck::Ignore, &mut sink) => {
            read.map_err(|error| StateFailure::of_read(&error, named, &state))?
        }
        caught = signals.first() => return Err(stopped_before(caught)),
    };
    match judge(args.force, (&stored, &digest), source, named)? {
        Plan::Nothing => {
            output::note(&format!("already stored: {}", side(source.header())));
            Ok(())
        }
        Plan::Digest => {
            let written = state.write_digest(source.digest(), &held.lock).await;
            written.map_err(|error| StateFailure::of_digest(&error, source.digest(), named))?;
            output::note(&format!(
                "the state was stored already; wrote its digest {}",
                source.digest()
            ));
            Ok(())
        }
        Plan::Write => {
            if let Some(caught) = signals.so_far().await {
                return Err(stopped_before(caught));
            }
            write(&state, source, (&stored, &digest), held, (args.unfenced, named)).await
        }
    }
}

/// Writes over exactly what was read, and says so.
pub(super) async fn write(
    state: &StateObject,
    source: &StateSource,
    (stored, digest): (&Stored, &StoredDigest),
    held: &Held<'_>,
    (unfenced, named): (bool, &str),
) -> Result<(), StateError> {
    // Whoever cannot read it will not write it: the state would be there, and refused by all who compare.
    if let StoredDigest::Unknown(trouble) = digest {
        return Err(StateFailure::of_unread_digest(trouble).into());
    }
    let fencing = if unfenced {
        output::warning(
            "writing without a condition: whoever writes in this moment is overwritten",
        );
        Fencing::LookFirst
    } else {
        Fencing::Conditional
    };
    let state = state.encrypted_as(stored);
    let written = state.write(source, &stored.expected(), &held.lock, fencing).await;
    let written =
        written.map_err(|error| StateFailure::of_write(&error, source.header(), named))?;
    let version = written.version_id.map(|id| format!(", version {id}")).unwrap_or_default();
    let bytes = source.size_bytes();
    output::note(&format!("stored {}, {bytes} bytes{version}", side(source.header())));
    Ok(())
}

fn judge(
    force: bool,
    (stored, digest): (&Stored, &StoredDigest),
    source: &StateSource,
    named: &str,
) -> Result<Plan, StateError> {
    let Some(read) = stored.state() else { return Ok(Plan::Write) };
    if read.digest == *source.digest() {
        let is_right = matches!(digest, StoredDigest::NoTable)
            || *digest == StoredDigest::Digest(*source.digest());
        return Ok(if is_right { Plan::Nothing } else { Plan::Digest });
    }
    let refused = match &read.header {
        Err(error) => StateFailure::new(
            format!("what is stored is no state that can be judged: {error}; nothing was replaced"),
            ExitCode::Corrupt,
            format!("look at it: statelock state pull {named}; to replace it: --force"),
        ),
        Ok(header) => match verdict((header, read), source) {
            WriteVerdict::Allowed | WriteVerdict::Identical => return Ok(Plan::Write),
            WriteVerdict::Refused(refusal) => StateFailure::new(
                format!(
                    "{refusal}; nothing was replaced\n{}",
                    sides(Some(stored), source.header())
                ),
                ExitCode::StateConflict,
                format!(
                    "start from what is stored: statelock state pull {named}; to replace it all the same: --force"
                ),
            ),
        },
    };
    if force {
        output::warning(&format!("--force: {refused}").replace("; nothing was replaced", ""));
        return Ok(Plan::Write);
    }
    Err(refused.into())
}

fn verdict(
    (header, read): (&StateHeader, &statelock_client::state::StateRead),
    source: &StateSource,
) -> WriteVerdict {
    judge_write(Some((header, &read.digest)), (source.header(), source.digest()))
}
