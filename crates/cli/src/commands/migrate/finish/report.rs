//! What `finish` did, or would do.

use serde::Serialize;

use super::homes::Closed;

/// The version of the JSON that is printed; members are added without a new one.
const SCHEMA: u32 = 1;

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    schema: u32,
    dry_run: bool,
    tables: &'a [TableReport],
    records: Vec<RecordOut<'a>>,
}

#[derive(Debug, Serialize)]
struct RecordOut<'a> {
    top: String,
    closed: bool,
    waits_for: &'a [String],
}

impl<'a> Document<'a> {
    pub(super) fn new(tables: &'a [TableReport], dry_run: bool, closed: &'a [Closed]) -> Self {
        let record = |one: &'a Closed| RecordOut {
            top: one.top.display().to_string(),
            closed: one.waits_for.is_empty(),
            waits_for: &one.waits_for,
        };
        Self { schema: SCHEMA, dry_run, tables, records: closed.iter().map(record).collect() }
    }
}

/// A lock table.
#[derive(Debug, Default, Serialize)]
pub(super) struct TableReport {
    pub(super) table: String,
    pub(super) region: Option<String>,
    /// The units that locked by it.
    pub(super) units: Vec<String>,
    /// What still names it: nothing is removed then.
    pub(super) named_by: Vec<String>,
    /// Who holds a lock in it: nothing is removed then.
    pub(super) locks: Vec<LockOut>,
    /// Keys of digests that are to be removed, or were.
    pub(super) digests: Vec<String>,
    /// How many of them were removed.
    pub(super) removed: u64,
    /// Keys of digests that somebody wrote meanwhile.
    pub(super) changed: Vec<String>,
    /// Keys of digests of states that no module here names.
    pub(super) digests_of_others: Vec<String>,
    /// Locks of killed proofs, removed or to be removed.
    pub(super) leftovers: u64,
    /// Keys of items that name no state.
    pub(super) strange: Vec<String>,
    /// How many items there are after all; null if that is not known.
    pub(super) remaining: Option<usize>,
    /// Whether there is no such table any more.
    pub(super) gone: bool,
    /// Commands that retire it, in order; none while something uses it.
    pub(super) retire: Vec<String>,
    /// Why it could not be looked at, or not be finished.
    pub(super) problem: Option<TroubleOut>,
    #[serde(skip)]
    pub(super) is_dry_run: bool,
}

/// A lock that is held.
#[derive(Debug, Serialize)]
pub(super) struct LockOut {
    pub(super) key: String,
    pub(super) lock_id: Option<String>,
    pub(super) holder: String,
}

/// What went wrong.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TroubleOut {
    pub(super) message: String,
    pub(super) hint: String,
    #[serde(skip)]
    pub(super) code: Option<crate::exit_code::ExitCode>,
}

impl TableReport {
    /// Whether nothing keeps what is left from being removed.
    pub(super) fn may_go_on(&self) -> bool {
        self.named_by.is_empty() && self.locks.is_empty() && self.problem.is_none()
    }

    /// Whether nothing of the migration is left in it.
    pub(super) fn is_done(&self) -> bool {
        let left =
            u64::try_from(self.digests.len()).unwrap_or(u64::MAX).saturating_sub(self.removed);
        self.may_go_on() && self.changed.is_empty() && left == 0
    }
}
