//! Which of the listed states are shown.

use statelock_client::listing::ListingSelection;
use statelock_protocol::lock::evidence::Life;

use super::LsArgs;
use super::holder::{Holder, Seen};

/// What is shown, and what of the rest should be told.
pub(super) struct Filter {
    older_than_seconds: Option<u64>,
    orphaned: bool,
    states: bool,
    /// Locks that were left out because nobody can tell how old they are.
    ageless: u64,
    /// Locks that were left out because nobody can tell whether their holder lives.
    unjudged: u64,
}

impl Filter {
    pub(super) fn new(args: &LsArgs) -> Self {
        let older_than_seconds = args.older_than.map(|age| age.0);
        let (orphaned, states) = (args.orphaned, args.states);
        Self { older_than_seconds, orphaned, states, ageless: 0, unjudged: 0 }
    }

    /// What the store is asked for.
    pub(super) fn selection(args: &LsArgs) -> ListingSelection {
        if args.asks_for_locks() {
            ListingSelection::Locked
        } else if args.all {
            ListingSelection::Objects
        } else {
            ListingSelection::States
        }
    }

    /// Whether this is shown. Of a state with two locks, only those that fit are left.
    pub(super) fn lets_through(&mut self, seen: &mut Seen) -> bool {
        if self.states && seen.state.object.is_none() {
            return false;
        }
        if self.older_than_seconds.is_none() && !self.orphaned {
            return true;
        }
        seen.holders.retain(|holder| self.is_old_enough(holder) && self.is_orphaned(holder));
        !seen.holders.is_empty()
    }

    fn is_old_enough(&mut self, holder: &Holder) -> bool {
        match (self.older_than_seconds, holder.age_seconds) {
            (None, _) => true,
            (Some(least), Some(age)) => age >= least,
            (Some(_), None) => {
                self.ageless += 1;
                false
            }
        }
    }

    fn is_orphaned(&mut self, holder: &Holder) -> bool {
        match (self.orphaned, holder.life()) {
            (false, _) | (true, Some(Life::Dead { .. })) => true,
            (true, Some(Life::Alive { .. })) => false,
            (true, None | Some(Life::Unknown { .. })) => {
                self.unjudged += 1;
                false
            }
        }
    }

    /// What should be told of what is not shown.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let locks = |count| match count {
            1 => "1 lock".to_owned(),
            _ => format!("{count} locks"),
        };
        if self.ageless > 0 {
            notes.push(format!("{} of unknown age not shown", locks(self.ageless)));
        }
        if self.unjudged > 0 {
            notes.push(format!(
                "{} not shown, as nobody here can tell whether their holders live; see all with --held",
                locks(self.unjudged)
            ));
        }
        notes
    }
}
