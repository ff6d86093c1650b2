//! The machines, one history after the other. Every interleaving is tried by the explorer.

use super::*;
use crate::lock::{CreatedAt, LockId, LockInfo};
use crate::state::{StateAddress, StateKey};
use crate::store::{
    BucketName, ETag, ItemCondition, LockItem, ObjectRequest, ObjectSuccess, Precondition, Refusal,
    Reply, StoredObject, TableName, TableRequest, TableSuccess,
};

fn info(id: &str) -> LockInfo {
    LockInfo {
        id: LockId::parse(id).unwrap(),
        operation: "OperationTypeApply".to_owned(),
        info: String::new(),
        who: "me@here".to_owned(),
        version: "1.11.4".to_owned(),
        created: CreatedAt::from_unix(1, 0).unwrap(),
        path: "b/k".to_owned(),
    }
}

fn places(mode: &LockMode) -> Places {
    let address = StateAddress::new(BucketName::new("b"), StateKey::parse("k").unwrap());
    Places::of(&address, mode)
}

fn dual() -> LockMode {
    LockMode::Dual(TableName::new("t"))
}

fn acquire(mode: &LockMode) -> Acquire {
    Acquire::new(places(mode), &info("mine"), ConditionalDelete::Enforced)
}

fn written(etag: &str) -> LockReply {
    LockReply::Object(Reply::Applied(ObjectSuccess::Written(ETag::new(etag))))
}

fn object(id: &str) -> LockReply {
    let (body, etag) = (info(id).marshal(), ETag::new(format!("tag-{id}")));
    LockReply::Object(Reply::Applied(ObjectSuccess::Read(StoredObject { body, etag })))
}

fn refused(refusal: Refusal) -> LockReply {
    LockReply::Object(Reply::Refused(refusal))
}

fn lost() -> LockReply {
    LockReply::Object(Reply::Unknown)
}

fn text(id: &str) -> String {
    String::from_utf8(info(id).marshal()).unwrap()
}

fn item(id: &str) -> LockReply {
    let item = LockItem { info: Some(text(id)) };
    LockReply::Table(Reply::Applied(TableSuccess::Read(Some(item))))
}

/// Feeds the answers to a machine, and returns what it sent, and its outcome if it has one.
fn drive<M: LockMachine>(
    machine: &mut M,
    replies: Vec<LockReply>,
) -> (Vec<&'static str>, Option<M::Outcome>) {
    let mut sent = Vec::new();
    let mut replies = replies.into_iter();
    let mut step = machine.next(None);
    loop {
        match step {
            Step::Done(outcome) => {
                assert_eq!(replies.next(), None, "ended before the last answer");
                return (sent, Some(outcome));
            }
            Step::Send(next) => {
                sent.push(name(&next.request));
                match replies.next() {
                    Some(reply) => step = machine.next(Some(reply)),
                    None => return (sent, None),
                }
            }
        }
    }
}

fn name(request: &LockRequest) -> &'static str {
    match request {
        LockRequest::Object(ObjectRequest::Read { .. }) => "GET",
        LockRequest::Object(ObjectRequest::Write {
            precondition: Precondition::IfAbsent, ..
        }) => "PUT if absent",
        LockRequest::Object(ObjectRequest::Delete {
            precondition: Precondition::IfMatch(_),
            ..
        }) => "DELETE if match",
        LockRequest::Object(ObjectRequest::Delete { precondition: Precondition::None, .. }) => {
            "DELETE"
        }
        LockRequest::Object(_) => "something else",
        LockRequest::Table(TableRequest::Read { .. }) => "GetItem",
        LockRequest::Table(TableRequest::Put { .. }) => "PutItem",
        LockRequest::Table(TableRequest::Delete {
            condition: ItemCondition::InfoIs(_), ..
        }) => "DeleteItem if Info is",
        LockRequest::Table(TableRequest::Delete { condition: ItemCondition::NoInfo, .. }) => {
            "DeleteItem if no Info"
        }
    }
}

fn acquired(outcome: Option<AcquireOutcome>) -> Acquired {
    match outcome {
        Some(AcquireOutcome::Acquired(acquired)) => acquired,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lock_cycle_without_trouble_is_two_requests() {
    let (sent, outcome) = drive(&mut acquire(&LockMode::Lockfile), vec![written("e")]);
    let acquired = acquired(outcome);
    assert_eq!(sent, ["PUT if absent"]);
    assert!(acquired.unanswered.is_none());
    let mut release = Release::own(&acquired, ConditionalDelete::Enforced);
    let deleted = LockReply::Object(Reply::Applied(ObjectSuccess::Deleted));
    let (sent, outcome) = drive(&mut release, vec![deleted]);
    assert_eq!(sent, ["DELETE if match"]);
    assert!(outcome.is_some_and(|released| released.is_gone() && released.removed_any()));
}

#[test]
fn p2_after_a_lost_answer_our_own_id_in_the_store_is_a_success() {
    let replies = vec![lost(), object("mine"), object("mine")];
    let (sent, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
    assert_eq!(sent, ["PUT if absent", "GET", "GET"]);
    assert!(acquired(outcome).unanswered.is_none(), "it is the attempt that was unanswered");
}

#[test]
fn p9_a_refusal_of_a_request_that_was_delivered_twice_is_a_success() {
    let replies = vec![refused(Refusal::PreconditionFailed), object("mine"), object("mine")];
    let (_, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
    acquired(outcome);
}

/// A state server may show a client that was refused who is next in line: the client itself.
#[test]
fn p2_our_own_id_that_is_not_read_again_is_no_lock() {
    for first in [refused(Refusal::PreconditionFailed), lost()] {
        let gone = refused(Refusal::NoSuchKey);
        let replies = vec![first.clone(), object("mine"), gone, written("e")];
        let (sent, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
        assert_eq!(sent, ["PUT if absent", "GET", "GET", "PUT if absent"]);
        assert_eq!(acquired(outcome).places[0].1, LockMark::ETag(ETag::new("e")));

        let replies = vec![first.clone(), object("mine"), object("other")];
        let (_, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
        match outcome {
            Some(AcquireOutcome::Held { .. }) => assert_ne!(first, lost()),
            Some(AcquireOutcome::Unknown { seen: Some(_), .. }) => assert_eq!(first, lost()),
            other => panic!("{other:?}"),
        }
    }
    // A read without an answer in between changes nothing; a read that is refused says nothing.
    let conflict = refused(Refusal::PreconditionFailed);
    let replies = vec![conflict.clone(), object("mine"), lost(), object("mine")];
    acquired(drive(&mut acquire(&LockMode::Lockfile), replies).1);
    let replies = vec![conflict, object("mine"), refused(Refusal::Denied)];
    let (_, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
    assert!(matches!(outcome, Some(AcquireOutcome::Unknown { .. })), "{outcome:?}");
}

#[test]
fn another_id_in_the_store_is_held_and_names_the_holder() {
    let replies = vec![refused(Refusal::PreconditionFailed), object("other")];
    let (_, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
    let Some(AcquireOutcome::Held { holder, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(holder.id(), Some(LockId::parse("other").unwrap()));
}

#[test]
fn an_unreadable_lock_is_held_all_the_same() {
    let empty = StoredObject { body: Vec::new(), etag: ETag::new("e") };
    let empty = LockReply::Object(Reply::Applied(ObjectSuccess::Read(empty)));
    let replies = vec![refused(Refusal::PreconditionFailed), empty];
    let (_, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
    let Some(AcquireOutcome::Held { holder, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(holder.id(), None);
}

#[test]
fn p3_another_holder_does_not_make_an_unanswered_attempt_harmless() {
    let replies = vec![lost(), object("other")];
    let (_, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
    let Some(AcquireOutcome::Unknown { seen, unanswered, .. }) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(seen.is_some());
    assert_eq!(unanswered.first, 1);
}

#[test]
fn a_holder_who_left_in_between_is_no_failure() {
    let gone = || refused(Refusal::NoSuchKey);
    let replies = vec![refused(Refusal::PreconditionFailed), gone(), written("e")];
    let (sent, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
    assert_eq!(sent, ["PUT if absent", "GET", "PUT if absent"]);
    acquired(outcome);
    let replies = vec![refused(Refusal::Conflict), gone(), written("e")];
    acquired(drive(&mut acquire(&LockMode::Lockfile), replies).1);
}

#[test]
fn a_store_that_refuses_without_showing_a_lock_is_said_to() {
    let round = || [refused(Refusal::PreconditionFailed), refused(Refusal::NoSuchKey)];
    let replies = (0..TRIES_MAX).flat_map(|_| round()).collect();
    let (_, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
    assert!(matches!(outcome, Some(AcquireOutcome::Unstable { .. })), "{outcome:?}");
}

#[test]
fn what_the_store_refuses_outright_is_not_called_held() {
    for refusal in [Refusal::Denied, Refusal::NoSuchBucket, Refusal::Unsupported, Refusal::Invalid]
    {
        let (sent, outcome) = drive(&mut acquire(&LockMode::Lockfile), vec![refused(refusal)]);
        assert_eq!(sent.len(), 1);
        assert!(
            matches!(outcome, Some(AcquireOutcome::Refused { refusal: told, .. }) if told == refusal)
        );
    }
}

#[test]
fn a_refusal_that_cannot_be_looked_into_is_unknown() {
    let replies = vec![refused(Refusal::PreconditionFailed), refused(Refusal::Denied)];
    let (_, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
    assert!(matches!(outcome, Some(AcquireOutcome::Unknown { seen: None, .. })), "{outcome:?}");
}

#[test]
fn p5_dual_takes_the_lockfile_then_the_item_with_one_id() {
    let put = LockReply::Table(Reply::Applied(TableSuccess::Put));
    let (sent, outcome) = drive(&mut acquire(&dual()), vec![written("e"), put]);
    assert_eq!(sent, ["PUT if absent", "PutItem"]);
    assert_eq!(acquired(outcome).places.len(), 2);
}

#[test]
fn p5_dual_gives_the_lockfile_back_when_the_item_is_held() {
    let check_failed = LockReply::Table(Reply::Refused(Refusal::PreconditionFailed));
    let deleted = LockReply::Object(Reply::Applied(ObjectSuccess::Deleted));
    let replies = vec![written("e"), check_failed.clone(), item("other"), deleted];
    let (sent, outcome) = drive(&mut acquire(&dual()), replies);
    assert_eq!(sent, ["PUT if absent", "PutItem", "GetItem", "DELETE if match"]);
    assert!(matches!(outcome, Some(AcquireOutcome::Held { .. })), "{outcome:?}");

    let replies = vec![written("e"), check_failed, item("other"), refused(Refusal::Denied)];
    let (_, outcome) = drive(&mut acquire(&dual()), replies);
    let Some(AcquireOutcome::Unknown { seen: Some(_), unanswered, .. }) = outcome else {
        panic!("a lockfile that could not be removed is not passed over: {outcome:?}")
    };
    assert_eq!(unanswered.first, 1);
}

#[test]
fn a_waiting_dual_client_leaves_the_lockfile_alone_while_the_item_is_held() {
    let check_failed = LockReply::Table(Reply::Refused(Refusal::PreconditionFailed));
    let deleted = LockReply::Object(Reply::Applied(ObjectSuccess::Deleted));
    let mut first = acquire(&dual());
    drive(&mut first, vec![written("e"), check_failed, item("other"), deleted]);
    let mut again = first.again(Unanswered::default()).unwrap();
    let (sent, outcome) = drive(&mut again, vec![item("other")]);
    assert_eq!(sent, ["GetItem"]);
    assert!(matches!(outcome, Some(AcquireOutcome::Held { .. })), "{outcome:?}");

    // Held by lockfile: asking for that is what puts it in line where there is one.
    let held = || vec![refused(Refusal::PreconditionFailed), object("other")];
    let mut first = acquire(&dual());
    drive(&mut first, held());
    let (sent, outcome) = drive(&mut first.again(Unanswered::default()).unwrap(), held());
    assert_eq!(sent, ["PUT if absent", "GET"]);
    assert!(matches!(outcome, Some(AcquireOutcome::Held { .. })), "{outcome:?}");
}

#[test]
fn p1_a_lock_id_whose_removal_had_no_answer_is_not_used_again() {
    let check_failed = LockReply::Table(Reply::Refused(Refusal::PreconditionFailed));
    let roll_back = |answers: Vec<LockReply>| {
        let mut acquire = acquire(&dual());
        let before = vec![written("e"), check_failed.clone(), item("other")];
        let (_, outcome) = drive(&mut acquire, before.into_iter().chain(answers).collect());
        assert!(matches!(outcome, Some(AcquireOutcome::Held { .. })), "{outcome:?}");
        acquire.again(Unanswered::default())
    };
    let deleted = || LockReply::Object(Reply::Applied(ObjectSuccess::Deleted));
    assert!(roll_back(vec![deleted()]).is_some());
    assert!(roll_back(vec![lost(), deleted()]).is_none(), "the first may still come");
}

#[test]
fn p3_a_refusal_that_a_copy_may_have_caused_is_not_the_last_word() {
    for refusal in [Refusal::PreconditionFailed, Refusal::Conflict] {
        let replies = vec![refused(refusal), refused(Refusal::Denied)];
        let (_, outcome) = drive(&mut acquire(&LockMode::Lockfile), replies);
        let Some(AcquireOutcome::Unknown { unanswered, .. }) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(!unanswered.is_none(), "what is unknown is never called nothing");
    }
}

#[test]
fn p4_a_release_leaves_another_lock_alone() {
    let by_id = |conditional| {
        Release::by_id(&places(&LockMode::Lockfile), &LockId::parse("mine").unwrap(), conditional)
    };
    for conditional in
        [ConditionalDelete::Enforced, ConditionalDelete::Unproven, ConditionalDelete::Missing]
    {
        let (sent, outcome) = drive(&mut by_id(conditional), vec![object("other")]);
        assert_eq!(sent, ["GET"]);
        let released = outcome.unwrap();
        assert!(
            matches!(released.places.as_slice(), [(_, RemoveOutcome::Other(_))]),
            "{released:?}"
        );
    }
}

fn release_of_mine(conditional: ConditionalDelete) -> Release {
    let id = LockId::parse("mine").unwrap();
    Release::by_id(&places(&LockMode::Lockfile), &id, conditional)
}

#[test]
fn p4_a_store_without_conditional_delete_is_read_before_and_said_aloud() {
    let mut release = release_of_mine(ConditionalDelete::Unproven);
    let deleted = LockReply::Object(Reply::Applied(ObjectSuccess::Deleted));
    let replies = vec![object("mine"), refused(Refusal::Unsupported), object("mine"), deleted];
    let (sent, outcome) = drive(&mut release, replies);
    assert_eq!(sent, ["GET", "DELETE if match", "GET", "DELETE"]);
    let released = outcome.unwrap();
    let conditional = ConditionalDelete::Missing;
    assert_eq!(released.places[0].1, RemoveOutcome::Removed { conditional });
}

/// A middlebox may refuse anything; a removal without a condition could then hit whoever holds by now.
#[test]
fn p4_no_answer_makes_a_removal_unconditional_where_the_condition_is_enforced() {
    for refusal in [Refusal::Unsupported, Refusal::Invalid, Refusal::Denied, Refusal::NoSuchBucket]
    {
        let mut release = release_of_mine(ConditionalDelete::Enforced);
        let (sent, outcome) = drive(&mut release, vec![object("mine"), refused(refusal)]);
        assert_eq!(sent, ["GET", "DELETE if match"], "{refusal:?}");
        assert_eq!(outcome.unwrap().places[0].1, RemoveOutcome::Refused(refusal));
    }
}

#[test]
fn p4_a_request_that_is_called_invalid_says_nothing_of_the_condition() {
    let mut release = release_of_mine(ConditionalDelete::Unproven);
    let (sent, outcome) = drive(&mut release, vec![object("mine"), refused(Refusal::Invalid)]);
    assert_eq!(sent, ["GET", "DELETE if match"]);
    assert_eq!(outcome.unwrap().places[0].1, RemoveOutcome::Refused(Refusal::Invalid));
}

#[test]
fn a_release_whose_answer_is_lost_is_sent_again_on_the_same_condition() {
    let mut release = Release::by_id(
        &places(&LockMode::Lockfile),
        &LockId::parse("mine").unwrap(),
        ConditionalDelete::Enforced,
    );
    let replies = vec![object("mine"), lost(), refused(Refusal::NoSuchKey)];
    let (sent, outcome) = drive(&mut release, replies);
    assert_eq!(sent, ["GET", "DELETE if match", "DELETE if match"]);
    assert!(outcome.unwrap().removed_any());
}

#[test]
fn an_unreadable_lock_is_removed_as_it_was_seen_or_not_at_all() {
    let place = places(&LockMode::LockTable(TableName::new("t"))).first().clone();
    let mut release =
        Release::seen([(place.clone(), LockMark::Info(None))], ConditionalDelete::Enforced);
    let deleted = LockReply::Table(Reply::Applied(TableSuccess::Deleted));
    let (sent, outcome) = drive(&mut release, vec![deleted]);
    assert_eq!(sent, ["DeleteItem if no Info"]);
    assert!(outcome.unwrap().removed_any());

    let mut release = Release::seen([(place, LockMark::Info(None))], ConditionalDelete::Enforced);
    let check_failed = LockReply::Table(Reply::Refused(Refusal::PreconditionFailed));
    let (_, outcome) = drive(&mut release, vec![check_failed, item("new")]);
    assert!(!outcome.unwrap().removed_any());
}

#[test]
fn a_dual_release_attempts_both_places() {
    let mut release = Release::by_id(
        &places(&dual()),
        &LockId::parse("mine").unwrap(),
        ConditionalDelete::Enforced,
    );
    let deleted = LockReply::Table(Reply::Applied(TableSuccess::Deleted));
    let replies = vec![refused(Refusal::Denied), item("mine"), deleted];
    let (sent, outcome) = drive(&mut release, replies);
    assert_eq!(sent, ["GET", "GetItem", "DeleteItem if Info is"]);
    let released = outcome.unwrap();
    assert!(released.removed_any() && !released.is_gone());
}

#[test]
fn an_inspection_shows_every_place() {
    let mut inspect = Inspect::new(&places(&dual()));
    let (sent, outcome) =
        drive(&mut inspect, vec![lost(), refused(Refusal::NoSuchKey), item("other")]);
    assert_eq!(sent, ["GET", "GET", "GetItem"]);
    let seen = outcome.unwrap().places;
    assert!(matches!(seen.as_slice(), [(_, Looked::Absent), (_, Looked::Found(_))]), "{seen:?}");
}
