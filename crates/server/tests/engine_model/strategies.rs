//! How often a random client does what.

use proptest::prelude::*;
use proptest::sample::Index;

use crate::harness::{HOUR, MINUTE, SECOND};
use crate::ops::{Body, Condition, KEYS, Op, Parts, Which};

fn key() -> impl Strategy<Value = usize> {
    // Two keys more often than the others, so that histories of one key become long; a lockfile is
    // one of them, because lockfiles have the most rules.
    prop_oneof![3 => 0..KEYS.len(), 2 => Just(2), 3 => Just(8)]
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        1 => Just(Body::Empty),
        6 => (0..3_u8).prop_map(Body::Text),
        8 => ((0..2_u8), prop_oneof![4 => Just(0), 1 => Just(1)])
            .prop_map(|(id, other)| Body::Lock(id, other)),
        1 => (0..2_u8).prop_map(Body::Piece),
        2 => (0..2_u8).prop_map(Body::Pieces),
    ]
}

fn part() -> impl Strategy<Value = Body> {
    prop_oneof![3 => body(), 2 => (0..2_u8).prop_map(Body::Part)]
}

fn condition() -> impl Strategy<Value = Condition> {
    prop_oneof![
        3 => Just(Condition::None),
        4 => Just(Condition::Star),
        2 => Just(Condition::Current),
        1 => Just(Condition::Other),
    ]
}

fn call() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![1 => Just(None), 3 => (0..4_u8).prop_map(Some)]
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![
        4 => Just(Which::Newest),
        1 => Just(Which::Null),
        3 => any::<Index>().prop_map(Which::Stored),
        1 => Just(Which::Unknown),
    ]
}

fn parts() -> impl Strategy<Value = Parts> {
    prop_oneof![
        6 => Just(Parts::All),
        1 => Just(Parts::First),
        1 => Just(Parts::Backwards),
        1 => Just(Parts::WrongEtag),
        1 => Just(Parts::NeverSent),
        1 => Just(Parts::None),
    ]
}

fn jump() -> impl Strategy<Value = u64> {
    prop_oneof![Just(1), Just(SECOND), Just(14 * MINUTE), Just(16 * MINUTE), Just(2 * HOUR)]
}

fn objects() -> impl Strategy<Value = Op> {
    prop_oneof![
        10 => (key(), body(), condition(), call())
            .prop_map(|(key, body, condition, call)| Op::Put { key, body, condition, call }),
        3 => prop_oneof![body(), (0..2_u8).prop_map(Body::Pieces)]
            .prop_map(|body| Op::Receive { body }),
        3 => (any::<Index>(), key(), condition(), call()).prop_map(
            |(received, key, condition, call)| Op::PutReceived { received, key, condition, call }
        ),
        6 => (key(), which(), condition(), call())
            .prop_map(|(key, which, condition, call)| Op::Delete { key, which, condition, call }),
        4 => (key(), which(), 0..3_u8).prop_map(|(key, which, tag)| Op::Tag { key, which, tag }),
    ]
}

fn uploads() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => key().prop_map(|key| Op::Begin { key }),
        5 => (any::<Index>(), 1..=3_u16, part())
            .prop_map(|(upload, number, body)| Op::Part { upload, number, body }),
        6 => (any::<Index>(), parts(), condition(), call()).prop_map(
            |(upload, parts, condition, call)| Op::Complete { upload, parts, condition, call }
        ),
        1 => any::<Index>().prop_map(|upload| Op::Abort { upload }),
    ]
}

fn surroundings() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => any::<bool>().prop_map(|enabled| Op::Versioning { enabled }),
        3 => jump().prop_map(|micros| Op::Forward { micros }),
        2 => jump().prop_map(|micros| Op::Back { micros }),
        2 => Just(Op::Sweep),
        2 => Just(Op::Pause),
        6 => any::<Index>().prop_map(|earlier| Op::Again { earlier }),
        1 => any::<(bool, bool)>()
            .prop_map(|(empty_first, versioned)| Op::DeleteBucket { empty_first, versioned }),
    ]
}

/// Whether the bucket begins with versioning, and what happens to it.
pub(crate) fn history() -> impl Strategy<Value = (bool, Vec<Op>)> {
    let op = prop_oneof![6 => objects(), 2 => uploads(), 3 => surroundings()];
    (any::<bool>(), proptest::collection::vec(op, 30..60))
}

/// The same of one lockfile and nothing else: many more requests meet each other there.
pub(crate) fn lock_history() -> impl Strategy<Value = (bool, Vec<Op>)> {
    const KEY: usize = 8;
    let lock = ((0..2_u8), prop_oneof![4 => Just(0), 1 => Just(1)])
        .prop_map(|(id, other)| Body::Lock(id, other));
    let body = prop_oneof![8 => lock, 1 => Just(Body::Empty)];
    let which = prop_oneof![4 => Just(Which::Newest), 1 => Just(Which::Null)];
    let op = prop_oneof![
        8 => (body, condition(), call())
            .prop_map(|(body, condition, call)| Op::Put { key: KEY, body, condition, call }),
        6 => (which, condition(), call()).prop_map(|(which, condition, call)| {
            Op::Delete { key: KEY, which, condition, call }
        }),
        4 => any::<Index>().prop_map(|earlier| Op::Again { earlier }),
        1 => jump().prop_map(|micros| Op::Forward { micros }),
        1 => jump().prop_map(|micros| Op::Back { micros }),
        1 => Just(Op::Sweep),
    ];
    (any::<bool>(), proptest::collection::vec(op, 15..30))
}
