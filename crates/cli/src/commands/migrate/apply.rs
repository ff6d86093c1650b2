//! `statelock migrate apply`: brings root modules to the next phase, by changing their files.

use std::path::{Path, PathBuf};

use clap::Args;

use super::change::{Changes, Fate, Goal};
use super::files::{OsFiles, shown};
use super::git;
use super::init::{self, InitEnd, Inits};
use super::phase_error::PhaseError;
use super::plan::{self, Permits, Phase};
use super::record::Direction;
use super::session::{self, Selection, Session};
use super::stop_notice::StopNotice;
use super::survey::LockPhase;
use super::writing::{self, Asked, Outcome, WritingError};
use super::{last_probe, online};
use crate::output;

/// Change the files of root modules so that they lock in the next phase.
///
/// Without --yes nothing is changed: what would be is shown. The original bytes are kept in `.statelock` at the top of the
/// git work tree (else of the directory that is named) until `migrate finish`; `migrate rollback` restores them. Interrupted at any point, the
/// same command again finishes it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  statelock migrate apply infra --phase dual                 # shows what it would change
  statelock migrate apply infra --phase dual --yes
  statelock migrate apply infra --phase dual --yes --git-branch lock-in-s3
  statelock migrate apply infra --phase s3 --yes --init

Exit code 5: some backends stay as they are; they are named, with what to do. 2: something could not be read;
the rest was done. 8: init failed somewhere, or a file could not be written.")]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    selection: Selection,

    /// The phase to go to: `dual` (lock table and lockfile) or `s3` (lockfile alone).
    #[arg(long, value_enum)]
    phase: Phase,

    /// Change the files.
    #[arg(long)]
    yes: bool,

    /// In each git work tree, make this branch and commit exactly the changed files there. Nothing is pushed.
    #[arg(long, value_name = "NAME")]
    git_branch: Option<String>,

    /// Run `init -reconfigure` in each changed root module.
    #[arg(long)]
    init: bool,

    /// The program that --init runs [default: terraform if it is there, else tofu; terragrunt where that is used].
    #[arg(long, value_name = "PROGRAM", requires = "init")]
    terraform: Option<PathBuf>,

    #[command(flatten)]
    permits: Permits,

    /// Ask the stores first, as `plan --online` does; what is found there blocks, too.
    #[arg(long)]
    online: bool,
}

/// Does it.
///
/// # Errors
/// [`PhaseError`]
pub(crate) fn run(args: &ApplyArgs) -> Result<(), PhaseError> {
    if let Some(branch) = &args.git_branch {
        git::check_name(branch).map_err(WritingError::from)?;
    }
    let stop = StopNotice::of_signals().map_err(PhaseError::Signals)?;
    let apply = Apply { args, stop: &stop };
    let mut session = Session::open(&args.selection)?;
    args.selection.excluding.tell(&session.survey);
    session.warn();
    last_probe::warn(&session);
    let mut outcomes = Vec::new();
    if args.yes && session.is_interrupted() {
        (session, outcomes) = apply.finish_interrupted(session)?;
    }
    order(args.phase.lock_phase());
    let only = session.only(&args.selection)?;
    let changes = apply.decide(&mut session, only.clone());
    let changes = changes.map_err(|error| error.after(&outcomes))?;
    if !args.yes {
        plan::show(&session, &changes)?;
        output::note("nothing was changed; with --yes it is done");
        return session.verdict();
    }
    apply.carry_out(&session, &changes, outcomes, &only)
}

/// One command.
struct Apply<'a> {
    args: &'a ApplyArgs,
    stop: &'a StopNotice,
}

impl Apply<'_> {
    fn phase(&self) -> LockPhase {
        self.args.phase.lock_phase()
    }

    fn asked(&self) -> Asked<'_> {
        let branch = self.args.git_branch.as_deref();
        let (phase, inits) = (self.phase(), self.args.init);
        Asked { direction: Direction::Forward, phase, branch, inits, stop: self.stop }
    }

    /// What was begun is finished as a whole, whatever --only names.
    fn finish_interrupted(
        &self,
        mut session: Session,
    ) -> Result<(Session, Vec<Outcome>), PhaseError> {
        let now = self.decide(&mut session, Vec::new())?;
        let now = (&session.survey, &now);
        let done = writing::finish_interrupted(&session.all_homes, &self.asked(), now, &OsFiles);
        let outcomes = done.or_else(stopped)?;
        output::note("an interrupted apply was finished first");
        tell(&outcomes)?;
        Ok((Session::open(&self.args.selection)?, outcomes))
    }

    fn decide(&self, session: &mut Session, only: Vec<PathBuf>) -> Result<Changes, PhaseError> {
        let mut request = self.args.permits.request(Goal::To(self.phase()));
        request.only = only;
        let mut changes = session.decide(&request)?;
        if self.args.online {
            request.also = online::ask(&session.survey, &changes, self.stop)?;
            changes = session.decide(&request)?;
        }
        // Nothing of it was begun.
        self.stop.seen().map_or(Ok(changes), |signal| Err(PhaseError::Stopped(signal)))
    }

    fn carry_out(
        &self,
        session: &Session,
        changes: &Changes,
        mut outcomes: Vec<Outcome>,
        only: &[PathBuf],
    ) -> Result<(), PhaseError> {
        let resumed = resumed_units(session, &outcomes, self.phase());
        let done = writing::carry_out(&session.survey, changes, &self.asked(), &OsFiles);
        let done = done.or_else(stopped)?;
        tell_end(&outcomes, &done)?;
        outcomes.extend(done);
        let after = Session::open(&self.args.selection)?;
        let mut moved: Vec<_> = moved(session, changes).chain(resumed).collect();
        let elsewhere = not_there(&after, &moved, self.phase());
        let pending = init::pending(&after, self.phase());
        let pending = pending.into_iter().filter(|unit| session::is_in(unit, only));
        moved.extend(pending.map(|unit| unit.name.clone()));
        self.initialise(&after, &moved)?;
        let stay = stays(session, changes)?;
        let strangers: usize = outcomes.iter().map(|outcome| outcome.strangers.len()).sum();
        match stay + elsewhere + strangers {
            0 => session.verdict(),
            count => Err(PhaseError::Stay(count)),
        }
    }

    fn initialise(&self, after: &Session, units: &[String]) -> Result<(), PhaseError> {
        if !self.args.init {
            return init::show(after, units);
        }
        let inits = Inits { terraform: self.args.terraform.as_deref(), stop: self.stop };
        let phase = self.phase();
        match init::run(after, units, &inits)? {
            InitEnd::Done => Ok(()),
            InitEnd::Failed(count) => Err(PhaseError::Init { count, phase }),
            InitEnd::Stopped(signal, left) => Err(PhaseError::InitStopped { signal, left, phase }),
        }
    }
}

/// The units that these changes move.
fn moved<'a>(session: &'a Session, changes: &'a Changes) -> impl Iterator<Item = String> + 'a {
    let both = changes.units.iter().zip(&session.survey.units);
    both.filter(|(change, _)| change.fate == Fate::Moves).map(|(_, unit)| unit.name.clone())
}

/// What people have to know of the order of things.
fn order(phase: LockPhase) {
    if phase == LockPhase::Lockfile {
        output::note(
            "before any writer locks by lockfile alone, every writer of its state must have the dual configuration: merged, \
             pulled by everybody, initialised, also in CI. Who still locks in the table alone is not kept out",
        );
    }
}

/// The units of files that an interrupted run was to change: they are to be initialised too.
fn resumed_units(session: &Session, outcomes: &[Outcome], phase: LockPhase) -> Vec<String> {
    let is_written = |path: &PathBuf| outcomes.iter().any(|outcome| outcome.written.contains(path));
    let units = session.survey.units.iter().filter(|unit| {
        unit.phase == Some(phase)
            && unit
                .touched_files()
                .iter()
                .any(|file| file.canonicalize().is_ok_and(|file| is_written(&file)))
    });
    units.map(|unit| unit.name.clone()).collect()
}

/// Says what was done before an error, and gives it on.
///
/// # Errors
/// That one.
pub(super) fn stopped(error: WritingError) -> Result<Vec<Outcome>, PhaseError> {
    let lines: Vec<_> =
        error.written().iter().map(|file| format!("changed {}\n", name(file))).collect();
    output::data(&lines.concat()).map_err(PhaseError::Stdout)?;
    Err(error.into())
}

/// Says what was done, or that nothing had to be. What was done before them was told.
pub(super) fn tell_end(before: &[Outcome], outcomes: &[Outcome]) -> Result<(), PhaseError> {
    let is_quiet = |outcome: &Outcome| outcome.written.is_empty() && outcome.commit.is_none();
    if before.iter().chain(outcomes).all(is_quiet) {
        output::data("no file had to be changed\n").map_err(PhaseError::Stdout)?;
    }
    tell(outcomes)
}

/// Says what was done, if anything was.
pub(super) fn tell(outcomes: &[Outcome]) -> Result<(), PhaseError> {
    let mut lines = Vec::new();
    for outcome in outcomes {
        for file in &outcome.written {
            lines.push(format!("changed {}", name(file)));
        }
        for file in &outcome.strangers {
            output::warning(&format!(
                "`{}` was changed by somebody meanwhile, and is left as it is",
                name(file)
            ));
        }
        let Some(commit) = &outcome.commit else { continue };
        lines.push(format!(
            "committed {} on branch {}; to push it: {}",
            commit.id, commit.branch, commit.push
        ));
        for file in &commit.untracked {
            output::warning(&format!(
                "`{file}` is not tracked by git, so its change is in no commit"
            ));
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    output::data(&format!("{}\n", lines.join("\n"))).map_err(PhaseError::Stdout)
}

fn name(file: &Path) -> String {
    output::printable(&shown(file).display().to_string())
}

/// How many of the units that were moved are not in the phase now. Something that is not seen in their files must
/// say otherwise.
pub(super) fn not_there(after: &Session, moved: &[String], phase: LockPhase) -> usize {
    let elsewhere = after
        .survey
        .units
        .iter()
        .filter(|unit| moved.contains(&unit.name) && unit.phase != Some(phase));
    elsewhere
        .inspect(|unit| {
            let now = unit.phase.map_or("unknown", LockPhase::name);
            output::warning(&format!(
                "`{}` is at {now} after its files were changed: something else says how it locks",
                unit.name
            ));
        })
        .count()
}

/// Shows every unit that stays although it should not, and counts them.
///
/// # Errors
/// [`PhaseError::Stdout`]
pub(super) fn stays(session: &Session, changes: &Changes) -> Result<usize, PhaseError> {
    let count = changes.count(Fate::stays);
    if count > 0 {
        let text = plan::staying(session, changes);
        output::data(&text).map_err(PhaseError::Stdout)?;
    }
    Ok(count)
}
