//! The line, by cases and over all and over random histories.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::lock::LockInfo;
use crate::lock::unified::Facet;

const SECOND: u64 = 1_000_000;

fn id(name: &str) -> LockId {
    LockId::parse(name).unwrap()
}

fn asker<'a>(id: &'a LockId, info: &'a [u8]) -> Asker<'a> {
    Asker { id, facet: Facet::Lockfile, info }
}

fn refused(line: &mut Line, name: &str, now_micros: u64) {
    line.refused(&asker(&id(name), b"{}"), now_micros);
}

fn stay(line: &mut Line, name: &str, now_micros: u64) {
    line.stay(&asker(&id(name), b"{}"), now_micros).unwrap();
}

fn first_present(line: &Line) -> Option<&str> {
    line.first_present().map(|place| place.id.as_str())
}

#[test]
fn who_was_refused_before_is_returning() {
    let mut line = Line::default();
    assert_eq!(line.arrival(&id("a"), 0), Arrival::First);
    refused(&mut line, "a", 0);
    assert_eq!(line.arrival(&id("a"), SECOND), Arrival::Returning);
    assert_eq!(line.arrival(&id("b"), SECOND), Arrival::First);
}

#[test]
fn first_attempts_make_the_order_and_not_who_comes_back_first() {
    let mut line = Line::default();
    refused(&mut line, "a", 0);
    refused(&mut line, "b", 1);
    stay(&mut line, "b", SECOND);
    assert_eq!(first_present(&line), Some("b"), "a is away, and blocks nobody");
    stay(&mut line, "a", 2 * SECOND);
    assert_eq!(first_present(&line), Some("a"));
    assert_eq!(line.before(Some(&id("b"))).map(|place| place.id.as_str()), Some("a"));
    assert_eq!(line.before(Some(&id("a"))), None);
    assert!(line.before(Some(&id("new"))).is_some());
    assert!(line.before(None).is_some(), "a lock without an ID waits its turn as well");
}

#[test]
fn if_nobody_is_present_whoever_asks_may_take_the_lock() {
    let mut line = Line::default();
    refused(&mut line, "a", 0);
    assert_eq!(line.before(Some(&id("new"))), None);
    assert_eq!(line.before(None), None);
    assert_eq!(line.next().map(|place| place.id.as_str()), Some("a"), "but a is expected next");
}

#[test]
fn a_place_is_kept_through_the_longest_pause_and_then_forgotten() {
    let mut line = Line::default();
    refused(&mut line, "a", 0);
    assert_eq!(line.arrival(&id("a"), 17 * SECOND), Arrival::Returning);
    assert_eq!(line.arrival(&id("a"), AWAY_MICROS_MAX - 1), Arrival::Returning);
    assert_eq!(line.arrival(&id("a"), AWAY_MICROS_MAX), Arrival::First);
    assert!(line.is_empty());
}

#[test]
fn who_is_present_is_never_forgotten() {
    let mut line = Line::default();
    stay(&mut line, "a", 0);
    line.expire(u64::MAX);
    assert_eq!(first_present(&line), Some("a"));
}

#[test]
fn a_lost_connection_leaves_and_keeps_the_place() {
    let mut line = Line::default();
    refused(&mut line, "a", 0);
    refused(&mut line, "b", 0);
    stay(&mut line, "a", SECOND);
    stay(&mut line, "b", SECOND);
    line.leave(&id("a"), 2 * SECOND);
    assert_eq!(first_present(&line), Some("b"));
    stay(&mut line, "a", 3 * SECOND);
    assert_eq!(first_present(&line), Some("a"), "it came back to its place");
    line.leave(&id("a"), 4 * SECOND);
    assert_eq!(line.arrival(&id("a"), 4 * SECOND + AWAY_MICROS_MAX), Arrival::First);
}

#[test]
fn a_lock_id_is_present_while_one_of_its_requests_is_held_open() {
    let mut line = Line::default();
    stay(&mut line, "a", 0);
    stay(&mut line, "a", 1);
    line.leave(&id("a"), 2);
    assert_eq!(first_present(&line), Some("a"));
    refused(&mut line, "a", 3);
    assert_eq!(first_present(&line), Some("a"), "the other one was refused");
    line.leave(&id("a"), 4);
    assert_eq!(first_present(&line), None);
    line.leave(&id("a"), 5);
    line.leave(&id("never"), 5);
    assert_eq!(line.len(), 1);
}

#[test]
fn who_has_the_lock_stands_in_line_no_more() {
    let mut line = Line::default();
    refused(&mut line, "a", 7);
    stay(&mut line, "a", SECOND);
    assert_eq!(line.granted(&id("a")).map(|place| place.since_micros), Some(7));
    assert_eq!(line.granted(&id("a")), None);
    assert!(line.is_empty());
}

#[test]
fn a_line_is_bounded_and_what_finds_no_place_changes_nothing() {
    let mut line = Line::default();
    let large = vec![b'x'; INFO_SIZE_BYTES_MAX + 1];
    assert_eq!(line.stay(&asker(&id("a"), &large), 0), Err(Full));
    line.refused(&asker(&id("a"), &large), 0);
    assert!(line.is_empty());
    for number in 0..PLACES_MAX + 10 {
        refused(&mut line, &number.to_string(), 0);
    }
    assert_eq!(line.len(), PLACES_MAX);
    assert_eq!(line.stay(&asker(&id("late"), b"{}"), 1), Err(Full));
    line.stay(&asker(&id("0"), b"{}"), 1).expect("it has a place");
    line.stay(&asker(&id("late"), b"{}"), AWAY_MICROS_MAX).expect("the others gave up");
    assert_eq!(line.len(), 2);
}

#[test]
fn somebody_in_line_is_shown_place_and_holder_and_nothing_else_changes() {
    let sent = concat!(
        r#"{"ID":"h","Operation":"OperationTypeApply","Info":"","Who":"me@here","#,
        r#""Version":"1.11.4","Created":"2026-01-02T03:04:05.6789Z","Path":"b/k"}"#
    );
    let mut line = Line::default();
    refused(&mut line, "a", 0);
    refused(&mut line, "b", 0);
    let place = Place::new(&asker(&id("h"), sent.as_bytes()), 0);
    let hold = place.stand_in(0);
    let shown = Standing::annotate(line.standing(&id("b")), &hold, Facet::Http).unwrap();
    let info = LockInfo::parse(&shown).unwrap();
    assert_eq!(info.info, "place 2 of 2 in line; held by ID h (me@here)");
    assert_eq!(LockInfo { info: String::new(), ..info }.marshal(), sent.as_bytes());
    let shown = Standing::annotate_next(line.standing(&id("a")), &hold, Facet::Http).unwrap();
    let info = LockInfo::parse(&shown).unwrap();
    assert_eq!(info.info, "place 1 of 2 in line; just released; next is ID h (me@here)");
    let nowhere = line.standing(&id("unknown"));
    let said = sent.replace(r#""Info":"""#, r#""Info":"nightly""#);
    let hold = Place::new(&asker(&id("h"), said.as_bytes()), 0).stand_in(0);
    let shown = Standing::annotate(nowhere, &hold, Facet::Lockfile).unwrap();
    assert_eq!(LockInfo::parse(&shown).unwrap().info, "held by ID h (me@here): nightly");
    let garbage = Place::new(&asker(&id("h"), b"garbage"), 0).stand_in(0);
    assert_eq!(Standing::annotate(nowhere, &garbage, Facet::Lockfile), None);
}

/// What can happen to one of a few clients.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Asks once, and takes the lock if it may.
    Ask(usize),
    /// Its held request is dropped.
    Drop(usize),
    /// Its held request is refused in the end.
    GiveUp(usize),
    /// The holder releases.
    Release,
    /// So much time passes.
    Pass(u64),
}

/// A server with one lock and its line, as simple as can be, which checks the rules at each step.
#[derive(Clone, Debug, Default)]
struct World {
    line: Line,
    holder: Option<usize>,
    now_micros: u64,
    /// Who asked, and when first and last; the same facts as the line's, kept the obvious way.
    asked: BTreeMap<usize, (u64, u64)>,
    open: BTreeSet<usize>,
    order: u64,
}

impl World {
    fn step(&mut self, event: Event) {
        match event {
            Event::Ask(client) => self.ask(client),
            Event::Drop(client) | Event::GiveUp(client) => {
                if self.open.remove(&client) {
                    self.line.leave(&name(client), self.now_micros);
                    self.touch(client);
                }
            }
            Event::Release => {
                self.holder = None;
                let first = self.line.first_present().map(|place| number(&place.id));
                if let Some(first) = first {
                    self.grant(first);
                }
            }
            Event::Pass(micros) => self.now_micros += micros,
        }
        self.line.expire(self.now_micros);
        let now_micros = self.now_micros;
        let open = self.open.clone();
        self.asked.retain(|client, (_, last)| {
            open.contains(client) || now_micros - *last < AWAY_MICROS_MAX
        });
        self.check();
    }

    fn ask(&mut self, client: usize) {
        if self.holder == Some(client) || self.open.contains(&client) {
            return;
        }
        let id = name(client);
        let arrival = self.line.arrival(&id, self.now_micros);
        let known = self.asked.contains_key(&client);
        assert_eq!(arrival == Arrival::Returning, known);
        let asker = asker(&id, b"{}");
        if arrival == Arrival::Returning {
            self.line.stay(&asker, self.now_micros).unwrap();
            self.open.insert(client);
        }
        if self.holder.is_none() && self.line.before(Some(&id)).is_none() {
            return self.grant(client);
        }
        match arrival {
            Arrival::First => {
                self.line.refused(&asker, self.now_micros);
                self.order += 1;
                self.asked.insert(client, (self.order, self.now_micros));
            }
            Arrival::Returning => self.touch(client),
        }
    }

    fn grant(&mut self, client: usize) {
        // Fairness: nobody who is present asked before.
        let first = |client: &usize| self.asked.get(client).map_or(u64::MAX, |(order, _)| *order);
        let mine = first(&client);
        for other in self.open.iter().filter(|other| **other != client) {
            assert!(first(other) > mine, "{other} came before {client}: {self:?}");
        }
        self.holder = Some(client);
        self.line.granted(&name(client));
        self.open.remove(&client);
        self.asked.remove(&client);
    }

    fn touch(&mut self, client: usize) {
        if let Some((_, last)) = self.asked.get_mut(&client) {
            *last = self.now_micros;
        }
    }

    fn check(&self) {
        let mut expected: Vec<_> =
            self.asked.iter().map(|(client, (order, _))| (*order, *client)).collect();
        expected.sort_unstable();
        let expected: Vec<_> = expected.into_iter().map(|(_, client)| client).collect();
        let places: Vec<_> = self.line.places.iter().map(|place| number(&place.id)).collect();
        assert_eq!(places, expected, "{self:?}");
        let present: BTreeSet<_> = self
            .line
            .places
            .iter()
            .filter(|place| place.is_present())
            .map(|place| number(&place.id))
            .collect();
        assert_eq!(present, self.open, "{self:?}");
        // Nobody waits for a free lock.
        assert!(self.holder.is_some() || present.is_empty(), "{self:?}");
        for (at, client) in places.iter().enumerate() {
            let standing = self.line.standing(&name(*client)).unwrap();
            assert_eq!((standing.place, standing.of), (at + 1, places.len()));
        }
    }
}

fn name(client: usize) -> LockId {
    id(&client.to_string())
}

fn number(id: &LockId) -> usize {
    id.as_str().parse().unwrap()
}

/// Every history of eight events of three clients keeps the rules.
#[test]
fn every_short_history_is_fair_and_lets_nobody_wait_for_a_free_lock() {
    let events: Vec<_> = (0..3)
        .flat_map(|client| [Event::Ask(client), Event::Drop(client)])
        .chain([Event::Release, Event::Pass(AWAY_MICROS_MAX / 2)])
        .collect();
    let mut worlds = vec![World::default()];
    let mut seen = 0_usize;
    for _ in 0..8 {
        let mut next: Vec<World> = Vec::new();
        let mut known = BTreeSet::new();
        for world in &worlds {
            for event in &events {
                let mut after = world.clone();
                after.step(*event);
                seen += 1;
                if known.insert(format!("{after:?}")) {
                    next.push(after);
                }
            }
        }
        worlds = next;
    }
    assert!(seen > 20_000, "only {seen} steps");
}

mod random {
    use proptest::prelude::*;

    use super::*;

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            6 => (0..6_usize).prop_map(Event::Ask),
            2 => (0..6_usize).prop_map(Event::Drop),
            1 => (0..6_usize).prop_map(Event::GiveUp),
            3 => Just(Event::Release),
            2 => (0..30_u64).prop_map(|seconds| Event::Pass(seconds * SECOND)),
        ]
    }

    proptest! {
        #[test]
        fn long_histories_are_fair(events in prop::collection::vec(event(), 0..200)) {
            let mut world = World::default();
            for event in events {
                world.step(event);
            }
        }

        /// Who keeps coming back within its time has the lock after those before it, and no later.
        #[test]
        fn nobody_starves(
            waiting in 1..8_usize,
            newcomers in prop::collection::vec(0..3_usize, 8),
        ) {
            let mut world = World::default();
            world.step(Event::Ask(0));
            for client in 1..=waiting {
                world.step(Event::Ask(client));
            }
            let mut served = Vec::new();
            let mut fresh = 100;
            for turn in 0..waiting {
                world.step(Event::Pass(SECOND));
                for client in 1..=waiting {
                    if !served.contains(&client) {
                        world.step(Event::Ask(client));
                    }
                }
                for _ in 0..newcomers.get(turn).copied().unwrap_or_default() {
                    fresh += 1;
                    world.step(Event::Ask(fresh));
                }
                world.step(Event::Release);
                served.extend(world.holder);
            }
            prop_assert_eq!(served, (1..=waiting).collect::<Vec<_>>());
        }
    }
}
