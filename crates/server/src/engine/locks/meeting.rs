//! A lock as one request meets it.
//!
//! The rules of the unified lock know holders. A free lock that somebody else is to have first is, for
//! whoever asks, as if that one held it already; and a lock that is being given back is, for whoever
//! cannot wait, simply held.

use std::borrow::Cow;

use statelock_protocol::lock::LockId;
use statelock_protocol::lock::unified::{AcquireMode, AcquireOutcome, Hold, UnifiedLock};

use super::waiting::{Patience, Turn};

/// What a request is decided on.
pub(super) struct Meeting<'a> {
    stored: &'a UnifiedLock,
    pub(super) lock: Cow<'a, UnifiedLock>,
    pub(super) mode: AcquireMode,
}

impl<'a> Meeting<'a> {
    pub(super) fn new(
        stored: &'a UnifiedLock,
        id: Option<&LockId>,
        turn: &Turn,
        now_micros: u64,
    ) -> Self {
        let before = || turn.before(now_micros);
        Self::with(stored, id, turn.patience, before, now_micros)
    }

    fn with(
        stored: &'a UnifiedLock,
        id: Option<&LockId>,
        patience: Patience,
        before: impl FnOnce() -> Option<Hold>,
        now_micros: u64,
    ) -> Self {
        let standing = stored.standing(now_micros);
        let gives_back = standing.is_some_and(|hold| hold.given_back_at_micros().is_some());
        let mode = match patience {
            Patience::Replaces => AcquireMode::Replace,
            Patience::Waits => AcquireMode::Wait,
            Patience::First if gives_back => AcquireMode::Wait,
            Patience::First | Patience::Last => AcquireMode::Answer,
        };
        let is_last = patience == Patience::Last;
        let seen = match standing {
            _ if patience == Patience::Replaces => None,
            None => before(),
            Some(hold) if is_last && gives_back && !hold.is_held_by(id) => {
                Some(Hold { giving_back_since_micros: None, ..hold.clone() })
            }
            Some(_) => None,
        };
        let lock = match seen {
            Some(hold) => Cow::Owned(UnifiedLock { hold: Some(hold), trail: stored.trail.clone() }),
            None => Cow::Borrowed(stored),
        };
        Self { stored, lock, mode }
    }

    /// The lock to store: a refusal leaves the hold as it was stored, whatever the request was shown.
    pub(super) fn stored(&self, next: UnifiedLock, outcome: &AcquireOutcome) -> UnifiedLock {
        match outcome {
            AcquireOutcome::Granted(_) => next,
            AcquireOutcome::Refused(_) => {
                UnifiedLock { hold: self.stored.hold.clone(), trail: next.trail }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use statelock_protocol::lock::unified::{
        Acquire, Delivery, Facet, FacetSet, Granted, LockRefusal,
    };

    use super::*;

    const ALL: [Patience; 4] =
        [Patience::First, Patience::Waits, Patience::Last, Patience::Replaces];

    fn id(name: &str) -> LockId {
        LockId::parse(name).unwrap()
    }

    fn hold(name: &str, giving_back_since_micros: Option<u64>) -> Hold {
        Hold {
            id: Some(id(name)),
            info: name.as_bytes().to_vec(),
            taken_through: Facet::Lockfile,
            facets: FacetSet::of(Facet::Lockfile),
            since_micros: 1,
            giving_back_since_micros,
        }
    }

    fn lock(hold: Option<Hold>) -> UnifiedLock {
        UnifiedLock { hold, ..UnifiedLock::default() }
    }

    /// What `me` is told, the lock that is stored then, and whether the refusal is remembered.
    fn ask(
        stored: &UnifiedLock,
        patience: Patience,
        before: Option<&str>,
    ) -> (AcquireOutcome, Option<Hold>, bool) {
        let me = id("me");
        let stand_in = before.map(|name| hold(name, None));
        let meeting = Meeting::with(stored, Some(&me), patience, || stand_in, 10);
        let transition = meeting.lock.acquire(&Acquire {
            facet: Facet::Lockfile,
            id: Some(&me),
            info: b"me",
            delivery: Delivery {
                call: Some("call"),
                sent_after_micros: 9,
                by_stock_client: true,
                now_micros: 10,
            },
            mode: meeting.mode,
        });
        let outcome = transition.outcome;
        match transition.next {
            None => (outcome, stored.hold.clone(), false),
            Some(next) => {
                let next = meeting.stored(next, &outcome);
                (outcome, next.hold.clone(), next.trail.entries().count() == 1)
            }
        }
    }

    fn held(outcome: &AcquireOutcome) -> Option<&str> {
        match outcome {
            AcquireOutcome::Refused(LockRefusal::Held(hold)) => {
                hold.id.as_ref().map(LockId::as_str)
            }
            AcquireOutcome::Refused(LockRefusal::GivingBack(..) | LockRefusal::Late)
            | AcquireOutcome::Granted(_) => None,
        }
    }

    #[test]
    fn a_free_lock_is_granted_to_who_has_nobody_before() {
        for patience in ALL {
            let (outcome, after, _) = ask(&lock(None), patience, None);
            assert_eq!(outcome, AcquireOutcome::Granted(Granted::Taken), "{patience:?}");
            assert_eq!(after.and_then(|hold| hold.id), Some(id("me")));
        }
    }

    #[test]
    fn a_free_lock_is_held_for_who_has_somebody_before_and_stays_free() {
        for (patience, is_remembered) in
            [(Patience::First, true), (Patience::Waits, false), (Patience::Last, true)]
        {
            let (outcome, after, remembered) = ask(&lock(None), patience, Some("first"));
            assert_eq!(held(&outcome), Some("first"), "{patience:?}");
            assert_eq!((after, remembered), (None, is_remembered), "{patience:?}");
        }
    }

    #[test]
    fn a_lock_that_is_given_back_is_held_only_for_who_cannot_wait() {
        let stored = lock(Some(hold("other", Some(5))));
        for patience in [Patience::First, Patience::Waits] {
            let (outcome, after, remembered) = ask(&stored, patience, None);
            assert!(
                matches!(outcome, AcquireOutcome::Refused(LockRefusal::GivingBack(..))),
                "{patience:?}: {outcome:?}"
            );
            assert_eq!((after, remembered), (stored.hold.clone(), false), "{patience:?}");
        }
        let (outcome, after, remembered) = ask(&stored, Patience::Last, None);
        assert_eq!(held(&outcome), Some("other"));
        assert_eq!((after, remembered), (stored.hold.clone(), true), "still being given back");
    }

    #[test]
    fn a_held_lock_is_what_it_is_whoever_stands_in_line() {
        let stored = lock(Some(hold("other", None)));
        for (patience, is_remembered) in
            [(Patience::First, true), (Patience::Waits, false), (Patience::Last, true)]
        {
            let (outcome, after, remembered) = ask(&stored, patience, Some("first"));
            assert_eq!(held(&outcome), Some("other"));
            assert_eq!((after, remembered), (stored.hold.clone(), is_remembered));
        }
        let mine = lock(Some(hold("me", None)));
        for patience in ALL {
            let (outcome, _, _) = ask(&mine, patience, Some("first"));
            assert!(matches!(outcome, AcquireOutcome::Granted(_)), "{patience:?}: {outcome:?}");
        }
    }

    #[test]
    fn a_replacement_asks_nobody() {
        let stored = lock(Some(hold("other", None)));
        let (outcome, after, _) = ask(&stored, Patience::Replaces, Some("first"));
        assert_eq!(outcome, AcquireOutcome::Granted(Granted::Replaced));
        assert_eq!(after.and_then(|hold| hold.id), Some(id("me")));
    }
}
