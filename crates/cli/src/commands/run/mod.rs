//! `statelock run`: holds the lock around a command.
//!
//! The command gets our standard streams, untouched; nothing of ours is written to stdout. Its
//! Terraform commands leave the lock to us. Whatever happens to the command or to us, short of SIGKILL,
//! the lock is released once nothing works under it any more. After a SIGKILL the stamp in the lock lets
//! the next command on this host prove that we are gone.

mod acquiring;
mod child;
mod command_line;
mod environment;
mod error;
mod inner;
mod left_behind;
mod same_state;
mod stopping;
mod supervising;
mod waiting;
mod watch;
mod words;
mod workers;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode as ProcessExitCode;
use std::time::Duration;

use clap::{Args, ValueEnum};
use rustix::process::Signal;
use statelock_client::protocol::lock::steps::Looked;
use statelock_client::{LockHandle, StateBackend};
use statelock_protocol::lock::LockId;
use statelock_protocol::lock::stamp::Reason;
use tokio::runtime::Runtime;

pub(crate) use child::INNER_VERB;
pub(crate) use inner::{InnerArgs, run as run_inner};

use acquiring::Wanted;
use child::{Child, Under, shell_code};
use command_line::CommandLine;
use error::RunError;
use left_behind::Left;
use stopping::Stopping;
use supervising::{CommandEnd, Supervisor};
use watch::Watch;

use super::releasing::{self, Ended};
use crate::backend::{self, BackendArgs, StopSignal, StopSignals, command};
use crate::evidence::{self, LOCK_ID_VARIABLE, Lifeline};
use crate::exit_code::ExitCode;
use crate::{output, span};

/// The `Operation` of its locks.
pub(crate) const OPERATION_OF_RUN: &str = "run";

/// Hold the lock around a command.
///
/// Takes the lock, runs the command with its Terraform commands leaving the lock to statelock
/// (`-lock=false`, through TF_CLI_ARGS_…), watches that the lock still stands, and releases it
/// whatever happens. Standard output and the exit code are the command's.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock run -- terraform apply -auto-approve
  statelock run --wait 10m --reason 'nightly apply' -- terraform apply -auto-approve
  statelock run infra -- sh -c 'terraform -chdir=infra plan -out=p && terraform -chdir=infra apply p'
  statelock run s3://tfstate/network.tfstate -- ./migrate.sh

Exit codes: the command's own; 128 + N if signal N ended it; 127 or 126 if it could not be started.
If the command was done, but not all was well: 3 if the lock was lost meanwhile, 7 if it could not
be released. If the lock was not taken: 3 if another holds it, else as for all commands.")]
pub(crate) struct RunArgs {
    /// State that the command works on: s3://BUCKET/KEY, or a Terraform directory [default: that of
    /// the command's -chdir, else the current one].
    #[arg(value_name = "ADDRESS")]
    address: Option<String>,

    /// Wait for the lock for so long, such as 90s, 10m or 1h.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = span::duration)]
    wait: Duration,

    /// Why, for whoever meets the lock.
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,

    /// What to do with the command when somebody removes the lock.
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = OnLost::Stop)]
    on_lost: OnLost,

    /// Kill the command if it still runs so long after it was told to stop. Terraform then does not
    /// write its state.
    #[arg(long, value_name = "DURATION", value_parser = span::duration)]
    kill_after: Option<Duration>,

    /// Do not hand signals on to the command: whoever sends them sends them to every process.
    #[arg(long)]
    no_forward: bool,

    /// How often to look whether the lock still stands.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = positive_duration)]
    check_every: Duration,

    /// How long to go on trying to release the lock when the store does not answer.
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = positive_duration)]
    release_timeout: Duration,

    /// If the lock's holder is shown to be dead, remove that lock, and go on.
    #[arg(long)]
    take_over_dead: bool,

    #[command(flatten)]
    backend: BackendArgs,

    /// Command, behind `--`.
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// What a lost lock means for the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnLost {
    /// It is told to stop.
    Stop,
    /// It goes on, with a warning.
    Warn,
}

/// Longer than anybody means.
const A_DAY: Duration = Duration::from_hours(24);

fn positive_duration(text: &str) -> Result<Duration, String> {
    let span = span::duration(text)?;
    match span {
        Duration::ZERO => Err("not more than nothing".to_owned()),
        span if span > A_DAY => Err("more than a day".to_owned()),
        span => Ok(span),
    }
}

/// Runs the command, and ends as it did.
pub(crate) fn run(args: &RunArgs) -> ProcessExitCode {
    match locked(args) {
        Ok(code) => ProcessExitCode::from(code),
        Err(error) => {
            output::error(&error, error.hint());
            ProcessExitCode::from(error.number())
        }
    }
}

fn locked(args: &RunArgs) -> Result<u8, RunError> {
    let line = CommandLine::find(&args.command, std::env::var_os("PATH").as_deref())?;
    let address = args.address.as_deref().or_else(|| of_chdir(&line));
    let resolved = args.backend.resolve(address)?;
    let was_same = same_state::check(args, &line, &resolved.settings.address)?;
    let named = resolved.named.clone();
    let runtime = backend::runtime()?;
    let mut signals = {
        let _inside = runtime.enter();
        StopSignals::catch().map_err(RunError::Signals)?
    };
    let backend = runtime.block_on(async {
        tokio::select! {
            backend = resolved.connect_to_lock() => backend.map_err(RunError::from),
            caught = signals.next() => Err(RunError::Interrupted(caught)),
        }
    })?;
    let meant = (address, was_same);
    let mut run = Run { args, line: &line, meant, named: &named, runtime: &runtime, signals };
    match run.runtime.block_on(lock_around(&backend)) {
        Some(id) => run.under_another(&id),
        None => run.under_own(&backend),
    }
}

fn of_chdir(line: &CommandLine) -> Option<&str> {
    let directory = line.working_directory()?;
    output::note(&format!("locking the state of {directory}, the command's -chdir"));
    Some(directory)
}

/// The lock of a `statelock run` around this one, if it is that of the same state and stands.
async fn lock_around(backend: &StateBackend) -> Option<LockId> {
    let id = LockId::parse(std::env::var(LOCK_ID_VARIABLE).ok()?).ok()?;
    let (seen, _) = backend.inspect().await;
    let is_it = |looked: &Looked| match looked {
        Looked::Found(lock) => lock.id().as_ref() == Some(&id),
        Looked::Absent | Looked::Refused(_) | Looked::Unknown => false,
    };
    let stands = !seen.places.is_empty() && seen.places.iter().all(|(_, looked)| is_it(looked));
    stands.then_some(id)
}

/// One `run`, when its backend is connected.
struct Run<'a> {
    args: &'a RunArgs,
    line: &'a CommandLine,
    /// The address that was named, and whether it is known to be the state of the command's directory.
    meant: (Option<&'a str>, bool),
    named: &'a str,
    runtime: &'a Runtime,
    signals: StopSignals,
}

impl Run<'_> {
    /// Runs the command without a lock of its own.
    fn under_another(&mut self, id: &LockId) -> Result<u8, RunError> {
        output::note(&format!("lock {id} of this state is held around this command already"));
        let mut child = self.start(Under::Another(id))?;
        let end = self.runtime.block_on(
            Supervisor {
                child: &mut child,
                signals: &mut self.signals,
                watch: None,
                on_lost: self.args.on_lost,
                kill_after: self.args.kill_after,
                forwards: !self.args.no_forward,
                stopping: Stopping::default(),
            }
            .run(),
        );
        Ok(end.code)
    }

    /// Runs the command under a lock of its own.
    fn under_own(&mut self, backend: &StateBackend) -> Result<u8, RunError> {
        let wanted = Wanted {
            claim: evidence::claim(OPERATION_OF_RUN, self.args.reason.clone(), Lifeline::Process),
            wait: self.args.wait,
            takes_over: self.args.take_over_dead,
            named: self.named,
        };
        let acquired = acquiring::acquire(backend, &wanted, &mut self.signals);
        let lock = self.runtime.block_on(acquired)?;
        let locked = &backend.settings().address;
        let meant = same_state::check_again(self.args, self.line, self.meant, locked);
        let end = meant.and_then(|()| self.command_under(&lock));
        let bound = self.args.release_timeout;
        let released = releasing::release(&lock, bound, &mut self.signals, false);
        let released = self.runtime.block_on(released);
        self.code(&lock, end, &released)
    }

    /// From the start of the command until nothing works under the lock any more. Never panics: the
    /// lock would stay.
    fn command_under(&mut self, lock: &LockHandle) -> Result<CommandEnd, RunError> {
        if let Some(caught) = self.runtime.block_on(already_caught(&mut self.signals)) {
            return Err(RunError::Interrupted(caught));
        }
        let mut child = self.start(Under::Own(lock.id()))?;
        let end = catch_unwind(AssertUnwindSafe(|| self.look_after(&mut child, lock)));
        // The panic has told of itself. What it has left behind is the command.
        let end = end.unwrap_or_else(|_| self.stop(&mut child));
        let how = Left {
            was_killed: end.was_killed,
            is_over: end.is_lock_lost && self.args.on_lost == OnLost::Stop,
            stopping: end.stopping.clone(),
            forwards: !self.args.no_forward,
        };
        self.runtime.block_on(left_behind::wait_for(&mut child, &mut self.signals, how));
        Ok(end)
    }

    fn start(&mut self, under: Under<'_>) -> Result<Child, RunError> {
        let (Under::Own(id) | Under::Another(id)) = under;
        let mut variables = environment::under(id, &|name| std::env::var_os(name));
        if let Some(workspace) = self.args.backend.workspace() {
            // The one that is locked, and not the one that happens to be selected.
            variables.push(("TF_WORKSPACE".to_owned(), workspace.as_str().into()));
        }
        let _inside = self.runtime.enter();
        let forwards = !self.args.no_forward;
        Child::start(self.line, variables, under, forwards).map_err(RunError::Start)
    }

    fn look_after(&mut self, child: &mut Child, lock: &LockHandle) -> CommandEnd {
        self.runtime.block_on(async {
            let watch = Watch::over(lock, self.args.check_every);
            Supervisor {
                child,
                signals: &mut self.signals,
                watch: Some(watch),
                on_lost: self.args.on_lost,
                kill_after: self.args.kill_after,
                forwards: !self.args.no_forward,
                stopping: Stopping::default(),
            }
            .run()
            .await
        })
    }

    /// Ends the command when this program itself has failed.
    fn stop(&self, child: &mut Child) -> CommandEnd {
        child.send(Signal::INT);
        let status = self.runtime.block_on(child.wait());
        let code = status.map_or(0, shell_code);
        let code = if code == 0 { ExitCode::Internal.number() } else { code };
        let stopping = Stopping::default();
        CommandEnd { code, is_lock_lost: false, was_killed: true, stopping }
    }

    /// The exit code: a failure of the command is more important than one of ours.
    fn code(
        &self,
        lock: &LockHandle,
        end: Result<CommandEnd, RunError>,
        released: &Ended,
    ) -> Result<u8, RunError> {
        let was_lost = end.as_ref().is_ok_and(|end| end.is_lock_lost);
        let ours = match released {
            Ended::Released if was_lost => ExitCode::Held.number(),
            Ended::Released => 0,
            Ended::WasLost { .. } => {
                if !was_lost {
                    output::warning("somebody removed the lock before the command had ended");
                }
                ExitCode::Held.number()
            }
            Ended::Left { why, .. } => {
                let again = command("unlock", self.named, lock.id().as_str());
                let text = format!("lock {} may be left: {why}", lock.id());
                output::error(&std::io::Error::other(text), Some(&format!("release it: {again}")));
                ExitCode::OutcomeUnknown.number()
            }
        };
        let theirs = end?.code;
        Ok(if theirs == 0 { ours } else { theirs })
    }
}

async fn already_caught(signals: &mut StopSignals) -> Option<StopSignal> {
    tokio::select! {
        biased;
        caught = signals.next() => Some(caught),
        () = std::future::ready(()) => None,
    }
}
