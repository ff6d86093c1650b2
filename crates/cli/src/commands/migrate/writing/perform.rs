//! The steps of one run. Each may have been taken before.

use super::super::files::{FileError, Files, hash, leftover_of, replace};
use super::super::git::{GitError, WorkTree};
use super::super::record::{Direction, OpenRecord, RecordError, Run, Step};
use super::super::stop_notice::StopNotice;
use super::super::survey::LockPhase;
use super::{Outcome, WritingError};
use crate::backend::StopSignal;

/// Takes every step that was not taken yet.
///
/// # Errors
/// [`WritingError`]; the run is still written down then.
pub(super) fn perform(
    record: &mut OpenRecord<'_>,
    run: &Run,
    resumes: bool,
    (files, stop): (&dyn Files, &StopNotice),
) -> Result<Outcome, WritingError> {
    let mut outcome = Outcome::default();
    let done = enter(record, run, resumes, files)
        .and_then(|()| steps(record, run, (files, stop), &mut outcome));
    let Err(error) = done else { return Ok(outcome) };
    let error = match (error, stop.seen()) {
        // The git that was started here may have got the same signal.
        (WritingError::Git(GitError::Refused { .. }), Some(signal)) => {
            stopped(record, run, signal, &outcome)
        }
        (error, _) => error,
    };
    Err(error.after(&[outcome]))
}

/// That somebody asked to stop.
fn stopped(
    record: &OpenRecord<'_>,
    run: &Run,
    signal: StopSignal,
    outcome: &Outcome,
) -> WritingError {
    let paths = run.steps.iter().filter_map(|step| path(record, step).ok());
    let left = paths.filter(|path| !outcome.written.contains(path)).collect();
    WritingError::Signal { signal, left, open_end: run.open_end() }
}

/// Makes the branch. A run whose branch cannot be made and of which nothing was done is given up: it could never end.
fn enter(
    record: &mut OpenRecord<'_>,
    run: &Run,
    resumes: bool,
    files: &dyn Files,
) -> Result<(), WritingError> {
    let Some(branch) = &run.branch else { return Ok(()) };
    let home = record.home().clone();
    let tree = WorkTree::new(home.top());
    let Err(error) = tree.enter(branch, resumes) else { return Ok(()) };
    let is_as_before = |step: &Step| {
        let bytes = home.path_of(&step.file).and_then(|path| files.read(&path).ok());
        bytes.is_some_and(|bytes| hash(&bytes) == step.from)
    };
    if !tree.has_branch(branch)? && run.steps.iter().all(is_as_before) {
        record.abandon()?;
    }
    Err(error.into())
}

fn steps(
    record: &mut OpenRecord<'_>,
    run: &Run,
    (files, stop): (&dyn Files, &StopNotice),
    outcome: &mut Outcome,
) -> Result<(), WritingError> {
    let mut done = Vec::new();
    for step in &run.steps {
        if let Some(signal) = stop.seen() {
            return Err(stopped(record, run, signal, outcome));
        }
        let path = path(record, step)?;
        match take(record, step, files) {
            Ok(()) => {
                outcome.written.push(path);
                done.push(step.clone());
            }
            Err(WritingError::File(FileError::Changed(_))) => outcome.strangers.push(path),
            Err(error) => return Err(error),
        }
    }
    if let Some(branch) = &run.branch {
        if let Some(signal) = stop.seen() {
            return Err(stopped(record, run, signal, outcome));
        }
        let home = record.home().clone();
        let names: Vec<_> = done.iter().map(|step| step.file.as_str()).collect();
        let commit = WorkTree::new(home.top()).commit(branch, &message(run), &names)?;
        outcome.commit = Some(commit);
    }
    Ok(record.complete(&done)?)
}

/// Gives a file its new bytes, unless it has them.
fn take(record: &OpenRecord<'_>, step: &Step, files: &dyn Files) -> Result<(), WritingError> {
    let path = path(record, step)?;
    let read = |path: &std::path::Path| {
        files.read(path).map_err(|source| FileError::Os {
            doing: "read",
            path: path.to_owned(),
            source,
        })
    };
    let now = hash(&read(&path)?);
    if now == step.to {
        return Ok(());
    }
    let new = leftover_of(&path);
    files.remove(&new).map_err(|source| FileError::Os { doing: "remove", path: new, source })?;
    if now != step.from {
        return Err(FileError::Changed(path).into());
    }
    let bytes = record.content(&step.to)?;
    Ok(replace(files, &path, &step.from, &bytes)?)
}

/// Removes what a killed process may have left beside the files.
///
/// # Errors
/// [`WritingError`]
pub(super) fn clear(
    record: &OpenRecord<'_>,
    run: &Run,
    files: &dyn Files,
) -> Result<(), WritingError> {
    for step in &run.steps {
        let new = leftover_of(&path(record, step)?);
        files.remove(&new).map_err(|source| FileError::Os {
            doing: "remove",
            path: new,
            source,
        })?;
    }
    Ok(())
}

fn path(record: &OpenRecord<'_>, step: &Step) -> Result<std::path::PathBuf, RecordError> {
    record.home().path_of(&step.file).ok_or_else(|| RecordError::Damaged {
        path: record.home().room(),
        reason: format!("it names `{}`, which lies elsewhere", step.file),
    })
}

/// The message of the commit.
fn message(run: &Run) -> String {
    let what = match (run.direction, run.phase) {
        (Direction::Forward, LockPhase::Dual) => {
            "Lock Terraform states in S3 as well as in DynamoDB"
        }
        (Direction::Forward, _) => "Lock Terraform states in S3 alone",
        (Direction::Back, LockPhase::Dual) => "Lock Terraform states in DynamoDB again, too",
        (Direction::Back, _) => "Lock Terraform states in DynamoDB alone again",
    };
    let units: Vec<_> = run.units.keys().map(|unit| format!("- {unit}\n")).collect();
    format!("{what}\n\nMade by `statelock migrate` for these root modules:\n{}", units.concat())
}
