//! The verdicts on a store, kept for verbs that lock there later.
//!
//! One file for each endpoint and bucket below `$XDG_STATE_HOME/statelock/probes/`; in it one verdict on lockfiles, and
//! one on each lock table that was tried beside the bucket. It is a notice, and nothing more: without it nothing fails.

mod file;
mod verdicts;
mod warning;

use std::fs;
use std::io;

use statelock_client::probe::Conclusion;

use super::outcome::Outcome;
use super::{document, text};
use verdicts::{Kept, Record};

pub(crate) use warning::{last_probe_warning, warn_of_last_probe};

/// Keeps the verdict for each endpoint that was probed.
///
/// # Errors
/// There is no place for it, or it cannot be written.
pub(super) fn keep(outcome: &Outcome<'_>) -> io::Result<()> {
    let directory = file::directory().ok_or_else(|| io::Error::other("HOME is not set"))?;
    fs::create_dir_all(&directory)?;
    let target = outcome.probe.target();
    let table = outcome.args.dynamodb_table.as_ref();
    let table = table.zip(outcome.lock_table.as_ref());
    let date = document::date(outcome.report.began_unix_seconds);
    for stores in &target.stores {
        let place = (file::endpoint_of(stores), target.bucket.as_str().to_owned());
        let path = directory.join(file::name(&place.0, &place.1));
        let mut record = Record::new(place, &date, kept(&outcome.lockfile));
        record.tables.extend(table.map(|(name, conclusion)| (name.clone(), kept(conclusion))));
        file::write(&path, &record.after(file::read(&path)))?;
    }
    Ok(())
}

fn kept(conclusion: &Conclusion) -> Kept {
    let because = if conclusion.because.is_empty() {
        String::new()
    } else {
        text::because(&conclusion.because)
    };
    Kept { verdict: conclusion.safety.id().to_owned(), because, date: None }
}
