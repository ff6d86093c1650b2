//! The stamp: what statelock writes into the `Info` of a lock info about who holds the lock.
//!
//! Purpose: tell people, in the very error message that Terraform shows them, why a lock is held and
//! where to look; and tell programs what the lock lives and dies with.
//! Limitations: anybody who may write a lock may write any stamp. It is a claim, not a signature.
//! Stored shape: up to three clauses on one line, in this order, with `; ` between them:
//!
//! ```text
//! nightly apply; run https://ci.example/runs/12; process 4711 since 123456 in 4026531836 on 0f3c2a…
//! └ reason       └ of the CI                     └ id      └ start ticks    └ pid namespace └ boot
//! ```
//!
//! A reason may be any text: what would break the line, and a part that reads like one of the other
//! clauses, is escaped. Terraform and OpenTofu leave `Info` empty and ignore what is in it.

mod process_mark;
mod reason;
mod run_url;

use std::fmt;

pub use process_mark::{BootId, ProcessMark};
pub use reason::{REASON_CHARACTERS_MAX, Reason, ReasonError};
pub use run_url::{RUN_URL_SIZE_BYTES_MAX, RunUrl, RunUrlError};

pub(in crate::lock) use reason::visible;

/// What stands between two clauses.
const BETWEEN: &str = "; ";

/// What a lock says about its holder, beyond the fields that Terraform fills.
///
/// [`fmt::Display`] writes it as it stands in `Info`, and [`Stamp::read`] reads exactly that again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Why the lock was taken, in the words of whoever took it.
    pub reason: Option<Reason>,
    /// The CI run that the lock belongs to.
    pub run: Option<RunUrl>,
    /// The process that the lock belongs to.
    pub process: Option<ProcessMark>,
}

impl Stamp {
    /// Reads the `Info` of a lock info. Text that is no stamp is somebody's reason.
    pub fn read(info: &str) -> Self {
        let (rest, process) = take_last(info, ProcessMark::read_clause);
        let (rest, run) = take_last(rest, RunUrl::read_clause);
        Self { reason: Reason::read(rest), run, process }
    }
}

/// Takes the last clause off, if it is of the kind that `read` knows.
fn take_last<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> (&str, Option<T>) {
    let (rest, last) = text.rsplit_once(BETWEEN).unwrap_or(("", text));
    read(last).map_or((text, None), |clause| (rest, Some(clause)))
}

/// Whether a part of a reason would be read as another clause.
fn reads_as_a_clause(part: &str) -> bool {
    ProcessMark::read_clause(part).is_some() || RunUrl::read_clause(part).is_some()
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reason, run, process } = self;
        let clauses = [
            reason.as_ref().map(Reason::to_clause),
            run.as_ref().map(RunUrl::to_clause),
            process.as_ref().map(ProcessMark::to_clause),
        ];
        let clauses: Vec<_> = clauses.into_iter().flatten().collect();
        f.write_str(&clauses.join(BETWEEN))
    }
}

#[cfg(test)]
mod tests;
