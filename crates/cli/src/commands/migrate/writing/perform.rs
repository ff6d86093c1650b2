//! The steps of one run. Each may have been taken before.

use super::super::files::{FileError, Files, hash, leftover_of, replace};
use super::super::git::WorkTree;
use super::super::record::{Direction, OpenRecord, RecordError, Run, Step};
use super::super::survey::LockPhase;
use super::{Outcome, WritingError};

/// Takes every step that was not taken yet.
///
/// # Errors
/// [`WritingError`]; the run is still written down then.
pub(super) fn perform(
    record: &mut OpenRecord<'_>,
    run: &Run,
    resumes: bool,
    files: &dyn Files,
) -> Result<Outcome, WritingError> {
    let home = record.home().clone();
    let tree = WorkTree::new(home.top());
    if let Some(branch) = &run.branch {
        tree.enter(branch, resumes)?;
    }
    let mut outcome = Outcome::default();
    let mut done = Vec::new();
    for step in &run.steps {
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
        let names: Vec<_> = done.iter().map(|step| step.file.as_str()).collect();
        outcome.commit = Some(tree.commit(branch, &message(run), &names)?);
    }
    record.complete(&done)?;
    Ok(outcome)
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
