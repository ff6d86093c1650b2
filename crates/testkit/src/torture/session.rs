//! What clients do: applies of every kind of backend, people who look, people who force, and writers that
//! hold no lock.

use std::time::Duration;

use statelock_protocol::lock::unified::Facet;

use super::client::{Client, Place, Told};
use super::clock::pause;
use super::request::{lock_info, state};
use crate::history::operation::{Api, Naming, Outcome, StateValue, Writer};

/// Whether a lock was taken.
enum Taken {
    Yes,
    No,
    /// An attempt got no answer, and no other was made.
    Perhaps,
}

/// The facets that a kind of backend takes, in its order.
pub(super) const KINDS: [&[Facet]; 4] =
    [&[Facet::Lockfile], &[Facet::LockTable], &[Facet::Lockfile, Facet::LockTable], &[Facet::Http]];

/// Attempts of one call, as SDKs make them.
const ATTEMPTS: usize = 4;

impl Client<'_> {
    /// Works until the round is over, or no state may be asked about any more.
    pub(super) fn work(&mut self) {
        let places = &self.common.places;
        while !self.is_over() {
            let open: Vec<&Place> =
                places.iter().filter(|place| place.has_room_for_anybody()).collect();
            let Some(place) = self.random.choice(open) else { return };
            if self.chance(self.forces) {
                self.force(place);
            } else {
                match self.random.u32(0..91) {
                    0..62 => self.apply(place),
                    62..80 => self.observe(place),
                    _ => self.intrude(place),
                }
            }
            self.rest();
        }
    }

    /// What is true in the end, read through everything.
    pub(super) fn read_all(&mut self, place: &Place) {
        self.look(place, Facet::Lockfile);
        self.look(place, Facet::LockTable);
        self.read(place, Api::S3);
        self.read(place, Api::Http);
        self.read_digest(place);
    }

    pub(super) fn rest(&mut self) {
        let max = u64::try_from(self.rest_max.as_micros()).unwrap_or(u64::MAX);
        pause(Duration::from_micros(self.random.u64(0..max)));
    }

    /// Takes the lock, reads, writes, and gives the lock back; or dies in the middle.
    fn apply(&mut self, place: &Place) {
        let id = self.fresh("lock");
        let info = lock_info(&id, self.number);
        let lock = (id.as_str(), info.as_str());
        let Some(facets) = self.random.choice(KINDS) else { return };
        let mut taken = Vec::new();
        for facet in facets {
            match self.take(place, *facet, lock) {
                Taken::Yes => taken.push(*facet),
                Taken::No => return self.give_back(place, &taken, lock),
                Taken::Perhaps => {
                    if self.chance(70) {
                        taken.push(*facet);
                        self.give_back(place, &taken, lock);
                    }
                    return;
                }
            }
            self.rest();
        }
        let api = if *facets == [Facet::Http] { Api::Http } else { Api::S3 };
        // Some applies take their time: others remove their lock, and take it.
        if self.chance(15) {
            pause(Duration::from_millis(self.random.u64(10..60)));
        }
        for _ in 0..self.random.usize(0..3) {
            let current = self.read(place, api);
            self.change(place, api, &id, current.as_ref());
            self.rest();
        }
        if self.chance(25) {
            self.read_digest(place);
        }
        // Now and then a client is killed, and its lock stays.
        if !self.chance(8) {
            self.give_back(place, &taken, lock);
        }
    }

    /// Asks for the lock; waits for it sometimes, as stock clients do: with another call and the same ID.
    fn take(&mut self, place: &Place, facet: Facet, lock: (&str, &str)) -> Taken {
        let mut call = self.call(facet);
        let mut otherwise = Taken::No;
        for _ in 0..ATTEMPTS {
            let told = self.acquire(place, facet, lock, call.as_deref());
            let Told::Outcome(outcome) = told else { return otherwise };
            match outcome {
                Outcome::Done => return Taken::Yes,
                Outcome::NotSent => self.rest(),
                Outcome::Unknown { .. } => {
                    otherwise = Taken::Perhaps;
                    if !self.chance(75) {
                        return otherwise;
                    }
                }
                Outcome::Refused | Outcome::Holder(_) | Outcome::State(_) | Outcome::Digest(_) => {
                    self.ask_who_holds(place);
                    if !self.chance(50) {
                        return Taken::No;
                    }
                    self.rest();
                    call = self.call(facet);
                }
            }
        }
        otherwise
    }

    /// After a refusal stock clients look who holds the lock.
    fn ask_who_holds(&mut self, place: &Place) {
        if self.chance(40) {
            let facet = if self.random.bool() { Facet::Lockfile } else { Facet::LockTable };
            self.look(place, facet);
        }
    }

    /// The id of a new call. Terraform's `http` backend has none.
    pub(super) fn call(&mut self, facet: Facet) -> Option<String> {
        match facet {
            Facet::Lockfile | Facet::LockTable => Some(self.fresh("call")),
            Facet::Http => None,
        }
    }

    fn give_back(&mut self, place: &Place, facets: &[Facet], lock: (&str, &str)) {
        for facet in facets {
            self.let_go(place, *facet, lock);
        }
    }

    fn let_go(&mut self, place: &Place, facet: Facet, lock: (&str, &str)) {
        let call = self.call(facet);
        let saw_it = self.seen.get(&place.key).is_some_and(|seen| seen == lock.0);
        let is_stock = facet != Facet::Http && saw_it && self.chance(50);
        let mut naming = if is_stock { Naming::Seen } else { Naming::Named };
        for _ in 0..ATTEMPTS {
            let told = self.release(place, facet, lock, (naming, call.as_deref()));
            let Told::Outcome(outcome) = told else { return };
            match outcome {
                Outcome::Done
                | Outcome::Refused
                | Outcome::Holder(_)
                | Outcome::State(_)
                | Outcome::Digest(_) => return,
                Outcome::NotSent => self.rest(),
                Outcome::Unknown { .. } if !self.chance(75) => return,
                Outcome::Unknown { .. } => {}
            }
            if naming != Naming::Named {
                // The connection on which the lock was seen is gone.
                naming = Naming::Blind;
                if facet != Facet::Lockfile {
                    return;
                }
            }
        }
    }

    /// Writes the state that follows `current`.
    fn change(&mut self, place: &Place, api: Api, id: &str, current: Option<&StateValue>) {
        let lineage = current.map_or_else(|| self.fresh("lineage"), |state| state.lineage.clone());
        let serial = current.map_or(0, |state| state.serial) + 1;
        let mark = self.fresh("state");
        let (next, call) = (state(&lineage, serial, &mark), self.fresh("call"));
        for _ in 0..ATTEMPTS {
            let writer = match api {
                Api::S3 => Writer::S3 { took: self.took.get(&place.key).cloned() },
                Api::Http => Writer::Http { claim: Some(id.to_owned()) },
            };
            let Told::Outcome(outcome) = self.write(place, &writer, &next, &call) else { return };
            match outcome {
                Outcome::Done
                | Outcome::Refused
                | Outcome::Holder(_)
                | Outcome::State(_)
                | Outcome::Digest(_) => return,
                Outcome::NotSent => self.rest(),
                Outcome::Unknown { .. } if !self.chance(75) => return,
                Outcome::Unknown { .. } => {}
            }
        }
    }

    fn observe(&mut self, place: &Place) {
        for _ in 0..self.random.u32(1..4) {
            match self.random.u32(0..5) {
                0 => drop(self.look(place, Facet::Lockfile)),
                1 => drop(self.look(place, Facet::LockTable)),
                2 => drop(self.read(place, Api::S3)),
                3 => drop(self.read(place, Api::Http)),
                _ => self.read_digest(place),
            }
        }
    }

    /// Looks who holds the lock, and removes it.
    fn force(&mut self, place: &Place) {
        let facet = if self.random.bool() { Facet::Lockfile } else { Facet::LockTable };
        let Some((id, info)) = self.look(place, facet) else { return };
        self.rest();
        let (lock, call) = ((id.as_str(), info.as_str()), self.fresh("call"));
        let saw_it = self.seen.get(&place.key).is_some_and(|seen| *seen == id);
        match self.random.u32(0..10) {
            0..4 => drop(self.release(place, facet, lock, (Naming::Named, Some(&call)))),
            4..6 if saw_it => drop(self.release(place, facet, lock, (Naming::Seen, Some(&call)))),
            4..8 => drop(self.release(place, Facet::Http, lock, (Naming::Named, None))),
            _ => drop(self.force_unlock(place)),
        }
    }

    /// Writes or deletes without the lock.
    fn intrude(&mut self, place: &Place) {
        let claim = self.chance(40).then(|| self.fresh("nobody"));
        let is_by_s3 = self.random.bool();
        let writer = |took: Option<&String>| {
            if is_by_s3 { Writer::S3 { took: took.cloned() } } else { Writer::Http { claim } }
        };
        if self.chance(15) {
            drop(self.delete(place, writer(self.took.get(&place.key))));
            return;
        }
        let current = self.read(place, Api::S3);
        let lineage = match &current {
            Some(state) if !self.chance(10) => state.lineage.clone(),
            Some(_) | None => self.fresh("lineage"),
        };
        let serial =
            current.map_or(1, |state| (state.serial + 2).saturating_sub(self.random.u64(0..4)));
        let mark = self.fresh("state");
        let (next, call) = (state(&lineage, serial, &mark), self.fresh("call"));
        // Said now: the connection on which it took something may have ended since.
        let writer = writer(self.took.get(&place.key));
        drop(self.write(place, &writer, &next, &call));
    }
}
