//! Carries changes out: written down first, then done, then noted as done. Killed at any point, the same
//! command again goes on where it was.

mod outcome;
mod perform;
mod resuming;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Changes, Fate, FileChange, used};
use super::files::{FileError, Files, hash};
use super::git::{GitError, WorkTree};
use super::record::{Direction, Home, MovedUnit, OpenRecord, RecordError, Run, Step, read};
use super::stop_notice::StopNotice;
use super::survey::{LockPhase, Survey};

pub(super) use outcome::{Outcome, WritingError};

/// Which run it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// On or back.
    pub(super) direction: Direction,
    /// Whereto.
    pub(super) phase: LockPhase,
    /// The git branch that gets a commit.
    pub(super) branch: Option<&'a str>,
    /// Whether the units are to be initialised here afterwards.
    pub(super) inits: bool,
    /// Who asks to stop meanwhile.
    pub(super) stop: &'a StopNotice,
}

/// What the records of these homes say; homes without one are left out.
///
/// # Errors
/// [`RecordError`]
pub(super) fn manifests<'h>(
    homes: impl IntoIterator<Item = &'h Home>,
) -> Result<super::change::Manifests, RecordError> {
    let mut found = BTreeMap::new();
    for home in homes {
        if let Some(manifest) = read(home)? {
            found.insert(home.clone(), manifest);
        }
    }
    Ok(found)
}

/// Finishes what was interrupted in these homes, if nothing that is there `now` speaks against it: a survey, and what is decided on it for
/// the same goal. A run that was to be undone is closed as it is: the way back finds every file in its old or its new form.
///
/// # Errors
/// [`WritingError`]: another run than the one that is asked for is unfinished; or as in [`carry_out`].
pub(super) fn finish_interrupted<'h>(
    homes: impl IntoIterator<Item = &'h Home>,
    asked: &Asked<'_>,
    now: (&Survey, &Changes),
    files: &dyn Files,
) -> Result<Vec<Outcome>, WritingError> {
    let mut outcomes = Vec::new();
    for home in homes {
        if read(home)?.is_none_or(|manifest| manifest.run.is_none()) {
            continue;
        }
        let mut record = OpenRecord::open(home.clone(), files)?;
        let Some(run) = record.manifest().run.clone() else { continue };
        if asked.direction == Direction::Back && run.direction == Direction::Forward {
            perform::clear(&record, &run, files)?;
            record.adopt()?;
            continue;
        }
        let is_same = run.direction == asked.direction
            && run.phase == asked.phase
            && run.branch.as_deref() == asked.branch;
        if !is_same {
            return Err(record.unfinished(&run).into());
        }
        let done = resuming::check(home, &run, now)
            .and_then(|()| owe_inits(&mut record, &run, asked))
            .and_then(|()| perform::perform(&mut record, &run, true, (files, asked.stop)));
        outcomes.push(done.map_err(|error| error.after(&outcomes))?);
    }
    Ok(outcomes)
}

/// Carries out changes: one run for each home.
///
/// # Errors
/// [`WritingError`]. Before the first file is written everything is checked that can be. After that, what
/// was begun is written down, and the same command again finishes it.
pub(super) fn carry_out(
    survey: &Survey,
    changes: &Changes,
    asked: &Asked<'_>,
    files: &dyn Files,
) -> Result<Vec<Outcome>, WritingError> {
    let mut records = Vec::new();
    for home in homes(changes) {
        let record = OpenRecord::open(home, files)?;
        // Somebody else may have been killed since the records were read.
        if let Some(run) = &record.manifest().run {
            return Err(record.unfinished(run).into());
        }
        records.push(record);
    }
    for change in &changes.files {
        let now = files.read(&change.path).map_err(|source| {
            let path = change.path.clone();
            FileError::Os { doing: "read", path, source }
        })?;
        if now != change.before {
            return Err(FileError::Changed(change.path.clone()).into());
        }
    }
    let tops: Vec<_> = records.iter().map(|record| record.home().clone()).collect();
    if let Some(branch) = asked.branch {
        for record in &records {
            check_git(record.home(), branch, changes)?;
        }
    }
    let mut outcomes = Vec::new();
    for (index, mut record) in records.into_iter().enumerate() {
        let done = in_home(&mut record, survey, changes, asked, files);
        let later = tops.iter().skip(index + 1).flat_map(|home| of_home(changes, home));
        let not_begun: Vec<_> = later.map(|file| file.path.clone()).collect();
        outcomes.push(done.map_err(|error| error.before(&not_begun).after(&outcomes))?);
    }
    Ok(outcomes)
}

/// Carries out what is to be done in one home.
fn in_home(
    record: &mut OpenRecord<'_>,
    survey: &Survey,
    changes: &Changes,
    asked: &Asked<'_>,
    files: &dyn Files,
) -> Result<Outcome, WritingError> {
    let run = run(survey, changes, record.home(), asked);
    let of_home: Vec<_> = of_home(changes, record.home()).collect();
    if let Some(signal) = asked.stop.seen() {
        let left = of_home.iter().map(|file| file.path.clone()).collect();
        return Err(WritingError::Signal { signal, left, open_end: run.open_end() });
    }
    let contents: Vec<&[u8]> =
        of_home.iter().flat_map(|one| [one.before.as_slice(), one.after.as_slice()]).collect();
    owe_inits(record, &run, asked)?;
    record.begin(run.clone(), &contents)?;
    perform::perform(record, &run, false, (files, asked.stop))
}

/// Notes which inits a run owes, before its first step: killed at any point, the next command still knows of them. What is noted of a unit
/// that is not moved does no harm, as only units in the phase count.
fn owe_inits(
    record: &mut OpenRecord<'_>,
    run: &Run,
    asked: &Asked<'_>,
) -> Result<(), WritingError> {
    if !asked.inits {
        return Ok(());
    }
    let mut noted = record.manifest().to_initialise.clone();
    noted.extend(run.units.keys().cloned());
    Ok(record.note_inits(noted)?)
}

fn homes(changes: &Changes) -> BTreeSet<Home> {
    let of_units = changes
        .units
        .iter()
        .filter(|unit| unit.fate == Fate::Moves)
        .filter_map(|unit| Some(unit.recorded.as_ref()?.0.clone()));
    changes.files.iter().map(|file| file.home.clone()).chain(of_units).collect()
}

fn of_home<'c>(changes: &'c Changes, home: &Home) -> impl Iterator<Item = &'c FileChange> {
    let home = home.clone();
    changes.files.iter().filter(move |file| file.home == home)
}

fn check_git(home: &Home, branch: &str, changes: &Changes) -> Result<(), WritingError> {
    if !home.is_git() {
        return Err(GitError::NoWorkTree(home.top().to_owned()).into());
    }
    let names: Vec<_> = of_home(changes, home).map(|file| file.name.as_str()).collect();
    Ok(WorkTree::new(home.top()).check(branch, &names)?)
}

fn run(survey: &Survey, changes: &Changes, home: &Home, asked: &Asked<'_>) -> Run {
    let step = |file: &FileChange| Step {
        file: file.name.clone(),
        from: hash(&file.before),
        to: hash(&file.after),
    };
    let moved = changes.units.iter().zip(&survey.units).filter_map(|(change, unit)| {
        let (of_unit, name) = change.recorded.as_ref()?;
        let is_here = of_unit == home && change.fate == Fate::Moves;
        if !is_here {
            return None;
        }
        let used = used(unit);
        let files = of_home(changes, home).filter(|file| used.contains(&file.path));
        let files = files.map(|file| file.name.clone()).collect();
        Some((name.clone(), MovedUnit { table: unit.table.clone(), files }))
    });
    Run {
        phase: asked.phase,
        direction: asked.direction,
        branch: asked.branch.map(str::to_owned),
        steps: of_home(changes, home).map(step).collect(),
        units: moved.collect(),
    }
}
