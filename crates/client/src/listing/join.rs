//! Joins states with their locks, in one pass over keys in their order.
//!
//! The lockfile of `X` is `X.tflock`. Between the two in a listing stand all keys that start with `X` and go
//! on with something smaller than `.tflock`, such as `X-old`: a state stays *open* until its lockfile came, or
//! a key that is greater. Open states are a stack, as each one's key starts with the one's below it.
//!
//! What comes after an open state waits behind it, so that lines come in order. Where that would be too
//! many, the oldest open state's lockfile has to be looked up instead: see [`Join::overdue`].
//!
//! A lock in the table takes part as if its state had been listed, with nothing stored.

use std::collections::{BTreeMap, VecDeque};
use std::iter::Peekable;

use statelock_protocol::lock::steps::StoredLock;
use statelock_protocol::state::{lockfile_key_of, state_key_of_lockfile};
use statelock_protocol::store::ObjectKey;

use super::entry::ListedObject;
use super::error::ListingFailure;
use super::query::{ListingScope, ListingSelection};

const LOCKFILE_SUFFIX: &str = ".tflock";
/// How many lines may wait behind an open state.
const WAITING_MAX: usize = 1000;

/// A state that is joined with what is known of its locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) key: String,
    pub(super) object: Option<ListedObject>,
    pub(super) lockfile: Option<ListedObject>,
    pub(super) item: Option<StoredLock>,
    /// The object is itself a lockfile, and shown with the state that it locks.
    is_lockfile: bool,
    is_open: bool,
}

/// An open state: where it waits, or that its line is already out.
#[derive(Debug)]
enum Open {
    Waiting(u64),
    Settled(String),
}

/// The join.
#[derive(Debug)]
pub(super) struct Join {
    scope: ListingScope,
    selection: ListingSelection,
    items: Peekable<std::collections::btree_map::IntoIter<String, StoredLock>>,
    waiting: VecDeque<Joined>,
    /// The number of the first that waits; they are numbered as they come.
    first: u64,
    open: Vec<Open>,
    last: Option<String>,
    waiting_max: usize,
}

impl Join {
    /// `items` are the locks of a lock table, by the object key of their state.
    pub(super) fn new(
        scope: ListingScope,
        selection: ListingSelection,
        items: BTreeMap<String, StoredLock>,
    ) -> Self {
        let (waiting, open) = (VecDeque::new(), Vec::new());
        let items = items.into_iter().peekable();
        let (first, last, waiting_max) = (0, None, WAITING_MAX);
        Self { scope, selection, items, waiting, first, open, last, waiting_max }
    }

    /// Puts a state in front that was looked up.
    pub(super) fn begin_with(
        &mut self,
        key: String,
        (object, lockfile): (Option<ListedObject>, Option<ListedObject>),
        item: Option<StoredLock>,
    ) {
        let (is_lockfile, is_open) = (false, false);
        self.waiting.push_back(Joined { key, object, lockfile, item, is_lockfile, is_open });
    }

    /// Takes the next object of the listing.
    ///
    /// # Errors
    /// It does not come after the one before it.
    pub(super) fn listed(
        &mut self,
        key: String,
        object: ListedObject,
    ) -> Result<(), ListingFailure> {
        if let Some(after) = self.last.take_if(|last| key <= *last) {
            return Err(ListingFailure::OutOfOrder { key, after });
        }
        self.last = Some(key.clone());
        let mut item = None;
        while let Some((earlier, stored)) = self.items.next_if(|(item, _)| *item <= key) {
            if earlier == key {
                item = Some(stored);
            } else {
                self.pass(&earlier);
                self.wait_open(earlier, None, Some(stored), false);
            }
        }
        self.pass(&key);
        let state = state_key_of_lockfile(&ObjectKey::new(key.as_str()));
        let is_lockfile = state.is_some();
        if let Some(state) = state {
            self.lockfile(state.as_str(), object.clone());
        }
        if self.scope.contains(&key) {
            self.wait_open(key, Some(object), item, is_lockfile);
        }
        Ok(())
    }

    /// There are no more objects.
    pub(super) fn end(&mut self) {
        while let Some((key, stored)) = self.items.next() {
            self.pass(&key);
            self.wait_open(key, None, Some(stored), false);
        }
        self.open.clear();
        for joined in &mut self.waiting {
            joined.is_open = false;
        }
    }

    /// The next line, if it is known.
    pub(super) fn pop(&mut self) -> Option<Joined> {
        while self.waiting.front().is_some_and(|joined| !joined.is_open) {
            let joined = self.waiting.pop_front()?;
            self.first += 1;
            if self.shows(&joined) {
                return Some(joined);
            }
        }
        None
    }

    /// The state whose lockfile has to be looked up, because too many lines wait for it.
    pub(super) fn overdue(&self) -> Option<&str> {
        let oldest = self.waiting.front().filter(|joined| joined.is_open)?;
        (self.waiting.len() > self.waiting_max).then_some(oldest.key.as_str())
    }

    /// What looking up the overdue lockfile showed.
    pub(super) fn looked_up(&mut self, lockfile: Option<ListedObject>) {
        let Some(oldest) = self.waiting.front_mut() else { return };
        oldest.lockfile = lockfile;
        oldest.is_open = false;
        let (key, number) = (oldest.key.clone(), self.first);
        for open in &mut self.open {
            if matches!(open, Open::Waiting(waiting) if *waiting == number) {
                *open = Open::Settled(key);
                return;
            }
        }
    }

    fn shows(&self, joined: &Joined) -> bool {
        let is_locked = joined.lockfile.is_some() || joined.item.is_some();
        self.selection.shows(&joined.key, is_locked, joined.is_lockfile)
    }

    fn wait_open(
        &mut self,
        key: String,
        object: Option<ListedObject>,
        item: Option<StoredLock>,
        is_lockfile: bool,
    ) {
        // `a/.tflock` is no lockfile: nothing can lock `a/`.
        let is_open =
            state_key_of_lockfile(&lockfile_key_of(&ObjectKey::new(key.as_str()))).is_some();
        if is_open {
            self.open.push(Open::Waiting(self.first + count(self.waiting.len())));
        }
        let lockfile = None;
        self.waiting.push_back(Joined { key, object, lockfile, item, is_lockfile, is_open });
    }

    /// Closes the states whose lockfile would have stood before `key`.
    fn pass(&mut self, key: &str) {
        while let Some(top) = self.open.last() {
            let may_come = self
                .key_of(top)
                .and_then(|state| key.strip_prefix(state))
                .is_some_and(|rest| rest <= LOCKFILE_SUFFIX);
            if may_come {
                return;
            }
            if let Some(Open::Waiting(number)) = self.open.pop() {
                self.close(number, None);
            }
        }
    }

    /// The lockfile of `state` came. Whatever stood above that state in the stack was passed before.
    fn lockfile(&mut self, state: &str, object: ListedObject) {
        let is_open = self.open.last().and_then(|top| self.key_of(top)) == Some(state);
        let lockfile = Some(object);
        match if is_open { self.open.pop() } else { None } {
            Some(Open::Waiting(number)) => self.close(number, lockfile),
            None if self.scope.contains(state) => {
                let (key, is_lockfile, is_open) = (state.to_owned(), false, false);
                let (object, item) = (None, None);
                self.waiting.push_back(Joined {
                    key,
                    object,
                    lockfile,
                    item,
                    is_lockfile,
                    is_open,
                });
            }
            // Its line is out already, and says what was so when it was looked up; or it is none of ours.
            Some(Open::Settled(_)) | None => {}
        }
    }

    fn close(&mut self, number: u64, lockfile: Option<ListedObject>) {
        if let Some(joined) = self.waiting_mut(number) {
            joined.is_open = false;
            joined.lockfile = lockfile;
        }
    }

    fn key_of<'a>(&'a self, open: &'a Open) -> Option<&'a str> {
        match open {
            Open::Settled(key) => Some(key),
            Open::Waiting(number) => {
                let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
                self.waiting.get(place).map(|joined| joined.key.as_str())
            }
        }
    }

    fn waiting_mut(&mut self, number: u64) -> Option<&mut Joined> {
        let place = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.waiting.get_mut(place)
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "join_tests.rs"]
mod tests;
