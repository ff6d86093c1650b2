//! `statelock state restore`: an earlier version becomes the state again, as a new one.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;
use statelock_client::StateBackend;
use statelock_client::protocol::state::{Serial, StateFormat, StateHeader};
use statelock_client::state::{
    DigestCheck, Discard, StateObject, StateRead, StateSource, Stored, with_serial,
};

use super::StateError;
use super::failure::{StateFailure, side, sides};
use super::push::write;
use super::shown::utc;
use super::signals::Signals;
use super::spool::Spool;
use super::under_lock::{LockArgs, acquire, stopped_before};
use crate::backend::{self, BackendArgs};
use crate::exit_code::ExitCode;
use crate::output;

/// Make an earlier version of a state the current one.
///
/// It gets the current serial plus one, so that nobody takes it for an old state; every other byte stays as
/// it was. A state that was deleted comes back as it was. The resources themselves are not changed: plan
/// before you apply.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock state list-versions
  statelock state restore --version-id ID
  statelock state restore s3://tfstate/app/terraform.tfstate --version-id ID --yes --reason 'bad import, #123'")]
pub(super) struct RestoreArgs {
    /// State: s3://BUCKET/KEY, or a Terraform directory [default: .]
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    #[command(flatten)]
    backend: BackendArgs,

    #[command(flatten)]
    lock: LockArgs,

    /// Which version, as list-versions shows it.
    #[arg(long, value_name = "ID")]
    version_id: String,

    /// Do not ask.
    #[arg(long)]
    yes: bool,

    /// Restore a version of another lineage, or over something that is no state.
    #[arg(long)]
    force: bool,

    /// For stores without conditional writes: look right before the write instead.
    #[arg(long)]
    unfenced: bool,
}

/// What is stored, and what is to replace it.
struct Change {
    stored: Stored,
    source: StateSource,
}

/// Reads both, asks, takes the lock, writes.
pub(super) fn run(args: &RestoreArgs) -> Result<(), StateError> {
    let resolved = args.backend.resolve(args.address.as_deref())?;
    let named = &super::named(&resolved);
    let runtime = backend::runtime()?;
    let done = runtime.block_on(async {
        let backend = resolved.connect().await?;
        let Some(change) = change(args, &backend.state(), named).await? else {
            output::note("that version is what is stored already");
            return Ok(());
        };
        agreed(args)?;
        under_lock(args, &backend, &change, named).await
    });
    runtime.shutdown_background();
    done
}

/// Nobody holds the lock while somebody thinks: what was shown is compared again afterwards.
async fn under_lock(
    args: &RestoreArgs,
    backend: &StateBackend,
    change: &Change,
    named: &str,
) -> Result<(), StateError> {
    let mut signals = Signals::listen().map_err(StateError::Signals)?;
    let held = acquire(backend, named, "state restore", &args.lock, &mut signals).await?;
    let state = backend.state();
    let done = async {
        let mut sink = Discard;
        let (now, digest) = tokio::select! {
            read = state.read(DigestCheck::Ignore, &mut sink) => {
                read.map_err(|error| StateFailure::of_read(&error, named, &state))?
            }
            caught = signals.first() => return Err(stopped_before(caught)),
        };
        if now.expected() != change.stored.expected() {
            return Err(changed_meanwhile(&now, change.source.header()));
        }
        if let Some(caught) = signals.so_far().await {
            return Err(stopped_before(caught));
        }
        write(&state, &change.source, (&now, &digest), &held, (args.unfenced, named)).await
    }
    .await;
    held.release(done).await?;
    match signals.so_far().await {
        Some(caught) => Err(StateError::Stopped { caught, what: "by then it was done" }),
        None => Ok(()),
    }
}

fn changed_meanwhile(now: &Stored, offered: &StateHeader) -> StateError {
    let message = format!(
        "the state was written by somebody else meanwhile; nothing was replaced\n{}",
        sides(Some(now), offered)
    );
    let hint = "look at it, and restore again if that is still right";
    StateFailure::new(message, ExitCode::StateConflict, hint).into()
}

/// Reads the state and the version, and shows what would change. `None`: nothing would.
async fn change(
    args: &RestoreArgs,
    state: &StateObject,
    named: &str,
) -> Result<Option<Change>, StateError> {
    let failed = |error| StateFailure::of_read(&error, named, state);
    let (stored, _) = state.read(DigestCheck::Ignore, &mut Discard).await.map_err(failed)?;
    let mut spool = Spool::default();
    let version = state.read_version(&args.version_id, &mut spool).await.map_err(failed)?;
    let Stored::State(version) = version else {
        return Err(StateFailure::new(
            format!("version `{}` has no bytes", args.version_id),
            ExitCode::BadInput,
            format!("take another: statelock state list-versions {named}"),
        )
        .into());
    };
    let header = header_of(&version, &args.version_id)?;
    let serial = match &stored {
        Stored::Absent | Stored::Empty(_) => None,
        Stored::State(current) if current.digest == version.digest => return Ok(None),
        Stored::State(current) => new_serial(args, current, &header)?,
    };
    let offered = match serial {
        Some(serial) => renumbered(&mut spool, serial, &args.version_id)?,
        None => spool,
    };
    let name = format!("version {}", args.version_id);
    let source = offered.into_source();
    let source = source.map_err(|error| StateFailure::of_source(&error, &name))?;
    show(&stored, &version, &source);
    Ok(Some(Change { stored, source }))
}

fn header_of(version: &StateRead, id: &str) -> Result<StateHeader, StateError> {
    version.header.clone().map_err(|error| {
        StateFailure::new(
            format!("version `{id}` is no state that can be restored: {error}"),
            ExitCode::Corrupt,
            "take another version",
        )
        .into()
    })
}

/// The serial that the version gets. `None`: its own.
fn new_serial(
    args: &RestoreArgs,
    current: &StateRead,
    version: &StateHeader,
) -> Result<Option<Serial>, StateError> {
    let current = match &current.header {
        Ok(header) => header,
        Err(error) if args.force => {
            output::warning(&format!(
                "--force: what is stored is no state that can be judged: {error}"
            ));
            return Ok(None);
        }
        Err(error) => {
            let message = format!("what is stored is no state that can be judged: {error}");
            let hint = "with --force it is replaced, and the version keeps its serial";
            return Err(StateFailure::new(message, ExitCode::Corrupt, hint).into());
        }
    };
    if version.format == StateFormat::Encrypted {
        let message = "the version is encrypted, and its serial stands in the encrypted part as well: with another one \
                       outside, OpenTofu would refuse it";
        let hint = "decrypt and push it with OpenTofu: statelock state pull --version-id ID > old.tfstate; tofu state \
                    push -force old.tfstate";
        return Err(StateFailure::new(message, ExitCode::Unsupported, hint).into());
    }
    if current.lineage != version.lineage {
        if !args.force {
            let message = format!(
                "the version has another lineage than the state; nothing was replaced\n  Stored:  {}\n  Version: {}",
                side(current),
                side(version)
            );
            let hint = "take a version of the same lineage; if it is meant: --force";
            return Err(StateFailure::new(message, ExitCode::StateConflict, hint).into());
        }
        output::warning("--force: the version has another lineage than the state");
    }
    let serial = current.serial.0.checked_add(1).map(Serial);
    serial.map(Some).ok_or_else(|| {
        let message = "the serial of the state is the largest there is";
        StateFailure::new(message, ExitCode::Corrupt, "push a corrected state with --force").into()
    })
}

fn renumbered(from: &mut Spool, serial: Serial, id: &str) -> Result<Spool, StateError> {
    let mut to = Spool::default();
    let reader = from.reader().map_err(Into::into);
    let copied = reader.and_then(|mut reader| with_serial(&mut reader, serial, &mut to));
    copied.map_err(|error| StateFailure::of_serial(&error, id))?;
    Ok(to)
}

/// What is, and what would be.
fn show(stored: &Stored, version: &StateRead, source: &StateSource) {
    let moment = |read: &StateRead| {
        let micros = read.last_modified.and_then(|time| u64::try_from(time.as_micros()).ok());
        micros.and_then(utc).unwrap_or_else(|| "at a time that is not known".to_owned())
    };
    let now = match stored {
        Stored::Absent => "nothing".to_owned(),
        Stored::Empty(_) => "no bytes".to_owned(),
        Stored::State(read) => {
            let what = read.header.as_ref().map_or_else(ToString::to_string, side);
            format!("{what}, {} bytes, written {}", read.size_bytes, moment(read))
        }
    };
    output::note(&format!("stored now:  {now}"));
    let serial = version.header.as_ref().map_or(Serial::default(), |header| header.serial);
    output::note(&format!(
        "to be:       {}, {} bytes, content of serial {serial}, written {}",
        side(source.header()),
        source.size_bytes(),
        moment(version)
    ));
}

/// Asks on a terminal.
fn agreed(args: &RestoreArgs) -> Result<(), StateError> {
    if args.yes {
        return Ok(());
    }
    let (input, mut prompt) = (io::stdin(), io::stderr());
    if !input.is_terminal() || !prompt.is_terminal() {
        let message = "nobody can be asked whether to replace the state; nothing was replaced";
        return Err(StateFailure::new(message, ExitCode::BadInput, "say it with --yes").into());
    }
    let mut answer = String::new();
    let asked =
        prompt.write_all(b"Replace the state? Only `yes` does: ").and_then(|()| prompt.flush());
    asked.and_then(|()| input.lock().read_line(&mut answer)).map_err(StateError::Stdout)?;
    if answer.trim() == "yes" {
        return Ok(());
    }
    let message = "not confirmed; nothing was replaced";
    Err(StateFailure::new(message, ExitCode::BadInput, "answer `yes`, or say --yes").into())
}
