//! Every machine ends, whatever it is answered, and however wrongly it is driven.

use proptest::prelude::*;

use super::*;
use crate::lock::{CreatedAt, LockId, LockInfo};
use crate::state::{StateAddress, StateKey};
use crate::store::{
    BucketName, ETag, LockItem, ObjectSuccess, Refusal, Reply, StoredObject, TableName,
    TableSuccess,
};

/// More than any machine may send: six attempts, each with six looks, in each of two places, and as
/// much to roll back.
const SENDS_MAX: usize = 200;

const CONDITIONALS: [ConditionalDelete; 3] =
    [ConditionalDelete::Enforced, ConditionalDelete::Unproven, ConditionalDelete::Missing];

fn info() -> LockInfo {
    LockInfo {
        id: LockId::parse("mine").unwrap(),
        operation: String::new(),
        info: String::new(),
        who: String::new(),
        version: String::new(),
        created: CreatedAt::go_zero(),
        path: String::new(),
    }
}

fn places() -> Places {
    let address = StateAddress::new(BucketName::new("b"), StateKey::parse("k").unwrap());
    Places::of(&address, &LockMode::Dual(TableName::new("t")))
}

/// Every kind of answer, also such as fit no request, and none at all.
fn answers() -> Vec<Option<LockReply>> {
    let refusals = [
        Refusal::PreconditionFailed,
        Refusal::Conflict,
        Refusal::NoSuchKey,
        Refusal::NoSuchBucket,
        Refusal::NoSuchTable,
        Refusal::Denied,
        Refusal::Invalid,
        Refusal::Unsupported,
        Refusal::Unavailable,
    ];
    let bodies = [info().marshal(), b"{\"ID\":\"other\"}".to_vec(), Vec::new()];
    let mut objects = vec![
        Reply::Unknown,
        Reply::Applied(ObjectSuccess::Written(ETag::new("e"))),
        Reply::Applied(ObjectSuccess::Deleted),
        Reply::Applied(ObjectSuccess::Listed(Vec::new())),
    ];
    let mut items = vec![
        Reply::Unknown,
        Reply::Applied(TableSuccess::Put),
        Reply::Applied(TableSuccess::Deleted),
        Reply::Applied(TableSuccess::Read(None)),
        Reply::Applied(TableSuccess::Read(Some(LockItem { info: None }))),
    ];
    for body in bodies {
        let text = String::from_utf8_lossy(&body).into_owned();
        items.push(Reply::Applied(TableSuccess::Read(Some(LockItem { info: Some(text) }))));
        let etag = ETag::new(format!("tag{}", body.len()));
        objects.push(Reply::Applied(ObjectSuccess::Read(StoredObject { body, etag })));
    }
    objects.extend(refusals.map(Reply::Refused));
    items.extend(refusals.map(Reply::Refused));
    let objects = objects.into_iter().map(|reply| Some(LockReply::Object(reply)));
    let items = items.into_iter().map(|reply| Some(LockReply::Table(reply)));
    objects.chain(items).chain([None]).collect()
}

/// Drives a machine with these answers, over and over, and says how often it sent.
fn sends<M: LockMachine>(
    mut machine: M,
    answers: impl IntoIterator<Item = Option<LockReply>>,
) -> usize {
    let mut step = machine.next(None);
    for (sent, answer) in answers.into_iter().enumerate() {
        match step {
            Step::Done(_) => return sent,
            Step::Send(_) => step = machine.next(answer),
        }
        assert!(sent < SENDS_MAX, "it does not end");
    }
    panic!("too few answers for this test");
}

fn every_machine_ends(answers: &(impl Iterator<Item = Option<LockReply>> + Clone)) -> usize {
    let mut most = sends(Inspect::new(&places()), answers.clone());
    for conditional in CONDITIONALS {
        let acquire = || Acquire::new(places(), &info(), conditional);
        let unanswered = Unanswered { first: u8::MAX, second: 1 };
        let marks = [LockMark::ETag(ETag::new("e")), LockMark::Info(None)];
        let seen = || places().iter().cloned().zip(marks.clone()).collect::<Vec<_>>();
        let acquired = Acquired { id: info().id, places: seen(), unanswered };
        for sent in [
            sends(acquire(), answers.clone()),
            sends(acquire().again(unanswered).unwrap(), answers.clone()),
            sends(Release::by_id(&places(), &info().id, conditional), answers.clone()),
            sends(Release::seen(seen(), conditional), answers.clone()),
            sends(Release::own(&acquired, conditional), answers.clone()),
        ] {
            most = most.max(sent);
        }
    }
    most
}

#[test]
fn every_machine_ends_on_any_two_answers_in_turn() {
    let mut most = 0;
    for one in answers() {
        for two in answers() {
            let alternating = [one.clone(), two].into_iter().cycle();
            most = most.max(every_machine_ends(&alternating));
        }
    }
    assert!(most > 20, "the worst needs more than a few: {most}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_machine_ends_on_random_answers(
        numbers in proptest::collection::vec(0..answers().len(), 1..60),
    ) {
        let all = answers();
        let told = numbers.into_iter().map(move |number| all.get(number).cloned().flatten());
        every_machine_ends(&told.collect::<Vec<_>>().into_iter().cycle());
    }
}
