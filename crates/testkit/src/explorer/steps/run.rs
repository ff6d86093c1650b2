//! Runs: what may happen in a world, and what is looked for.

use statelock_protocol::lock::steps::LockReply;
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::store::Refusal;

use super::doing::{Doing, Ending, Told};
use super::faults::Fault;
use super::party::Party;
use super::program::Program;
use super::rules::Rules;
use super::store::Store;
use super::world::{Late, Shared, World};
use super::{judge, telling};
use crate::explorer::promise::{Breach, Promise};
use crate::explorer::search::Model;

/// Who takes part, and what is looked for.
#[derive(Clone, Debug)]
pub struct Run {
    /// The clients.
    pub programs: Vec<Program>,
    /// How clients of ours drive the machines.
    pub rules: &'static dyn Rules,
    /// How many faults may happen to messages and clients.
    pub faults: u8,
    /// Which.
    pub kinds: &'static [Fault],
    /// What the store does that AWS does not.
    pub store_faults: &'static [Fault],
    /// Locks that are there before anything happens.
    pub locks: Vec<(Facet, Vec<u8>)>,
    /// The promises that are looked at.
    pub promises: Vec<Promise>,
    /// Whether stock clients are held to the promises too.
    pub judges_stock: bool,
    /// Whether a removal may hit another's lock if its sender read the right one just before: the
    /// window of stores without conditional delete.
    pub has_window: bool,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A client begins to release, or tries again.
    GoesOn(usize),
    /// The store handles a request, and its client gets the answer.
    Handled(usize),
    /// Something goes wrong with what this client sent, or with the client.
    Fails(usize, Fault),
    /// The store handles a request that nobody waits for.
    CopyArrives(usize),
}

impl Model for Run {
    type State = World;
    type Event = Event;

    fn start(&self) -> World {
        let stale = self.kinds.contains(&Fault::StaleRead);
        let empty = Store::new(self.store_faults, stale);
        let store =
            self.locks.iter().fold(empty, |store, (facet, bytes)| store.with_lock(*facet, bytes));
        let party =
            |(me, program): (usize, &Program)| Shared::new(Party::new(*program, self.rules, me));
        World {
            parties: self.programs.iter().enumerate().map(party).collect(),
            store: Shared::new(store),
            copies: Vec::new(),
            faults_left: self.faults,
            only_doubled: true,
            last: None,
        }
    }

    fn events(&self, world: &World) -> Vec<Event> {
        let mut events = Vec::new();
        for (who, party) in world.parties.iter().enumerate() {
            if party.goes_on_by_itself() {
                events.push(Event::GoesOn(who));
            }
            if party.under_way.is_some() {
                events.push(Event::Handled(who));
            }
            if world.faults_left > 0 {
                let may = |fault: &Fault| may_fail(world, party, *fault);
                let kinds = self.kinds.iter().copied().filter(may);
                events.extend(kinds.map(|fault| Event::Fails(who, fault)));
            }
        }
        events.extend((0..world.copies.len()).map(Event::CopyArrives));
        events
    }

    fn apply(&self, world: &mut World, event: Event) -> Vec<Breach> {
        world.last = None;
        let mut breaches = match event {
            Event::GoesOn(who) => self.goes_on(world, who),
            Event::Handled(who) => self.handled(world, who),
            Event::Fails(who, fault) => self.fails(world, who, fault),
            Event::CopyArrives(number) => {
                let late = world.copies.remove(number);
                self.carry_out(world, &late).1
            }
        };
        breaches.extend(judge::state(self, world));
        breaches.retain(|breach| self.promises.contains(&breach.promise));
        breaches
    }

    fn key(&self, world: &World) -> Vec<u8> {
        world.key()
    }

    fn describe(&self, before: &World, event: Event, after: &World) -> String {
        telling::tell(before, event, after)
    }
}

/// Whether this can go wrong here, and would make a difference.
fn may_fail(world: &World, party: &Party, fault: Fault) -> bool {
    if fault == Fault::ClientKilled {
        return !party.has_ended();
    }
    let Some(wire) = &party.under_way else { return false };
    match fault {
        // Of a read, only that it has no answer.
        Fault::AnswerLost | Fault::DeliveredTwice | Fault::Error500Applied => wire.has_effect(),
        Fault::RequestLost
        | Fault::DeliveredLate
        | Fault::Throttled503
        | Fault::Error500NotApplied => true,
        Fault::Conflict409 => wire.is_conditional(),
        Fault::StaleRead => world.store.call_before(wire).is_some(),
        Fault::ClientKilled
        | Fault::DeleteMarkerBlocksCreate
        | Fault::IgnoresIfNoneMatch
        | Fault::IgnoresConditionalDelete
        | Fault::RefusesConditionalDelete
        | Fault::EtagIsNotMd5
        | Fault::ShowsWhoIsNext => false,
    }
}

impl Run {
    fn goes_on(&self, world: &mut World, who: usize) -> Vec<Breach> {
        let told =
            self.with_party(world, who, |party, program| party.goes_on(program, self.rules, who));
        self.judge_told(world, who, told)
    }

    fn with_party<T>(
        &self,
        world: &mut World,
        who: usize,
        change: impl FnOnce(&mut Party, Program) -> Option<T>,
    ) -> Option<T> {
        let (party, program) = (world.parties.get_mut(who)?, self.programs.get(who)?);
        change(party.change(), *program)
    }

    fn judge_told(&self, world: &World, who: usize, told: Option<Told>) -> Vec<Breach> {
        told.map_or_else(Vec::new, |told| judge::told(self, world, who, &told))
    }

    fn handled(&self, world: &mut World, who: usize) -> Vec<Breach> {
        let Some(late) = sent(world, who) else { return Vec::new() };
        let (reply, mut breaches) = self.carry_out(world, &late);
        breaches.extend(self.deliver(world, who, reply));
        breaches
    }

    fn deliver(&self, world: &mut World, who: usize, reply: LockReply) -> Vec<Breach> {
        world.last = Some(reply.clone());
        let told = self.with_party(world, who, |party, program| {
            party.answered(program, self.rules, who, reply)
        });
        self.judge_told(world, who, told)
    }

    /// Lets the store do it, and judges the effect.
    fn carry_out(&self, world: &mut World, late: &Late) -> (LockReply, Vec<Breach>) {
        let facet = late.wire.facet();
        let before = world.store.bytes(facet).map(<[u8]>::to_vec);
        let shown = if late.wire.has_effect() || !world.store.has_in_line(late.from, facet) {
            None
        } else {
            world.store.change().shown_next(late.from, &late.wire)
        };
        let reply = match shown {
            Some(reply) => reply,
            None if late.wire.has_effect() => {
                let store = world.store.change();
                let reply = store.call(&late.wire);
                store.note(late.from, &late.wire, &reply);
                reply
            }
            None => world.store.read(&late.wire),
        };
        world.last = Some(reply.clone());
        let breaches = judge::effect(self, world, late, before.as_deref());
        (reply, breaches)
    }

    fn fails(&self, world: &mut World, who: usize, fault: Fault) -> Vec<Breach> {
        world.faults_left = world.faults_left.saturating_sub(1);
        world.only_doubled &= fault == Fault::DeliveredTwice;
        let Some(late) = sent(world, who) else {
            kill(world, who);
            return Vec::new();
        };
        let mut breaches = Vec::new();
        let reply = match fault {
            Fault::RequestLost | Fault::Error500NotApplied => late.wire.unanswered(),
            Fault::AnswerLost | Fault::Error500Applied => {
                breaches.extend(self.carry_out(world, &late).1);
                late.wire.unanswered()
            }
            Fault::DeliveredTwice => {
                breaches.extend(self.carry_out(world, &late).1);
                let (reply, second) = self.carry_out(world, &late);
                breaches.extend(second);
                reply
            }
            Fault::DeliveredLate => {
                let unanswered = late.wire.unanswered();
                if late.wire.has_effect() {
                    world.copies.push(Shared::new(late));
                }
                unanswered
            }
            Fault::Conflict409 => late.wire.refused(Refusal::Conflict),
            Fault::Throttled503 => late.wire.refused(Refusal::Unavailable),
            Fault::StaleRead => match world.store.call_before(&late.wire) {
                Some(reply) => reply,
                None => world.store.read(&late.wire),
            },
            Fault::ClientKilled => {
                if late.wire.has_effect() {
                    world.copies.push(Shared::new(late));
                }
                kill(world, who);
                return breaches;
            }
            Fault::DeleteMarkerBlocksCreate
            | Fault::IgnoresIfNoneMatch
            | Fault::IgnoresConditionalDelete
            | Fault::RefusesConditionalDelete
            | Fault::EtagIsNotMd5
            | Fault::ShowsWhoIsNext => return breaches,
        };
        breaches.extend(self.deliver(world, who, reply));
        breaches
    }
}

/// What a client sent and waits for.
fn sent(world: &World, who: usize) -> Option<Late> {
    let party = world.parties.get(who)?;
    let has_just_looked = party.has_just_looked;
    Some(Late { from: who, wire: party.under_way.clone()?, has_just_looked })
}

fn kill(world: &mut World, who: usize) {
    if let Some(party) = world.parties.get_mut(who) {
        let party = party.change();
        party.under_way = None;
        party.doing = Doing::Ended(Ending::Killed);
    }
}
