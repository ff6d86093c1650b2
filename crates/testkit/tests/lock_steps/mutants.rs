//! Rules of the machines, each undone from outside: a search finds a history that breaks the promise for
//! which the rule is there, and finds none with the rule.

use statelock_protocol::lock::steps::{
    Acquire, AcquireOutcome, Acquired, ConditionalDelete, LockMachine, LockMark, LockReply,
    LockRequest, Release, Released, Send, Step, StoredLock, Unanswered,
};
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::{
    ObjectRequest, ObjectSuccess, Precondition, Refusal, Reply, TableRequest, TableSuccess,
};
use statelock_testkit::explorer::promise::Promise;
use statelock_testkit::explorer::steps::faults::Fault;
use statelock_testkit::explorer::steps::program::Program;
use statelock_testkit::explorer::steps::rules::Rules;
use statelock_testkit::explorer::steps::run::Run;
use statelock_testkit::explorer::steps::scene::{Mode, holder_of, info, info_bytes};

use crate::runs::{
    DUAL, FILE, FORCE_FILE, FORCE_FILE_ID, LOOKS, TABLE, TF_DUAL, TOFU_TABLE, run, shortest_breach,
    waiting, with_lock,
};
use crate::swapped::SwappedPlaces;

/// The rule holds the promise, and without it a search finds how it is broken.
fn assert_caught(mutant: &'static dyn Rules, promise: Promise, run: Run) {
    let run = Run { promises: vec![promise], ..run };
    if let Some(example) = shortest_breach(&run) {
        panic!("with the rule: {example}");
    }
    let Some(example) = shortest_breach(&Run { rules: mutant, ..run }) else {
        panic!("with {mutant:?} nothing breaks {promise}");
    };
    println!("{mutant:?}: {example}");
}

fn is_take(request: Option<&LockRequest>) -> bool {
    matches!(
        request,
        Some(
            LockRequest::Object(ObjectRequest::Write { .. })
                | LockRequest::Table(TableRequest::Put { .. })
        )
    )
}

fn is_removal(request: Option<&LockRequest>) -> bool {
    matches!(
        request,
        Some(
            LockRequest::Object(ObjectRequest::Delete { .. })
                | LockRequest::Table(TableRequest::Delete { .. })
        )
    )
}

fn is_refused(reply: Option<&LockReply>, refusal: Refusal) -> bool {
    match reply {
        Some(LockReply::Object(Reply::Refused(told)) | LockReply::Table(Reply::Refused(told))) => {
            *told == refusal
        }
        Some(LockReply::Object(_) | LockReply::Table(_)) | None => false,
    }
}

fn is_unknown(reply: Option<&LockReply>) -> bool {
    matches!(reply, Some(LockReply::Object(Reply::Unknown) | LockReply::Table(Reply::Unknown)))
}

fn deleted() -> LockReply {
    LockReply::Object(Reply::Applied(ObjectSuccess::Deleted))
}

/// A read lock passes for that of `whose`.
fn passed_off(reply: LockReply, whose: usize) -> LockReply {
    match reply {
        LockReply::Object(Reply::Applied(ObjectSuccess::Read(mut object))) => {
            object.body = info_bytes(whose).to_vec();
            LockReply::Object(Reply::Applied(ObjectSuccess::Read(object)))
        }
        LockReply::Object(_) | LockReply::Table(_) => reply,
    }
}

fn without_condition<O>(step: Step<O>) -> Step<O> {
    match step {
        Step::Send(Send { request, pause }) => {
            let request = match request {
                LockRequest::Object(ObjectRequest::Delete { bucket, key, .. }) => {
                    let precondition = Precondition::None;
                    LockRequest::Object(ObjectRequest::Delete { bucket, key, precondition })
                }
                LockRequest::Object(_) | LockRequest::Table(_) => request,
            };
            Step::Send(Send { request, pause })
        }
        Step::Done(outcome) => Step::Done(outcome),
    }
}

type Sent<'a> = Option<&'a LockRequest>;

/// A mutant that does one thing otherwise while it acquires.
macro_rules! acquires {
    ($name:ident, |$machine:ident, $sent:ident, $reply:ident, $me:ident| $body:expr) => {
        #[derive(Debug)]
        struct $name;

        impl Rules for $name {
            fn acquire(
                &self,
                $machine: &mut Acquire,
                $sent: Sent<'_>,
                $reply: Option<LockReply>,
                $me: usize,
            ) -> Step<AcquireOutcome> {
                $body
            }
        }
    };
}

/// A mutant that does one thing otherwise while it releases.
macro_rules! releases {
    ($name:ident, |$machine:ident, $sent:ident, $reply:ident, $me:ident| $body:expr) => {
        #[derive(Debug)]
        struct $name;

        impl Rules for $name {
            fn release(
                &self,
                $machine: &mut Release,
                $sent: Sent<'_>,
                $reply: Option<LockReply>,
                $me: usize,
            ) -> Step<Released> {
                $body
            }
        }
    };
}

acquires!(RefusalIsHeldWithoutReading, |machine, sent, reply, _me| {
    if is_take(sent) && is_refused(reply.as_ref(), Refusal::PreconditionFailed) {
        let (bytes, mark) = (info_bytes(3).to_vec(), LockMark::Info(None));
        let holder = StoredLock { bytes, mark };
        return Step::Done(AcquireOutcome::Held { facet: Facet::Lockfile, holder });
    }
    machine.next(reply)
});

#[test]
fn p3_a_refusal_is_looked_into() {
    let run = run(&[FILE], 1);
    assert_caught(&RefusalIsHeldWithoutReading, Promise::NoLeak, run);
}

acquires!(IdsAreNotCompared, |machine, _sent, reply, me| {
    machine.next(reply.map(|reply| passed_off(reply, me)))
});

#[test]
fn p1_a_lock_that_is_read_is_ours_only_by_its_id() {
    assert_caught(&IdsAreNotCompared, Promise::Exclusion, run(&[FILE, FILE], 0));
    assert_caught(&IdsAreNotCompared, Promise::HonestSuccess, run(&[FILE, FILE], 1));
}

/// Whether an answer shows the lock of this client.
fn shows(reply: Option<&LockReply>, whose: usize) -> bool {
    match reply {
        Some(LockReply::Object(Reply::Applied(ObjectSuccess::Read(object)))) => {
            holder_of(&object.body) == Some(whose)
        }
        Some(LockReply::Table(Reply::Applied(TableSuccess::Read(Some(item))))) => {
            holder_of(item.info.as_deref().unwrap_or_default().as_bytes()) == Some(whose)
        }
        Some(LockReply::Object(_) | LockReply::Table(_)) | None => false,
    }
}

fn is_look(request: &LockRequest) -> bool {
    matches!(
        request,
        LockRequest::Object(ObjectRequest::Read { .. })
            | LockRequest::Table(TableRequest::Read { .. })
    )
}

acquires!(OneReadIsEnough, |machine, _sent, reply, me| {
    match machine.next(reply.clone()) {
        Step::Send(again) if shows(reply.as_ref(), me) && is_look(&again.request) => {
            machine.next(reply)
        }
        step @ (Step::Done(_) | Step::Send(_)) => step,
    }
});

#[test]
fn p1_our_own_id_is_read_twice_before_it_is_believed() {
    let store_faults: &[Fault] = &[Fault::ShowsWhoIsNext];
    let on_it = |programs: &[Program]| Run { store_faults, ..run(programs, 0) };
    for one in [FILE, TABLE] {
        assert_caught(&OneReadIsEnough, Promise::HonestSuccess, on_it(&[one, one]));
        assert_caught(&OneReadIsEnough, Promise::Exclusion, on_it(&[one, one, one]));
    }
    assert_caught(&OneReadIsEnough, Promise::DualMeansBoth, on_it(&[DUAL, DUAL]));
}

acquires!(HeldThoughUnanswered, |machine, _sent, reply, _me| {
    match machine.next(reply) {
        Step::Done(AcquireOutcome::Unknown { facet, seen: Some(holder), .. }) => {
            Step::Done(AcquireOutcome::Held { facet, holder })
        }
        step @ (Step::Done(_) | Step::Send(_)) => step,
    }
});

#[test]
fn p3_what_may_still_come_is_not_called_held() {
    assert_caught(&HeldThoughUnanswered, Promise::NoLeak, run(&[FILE, FILE], 1));
    assert_caught(&HeldThoughUnanswered, Promise::NoLeak, run(&[TABLE, TABLE], 1));
}

acquires!(NothingIsEverUnanswered, |machine, _sent, reply, _me| {
    match machine.next(reply) {
        Step::Done(AcquireOutcome::Acquired(acquired)) => {
            let unanswered = Unanswered::default();
            Step::Done(AcquireOutcome::Acquired(Acquired { unanswered, ..acquired }))
        }
        step @ (Step::Done(_) | Step::Send(_)) => step,
    }
});

#[test]
fn p3_an_attempt_is_crossed_out_only_if_it_is_the_one_that_is_there() {
    assert_caught(&NothingIsEverUnanswered, Promise::NoLeak, run(&[FILE], 1));
}

acquires!(RetriesLikeAnSdk, |machine, sent, reply, _me| {
    match sent {
        Some(request) if is_take(sent) && is_unknown(reply.as_ref()) => {
            Step::Send(Send { request: request.clone(), pause: 0 })
        }
        Some(_) | None => machine.next(reply),
    }
});

#[test]
fn p3_an_attempt_without_an_answer_is_not_repeated_blindly() {
    assert_caught(&RetriesLikeAnSdk, Promise::NoLeak, run(&[FILE], 1));
}

acquires!(DualWithoutRollBack, |machine, _sent, reply, _me| {
    match machine.next(reply) {
        Step::Send(send) if is_removal(Some(&send.request)) => machine.next(Some(deleted())),
        step @ (Step::Done(_) | Step::Send(_)) => step,
    }
});

#[test]
fn p5_what_was_taken_first_is_given_back() {
    assert_caught(&DualWithoutRollBack, Promise::DualMeansBoth, run(&[DUAL, TABLE], 0));
    assert_caught(&DualWithoutRollBack, Promise::NoLeak, run(&[DUAL, TABLE], 0));
}

acquires!(RollBackWithoutCondition, |machine, _sent, reply, _me| {
    without_condition(machine.next(reply))
});

#[test]
fn p4_what_was_taken_first_is_given_back_on_condition() {
    let run = with_lock(run(&[DUAL, FILE], 1), Facet::LockTable, info_bytes(3));
    assert_caught(&RollBackWithoutCondition, Promise::OwnReleaseOnly, run);
}

acquires!(HalfADual, |machine, sent, reply, me| {
    if let (true, Some(LockReply::Object(Reply::Applied(ObjectSuccess::Written(etag))))) =
        (is_take(sent), &reply)
    {
        let places = vec![(Mode::Dual.places().first().clone(), LockMark::ETag(etag.clone()))];
        let (id, unanswered) = (info(me).unwrap().id, Unanswered::default());
        return Step::Done(AcquireOutcome::Acquired(Acquired { id, places, unanswered }));
    }
    machine.next(reply)
});

#[test]
fn p5_a_dual_client_takes_both() {
    assert_caught(&HalfADual, Promise::DualMeansBoth, run(&[DUAL], 0));
    assert_caught(&HalfADual, Promise::Exclusion, run(&[DUAL, TABLE], 0));
}

/// Against Terraform, which takes the lockfile first, each can get one half.
#[test]
fn dual_takes_the_places_in_terraforms_order() {
    assert_caught(&SwappedPlaces, Promise::Progress, run(&[DUAL, TF_DUAL], 0));
}

acquires!(InfoIsNotAsGoWritesIt, |machine, _sent, reply, _me| {
    match machine.next(reply) {
        Step::Send(Send { request: LockRequest::Table(request), pause }) => {
            let request = match request {
                TableRequest::Put { table, key, info } => {
                    TableRequest::Put { table, key, info: info + " " }
                }
                TableRequest::Read { .. } | TableRequest::Delete { .. } => request,
            };
            Step::Send(Send { request: LockRequest::Table(request), pause })
        }
        step @ (Step::Done(_) | Step::Send(_)) => step,
    }
});

#[test]
fn p11_the_lock_info_is_as_go_writes_it() {
    let promise = Promise::Interop;
    assert_caught(&InfoIsNotAsGoWritesIt, promise, run(&[TABLE, TOFU_TABLE], 0));
}

/// Begins anew with the same lock ID, whatever may still come.
#[derive(Debug)]
struct SpentIdIsUsedAgain;

impl Rules for SpentIdIsUsedAgain {
    fn again(&self, _machine: Acquire, _unanswered: Unanswered, me: usize) -> Option<Acquire> {
        let (places, info) = (Mode::Dual.places().clone(), info(me).unwrap());
        Some(Acquire::new(places, &info, ConditionalDelete::Enforced))
    }
}

#[test]
fn p1_a_lock_id_is_not_used_again_while_its_removal_may_come() {
    assert_caught(&SpentIdIsUsedAgain, Promise::Exclusion, run(&[waiting(DUAL), TABLE], 1));
}

releases!(ReleaseWithoutCondition, |machine, _sent, reply, _me| {
    without_condition(machine.next(reply))
});

#[test]
fn p4_a_release_carries_its_condition() {
    let run = run(&[FILE, FORCE_FILE, FILE], 0);
    assert_caught(&ReleaseWithoutCondition, Promise::OwnReleaseOnly, run);
}

releases!(ReleaseOfWhateverStands, |machine, _sent, reply, me| {
    machine.next(reply.map(|reply| passed_off(reply, me)))
});

#[test]
fn p4_after_a_refusal_the_lock_is_compared_again() {
    let run = run(&[FILE, FORCE_FILE, FILE], 0);
    assert_caught(&ReleaseOfWhateverStands, Promise::OwnReleaseOnly, run);
}

releases!(FallsBackWithoutReading, |machine, sent, reply, _me| {
    match sent {
        Some(request) if is_removal(sent) && is_refused(reply.as_ref(), Refusal::Unsupported) => {
            without_condition(Step::Send(Send { request: request.clone(), pause: 0 }))
        }
        Some(_) | None => machine.next(reply),
    }
});

#[test]
fn p4_before_an_unconditional_removal_the_lock_is_read() {
    let store_faults: &[Fault] = &[Fault::RefusesConditionalDelete];
    let run = run(&[FILE, FORCE_FILE, FILE], 0);
    let run = Run { store_faults, has_window: true, ..run };
    assert_caught(&FallsBackWithoutReading, Promise::OwnReleaseOnly, run);
}

releases!(UnansweredIsDone, |machine, sent, reply, _me| {
    if is_removal(sent) && is_unknown(reply.as_ref()) {
        return machine.next(Some(deleted()));
    }
    machine.next(reply)
});

#[test]
fn p3_a_removal_without_an_answer_is_not_taken_for_done() {
    assert_caught(&UnansweredIsDone, Promise::NoLeak, run(&[FILE], 1));
}

releases!(UnreadableIsAnybodys, |machine, _sent, reply, _me| {
    let is_unreadable = matches!(
        &reply,
        Some(LockReply::Object(Reply::Applied(ObjectSuccess::Read(object))))
            if holder_of(&object.body).is_none()
    );
    machine.next(reply.map(|reply| if is_unreadable { passed_off(reply, 0) } else { reply }))
});

#[test]
fn p4_an_unreadable_lock_is_not_removed_by_an_id() {
    let programs: [Program; 2] = [LOOKS, FORCE_FILE_ID];
    let run = with_lock(run(&programs, 1), Facet::Lockfile, b"{\"ID\":");
    assert_caught(&UnreadableIsAnybodys, Promise::OwnReleaseOnly, run);
}

acquires!(HeldByItself, |machine, _sent, reply, _me| {
    let reply = reply.map(|reply| match reply {
        LockReply::Table(Reply::Applied(TableSuccess::Read(Some(_)))) => {
            LockReply::Table(Reply::Refused(Refusal::Denied))
        }
        other @ (LockReply::Object(_) | LockReply::Table(_)) => other,
    });
    machine.next(reply)
});

/// A client that may not read cannot tell its own lock from another's, and says so.
#[test]
fn p9_without_reading_a_request_that_was_delivered_twice_is_in_doubt() {
    let run = Run { kinds: &[Fault::DeliveredTwice], ..run(&[TABLE], 1) };
    assert_caught(&HeldByItself, Promise::RepeatSafe, run);
}
