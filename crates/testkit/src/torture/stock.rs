//! Terraform and OpenTofu: each run is a process of its own, with its own connection and one lock ID, and
//! sends what they send, in their order.
//!
//! They ask for the lock, look who holds it if they are refused, and ask again after a while under the same
//! lock ID if they were shown somebody; they read the state, write it, look whether the lock is still
//! theirs, and remove it without naming it. What they do in seconds these do in tens of milliseconds.

use std::sync::atomic::Ordering;
use std::time::Duration;

use statelock_protocol::lock::unified::Facet;

use super::client::{Client, Place, Told};
use super::clock::pause;
use super::request::{self, Service, lock_info, state};
use super::session::KINDS;
use super::wire::Agent;
use crate::history::operation::{Api, Naming, Outcome, StateValue, Writer};

/// A stock client.
#[derive(Clone, Debug)]
pub(super) struct Stock {
    /// Its name and version, as in its `User-Agent`.
    program: &'static str,
    is_tofu: bool,
}

/// Those that run. Two that are alike are told apart by their connections only.
const PROGRAMS: [Stock; 3] = [
    Stock {
        program: "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io)",
        is_tofu: false,
    },
    Stock {
        program: "APN/1.0 HashiCorp/1.0 Terraform/1.13.5 (+https://www.terraform.io)",
        is_tofu: false,
    },
    Stock { program: "APN/1.0 OpenTofu-S3-Backend/1.0 OpenTofu/1.10.2", is_tofu: true },
];
const HTTP: &str = "Go-http-client/1.1";

/// Attempts of one call by an SDK.
const ATTEMPTS: usize = 5;
/// The first pause of a client that waits; each is twice the one before, up to the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_millis(160);

impl Stock {
    /// What all requests to a service have in common that this client sends.
    pub(super) fn program(&self, service: Service) -> String {
        match service {
            Service::S3 | Service::DynamoDb => self.sdk(),
            Service::Http => HTTP.to_owned(),
        }
    }

    pub(super) fn agent(&self) -> Agent {
        Agent {
            s3: format!("{} api/s3#1.75.2", self.sdk()),
            dynamodb: format!("{} api/dynamodb#1.39.8", self.sdk()),
            http: HTTP.to_owned(),
        }
    }

    fn sdk(&self) -> String {
        format!("{} aws-sdk-go-v2/1.36.0 ua/2.1 os/linux lang/go#1.23.3", self.program)
    }
}

/// One run of a stock client on one state.
struct Run<'a> {
    place: &'a Place,
    facets: &'static [Facet],
    /// The lock ID and the lock info.
    id: String,
    info: String,
}

/// What became of an attempt to take the whole lock.
enum Attempt {
    Taken,
    /// Refused, and it was shown a lock info: it may ask again.
    Held,
    /// Anything else: the command ends here.
    Failed,
}

impl Client<'_> {
    /// Runs stock clients, one process after the other, until the round is over.
    pub(super) fn run_stock_clients(&mut self) {
        let places = &self.common.places;
        while !self.is_over() {
            let open: Vec<&Place> =
                places.iter().filter(|place| place.left.load(Ordering::SeqCst) > 0).collect();
            let Some(place) = self.random.choice(open) else { return };
            let Some(stock) = self.random.choice(PROGRAMS) else { return };
            let Some(facets) = self.random.choice(KINDS) else { return };
            self.start_anew(stock);
            let id = self.fresh("lock");
            let info = lock_info(&id, self.number);
            self.run_stock(&Run { place, facets, id, info });
            self.rest();
        }
    }

    fn run_stock(&mut self, run: &Run<'_>) {
        if run.is_http() && self.random.bool() {
            self.read(run.place, Api::Http);
        }
        if !self.lock_with_patience(run) {
            return;
        }
        let current = self.refresh(run);
        self.think();
        let mut serial = current.as_ref().map_or(0, |state| state.serial);
        let lineage = current.map_or_else(|| self.fresh("lineage"), |state| state.lineage);
        let is_plan = self.chance(20);
        let writes = if is_plan { 0 } else { self.random.usize(1..3) };
        for _ in 0..writes {
            serial += 1;
            if self.is_dead || !self.persist(run, &lineage, serial) {
                break;
            }
        }
        // Now and then a process is killed, and its lock stays.
        if !self.is_dead && !self.chance(3) {
            self.unlock(run, run.facets);
        }
    }

    /// What a command does with its providers: it takes long at times.
    fn think(&mut self) {
        if self.chance(40) {
            pause(Duration::from_micros(self.random.u64(0..400_000)));
        } else {
            self.rest();
        }
    }

    /// Asks until it has the lock, or its patience is over.
    fn lock_with_patience(&mut self, run: &Run<'_>) -> bool {
        let times = if self.chance(25) { 1 } else { self.random.u32(2..8) };
        let mut delay = PAUSE_FIRST;
        for _ in 0..times {
            match self.lock(run) {
                Attempt::Taken => return true,
                Attempt::Failed => return false,
                Attempt::Held => {}
            }
            if self.is_over() {
                return false;
            }
            pause(delay);
            delay = (delay * 2).min(PAUSE_MAX);
        }
        false
    }

    /// One attempt: the lockfile, then the lock table.
    fn lock(&mut self, run: &Run<'_>) -> Attempt {
        let mut taken = Vec::new();
        for facet in run.facets {
            match self.lock_facet(run, *facet) {
                Attempt::Taken => taken.push(*facet),
                other => {
                    // What was taken is given back, whatever the other half said.
                    if !self.is_dead && !taken.is_empty() {
                        self.unlock(run, &taken);
                    }
                    return other;
                }
            }
        }
        Attempt::Taken
    }

    fn lock_facet(&mut self, run: &Run<'_>, facet: Facet) -> Attempt {
        let call = self.call(facet);
        for _ in 0..run.attempts() {
            let told = self.acquire(run.place, facet, (&run.id, &run.info), call.as_deref());
            let Told::Outcome(outcome) = told else { return Attempt::Failed };
            if self.is_dead {
                return Attempt::Failed;
            }
            match outcome {
                Outcome::Done => return Attempt::Taken,
                Outcome::NotSent | Outcome::Unknown { .. } => self.back_off(),
                Outcome::Refused | Outcome::Holder(_) | Outcome::State(_) | Outcome::Digest(_) => {
                    break;
                }
            }
        }
        // The `http` backend has the holder in the refusal itself. The others read it, whatever went wrong.
        if run.is_http() || self.look_again(run, facet).is_some() {
            Attempt::Held
        } else {
            Attempt::Failed
        }
    }

    fn back_off(&mut self) {
        pause(Duration::from_micros(self.random.u64(0..20_000)));
    }

    /// Reads the lock, as often as an SDK tries.
    fn look_again(&mut self, run: &Run<'_>, facet: Facet) -> Option<(String, String)> {
        let call = self.fresh("call");
        for _ in 0..ATTEMPTS {
            let found = self.look_by(run.place, facet, Some(&call));
            let is_answered =
                self.notes.operations.last().is_some_and(|(one, _)| one.outcome.is_known());
            if found.is_some() || is_answered || self.is_dead {
                return found;
            }
            self.back_off();
        }
        None
    }

    /// Reads the state, and its digest where there is a lock table.
    fn refresh(&mut self, run: &Run<'_>) -> Option<StateValue> {
        if run.is_http() {
            return self.read(run.place, Api::Http);
        }
        self.send_unnoted(&request::head(&run.place.key));
        let found = self.read(run.place, Api::S3);
        if run.facets.contains(&Facet::LockTable) && !self.is_dead {
            self.read_digest(run.place);
        }
        found
    }

    /// Writes a state, and its digest where there is a lock table; whether it is stored.
    fn persist(&mut self, run: &Run<'_>, lineage: &str, serial: u64) -> bool {
        let (mark, call) = (self.fresh("state"), self.fresh("call"));
        let next = state(lineage, serial, &mark);
        for _ in 0..run.attempts() {
            let writer = if run.is_http() {
                Writer::Http { claim: Some(run.id.clone()) }
            } else {
                Writer::S3 { took: self.took.get(&run.place.key).cloned() }
            };
            let told = self.write(run.place, &writer, &next, &call);
            let Told::Outcome(outcome) = told else { return false };
            if self.is_dead {
                return false;
            }
            match outcome {
                Outcome::Done => {
                    if run.facets.contains(&Facet::LockTable) {
                        let call = self.fresh("call");
                        let digest = &next.1.digest;
                        self.send_unnoted(&request::write_digest(&run.place.key, digest, &call));
                    }
                    return true;
                }
                Outcome::NotSent | Outcome::Unknown { .. } => self.back_off(),
                Outcome::Refused | Outcome::Holder(_) | Outcome::State(_) | Outcome::Digest(_) => {
                    return false;
                }
            }
        }
        false
    }

    /// Gives these facets back, in their order, whatever becomes of each.
    fn unlock(&mut self, run: &Run<'_>, facets: &[Facet]) {
        for facet in facets {
            if self.is_dead {
                return;
            }
            if run.is_http() {
                self.let_go_of(run, *facet, &run.info, Naming::Named);
                continue;
            }
            let found = self.look_again(run, *facet);
            let Some((_, info)) = found.filter(|(id, _)| *id == run.id && !self.is_dead) else {
                continue;
            };
            let is_tofu = self.stock.as_ref().is_some_and(|stock| stock.is_tofu);
            let naming =
                if is_tofu && *facet == Facet::LockTable { Naming::Named } else { Naming::Seen };
            self.let_go_of(run, *facet, &info, naming);
        }
    }

    fn let_go_of(&mut self, run: &Run<'_>, facet: Facet, info: &str, naming: Naming) {
        let call = self.call(facet);
        for _ in 0..run.attempts() {
            let saw_it = self.seen.get(&run.place.key).is_some_and(|seen| *seen == run.id);
            let naming = if naming == Naming::Seen && !saw_it { Naming::Blind } else { naming };
            let told = self.release(run.place, facet, (&run.id, info), (naming, call.as_deref()));
            let Told::Outcome(outcome) = told else { return };
            if self.is_dead || !matches!(outcome, Outcome::NotSent | Outcome::Unknown { .. }) {
                return;
            }
            self.back_off();
        }
    }
}

impl Run<'_> {
    fn is_http(&self) -> bool {
        self.facets == [Facet::Http]
    }

    /// How often one call is sent.
    fn attempts(&self) -> usize {
        if self.is_http() { 3 } else { ATTEMPTS }
    }
}
