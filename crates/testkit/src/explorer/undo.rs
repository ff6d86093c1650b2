//! Rules of the unified lock, each undone from outside: what a search must notice.

use statelock_protocol::lock::unified::{
    Acquire, AcquireOutcome, Aim, Delivery, FacetSet, Hold, LockRefusal, Release, ReleaseOutcome,
    Seen, Trail, TrailEntry, TrailEvent, Transition, UnifiedLock,
};

/// A rule that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// Another lock ID does not refuse.
    Exclusion,
    /// The same lock ID is refused like another.
    SameId,
    /// The same lock ID succeeds, and gets no facet more.
    FacetAdded,
    /// An acquire that had its effect is not known by its call.
    AcquiredCalls,
    /// Refusals are not remembered.
    Refusals,
    /// What is refused for being late is not remembered.
    LateCalls,
    /// When an acquire was sent says nothing.
    AcquireSentAfter,
    /// A release says nothing about acquires that were sent before.
    ReleasedIds,
    /// A copy of an acquire is told that it has what is being given back.
    TakenBack,
    /// A release that had its effect is not known by its call.
    ReleasedCalls,
    /// A release that found nothing is not remembered.
    FoundNothing,
    /// A release that was refused is not remembered.
    Spared,
    /// A release that names a lock removes whichever there is.
    NamedId,
    /// What the sender saw says nothing.
    Seen,
    /// When a release was sent says nothing.
    ReleaseSentAfter,
    /// A second force-unlock that names no lock is never taken for the first.
    ForcedLately,
    /// A release through a facet that the holder has not got does nothing.
    OtherFacetFrees,
    /// The first facet that is given back frees the lock.
    FacetByFacet,
    /// What is left of a lock stands until it is released.
    Grace,
    /// The lock info is stored otherwise than it was sent.
    InfoAsSent,
}

impl Undo {
    /// Decides a request for the lock without this rule.
    pub(super) fn acquire(
        self,
        lock: &UnifiedLock,
        request: &Acquire<'_>,
    ) -> Transition<AcquireOutcome> {
        let holder = lock.hold.as_ref();
        let is_own = holder.is_some_and(|hold| hold.is_held_by(request.id));
        match self {
            Self::Exclusion if !is_own => with_hold(lock, None).acquire(request),
            Self::SameId if is_own => {
                let refusal = holder.cloned().map_or(LockRefusal::Late, LockRefusal::Held);
                Transition { next: None, outcome: AcquireOutcome::Refused(refusal) }
            }
            Self::FacetAdded if is_own => {
                let mut transition = lock.acquire(request);
                keep_facets(&mut transition.next, holder);
                transition
            }
            Self::AcquiredCalls => {
                forgetting(lock, |entry| matches!(entry.event, TrailEvent::Acquired(_)))
                    .acquire(request)
            }
            Self::Refusals => {
                forgetting(lock, |entry| matches!(entry.event, TrailEvent::Refused(_)))
                    .acquire(request)
            }
            Self::LateCalls => {
                let Transition { next, outcome } = lock.acquire(request);
                let is_late = outcome == AcquireOutcome::Refused(LockRefusal::Late);
                Transition { next: next.filter(|_| !is_late), outcome }
            }
            Self::AcquireSentAfter => {
                let delivery = sent_now(request.delivery);
                lock.acquire(&Acquire { delivery, ..*request })
            }
            Self::ReleasedIds => forgetting(lock, |entry| {
                matches!(entry.event, TrailEvent::Released | TrailEvent::Forced)
            })
            .acquire(request),
            Self::TakenBack if is_own => {
                let stays =
                    holder.map(|hold| Hold { giving_back_since_micros: None, ..hold.clone() });
                with_hold(lock, stays).acquire(request)
            }
            Self::InfoAsSent => {
                let info = [request.info, b" "].concat();
                lock.acquire(&Acquire { info: &info, ..*request })
            }
            Self::Exclusion
            | Self::SameId
            | Self::FacetAdded
            | Self::TakenBack
            | Self::ReleasedCalls
            | Self::FoundNothing
            | Self::Spared
            | Self::NamedId
            | Self::Seen
            | Self::ReleaseSentAfter
            | Self::ForcedLately
            | Self::OtherFacetFrees
            | Self::FacetByFacet
            | Self::Grace => lock.acquire(request),
        }
    }

    /// Decides a release without this rule.
    pub(super) fn release(
        self,
        lock: &UnifiedLock,
        request: &Release<'_>,
    ) -> Transition<ReleaseOutcome> {
        let forgets =
            |event: &TrailEvent| forgetting(lock, |entry| entry.event == *event).release(request);
        match self {
            Self::ReleasedCalls => forgets(&TrailEvent::Released),
            Self::Spared => forgets(&TrailEvent::Spared),
            Self::ForcedLately => forgets(&TrailEvent::Forced),
            Self::FoundNothing => {
                let Transition { next, outcome } = lock.release(request);
                let is_nothing = outcome == ReleaseOutcome::NothingHeld;
                Transition { next: next.filter(|_| !is_nothing), outcome }
            }
            Self::NamedId if matches!(request.aim, Aim::Id(_)) => {
                let delivery = sent_now(request.delivery);
                lock.release(&Release { aim: Aim::Whatever, delivery, ..request.clone() })
            }
            Self::Seen => lock.release(&Release { seen: Seen::Unknown, ..request.clone() }),
            Self::ReleaseSentAfter => {
                let delivery = sent_now(request.delivery);
                lock.release(&Release { delivery, ..request.clone() })
            }
            Self::OtherFacetFrees if !has_facet(lock, request) => {
                Transition { next: None, outcome: ReleaseOutcome::NothingHeld }
            }
            Self::FacetByFacet if has_facet(lock, request) => {
                let only = FacetSet::of(request.facet);
                let hold = lock.hold.clone().map(|hold| Hold { facets: only, ..hold });
                with_hold(lock, hold).release(request)
            }
            Self::Grace => {
                let mut transition = lock.release(request);
                let rest = transition.next.as_mut().and_then(|next| next.hold.as_mut());
                if let Some(rest) = rest {
                    rest.giving_back_since_micros = None;
                }
                transition
            }
            Self::Exclusion
            | Self::SameId
            | Self::FacetAdded
            | Self::AcquiredCalls
            | Self::Refusals
            | Self::LateCalls
            | Self::AcquireSentAfter
            | Self::ReleasedIds
            | Self::TakenBack
            | Self::NamedId
            | Self::OtherFacetFrees
            | Self::FacetByFacet
            | Self::InfoAsSent => lock.release(request),
        }
    }
}

fn with_hold(lock: &UnifiedLock, hold: Option<Hold>) -> UnifiedLock {
    UnifiedLock { hold, trail: lock.trail.clone() }
}

/// The lock with some of its trail forgotten.
fn forgetting(lock: &UnifiedLock, forgets: impl Fn(&TrailEntry) -> bool) -> UnifiedLock {
    let kept = lock.trail.entries().filter(|entry| !forgets(entry)).cloned();
    UnifiedLock { hold: lock.hold.clone(), trail: Trail::new(kept) }
}

fn sent_now(delivery: Delivery<'_>) -> Delivery<'_> {
    Delivery { sent_after_micros: delivery.now_micros, ..delivery }
}

fn has_facet(lock: &UnifiedLock, request: &Release<'_>) -> bool {
    lock.hold.as_ref().is_some_and(|hold| hold.facets.contains(request.facet))
}

fn keep_facets(next: &mut Option<UnifiedLock>, holder: Option<&Hold>) {
    let next = next.as_mut().and_then(|next| next.hold.as_mut());
    if let (Some(next), Some(holder)) = (next, holder) {
        next.facets = holder.facets;
    }
}
