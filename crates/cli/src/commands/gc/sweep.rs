//! Which versions of lockfiles may go, and in which order.
//!
//! What must never happen: a state is touched; a lock that is held goes; or a lock that was released comes back,
//! because the delete marker that hides it went before it. So:
//!
//! - Only keys of lockfiles count.
//! - The current version of a key stays, whatever it is, but for a delete marker with nothing beneath it.
//! - The marker goes last: once the listing of its key has ended, and everything beneath it is gone for certain.
//!
//! Why a lock that is taken or released between listing and removing does not matter: a version id names one
//! version for good, and what is written later lies above everything that was listed. The marker that was
//! current is then an old one, and removing it changes nothing that can be seen. There is one exception: in a
//! bucket whose versioning is suspended, all writes have the id `null`, and a lock taken meanwhile would be
//! removed in place of the old one. There such versions stay.

use std::collections::{BTreeMap, VecDeque};

use statelock_client::bucket::{
    NULL_VERSION, ObjectVersion, REMOVALS_MAX, RefusedRemoval, VersionName,
};
use statelock_protocol::store::ObjectKey;

/// What is to be left alone beyond what must be.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules {
    /// So many of the newest old versions of each lockfile stay.
    pub(super) keep_last: u64,
    /// Only what was written before this moment, in seconds since 1970, goes.
    pub(super) written_before: Option<i64>,
    /// Whether a version without an id of its own can be named safely.
    pub(super) has_safe_null: bool,
}

/// A number of versions, and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) versions: u64,
    pub(super) bytes: u64,
}

/// What was found, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Keys of lockfiles with any version.
    pub(super) lockfiles: u64,
    /// Those whose current version is a lock.
    pub(super) held: u64,
    /// Old versions of lockfiles that may go.
    pub(super) old: Amount,
    /// Delete markers that may go.
    pub(super) markers: Amount,
    /// Old versions and markers that the options leave alone.
    pub(super) kept_by_rule: u64,
    /// Old versions and markers without a safe name.
    pub(super) kept_nameless: u64,
    /// Markers that hide something that stays.
    pub(super) kept_markers: u64,
    /// What was removed of the old versions.
    pub(super) removed_old: Amount,
    /// What was removed of the markers.
    pub(super) removed_markers: Amount,
}

/// A version that may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) name: VersionName,
    /// Of a marker: the length of its key, which is what S3 charges for.
    bytes: u64,
    is_marker: bool,
}

/// A lockfile of which something is still to be done.
#[derive(Debug, Default)]
struct Pending {
    /// Removals of what lies beneath that have not ended.
    outstanding: u64,
    /// Whether all its versions were seen.
    is_listed: bool,
    /// Whether anything beneath the marker stays.
    stays: bool,
    /// The current version, if it is a delete marker that may go in the end.
    marker: Option<Candidate>,
    /// Old versions with content so far.
    old_contents: u64,
}

/// The selection, as versions are listed and removed.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    rules: Rules,
    /// Whether candidates are given out; if not, they are only counted.
    removes: bool,
    /// The key that is being listed.
    current: Option<ObjectKey>,
    pending: BTreeMap<ObjectKey, Pending>,
    ready: VecDeque<Candidate>,
    pub(super) counts: Counts,
}

impl Sweep {
    pub(super) fn new(rules: Rules, removes: bool) -> Self {
        Self { rules, removes, ..Self::default() }
    }

    /// Takes the next version of a lockfile. Those of one key come together, the current one first.
    pub(super) fn take(&mut self, version: ObjectVersion) {
        if self.current.as_ref() != Some(&version.key) {
            self.end_key();
            self.current = Some(version.key.clone());
            self.counts.lockfiles += 1;
        }
        let pending = self.pending.entry(version.key.clone()).or_default();
        if version.is_latest {
            if version.is_delete_marker() {
                match left_alone(&self.rules, &version, 0) {
                    None => pending.marker = Some(Candidate::of(version)),
                    Some(why) => why.count(&mut self.counts),
                }
            } else {
                self.counts.held += 1;
            }
            return;
        }
        if !version.is_delete_marker() {
            pending.old_contents += 1;
        }
        let why = left_alone(&self.rules, &version, pending.old_contents);
        if let Some(why) = why {
            why.count(&mut self.counts);
            pending.stays = true;
            return;
        }
        let candidate = Candidate::of(version);
        candidate.amount(&mut self.counts.old, &mut self.counts.markers);
        if self.removes {
            pending.outstanding += 1;
            self.ready.push_back(candidate);
        }
    }

    /// All versions of the last key were listed.
    pub(super) fn end_key(&mut self) {
        if let Some(key) = self.current.take() {
            if let Some(pending) = self.pending.get_mut(&key) {
                pending.is_listed = true;
            }
            self.settle(&key);
        }
    }

    /// Lets the marker go once nothing is beneath it.
    fn settle(&mut self, key: &ObjectKey) {
        let is_over =
            self.pending.get(key).is_some_and(|one| one.is_listed && one.outstanding == 0);
        let Some(pending) = is_over.then(|| self.pending.remove(key)).flatten() else { return };
        match pending.marker {
            Some(_) if pending.stays => self.counts.kept_markers += 1,
            Some(marker) => {
                marker.amount(&mut self.counts.old, &mut self.counts.markers);
                if self.removes {
                    self.ready.push_back(marker);
                }
            }
            None => {}
        }
    }

    /// The next removals that may be sent: as many as one request takes; fewer only if `flush`.
    pub(super) fn next_batch(&mut self, flush: bool) -> Option<Vec<Candidate>> {
        let is_due = self.ready.len() >= REMOVALS_MAX || (flush && !self.ready.is_empty());
        let length = self.ready.len().min(REMOVALS_MAX);
        is_due.then(|| self.ready.drain(..length).collect())
    }

    /// Takes what became of a batch: all but `refused` is gone.
    pub(super) fn done(&mut self, batch: &[Candidate], refused: &[RefusedRemoval]) {
        let is_of_batch = |one: &&RefusedRemoval| batch.iter().any(|sent| sent.name == one.version);
        // A refusal that names nothing that was asked for may mean any of it.
        let is_clear = refused.iter().filter(is_of_batch).count() == refused.len();
        for candidate in batch {
            let is_gone = is_clear && !refused.iter().any(|one| one.version == candidate.name);
            if is_gone {
                let counts = &mut self.counts;
                candidate.amount(&mut counts.removed_old, &mut counts.removed_markers);
            }
            if let Some(pending) = self.pending.get_mut(&candidate.name.key) {
                pending.outstanding = pending.outstanding.saturating_sub(1);
                pending.stays |= !is_gone;
            }
            self.settle(&candidate.name.key);
        }
    }
}

impl Candidate {
    fn of(version: ObjectVersion) -> Self {
        let ObjectVersion { key, id, size_bytes, .. } = version;
        let key_bytes = u64::try_from(key.as_str().len()).unwrap_or(u64::MAX);
        let (bytes, is_marker) = (size_bytes.unwrap_or(key_bytes), size_bytes.is_none());
        Self { name: VersionName { key, id }, bytes, is_marker }
    }

    fn amount(&self, contents: &mut Amount, markers: &mut Amount) {
        let amount = if self.is_marker { markers } else { contents };
        amount.versions += 1;
        amount.bytes = amount.bytes.saturating_add(self.bytes);
    }
}

/// Why a version stays although it could go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LeftAlone {
    ByRule,
    Nameless,
}

impl LeftAlone {
    fn count(self, counts: &mut Counts) {
        match self {
            Self::ByRule => counts.kept_by_rule += 1,
            Self::Nameless => counts.kept_nameless += 1,
        }
    }
}

/// `place` counts the old versions with content of its key, itself included.
fn left_alone(rules: &Rules, version: &ObjectVersion, place: u64) -> Option<LeftAlone> {
    if version.id == NULL_VERSION && !rules.has_safe_null {
        return Some(LeftAlone::Nameless);
    }
    let is_young = rules.written_before.is_some_and(|moment| {
        // Whose age is not known is not old.
        version.last_modified_unix_seconds.is_none_or(|written| written >= moment)
    });
    let is_among_last = !version.is_delete_marker() && place <= rules.keep_last;
    (is_young || is_among_last).then_some(LeftAlone::ByRule)
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
