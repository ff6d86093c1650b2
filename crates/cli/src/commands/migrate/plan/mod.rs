//! `statelock migrate plan`: what the next phase changes, and what keeps it from coming.

mod json;
mod text;

use clap::{Args, ValueEnum};

use super::change::{Changes, Goal, ObstacleId, Request};
use super::phase_error::PhaseError;
use super::session::{Selection, Session};
use super::stop_notice::StopNotice;
use super::survey::LockPhase;
use super::{diff, last_probe, online};
use crate::output;

/// Show the change of every file for the next phase, and what has to be settled first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock migrate plan                         # each backend's next phase
  statelock migrate plan infra --phase dual --online
  statelock migrate plan infra --json | jq '.units[] | select(.fate == \"blocked\")'

Nothing is changed. Exit code 2: something could not be read; the rest is shown.")]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    selection: Selection,

    /// The phase to go to: `dual` (lock table and lockfile) or `s3` (lockfile alone) [default: the next one of each
    /// backend].
    #[arg(long, value_enum)]
    phase: Option<Phase>,

    #[command(flatten)]
    permits: Permits,

    /// Ask the stores too: take, try to pass and release a lock on a throw-away key, look for held locks and Object
    /// Lock.
    #[arg(long)]
    online: bool,

    /// Print a JSON document.
    #[arg(long)]
    json: bool,
}

/// A phase to go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Phase {
    /// Lock table and lockfile.
    Dual,
    /// Lockfile alone; `lockfile` means the same.
    #[value(alias = "lockfile")]
    S3,
}

impl Phase {
    /// The same as a lock phase.
    pub(super) fn lock_phase(self) -> LockPhase {
        match self {
            Self::Dual => LockPhase::Dual,
            Self::S3 => LockPhase::Lockfile,
        }
    }
}

/// What a person answers for.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Permits {
    /// Bring backends that take no lock so far to lockfiles.
    #[arg(long)]
    include_unlocked: bool,

    /// Go to `s3` although `migrate verify` was not seen to succeed in the dual phase.
    #[arg(long)]
    unverified: bool,

    /// Do not let this stand in the way: `old_client_possible`, `lock_held` or `object_lock`. May be repeated.
    #[arg(long, value_name = "OBSTACLE", value_parser = ObstacleId::allowable)]
    allow: Vec<ObstacleId>,
}

impl Permits {
    /// The request that they make with a goal.
    pub(super) fn request(&self, goal: Goal) -> Request {
        Request {
            goal,
            includes_unlocked: self.include_unlocked,
            allows_unverified: self.unverified,
            allowed: self.allow.clone(),
            ..Request::default()
        }
    }

    /// The same as words of a command line.
    fn words(&self) -> Vec<String> {
        let flags =
            [(self.include_unlocked, "--include-unlocked"), (self.unverified, "--unverified")];
        let given = flags.into_iter().filter(|(is_given, _)| *is_given);
        let allowed = self.allow.iter().map(|id| format!("--allow {}", id.name()));
        given.map(|(_, flag)| flag.to_owned()).chain(allowed).collect()
    }
}

/// Shows it.
///
/// # Errors
/// [`PhaseError`]
pub(crate) fn run(args: &PlanArgs) -> Result<(), PhaseError> {
    let mut session = Session::open(&args.selection)?;
    args.selection.excluding.tell(&session.survey);
    session.warn();
    last_probe::warn(&session);
    let goal = args.phase.map_or(Goal::Next, |phase| Goal::To(phase.lock_phase()));
    let mut request = args.permits.request(goal);
    request.only = session.only(&args.selection)?;
    let mut changes = session.decide(&request)?;
    if args.online {
        let stop = StopNotice::of_signals().map_err(PhaseError::Signals)?;
        request.also = online::ask(&session.survey, &changes, &stop)?;
        changes = session.decide(&request)?;
    }
    if args.json {
        let document = json::document(&session, goal, &changes).map_err(PhaseError::Json)?;
        output::data(&format!("{document}\n")).map_err(PhaseError::Stdout)?;
    } else {
        show(&session, &changes)?;
        next(&session, args, &changes);
    }
    session.verdict()
}

/// Prints it for people.
///
/// # Errors
/// [`PhaseError::Stdout`]
pub(super) fn show(session: &Session, changes: &Changes) -> Result<(), PhaseError> {
    let text = text::of(session, changes, diff::is_coloured());
    output::data(&text).map_err(PhaseError::Stdout)?;
    if changes.files.iter().any(|file| diff::hides(&file.before, &file.after)) {
        output::note("secrets are shown as (hidden), so these differences are not for `git apply`");
    }
    Ok(())
}

/// What is left out, and why, for people.
pub(super) fn left_out(session: &Session, changes: &Changes) -> String {
    text::left_out_alone(session, changes)
}

/// Why units stay, for people.
pub(super) fn staying(session: &Session, changes: &Changes) -> String {
    text::staying(session, changes)
}

fn next(session: &Session, args: &PlanArgs, changes: &Changes) {
    for (home, manifest) in &session.manifests {
        if manifest.run.is_some() {
            output::note(&format!(
                "an `apply` or a `rollback` in `{}` was interrupted; run it again to finish it",
                home.top().display()
            ));
        }
    }
    let phases: Vec<_> = [(LockPhase::Dual, "dual"), (LockPhase::Lockfile, "s3")]
        .into_iter()
        .filter(|(phase, _)| changes.files.iter().any(|file| file.phase == *phase))
        .collect();
    for (_, phase) in phases {
        let mut words = vec!["statelock migrate apply".to_owned()];
        words.extend(args.selection.words());
        words.push(format!("--phase {phase}"));
        words.extend(args.permits.words());
        let command = words.join(" ");
        output::note(&format!("nothing was changed; to do it: {command} --yes"));
    }
}
