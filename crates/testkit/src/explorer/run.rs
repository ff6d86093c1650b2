//! Runs: what may happen in a world, and which promises each event is held against.

use statelock_protocol::lock::unified::{Facet, Seen};

use super::client::{Ending, Links, Program, Role, Step};
use super::faults::Fault;
use super::identity::identities;
use super::message::{Answer, Message, Naming, Request};
use super::promise::{Breach, Promise};
use super::search::Model;
use super::server::{Arrival, LockServer, Relevance};
use super::world::{CallRecord, Recognised, World, shown_by};
use super::{judge, telling, world_key};

/// Who takes part, and what is looked for.
#[derive(Clone, Debug)]
pub struct Run<S> {
    /// The server at the beginning.
    pub server: S,
    /// The clients.
    pub roles: Vec<Role>,
    /// How many faults may happen.
    pub faults: u8,
    /// Which.
    pub kinds: Vec<Fault>,
    /// How senders are recognised on a connection that saw nothing.
    pub recognised: Recognised,
    /// The promises that are looked at.
    pub promises: Vec<Promise>,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A client begins, or writes the state and begins to release.
    GoesOn(usize),
    /// The server handles a request, and its client gets the answer.
    Handled(usize),
    /// Something goes wrong with what this client sent, or with the client.
    Fails(usize, Fault),
    /// The server handles an attempt that nobody waits for.
    CopyArrives(usize),
    /// The time to give the lock back is over.
    GraceEnds,
}

impl<S: LockServer> Model for Run<S> {
    type State = World<S>;
    type Event = Event;

    fn start(&self) -> World<S> {
        World::new(self.server.clone(), &self.roles, self.faults, self.recognised)
    }

    fn events(&self, world: &World<S>) -> Vec<Event> {
        let mut events = Vec::new();
        for (who, party) in world.parties.iter().enumerate() {
            if party.goes_on_by_itself() {
                events.push(Event::GoesOn(who));
            }
            if party.under_way.is_some() {
                events.push(Event::Handled(who));
            }
            if world.faults_left > 0 {
                let may = |fault: &Fault| may_fail(world, who, *fault);
                let faults = self.kinds.iter().copied().filter(may);
                events.extend(faults.map(|fault| Event::Fails(who, fault)));
            }
        }
        events.extend((0..world.copies.len()).map(Event::CopyArrives));
        if world.server.grace_end().is_some() {
            events.push(Event::GraceEnds);
        }
        events
    }

    fn apply(&self, world: &mut World<S>, event: Event) -> Vec<Breach> {
        world.last = None;
        let mut breaches = Vec::new();
        match event {
            Event::GoesOn(who) => {
                judge::writes(world, who, &mut breaches);
                world.go_on(who, self.role(who));
            }
            Event::Handled(who) => {
                if let Some(message) = world.parties.get(who).and_then(|party| party.under_way) {
                    self.handle_and_answer(world, &message, &mut breaches);
                }
            }
            Event::Fails(who, fault) => self.fail(world, who, fault, &mut breaches),
            Event::CopyArrives(number) => {
                let copy = world.copies.remove(number);
                if self.handle(world, &copy, &mut breaches) == Answer::Kept {
                    world.copies.push(copy);
                }
            }
            Event::GraceEnds => {
                world.is_disturbed = true;
                world.now = world.server.grace_end().unwrap_or(world.now).max(world.now);
                world.server.settle(world.now);
            }
        }
        if !self.promises.contains(&Promise::FencedWrite) {
            self.skip_work(world);
        }
        judge::state(self, world, &mut breaches);
        forget_calls(world);
        breaches.retain(|breach| self.promises.contains(&breach.promise));
        breaches
    }

    fn key(&self, world: &World<S>) -> Vec<u8> {
        world_key::key(world, &self.roles)
    }

    fn describe(&self, before: &World<S>, event: Event, after: &World<S>) -> String {
        telling::tell(before, event, after)
    }
}

impl<S: LockServer> Run<S> {
    /// The role of this client.
    pub fn role(&self, who: usize) -> Role {
        let nobody = Role { program: Program::Http, waits: 0, attempts: 1, links: Links::One };
        self.roles.get(who).copied().unwrap_or(nobody)
    }

    /// Lets clients that read before they release go on to that: they still believe that they hold.
    fn skip_work(&self, world: &mut World<S>) {
        for (who, role) in self.roles.iter().enumerate() {
            let works = world.party(who).is_some_and(|party| party.client.step == Step::Work);
            if works && role.program.first() != Facet::Http {
                world.go_on(who, *role);
            }
        }
    }

    fn fail(&self, world: &mut World<S>, who: usize, fault: Fault, breaches: &mut Vec<Breach>) {
        world.faults_left -= 1;
        world.is_disturbed = true;
        let role = self.role(who);
        let under_way = world.parties.get(who).and_then(|party| party.under_way);
        match (fault, under_way) {
            (Fault::RequestLost, _) => world.send_again(who, role),
            (Fault::AnswerLost, Some(message)) => {
                if self.handle(world, &message, breaches) == Answer::Kept {
                    world.copies.push(message);
                }
                world.send_again(who, role);
            }
            (Fault::AnswerLate, Some(message)) => {
                let accepted = world.accepted_now(message);
                if let Some(party) = world.parties.get_mut(who) {
                    party.under_way = Some(accepted);
                }
            }
            (Fault::DeliveredTwice, Some(message)) => {
                world.copies.push(message);
                self.handle_and_answer(world, &message, breaches);
            }
            (Fault::DeliveredLate, Some(message)) => {
                let copy = if message.opens { world.accepted_now(message) } else { message };
                world.copies.push(copy);
                world.send_again(who, role);
            }
            (Fault::ClientKilled, message) => {
                world.copies.extend(message);
                if let Some(party) = world.parties.get_mut(who) {
                    party.under_way = None;
                    party.client.step = Step::Ended(Ending::Killed);
                }
            }
            (
                Fault::AnswerLost
                | Fault::AnswerLate
                | Fault::DeliveredTwice
                | Fault::DeliveredLate,
                None,
            ) => {}
        }
    }

    fn handle_and_answer(
        &self,
        world: &mut World<S>,
        message: &Message,
        breaches: &mut Vec<Breach>,
    ) {
        let answer = self.handle(world, message, breaches);
        if answer == Answer::Kept {
            // Its connection was accepted, then.
            let party = world.parties.get_mut(message.from);
            if let Some(sent) = party.and_then(|party| party.under_way.as_mut()) {
                sent.opens = false;
            }
        } else {
            judge::told(world, message, answer, breaches);
            world.deliver(message.from, self.role(message.from), answer);
        }
    }

    /// Lets the server handle a request.
    fn handle(
        &self,
        world: &mut World<S>,
        message: &Message,
        breaches: &mut Vec<Breach>,
    ) -> Answer {
        world.now += 1;
        let role = self.role(message.from);
        let identity = identities().get(message.from);
        let call = identity.filter(|_| role.program.names_calls());
        let arrival = Arrival {
            message,
            call: call.map(|identity| identity.call(message.call)),
            seen: seen(message),
            now: world.now,
        };
        let before = world.server.holdings();
        let answer = world.server.handle(&arrival);
        world.last = Some((*message, answer));
        // A copy of a read that showed a lock tells nothing of what its sender sees later.
        let is_old = world.calls.iter().any(|record| {
            record.is_of(message) && matches!(record.first, Some(Answer::Shows(Some(_))))
        });
        let seer = world.parties.get_mut(message.from).filter(|_| !is_old);
        if let (Some(shown), Some(party)) = (shown_by(message, answer), seer)
            && let Some(saw) = party.saw.get_mut(shown)
        {
            *saw = true;
        }
        judge::handled(self, world, message, (before, answer), breaches);
        answer
    }
}

/// Whether this can go wrong with what a client sent, or with the client.
fn may_fail<S: LockServer>(world: &World<S>, who: usize, fault: Fault) -> bool {
    let Some(party) = world.parties.get(who) else { return false };
    match fault {
        Fault::RequestLost | Fault::AnswerLost | Fault::DeliveredTwice | Fault::DeliveredLate => {
            party.under_way.is_some()
        }
        Fault::AnswerLate => {
            party.under_way.is_some_and(|sent| sent.opens && sent.sent_after < world.now)
        }
        Fault::ClientKilled => !party.client.has_ended() && party.client.step != Step::Start,
    }
}

/// Forgets calls of which nothing can arrive any more.
fn forget_calls<S: LockServer>(world: &mut World<S>) {
    let World { calls, parties, copies, .. } = world;
    let arrives = |message: &Message, record: &CallRecord| record.is_of(message);
    calls.retain(|record| {
        parties
            .iter()
            .filter_map(|party| party.under_way.as_ref())
            .chain(copies.iter())
            .any(|message| arrives(message, record))
    });
}

/// What the server knows that the sender of a request has seen.
fn seen(message: &Message) -> Seen {
    if !matches!(message.request, Request::Drop(_, Naming::Nothing)) {
        return Seen::Unknown;
    }
    let id = |who: usize| identities().get(who).map(|identity| identity.id.clone());
    if let Some(shown) = message.shown {
        return Seen::Locks(vec![shown.and_then(id)]);
    }
    let saw = message.saw.iter().enumerate();
    let locks: Vec<_> = saw.filter(|(_, saw)| **saw).map(|(who, _)| id(who)).collect();
    if locks.is_empty() { Seen::Unknown } else { Seen::Locks(locks) }
}

/// What [`Relevance`] is made of.
pub(super) fn relevance<'a>(
    rank: &'a dyn Fn(u64) -> u8,
    is_live: &'a dyn Fn(usize) -> bool,
) -> Relevance<'a> {
    Relevance { rank, is_live }
}
