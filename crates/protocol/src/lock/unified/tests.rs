//! Each rule by itself: the exact outcome, and what stays.

use proptest::prelude::*;

use super::*;
use crate::lock::LockId;
use crate::state::Digest;

fn id(name: &str) -> LockId {
    LockId::parse(name).unwrap()
}

fn info(name: &str) -> Vec<u8> {
    format!(r#"{{"ID":"{name}"}}"#).into_bytes()
}

fn sent(call: Option<&str>, sent_after_micros: u64, now_micros: u64) -> Delivery<'_> {
    Delivery { call, sent_after_micros, by_stock_client: true, now_micros }
}

/// Takes, and answers a refusal.
fn take(
    lock: &mut UnifiedLock,
    name: &str,
    facet: Facet,
    delivery: Delivery<'_>,
) -> AcquireOutcome {
    take_as(lock, name, facet, delivery, AcquireMode::Answer)
}

fn take_as(
    lock: &mut UnifiedLock,
    name: &str,
    facet: Facet,
    delivery: Delivery<'_>,
    mode: AcquireMode,
) -> AcquireOutcome {
    let (id, info) = (id(name), info(name));
    let request = Acquire { facet, id: Some(&id), info: &info, delivery, mode };
    let Transition { next, outcome } = lock.acquire(&request);
    *lock = next.unwrap_or_else(|| lock.clone());
    outcome
}

fn give(
    lock: &mut UnifiedLock,
    facet: Facet,
    aim: Aim<'_>,
    seen: Seen,
    delivery: Delivery<'_>,
) -> ReleaseOutcome {
    let Transition { next, outcome } = lock.release(&Release { facet, aim, seen, delivery });
    *lock = next.unwrap_or_else(|| lock.clone());
    outcome
}

fn saw(name: &str) -> Seen {
    Seen::Locks(vec![Some(id(name))])
}

fn held(name: &str, facet: Facet, since_micros: u64) -> Hold {
    Hold {
        id: Some(id(name)),
        info: info(name),
        taken_through: facet,
        facets: FacetSet::of(facet),
        since_micros,
        giving_back_since_micros: None,
    }
}

fn free() -> UnifiedLock {
    UnifiedLock::default()
}

/// A lock that `a` has through lockfile and lock table since 10 and 20.
fn dual() -> UnifiedLock {
    let mut lock = free();
    take(&mut lock, "a", Facet::Lockfile, sent(Some("put"), 0, 10));
    take(&mut lock, "a", Facet::LockTable, sent(Some("item"), 10, 20));
    lock
}

fn granted(granted: Granted) -> AcquireOutcome {
    AcquireOutcome::Granted(granted)
}

fn late() -> AcquireOutcome {
    AcquireOutcome::Refused(LockRefusal::Late)
}

#[test]
fn p1_a_free_lock_is_taken_and_then_refuses_every_other_id() {
    for first in Facet::ALL {
        for second in Facet::ALL {
            let mut lock = free();
            let outcome = take(&mut lock, "a", first, sent(Some("a1"), 0, 10));
            assert_eq!(outcome, granted(Granted::Taken));
            let hold = held("a", first, 10);
            assert_eq!(lock.hold, Some(hold.clone()));
            let outcome = take(&mut lock, "b", second, sent(Some("b1"), 0, 11));
            assert_eq!(outcome, AcquireOutcome::Refused(LockRefusal::Held(hold.clone())));
            assert_eq!(lock.hold, Some(hold));
            let refused = TrailEvent::Refused(Digest::of(&info("b")));
            assert_eq!(lock.trail.entries().last().unwrap().event, refused);
        }
    }
}

#[test]
fn p1_what_has_no_readable_id_holds_and_is_nobodys() {
    let unreadable = |now| Acquire {
        facet: Facet::Lockfile,
        id: None,
        info: b"garbage",
        delivery: sent(None, 0, now),
        mode: AcquireMode::Answer,
    };
    let lock = free().acquire(&unreadable(1)).next.unwrap();
    let again = lock.acquire(&unreadable(2)).outcome;
    assert!(matches!(again, AcquireOutcome::Refused(LockRefusal::Held(_))), "{again:?}");
}

#[test]
fn p9_the_same_id_through_the_same_facet_is_repeated_and_changes_no_hold() {
    for (first, again) in [(Some("a1"), Some("a1")), (Some("a1"), Some("a2")), (None, None)] {
        let mut lock = free();
        take(&mut lock, "a", Facet::Http, sent(first, 0, 10));
        let before = lock.hold.clone();
        let outcome = take(&mut lock, "a", Facet::Http, sent(again, 11, 12));
        assert_eq!(outcome, granted(Granted::Repeated));
        assert_eq!(lock.hold, before);
    }
}

#[test]
fn p5_the_same_id_adds_a_facet_and_keeps_the_first_lock_info() {
    let lock = dual();
    let facets = FacetSet::of(Facet::Lockfile).with(Facet::LockTable);
    assert_eq!(lock.hold, Some(Hold { facets, ..held("a", Facet::Lockfile, 10) }));
}

#[test]
fn a_named_lock_is_replaced_and_the_holder_may_replace_its_own() {
    let mut lock = dual();
    let replace = AcquireMode::Replace;
    let outcome = take_as(&mut lock, "a", Facet::LockTable, sent(Some("a3"), 20, 30), replace);
    assert_eq!(outcome, granted(Granted::Replaced));
    assert_eq!(lock.hold.as_ref().unwrap().taken_through, Facet::LockTable);
    let outcome = take_as(&mut lock, "b", Facet::Lockfile, sent(Some("b1"), 20, 40), replace);
    assert_eq!(outcome, granted(Granted::Replaced));
    assert_eq!(lock.hold, Some(held("b", Facet::Lockfile, 40)));
}

#[test]
fn p3_who_waits_is_not_remembered_as_refused() {
    let mut lock = dual();
    let before = lock.clone();
    let wait = AcquireMode::Wait;
    let outcome = take_as(&mut lock, "b", Facet::Http, sent(None, 0, 30), wait);
    assert!(matches!(outcome, AcquireOutcome::Refused(LockRefusal::Held(_))));
    assert_eq!(lock, before);
}

#[test]
fn p3_a_refused_call_stays_refused_and_another_of_the_same_id_may_take_the_lock() {
    let mut lock = free();
    take(&mut lock, "a", Facet::Lockfile, sent(Some("a1"), 0, 10));
    take(&mut lock, "b", Facet::Lockfile, sent(Some("b1"), 0, 20));
    give(&mut lock, Facet::Lockfile, Aim::Whatever, saw("a"), sent(Some("a2"), 10, 30));
    // However late it was sent, it is the same call.
    assert_eq!(take(&mut lock, "b", Facet::Lockfile, sent(Some("b1"), 35, 40)), late());
    // Another call, sent before the refusal: its sender has heard "no" since.
    assert_eq!(take(&mut lock, "b", Facet::Lockfile, sent(Some("b0"), 19, 41)), late());
    assert_eq!(take(&mut lock, "b", Facet::Lockfile, sent(Some("b0"), 50, 51)), late());
    assert_eq!(lock.hold, None);
    let outcome = take(&mut lock, "b", Facet::Lockfile, sent(Some("b2"), 20, 60));
    assert_eq!(outcome, granted(Granted::Taken));
}

#[test]
fn p3_without_a_call_a_request_is_late_if_it_may_have_been_sent_before_the_end() {
    let mut lock = free();
    take(&mut lock, "a", Facet::Http, sent(None, 0, 10));
    take(&mut lock, "b", Facet::Http, sent(None, 0, 20));
    let a = id("a");
    give(&mut lock, Facet::Http, Aim::Id(&a), Seen::Unknown, sent(None, 10, 30));
    assert_eq!(take(&mut lock, "a", Facet::Http, sent(None, 29, 40)), late());
    assert_eq!(take(&mut lock, "b", Facet::Http, sent(None, 19, 41)), late());
    assert_eq!(take(&mut lock, "b", Facet::Http, sent(None, 20, 42)), granted(Granted::Taken));
}

#[test]
fn p4_a_release_by_id_means_that_id_only() {
    let mut lock = free();
    take(&mut lock, "a", Facet::Http, sent(None, 0, 10));
    let (a, b) = (id("a"), id("b"));
    let outcome = give(&mut lock, Facet::Http, Aim::Id(&b), Seen::Unknown, sent(None, 10, 20));
    let hold = held("a", Facet::Http, 10);
    assert_eq!(outcome, ReleaseOutcome::Refused(ReleaseRefusal::OtherId(hold.clone())));
    assert_eq!(lock.hold, Some(hold.clone()));
    let outcome = give(&mut lock, Facet::Http, Aim::Id(&a), Seen::Unknown, sent(None, 10, 30));
    let freed = Released::Free { hold, forced: false };
    assert_eq!(outcome, ReleaseOutcome::Released(freed));
    assert_eq!(lock.hold, None);
    // Again, also when somebody else holds.
    take(&mut lock, "b", Facet::Http, sent(None, 30, 40));
    let again = give(&mut lock, Facet::Http, Aim::Id(&a), Seen::Unknown, sent(None, 10, 50));
    assert_eq!(again, ReleaseOutcome::Repeated);
    assert_eq!(lock.hold, Some(held("b", Facet::Http, 40)));
}

#[test]
fn p4_a_release_that_saw_another_lock_is_refused_with_all_its_attempts() {
    let mut lock = free();
    take(&mut lock, "b", Facet::Lockfile, sent(Some("b1"), 0, 10));
    let refused = ReleaseRefusal::OtherSeen(held("b", Facet::Lockfile, 10));
    for (seen, sent_after) in [(saw("a"), 11), (Seen::Unknown, 20), (saw("b"), 20)] {
        let delivery = sent(Some("a2"), sent_after, 30);
        let outcome = give(&mut lock, Facet::Lockfile, Aim::Whatever, seen, delivery);
        assert_eq!(outcome, ReleaseOutcome::Refused(refused.clone()));
    }
    let outcome =
        give(&mut lock, Facet::Lockfile, Aim::Whatever, saw("b"), sent(Some("b2"), 30, 40));
    assert!(matches!(outcome, ReleaseOutcome::Released(_)), "{outcome:?}");
}

#[test]
fn p4_a_release_may_be_earlier_than_the_lock_by_when_it_was_sent() {
    for (aim, seen) in
        [(Aim::Whatever, Seen::Unknown), (Aim::Whatever, saw("a")), (Aim::Force, Seen::Unknown)]
    {
        let mut lock = free();
        take(&mut lock, "a", Facet::Lockfile, sent(Some("a1"), 0, 10));
        let early = sent(Some("x1"), 9, 20);
        let outcome = give(&mut lock, Facet::Lockfile, aim, seen.clone(), early);
        let refused = ReleaseRefusal::MaybeEarlier(held("a", Facet::Lockfile, 10));
        assert_eq!(outcome, ReleaseOutcome::Refused(refused));
        // A clock that went back tells nothing.
        let outcome = lock.release(&Release {
            facet: Facet::Lockfile,
            aim,
            seen: seen.clone(),
            delivery: sent(Some("x2"), 5, 9),
        });
        assert!(matches!(outcome.outcome, ReleaseOutcome::Released(_)), "{outcome:?}");
        let outcome = give(&mut lock, Facet::Lockfile, aim, seen, sent(Some("x3"), 10, 30));
        assert!(matches!(outcome, ReleaseOutcome::Released(_)), "{outcome:?}");
    }
}

#[test]
fn when_it_was_sent_tells_nothing_about_other_clients() {
    let other = |sent_after_micros, now_micros| Delivery {
        by_stock_client: false,
        ..sent(None, sent_after_micros, now_micros)
    };
    let mut lock = free();
    take(&mut lock, "a", Facet::Http, other(0, 10));
    let outcome = give(&mut lock, Facet::Lockfile, Aim::Whatever, Seen::Unknown, other(0, 20));
    assert!(matches!(outcome, ReleaseOutcome::Released(_)), "{outcome:?}");
    // The same lock ID once more, over a connection that was idle since before.
    assert_eq!(take(&mut lock, "a", Facet::Http, other(0, 30)), granted(Granted::Taken));
}

#[test]
fn p9_a_force_unlock_that_names_nothing_is_done_once_for_a_while() {
    let mut lock = free();
    take(&mut lock, "a", Facet::Lockfile, sent(Some("a1"), 0, 10));
    let force = |lock: &mut UnifiedLock, now| {
        give(lock, Facet::Http, Aim::Force, Seen::Unknown, sent(None, now, now))
    };
    let freed = Released::Free { hold: held("a", Facet::Lockfile, 10), forced: true };
    assert_eq!(force(&mut lock, 20), ReleaseOutcome::Released(freed));
    assert_eq!(force(&mut lock, 21), ReleaseOutcome::NothingHeld);
    take(&mut lock, "b", Facet::Lockfile, sent(Some("b1"), 0, 30));
    let refused = ReleaseRefusal::MaybeEarlier(held("b", Facet::Lockfile, 30));
    let end = 20 + FORCE_REPEAT_MICROS_MAX;
    assert_eq!(force(&mut lock, end), ReleaseOutcome::Refused(refused));
    assert!(matches!(force(&mut lock, end + 1), ReleaseOutcome::Released(_)));
}

#[test]
fn p9_a_release_that_found_nothing_is_done() {
    let mut lock = free();
    let delete = |lock: &mut UnifiedLock, now| {
        give(lock, Facet::Lockfile, Aim::Whatever, Seen::Unknown, sent(Some("d"), now, now))
    };
    // Where nothing lately happened, nothing is remembered.
    assert_eq!(delete(&mut lock, 1), ReleaseOutcome::NothingHeld);
    assert_eq!(lock, free());
    take(&mut lock, "a", Facet::Http, sent(None, 0, 10));
    give(&mut lock, Facet::Http, Aim::Id(&id("a")), Seen::Unknown, sent(None, 10, 20));
    assert_eq!(delete(&mut lock, 30), ReleaseOutcome::NothingHeld);
    take(&mut lock, "b", Facet::Lockfile, sent(Some("b1"), 30, 40));
    assert_eq!(delete(&mut lock, 50), ReleaseOutcome::Repeated);
    assert_eq!(lock.hold, Some(held("b", Facet::Lockfile, 40)));
}

#[test]
fn p5_facets_are_given_back_one_by_one_in_either_order() {
    for (first, second) in
        [(Facet::Lockfile, Facet::LockTable), (Facet::LockTable, Facet::Lockfile)]
    {
        let mut lock = dual();
        let outcome = give(&mut lock, first, Aim::Whatever, saw("a"), sent(Some("r1"), 20, 30));
        let rest = Hold {
            facets: FacetSet::of(second),
            giving_back_since_micros: Some(30),
            ..held("a", Facet::Lockfile, 10)
        };
        let free_at_micros = 30 + GIVE_BACK_GRACE_MICROS;
        let partly = Released::Partly { hold: rest.clone(), free_at_micros };
        assert_eq!(outcome, ReleaseOutcome::Released(partly));
        // The same call again does not give back the other one.
        let again = give(&mut lock, first, Aim::Whatever, saw("a"), sent(Some("r1"), 31, 32));
        assert_eq!(again, ReleaseOutcome::Repeated);
        assert_eq!(lock.hold, Some(rest.clone()));
        let outcome = give(&mut lock, second, Aim::Whatever, saw("a"), sent(Some("r2"), 32, 40));
        let freed = Released::Free { hold: rest, forced: false };
        assert_eq!(outcome, ReleaseOutcome::Released(freed));
        assert_eq!(lock.hold, None);
    }
}

#[test]
fn p2_what_is_being_given_back_is_promised_to_no_copy_and_not_refused_to_others() {
    let mut lock = dual();
    give(&mut lock, Facet::Lockfile, Aim::Whatever, saw("a"), sent(Some("force"), 20, 30));
    // Another attempt of the call that took the other facet.
    assert_eq!(take(&mut lock, "a", Facet::LockTable, sent(Some("item"), 35, 36)), late());
    // Another call, that may have been sent before.
    assert_eq!(take(&mut lock, "a", Facet::LockTable, sent(Some("old"), 29, 37)), late());
    assert!(lock.hold.as_ref().unwrap().giving_back_since_micros.is_some());
    let before = lock.clone();
    let end = 30 + GIVE_BACK_GRACE_MICROS;
    let rest = lock.hold.clone().unwrap();
    let kept = AcquireOutcome::Refused(LockRefusal::GivingBack(rest, end));
    assert_eq!(take(&mut lock, "b", Facet::Http, sent(None, 0, end - 1)), kept);
    assert_eq!(lock, before, "nobody was told");
    assert_eq!(take(&mut lock, "b", Facet::Http, sent(None, 0, end)), granted(Granted::Taken));
    assert_eq!(lock.hold, Some(held("b", Facet::Http, end)));
}

#[test]
fn the_holder_may_take_again_what_it_gave_back() {
    let mut lock = dual();
    give(&mut lock, Facet::Lockfile, Aim::Whatever, saw("a"), sent(Some("r1"), 20, 30));
    let outcome = take(&mut lock, "a", Facet::Lockfile, sent(Some("put2"), 30, 40));
    assert_eq!(outcome, granted(Granted::FacetAdded));
    let facets = FacetSet::of(Facet::Lockfile).with(Facet::LockTable);
    assert_eq!(lock.hold, Some(Hold { facets, ..held("a", Facet::Lockfile, 10) }));
}

#[test]
fn a_release_through_a_facet_that_the_holder_has_not_got_frees_the_whole_lock() {
    for aim in [Aim::Whatever, Aim::Id(&id("a")), Aim::Force] {
        let mut lock = dual();
        let hold = lock.hold.clone().unwrap();
        let outcome = give(&mut lock, Facet::Http, aim, Seen::Unknown, sent(None, 20, 30));
        let freed = Released::Free { hold, forced: true };
        assert_eq!(outcome, ReleaseOutcome::Released(freed));
        assert_eq!(lock.hold, None);
        // The holder does not know, and gets no lock by asking as before.
        assert_eq!(take(&mut lock, "a", Facet::Lockfile, sent(Some("put"), 40, 41)), late());
    }
}

#[derive(Clone, Debug)]
enum Step {
    Take { who: u8, facet: Facet, call: Option<u8>, back: u64, mode: AcquireMode },
    Give { aim: u8, who: u8, facet: Facet, call: Option<u8>, back: u64, seen: Option<u8> },
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let facet = || prop::sample::select(Facet::ALL.to_vec());
    let call = || prop::option::of(0..40_u8);
    let back = || prop::sample::select(vec![0, 1, 5, 1000, u64::MAX]);
    let modes = vec![AcquireMode::Answer, AcquireMode::Wait, AcquireMode::Replace];
    let take = (0..5_u8, facet(), call(), back(), prop::sample::select(modes))
        .prop_map(|(who, facet, call, back, mode)| Step::Take { who, facet, call, back, mode });
    let give = (0..3_u8, 0..5_u8, facet(), call(), back(), prop::option::of(0..5_u8)).prop_map(
        |(aim, who, facet, call, back, seen)| Step::Give { aim, who, facet, call, back, seen },
    );
    let times = vec![1, GIVE_BACK_GRACE_MICROS, FORCE_REPEAT_MICROS_MAX, TRAIL_AGE_MICROS_MAX];
    let pass = prop::sample::select(times).prop_map(Step::Pass);
    prop::collection::vec(prop_oneof![5 => take, 5 => give, 1 => pass], 0..400)
}

/// What a request changes, from this lock and from the same after time did its part.
fn both_ways<O: PartialEq + std::fmt::Debug>(
    lock: &UnifiedLock,
    now: u64,
    decide: impl Fn(&UnifiedLock) -> Transition<O>,
) -> UnifiedLock {
    let settled = lock.settled(now).unwrap_or_else(|| lock.clone());
    let (lazy, eager) = (decide(lock), decide(&settled));
    assert_eq!(lazy.outcome, eager.outcome);
    let next = eager.next.unwrap_or(settled);
    if let Some(lazy) = lazy.next {
        assert_eq!(lazy, next);
    }
    next
}

proptest! {
    #[test]
    fn p1_random_requests_never_panic_and_keep_the_lock_bounded_and_whole(steps in steps()) {
        let (mut lock, mut now) = (free(), 10);
        for step in steps {
            now += 1;
            let before = lock.clone();
            match step {
                Step::Pass(micros) => now += micros,
                Step::Take { who, facet, call, back, mode } => {
                    let (id, info) = (id(&who.to_string()), info(&who.to_string()));
                    let call = call.map(|call| call.to_string());
                    let delivery = sent(call.as_deref(), now.saturating_sub(back), now);
                    let request = Acquire { facet, id: Some(&id), info: &info, delivery, mode };
                    lock = both_ways(&lock, now, |lock| lock.acquire(&request));
                    let outcome = before.acquire(&request).outcome;
                    let holder = lock.standing(now);
                    if matches!(outcome, AcquireOutcome::Granted(_)) {
                        prop_assert!(holder.is_some_and(|hold| hold.is_held_by(Some(&id))));
                    } else {
                        prop_assert_eq!(holder, before.standing(now));
                    }
                }
                Step::Give { aim, who, facet, call, back, seen } => {
                    let named = id(&who.to_string());
                    let aim = [Aim::Whatever, Aim::Id(&named), Aim::Force][usize::from(aim)];
                    let seen = seen.map_or(Seen::Unknown, |who| saw(&who.to_string()));
                    let call = call.map(|call| call.to_string());
                    let delivery = sent(call.as_deref(), now.saturating_sub(back), now);
                    let request = Release { facet, aim, seen, delivery };
                    lock = both_ways(&lock, now, |lock| lock.release(&request));
                    let outcome = before.release(&request).outcome;
                    if !matches!(outcome, ReleaseOutcome::Released(_)) {
                        prop_assert_eq!(lock.standing(now), before.standing(now));
                    }
                }
            }
            prop_assert!(lock.trail.entries().count() <= 128);
            prop_assert!(lock.hold.as_ref().is_none_or(|hold| !hold.facets.is_empty()));
            prop_assert_eq!(Trail::new(lock.trail.entries().cloned()), lock.trail.clone());
        }
    }
}
