//! Every history of writers of one state whose locks are forced and whose writes of the digest come late, twice, or
//! not at all.

use aws_sdk_dynamodb::types::AttributeValue;
use statelock_protocol::state::Digest;
use statelock_protocol::store::Refusal;
use statelock_testkit::explorer::promise::{Breach, Promise};
use statelock_testkit::explorer::search::{Exploration, Model, Until, explore};

use super::digest_writing::{Answer, Ask, DigestValue, DigestWriting, Next};
use crate::error::Trouble;
use crate::handle::Standing;
use crate::transport::failure::Failed;

/// Who takes part.
#[derive(Clone, Debug)]
struct Writers {
    /// What each writes as its state. 0 is what is stored at first.
    contents: Vec<u8>,
    /// Whether the digest of 0 is there at first.
    has_digest: bool,
    /// How often something goes wrong with a write of a digest, or a writer is killed.
    faults: u8,
    /// How often a lock is removed by force.
    forced: u8,
    rules: Rules,
}

/// What is left out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rules {
    AsTheyAre,
    NoCondition,
    NoLook,
}

#[derive(Clone, Debug)]
struct World {
    writers: Vec<Writer>,
    lock: Option<usize>,
    state: u8,
    table: DigestValue,
    /// Writes that may still arrive: over what, and which digest.
    copies: Vec<(DigestValue, u8)>,
    faults_left: u8,
    forced_left: u8,
    /// The state whose digest is right: its writer was told so while it held the lock.
    settled: Option<u8>,
}

#[derive(Clone, Debug)]
enum Writer {
    Begins,
    /// It holds, and read this state.
    Read(u8),
    Digest(Box<DigestWriting>, Ask),
    Ended,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Takes(usize),
    WritesState(usize),
    Asks(usize),
    Fails(usize, Fault),
    Releases,
    Forced,
    CopyArrives(usize),
}

/// What goes wrong with a write of the digest.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Late,
    AnswerLost,
    Twice,
    Throttled,
    Killed,
}

const FAULTS: [Fault; 5] =
    [Fault::Late, Fault::AnswerLost, Fault::Twice, Fault::Throttled, Fault::Killed];

fn digest(content: u8) -> Digest {
    Digest::of(&[content])
}

fn value(content: u8) -> AttributeValue {
    AttributeValue::S(digest(content).to_string())
}

fn failure(refusal: Option<Refusal>) -> Answer {
    let trouble = Trouble {
        service: "DynamoDB",
        operation: "PutItem",
        endpoint: None,
        status: None,
        code: None,
        message: String::new(),
        request_id: None,
        was_sent: true,
    };
    Answer::Written(Err(Failed { refusal, trouble }))
}

impl World {
    fn put(&mut self, over: &DigestValue, content: u8, rules: Rules) -> bool {
        let new = Some(value(content));
        let applies = rules == Rules::NoCondition || self.table == *over || self.table == new;
        if applies {
            self.table = new;
        }
        applies
    }
}

impl Writers {
    fn hears(
        &self,
        world: &mut World,
        who: usize,
        mut machine: Box<DigestWriting>,
        answer: Option<Answer>,
    ) {
        world.writers[who] = match machine.next(answer) {
            Next::Ask { ask, .. } => Writer::Digest(machine, ask),
            Next::Done(result) => {
                if result.is_ok() && world.lock == Some(who) {
                    world.settled = Some(self.contents[who]);
                }
                Writer::Ended
            }
        };
    }

    fn asks(&self, world: &mut World, who: usize, fault: Option<Fault>) {
        let Writer::Digest(machine, ask) = world.writers[who].clone() else { return };
        let content = self.contents[who];
        let answer = match &ask {
            Ask::Read => Answer::Value(world.table.clone()),
            Ask::LookAtLock if world.lock == Some(who) || self.rules == Rules::NoLook => {
                Answer::Standing(Standing::Held)
            }
            Ask::LookAtLock => Answer::Standing(Standing::Lost(Vec::new())),
            Ask::Write { over } => match fault {
                Some(Fault::Late) => {
                    world.copies.push((over.clone(), content));
                    failure(None)
                }
                Some(Fault::AnswerLost) => {
                    world.put(over, content, self.rules);
                    failure(None)
                }
                Some(Fault::Throttled) => failure(Some(Refusal::Unavailable)),
                None | Some(Fault::Twice | Fault::Killed) => {
                    if fault.is_some() {
                        world.copies.push((over.clone(), content));
                    }
                    if world.put(over, content, self.rules) {
                        Answer::Written(Ok(()))
                    } else {
                        failure(Some(Refusal::PreconditionFailed))
                    }
                }
            },
        };
        self.hears(world, who, machine, Some(answer));
    }
}

impl Model for Writers {
    type State = World;
    type Event = Event;

    fn start(&self) -> World {
        World {
            writers: self.contents.iter().map(|_| Writer::Begins).collect(),
            lock: None,
            state: 0,
            table: self.has_digest.then(|| value(0)),
            copies: Vec::new(),
            faults_left: self.faults,
            forced_left: self.forced,
            settled: None,
        }
    }

    fn events(&self, world: &World) -> Vec<Event> {
        let mut events = Vec::new();
        for (who, writer) in world.writers.iter().enumerate() {
            match writer {
                Writer::Begins if world.lock.is_none() => events.push(Event::Takes(who)),
                Writer::Read(_) => events.push(Event::WritesState(who)),
                Writer::Digest(_, ask) => {
                    events.push(Event::Asks(who));
                    if matches!(ask, Ask::Write { .. }) && world.faults_left > 0 {
                        events.extend(FAULTS.map(|fault| Event::Fails(who, fault)));
                    }
                }
                Writer::Ended if world.lock == Some(who) => events.push(Event::Releases),
                Writer::Begins | Writer::Ended => {}
            }
        }
        if world.lock.is_some() && world.forced_left > 0 {
            events.push(Event::Forced);
        }
        events.extend((0..world.copies.len()).map(Event::CopyArrives));
        events
    }

    fn apply(&self, world: &mut World, event: Event) -> Vec<Breach> {
        match event {
            Event::Takes(who) => {
                world.lock = Some(who);
                world.writers[who] = Writer::Read(world.state);
            }
            // The store compares the ETag; whether the lock stands was looked at before, and may be over.
            Event::WritesState(who) => {
                if matches!(world.writers[who], Writer::Read(read) if read == world.state) {
                    world.state = self.contents[who];
                    world.settled = None;
                    let machine = DigestWriting::new(digest(self.contents[who]));
                    self.hears(world, who, Box::new(machine), None);
                } else {
                    world.writers[who] = Writer::Ended;
                }
            }
            Event::Asks(who) => self.asks(world, who, None),
            Event::Fails(who, fault) => {
                world.faults_left -= 1;
                self.asks(world, who, Some(fault));
                if matches!(fault, Fault::Killed) {
                    world.writers[who] = Writer::Ended;
                }
            }
            Event::Releases => world.lock = None,
            Event::Forced => {
                world.forced_left -= 1;
                world.lock = None;
            }
            Event::CopyArrives(number) => {
                let (over, content) = world.copies.remove(number);
                world.put(&over, content, self.rules);
            }
        }
        let is_spoiled = world.settled.is_some_and(|content| world.table != Some(value(content)));
        let what = format!("the state is {}, the digest {:?}", world.state, world.table);
        is_spoiled.then_some(Breach { promise: Promise::Digest, what }).into_iter().collect()
    }

    fn key(&self, world: &World) -> Vec<u8> {
        format!("{world:?}").into_bytes()
    }

    fn describe(&self, _before: &World, event: Event, after: &World) -> String {
        format!("{event:?}: lock {:?}, state {}, {:?}", after.lock, after.state, after.table)
    }
}

fn writers(contents: &[u8]) -> Writers {
    Writers {
        contents: contents.to_vec(),
        has_digest: true,
        faults: 2,
        forced: 1,
        rules: Rules::AsTheyAre,
    }
}

fn first_breach(writers: &Writers) -> Exploration {
    explore(writers, Until::FirstBreach)
}

#[test]
fn p8_no_late_write_spoils_the_digest_of_another_state() {
    for run in [
        Writers { faults: 3, ..writers(&[1, 2]) },
        Writers { faults: 3, has_digest: false, ..writers(&[1, 2]) },
        writers(&[1, 2, 3]),
        Writers { has_digest: false, ..writers(&[1, 2, 3]) },
    ] {
        let found = explore(&run, Until::Exhausted);
        println!("{run:?}: {} states, {} transitions", found.states, found.transitions);
        assert!(found.states > 1000 && found.ends > 0, "{found:?}");
        let told: Vec<_> = found.breaches.values().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{run:?}: {}", told.join("\n"));
    }
}

#[test]
fn p8_without_the_condition_a_late_write_spoils_it() {
    let run = Writers { rules: Rules::NoCondition, faults: 1, ..writers(&[1, 2]) };
    assert!(!first_breach(&Writers { forced: 0, ..run.clone() }).breaches.is_empty());
    assert!(!first_breach(&run).breaches.is_empty());
}

#[test]
fn p8_without_the_look_at_the_lock_a_second_attempt_spoils_it() {
    let run = Writers { rules: Rules::NoLook, faults: 1, ..writers(&[1, 2]) };
    assert!(!first_breach(&run).breaches.is_empty());
}

/// What the table knows is no more than the digest: the bytes that were there before cannot be told from those that are
/// there again.
#[test]
fn p8_a_digest_that_is_back_is_taken_for_the_one_that_was_read() {
    for contents in [&[1, 0][..], &[1, 2, 1]] {
        let run = Writers { faults: 1, ..writers(contents) };
        assert!(!first_breach(&run).breaches.is_empty(), "{contents:?}");
    }
}

fn asked(next: Next) -> Ask {
    let Next::Ask { ask, .. } = next else { unreachable!("it goes on: {next:?}") };
    ask
}

#[test]
fn p8_a_write_that_is_refused_for_good_is_looked_into_once() {
    for (found, is_written) in [(value(1), true), (value(0), false)] {
        let mut machine = DigestWriting::new(digest(1));
        assert_eq!(asked(machine.next(None)), Ask::Read);
        assert_eq!(asked(machine.next(Some(Answer::Value(Some(value(0)))))), Ask::LookAtLock);
        let held = Answer::Standing(Standing::Held);
        assert_eq!(asked(machine.next(Some(held))), Ask::Write { over: Some(value(0)) });
        assert_eq!(asked(machine.next(Some(failure(Some(Refusal::Denied))))), Ask::Read);
        let ended = machine.next(Some(Answer::Value(Some(found))));
        assert!(matches!(ended, Next::Done(result) if result.is_ok() == is_written));
    }
}

#[test]
fn the_writing_of_a_digest_ends_whatever_is_answered() {
    let refusals = [
        None,
        Some(Refusal::Unavailable),
        Some(Refusal::PreconditionFailed),
        Some(Refusal::Conflict),
    ];
    for refusal in refusals {
        let (mut machine, mut asked) = (DigestWriting::new(digest(1)), 0);
        let mut next = machine.next(None);
        while let Next::Ask { ask, .. } = next {
            asked += 1;
            assert!(asked < 20, "{machine:?}");
            next = machine.next(Some(match ask {
                Ask::Read => Answer::Value(Some(value(2))),
                Ask::LookAtLock => Answer::Standing(Standing::Held),
                Ask::Write { .. } => failure(refusal),
            }));
        }
        assert!(matches!(next, Next::Done(Err(_))), "{next:?}");
    }
}
