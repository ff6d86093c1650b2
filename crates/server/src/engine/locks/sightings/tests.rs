//! What is remembered of connections, for how long, and what follows from it.

use super::*;
use crate::engine::{Connection, Protocol};

const NOW: u64 = 1_000 * SENDER_AGE_MICROS_MAX;

fn sender(connection: u64) -> Sender {
    let connection = Connection {
        id: ConnectionId(connection),
        peer: std::net::Ipv4Addr::LOCALHOST.into(),
        idle_since_micros: u64::MAX,
    };
    Sender {
        protocol: Protocol::S3,
        principal: "root".to_owned(),
        connection,
        proxied: false,
        user_agent: "OpenTofu/1.10.2".to_owned(),
        invocation: None,
    }
}

fn proxied(connection: u64) -> Sender {
    Sender { proxied: true, ..sender(connection) }
}

fn state(key: &str) -> LockedState {
    LockedState { bucket: "b".to_owned(), key: key.to_owned() }
}

fn id(text: &str) -> LockId {
    LockId::parse(text).unwrap()
}

/// What happened on one state: who did what with which lock, one after the other.
fn history(happened: &[(u64, SightingKind, &str)]) -> Sightings {
    let sightings = Sightings::default();
    for (connection, kind, lock) in happened {
        sightings.note(&state("k"), &sender(*connection), *kind, Some(&id(lock)), NOW);
        sightings.told(&state("k"), &sender(*connection), Some(&id(lock)), NOW);
    }
    sightings
}

fn locks(ids: &[&str]) -> Seen {
    Seen::Locks(ids.iter().map(|text| Some(id(text))).collect())
}

use SightingKind::{GaveBack, Read, Replaced, Took};

#[test]
fn on_its_own_connection_counts_what_was_seen_last() {
    let seen = history(&[(1, Read, "a"), (2, Took, "b"), (1, Took, "c"), (1, GaveBack, "c")]);
    assert_eq!(seen.seen(&state("k"), &sender(1), NOW), locks(&["c"]));
    assert_eq!(seen.seen(&state("k"), &sender(1), u64::MAX), locks(&["c"]), "however long ago");
    assert_eq!(seen.seen(&state("k"), &sender(2), NOW), locks(&["b"]));
    assert_eq!(seen.seen(&state("other"), &sender(1), NOW), Seen::Unknown);
}

#[test]
fn on_another_connection_counts_what_anybody_saw_who_looks_the_same() {
    let seen = history(&[(1, Read, "a"), (2, Took, "b"), (2, GaveBack, "c")]);
    assert_eq!(seen.seen(&state("k"), &sender(3), NOW), locks(&["a", "b"]));
    let late = NOW + SENDER_AGE_MICROS_MAX;
    assert_eq!(seen.seen(&state("k"), &sender(3), late), locks(&["a", "b"]));
    assert_eq!(seen.seen(&state("k"), &sender(3), late + 1), Seen::Unknown);
    let mut earlier = sender(3);
    earlier.connection.idle_since_micros = NOW - 1;
    assert_eq!(
        seen.seen(&state("k"), &earlier, NOW),
        Seen::Unknown,
        "it may have been sent before"
    );
    let others = [
        Sender { principal: "other".to_owned(), ..sender(3) },
        Sender { user_agent: "other".to_owned(), ..sender(3) },
        Sender {
            connection: Connection {
                peer: std::net::Ipv4Addr::BROADCAST.into(),
                ..sender(3).connection
            },
            ..sender(3)
        },
    ];
    for other in others {
        assert_eq!(seen.seen(&state("k"), &other, NOW), Seen::Unknown, "{other:?}");
    }
}

#[test]
fn other_clients_than_terraform_and_opentofu_may_remove_what_they_did_not_read() {
    let curl = |connection| Sender { user_agent: "curl/8".to_owned(), ..sender(connection) };
    let sightings = Sightings::default();
    sightings.note(&state("k"), &curl(1), Read, Some(&id("a")), NOW);
    assert_eq!(sightings.seen(&state("k"), &curl(1), NOW), locks(&["a"]), "on its own connection");
    assert_eq!(sightings.seen(&state("k"), &curl(2), NOW), Seen::Unknown);
}

#[test]
fn p4_a_read_that_arrives_again_does_not_show_its_client_the_next_lock() {
    let called = |call: &str| Sender { invocation: Some(call.to_owned()), ..sender(1) };
    let sightings = Sightings::default();
    sightings.note(&state("k"), &called("read"), Read, Some(&id("a")), NOW);
    sightings.note(&state("k"), &called("read"), Read, Some(&id("b")), NOW);
    assert_eq!(sightings.seen(&state("k"), &sender(1), NOW), locks(&["a"]));
    sightings.note(&state("k"), &called("another"), Read, Some(&id("b")), NOW);
    assert_eq!(sightings.seen(&state("k"), &sender(1), NOW), locks(&["b"]));
}

#[test]
fn behind_a_proxy_a_connection_says_nothing() {
    let seen = history(&[(1, Read, "a"), (2, Read, "b")]);
    assert_eq!(seen.seen(&state("k"), &proxied(2), NOW), locks(&["a", "b"]));
}

#[test]
fn an_unreadable_lock_that_was_seen_is_one() {
    let sightings = Sightings::default();
    sightings.note(&state("k"), &sender(1), Read, None, NOW);
    assert_eq!(sightings.seen(&state("k"), &sender(1), NOW), Seen::Locks(vec![None]));
}

#[test]
fn sightings_of_a_state_are_bounded_and_the_oldest_go() {
    let sightings = Sightings::default();
    let lock = id("a");
    for connection in 0..=u64::try_from(READS_MAX).unwrap() {
        sightings.note(&state("k"), &sender(connection), Read, Some(&lock), NOW);
    }
    assert_eq!(sightings.states()[&state("k")].reads.len(), READS_MAX);
    let late = NOW + 2 * SENDER_AGE_MICROS_MAX;
    assert_eq!(sightings.seen(&state("k"), &sender(0), late), Seen::Unknown, "forgotten");
    assert_eq!(sightings.seen(&state("k"), &sender(1), late), locks(&["a"]));
}

#[test]
fn a_client_that_reads_again_and_again_pushes_out_its_own_reads_only() {
    let sightings = Sightings::default();
    sightings.note(&state("k"), &sender(1), Read, Some(&id("a")), NOW);
    for _ in 0..4 * READS_MAX {
        sightings.note(&state("k"), &sender(2), Read, Some(&id("b")), NOW);
    }
    assert_eq!(sightings.states()[&state("k")].reads.len(), READS_MAX);
    assert_eq!(sightings.seen(&state("k"), &sender(1), NOW), locks(&["a"]));
}

#[test]
fn states_are_bounded_and_the_quietest_goes() {
    let sightings = Sightings::default();
    let lock = id("a");
    let note = |key: &str, at: u64| {
        sightings.note(&state(key), &sender(1), Read, Some(&lock), at);
    };
    for number in 0..STATES_MAX {
        note(&format!("k{number}"), NOW + u64::try_from(number).unwrap());
    }
    // The first is heard of again, so that the second is the quietest.
    note("k0", 2 * NOW);
    note("one more", 2 * NOW);
    let states = sightings.states();
    assert_eq!(states.len(), STATES_MAX);
    assert!(states.contains_key(&state("k0")) && states.contains_key(&state("one more")));
    assert!(!states.contains_key(&state("k1")));
}

/// Connection 1 took lock `a`; connection 2 took `b`, which holds. Does 1 belong to another client?
fn lost(happened: &[(u64, SightingKind, &str)], sender: &Sender, holds: &str) -> Option<String> {
    let sightings = history(happened);
    let lost = sightings.lost_its_lock(&state("k"), sender, Some(&id(holds)));
    lost.map(|lock| lock.as_str().to_owned())
}

#[test]
fn p6_a_connection_whose_lock_somebody_else_removed_belongs_to_nobody_who_holds_now() {
    let forced = [(1, Took, "a"), (3, GaveBack, "a"), (2, Took, "b")];
    assert_eq!(lost(&forced, &sender(1), "b").as_deref(), Some("a"));
    // It reads who holds now, and still has not got it.
    let read = [&forced[..], &[(1, Read, "b")]].concat();
    assert_eq!(lost(&read, &sender(1), "b").as_deref(), Some("a"));
    // The latest lock that it took is the one that counts.
    let twice = [&[(1, Took, "0"), (1, GaveBack, "0")], &forced[..]].concat();
    assert_eq!(lost(&twice, &sender(1), "b").as_deref(), Some("a"));
}

/// However many wait and read, and however many had the lock in between.
#[test]
fn p6_a_lost_lock_is_remembered_however_much_else_happens() {
    let waiting = |number: usize| (100 + u64::try_from(number % 8).unwrap(), Read, "b");
    let waiting: Vec<_> = (0..4 * READS_MAX).map(waiting).collect();
    let names: Vec<String> = (0..4 * DEEDS_MAX).map(|number| format!("c{number}")).collect();
    let cycle =
        |(number, name): (u64, _)| [(200 + number, Took, name), (200 + number, GaveBack, name)];
    let cycles: Vec<_> = (0..).zip(names.iter().map(String::as_str)).flat_map(cycle).collect();
    let (took, holds) = ([(1, Took, "a")], [(3, GaveBack, "a"), (2, Took, "b")]);
    for between in [&waiting, &cycles] {
        let before = [&took[..], between, &holds[..]].concat();
        assert_eq!(lost(&before, &sender(1), "b").as_deref(), Some("a"));
        let after = [&took[..], &holds[..1], between, &holds[1..]].concat();
        assert_eq!(lost(&after, &sender(1), "b").as_deref(), Some("a"));
    }
    // And it stays bounded when each lock is released by somebody else.
    let forced =
        |(number, name): (u64, _)| [(2 * number, Took, name), (2 * number + 1, GaveBack, name)];
    let forced: Vec<_> = (0..).zip(names.iter().map(String::as_str)).flat_map(forced).collect();
    let sightings = history(&forced);
    assert_eq!(sightings.states()[&state("k")].deeds.len(), DEEDS_MAX);
}

#[test]
fn p6_a_connection_whose_lock_was_replaced_belongs_to_nobody_who_holds_now() {
    let replaced = [(1, Took, "a"), (2, Took, "b"), (2, Replaced, "a")];
    assert_eq!(lost(&replaced, &sender(1), "b").as_deref(), Some("a"));
    assert_eq!(lost(&replaced, &sender(2), "b"), None);
    // And the replacement is replaced too.
    let twice = [&replaced[..], &[(3, Took, "c"), (3, Replaced, "b")]].concat();
    assert_eq!(lost(&twice, &sender(1), "c").as_deref(), Some("a"));
    assert_eq!(lost(&twice, &sender(2), "c").as_deref(), Some("b"));
    let own = [(1, Took, "a"), (1, Took, "b"), (1, Replaced, "a")];
    assert_eq!(lost(&own, &sender(1), "b"), None);
    // Its own lock that it replaced by itself is no reason to forget what comes after.
    let then_lost = [&own[..], &[(2, Took, "c"), (2, Replaced, "b")]].concat();
    assert_eq!(lost(&then_lost, &sender(1), "c").as_deref(), Some("b"));
}

#[test]
fn p4_a_lock_that_its_taker_was_not_told_of_yet_was_seen_by_nobody_else() {
    let sightings = Sightings::default();
    sightings.note(&state("k"), &sender(1), Took, Some(&id("a")), NOW);
    assert_eq!(sightings.seen(&state("k"), &sender(2), NOW), Seen::Unknown);
    assert_eq!(sightings.seen(&state("k"), &sender(1), NOW), locks(&["a"]));
    // Another connection, another lock, or later than this one was sent.
    let mut early = sender(2);
    early.connection.idle_since_micros = NOW;
    sightings.told(&state("k"), &sender(3), Some(&id("a")), NOW);
    sightings.told(&state("k"), &sender(1), Some(&id("b")), NOW);
    assert_eq!(sightings.seen(&state("k"), &early, NOW), Seen::Unknown);
    sightings.told(&state("k"), &sender(1), Some(&id("a")), NOW + 1);
    assert_eq!(sightings.seen(&state("k"), &early, NOW + 1), Seen::Unknown);
    assert_eq!(sightings.seen(&state("k"), &sender(2), NOW + 1), locks(&["a"]));
}

#[test]
fn a_connection_that_may_be_the_holders_is_not_taken_for_anothers() {
    type Case<'a> = (&'a str, &'a [(u64, SightingKind, &'a str)], Sender);
    let cases: [Case<'_>; 9] = [
        ("nothing is known", &[], sender(1)),
        ("it only read", &[(1, Read, "a"), (3, GaveBack, "a"), (2, Took, "b")], sender(1)),
        ("it holds", &[(1, Took, "a"), (3, GaveBack, "a"), (1, Took, "b")], sender(1)),
        ("it released by itself", &[(1, Took, "a"), (1, GaveBack, "a"), (2, Took, "b")], sender(1)),
        (
            "the holder's connection released: one client with two connections",
            &[(1, Took, "a"), (2, GaveBack, "a"), (2, Took, "b")],
            sender(1),
        ),
        ("no release is known", &[(1, Took, "a"), (2, Took, "b")], sender(1)),
        ("no holder is known", &[(1, Took, "a"), (3, GaveBack, "a")], sender(1)),
        ("a proxy", &[(1, Took, "a"), (3, GaveBack, "a"), (2, Took, "b")], proxied(1)),
        ("another connection", &[(1, Took, "a"), (3, GaveBack, "a"), (2, Took, "b")], sender(4)),
    ];
    for (why, happened, sender) in cases {
        assert_eq!(lost(happened, &sender, "b"), None, "{why}");
    }
}
