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
    tables: &'a [String],
}

impl<'a> Document<'a> {
    pub(super) fn new(tables: &'a [TableReport], dry_run: bool, closed: &'a [Closed]) -> Self {
        let record = |one: &'a Closed| RecordOut {
            top: one.top.display().to_string(),
            closed: one.is_closed(),
            waits_for: &one.waits_for,
            tables: &one.tables,
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
    /// Keys of digests that somebody else removed meanwhile, another `finish` perhaps.
    pub(super) removed_meanwhile: Vec<String>,
    /// Keys of digests that somebody wrote meanwhile.
    pub(super) changed: Vec<String>,
    /// Keys of digests of states that no module here names.
    pub(super) digests_of_others: Vec<String>,
    /// Locks of killed proofs, removed or to be removed.
    pub(super) leftovers: u64,
    /// How many of them were removed.
    pub(super) leftovers_removed: u64,
    /// Keys of items that name no state.
    pub(super) strange: Vec<String>,
    /// How many items there are after all; null if that is not known.
    pub(super) remaining: Option<usize>,
    /// Whether there is no such table.
    pub(super) gone: bool,
    /// Where there is none: the region, and the account or the endpoint.
    pub(super) gone_from: Option<String>,
    /// Commands that retire it, in order; none while something uses it.
    pub(super) retire: Vec<String>,
    /// Why it could not be looked at, or not be finished.
    pub(super) problem: Option<TroubleOut>,
    #[serde(skip)]
    pub(super) is_dry_run: bool,
    /// Whether anything was tried to be removed.
    #[serde(skip)]
    pub(super) has_begun: bool,
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

    /// Whether it may be retired: nothing is in it, or will be once what is shown is removed.
    pub(super) fn may_be_retired(&self) -> bool {
        let is_empty = if self.has_begun {
            self.remaining == Some(0)
        } else {
            self.digests_of_others.is_empty() && self.strange.is_empty()
        };
        self.may_go_on() && self.changed.is_empty() && !self.gone && is_empty
    }

    /// Whether nothing of the migration is left in it.
    pub(super) fn is_done(&self) -> bool {
        let count = |list: &[String]| u64::try_from(list.len()).unwrap_or(u64::MAX);
        let gone = self.removed.saturating_add(count(&self.removed_meanwhile));
        let left = count(&self.digests).saturating_sub(gone);
        self.may_go_on() && self.changed.is_empty() && left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_empty_table_is_retired() {
        let found = || TableReport { remaining: Some(2), ..TableReport::default() };
        let strange = vec!["?".to_owned()];
        assert!(found().may_be_retired(), "once its digests are removed");
        assert!(!TableReport { strange: strange.clone(), ..found() }.may_be_retired());
        let begun =
            |remaining| TableReport { has_begun: true, remaining, ..TableReport::default() };
        assert!(begun(Some(0)).may_be_retired());
        assert!(!begun(None).may_be_retired());
        assert!(!TableReport { strange, ..begun(Some(1)) }.may_be_retired());
        assert!(!TableReport { gone: true, ..found() }.may_be_retired());
    }
}
