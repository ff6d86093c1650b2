//! One client: sends requests on one connection, and notes each with what it was told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use statelock_protocol::lock::unified::Facet;

use super::clock::{Stopwatch, pause};
use super::request::{self, Request, Service};
use super::stock::Stock;
use super::wire::{Door, Heard, Wire};
use crate::history::operation::{
    Action, Api, Claim, Naming, Operation, Outcome, Refusal, Shown, StateValue, Writer,
};

/// What all clients of a round share.
pub(super) struct Common {
    pub(super) door: Door,
    pub(super) clock: Stopwatch,
    pub(super) places: Vec<Place>,
    /// Set when the round is over.
    pub(super) is_over: AtomicBool,
}

/// A state, and how many requests may still be about it.
pub(super) struct Place {
    pub(super) key: String,
    pub(super) left: AtomicUsize,
    /// So many of them are kept for stock clients.
    pub(super) reserved: usize,
}

impl Place {
    /// Whether a client that is no stock client may begin something here.
    pub(super) fn has_room_for_anybody(&self) -> bool {
        self.left.load(Ordering::SeqCst) > self.reserved
    }
}

/// What a client noted.
#[derive(Default)]
pub(super) struct Notes {
    /// Each with the moment at which its connection stood.
    pub(super) operations: Vec<(Operation, u64)>,
    /// Answers that are none of the protocol's.
    pub(super) surprises: Vec<String>,
}

pub(super) struct Client<'round> {
    pub(super) number: u32,
    pub(super) random: fastrand::Rng,
    pub(super) common: &'round Common,
    pub(super) notes: Notes,
    /// Locks that were taken on this connection, and locks seen on it last, by key.
    pub(super) took: BTreeMap<String, String>,
    pub(super) seen: BTreeMap<String, String>,
    /// The latest refusal of a lock on this connection, by key.
    refused: BTreeMap<String, Refusal>,
    /// How many of a hundred requests it gives up before they are answered.
    hangs_up: u32,
    /// How many of a hundred things that it does are to remove a lock.
    pub(super) forces: u32,
    /// Its longest rest between two things that it does.
    pub(super) rest_max: Duration,
    /// What it calls itself, if it is a stock client.
    pub(super) stock: Option<Stock>,
    /// Whether its process died: it sends nothing more.
    pub(super) is_dead: bool,
    pub(super) wire: Wire,
    names: u32,
}

/// What a request led to.
pub(super) enum Told {
    Outcome(Outcome),
    /// It is the last one about this state: nothing was sent.
    Enough,
}

impl<'round> Client<'round> {
    pub(super) fn new(number: u32, seed: u64, common: &'round Common) -> Self {
        Self {
            number,
            random: fastrand::Rng::with_seed(seed),
            common,
            notes: Notes::default(),
            took: BTreeMap::new(),
            seen: BTreeMap::new(),
            refused: BTreeMap::new(),
            hangs_up: 2,
            forces: 9,
            rest_max: Duration::from_millis(6),
            stock: None,
            is_dead: false,
            wire: Wire::new(common.door.clone(), common.clock),
            names: 0,
        }
    }

    /// It rests longer from now on, waits for its answers, and removes more locks: those of others who think.
    pub(super) fn take_its_time(&mut self) {
        self.rest_max = Duration::from_millis(100);
        self.hangs_up = 0;
        self.forces = 20;
    }

    pub(super) fn is_over(&self) -> bool {
        self.common.is_over.load(Ordering::SeqCst)
    }

    /// A name that nobody else has in this round.
    pub(super) fn fresh(&mut self, what: &str) -> String {
        self.names += 1;
        format!("{what}{}.{}", self.number, self.names)
    }

    /// Whether something that happens so often happens now.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(0..100) < percent
    }

    pub(super) fn acquire(
        &mut self,
        place: &Place,
        facet: Facet,
        (lock, info): (&str, &str),
        call: Option<&str>,
    ) -> Told {
        let request = request::acquire(facet, &place.key, info, call);
        let (lock, call) = (lock.to_owned(), call.map(str::to_owned));
        let action = Action::Acquire { facet, lock: lock.clone(), call };
        let told = self.ask(place, action, &request, |_| Some(Outcome::Done));
        self.no_fresh_refusal(place);
        if matches!(told, Told::Outcome(Outcome::Done)) && self.wire.is_open() {
            self.took.insert(place.key.clone(), lock.clone());
            self.seen.insert(place.key.clone(), lock.clone());
        }
        // Who has the lock is not refused any more.
        if matches!(told, Told::Outcome(Outcome::Done)) && self.stock.is_some() {
            self.refused.remove(&place.key);
        }
        if matches!(told, Told::Outcome(Outcome::Refused)) && self.wire.is_open() {
            let at_micros = self.notes.operations.last().and_then(|(one, _)| one.end_micros);
            let refusal = Refusal { lock, at_micros: at_micros.unwrap_or(0), is_fresh: true };
            self.refused.insert(place.key.clone(), refusal);
        }
        told
    }

    /// Something else happened on this connection since the lock was refused.
    fn no_fresh_refusal(&mut self, place: &Place) {
        if let Some(refusal) = self.refused.get_mut(&place.key) {
            refusal.is_fresh = false;
        }
    }

    /// Looks who holds the lock; the lock ID with its lock info.
    pub(super) fn look(&mut self, place: &Place, facet: Facet) -> Option<(String, String)> {
        self.look_by(place, facet, None)
    }

    /// The same by a call with this id. Only stock clients are shown who is next.
    pub(super) fn look_by(
        &mut self,
        place: &Place,
        facet: Facet,
        call: Option<&str>,
    ) -> Option<(String, String)> {
        let request = request::look(facet, &place.key)?.called(call);
        let mut found = None;
        let refusal = self.refused.get(&place.key).filter(|_| self.stock.is_some()).cloned();
        self.ask(place, Action::Look { facet, refusal }, &request, |body| {
            let info = match (body, request.service) {
                (None, _) => return Some(Outcome::Holder(None)),
                (Some(body), Service::S3) => String::from_utf8(body.to_vec()).ok()?,
                (Some(body), Service::DynamoDb | Service::Http) => {
                    let Some(info) = request::attribute(body, "Info") else {
                        return Some(Outcome::Holder(None));
                    };
                    info
                }
            };
            let id = request::id_of(&info)?;
            found = Some((id.clone(), info));
            Some(Outcome::Holder(Some(id)))
        });
        self.no_fresh_refusal(place);
        let said = found.as_ref().and_then(|(id, info)| said_of(id, info));
        if let (Some((one, _)), Some(said)) = (self.notes.operations.last_mut(), said) {
            one.shown = Some(said);
        }
        // After a refusal the server may not count it as seen.
        let is_refused = self.refused.contains_key(&place.key);
        self.seen.remove(&place.key);
        if let Some((id, _)) = found.as_ref().filter(|_| self.wire.is_open() && !is_refused) {
            self.seen.insert(place.key.clone(), id.clone());
        }
        found
    }

    pub(super) fn release(
        &mut self,
        place: &Place,
        facet: Facet,
        (lock, info): (&str, &str),
        (naming, call): (Naming, Option<&str>),
    ) -> Told {
        let request = request::release(facet, &place.key, info, naming, call);
        let (lock, call) = (lock.to_owned(), call.map(str::to_owned));
        let action = Action::Release { facet, lock, naming, call };
        self.no_fresh_refusal(place);
        self.ask(place, action, &request, |_| Some(Outcome::Done))
    }

    pub(super) fn force_unlock(&mut self, place: &Place) -> Told {
        let request = request::force_unlock(&place.key);
        self.ask(place, Action::ForceUnlock, &request, |_| Some(Outcome::Done))
    }

    /// The state; `None` if there is none, or no answer.
    pub(super) fn read(&mut self, place: &Place, through: Api) -> Option<StateValue> {
        let request = request::read(through, &place.key);
        let told = self.ask(place, Action::Read { through }, &request, |body| match body {
            None => Some(Outcome::State(None)),
            Some(body) => Some(Outcome::State(Some(request::state_of(body)?))),
        });
        let Told::Outcome(outcome) = told else { return None };
        outcome.state().cloned()
    }

    pub(super) fn read_digest(&mut self, place: &Place) {
        let request = request::read_digest(&place.key);
        self.ask(place, Action::ReadDigest, &request, |body| {
            let digest = body.and_then(|body| request::attribute(body, "Digest"));
            Some(Outcome::Digest(digest))
        });
    }

    /// One attempt of a write; over S3 `call` names it.
    pub(super) fn write(
        &mut self,
        place: &Place,
        writer: &Writer,
        (body, value): &(Vec<u8>, StateValue),
        call: &str,
    ) -> Told {
        let (key, body) = (place.key.as_str(), body.clone());
        let request = match writer {
            Writer::S3 { .. } => request::write_s3(key, body, call),
            Writer::Http { claim } => request::write_http(key, body, claim.as_deref()),
        };
        let action = Action::Write { writer: writer.clone(), value: value.clone() };
        self.ask(place, action, &request, |_| Some(Outcome::Done))
    }

    pub(super) fn delete(&mut self, place: &Place, writer: Writer) -> Told {
        let request = match &writer {
            Writer::S3 { .. } => request::delete_s3(&place.key),
            Writer::Http { claim } => request::delete_http(&place.key, claim.as_deref()),
        };
        self.ask(place, Action::Delete { writer }, &request, |_| Some(Outcome::Done))
    }

    /// After how long the sender of this goes away without the answer, if it does.
    fn hang_up(&mut self, action: &Action) -> Option<Duration> {
        let waits = self.stock.is_some() && action.acquired().is_some();
        let (percent, millis) = if waits { (5, 300) } else { (self.hangs_up, 8) };
        self.chance(percent).then(|| Duration::from_micros(self.random.u64(0..millis * 1000)))
    }

    /// Sends a request of which nothing is to be said: it changes nothing, and reads nothing that matters.
    pub(super) fn send_unnoted(&mut self, request: &Request) {
        drop(self.wire.ask(request, None));
        if !self.wire.is_open() {
            self.forget_connection();
        }
    }

    /// Another process begins, on a connection of its own.
    pub(super) fn start_anew(&mut self, stock: Stock) {
        self.wire.start_anew(stock.agent());
        self.stock = Some(stock);
        self.is_dead = false;
        self.forget_connection();
    }

    fn forget_connection(&mut self) {
        self.took.clear();
        self.seen.clear();
        self.refused.clear();
    }

    /// Sends a request and notes what it was told. `meaning` says what a body means that came with
    /// success; there is none where nothing was found.
    fn ask(
        &mut self,
        place: &Place,
        action: Action,
        request: &Request,
        meaning: impl FnOnce(Option<&[u8]>) -> Option<Outcome>,
    ) -> Told {
        let taken =
            place.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if taken.is_err() {
            return Told::Enough;
        }
        let hang_up = self.hang_up(&action);
        let exchange = self.wire.ask(request, hang_up);
        self.is_dead |= hang_up.is_some();
        if !self.wire.is_open() {
            self.forget_connection();
        }
        let mut shown = None;
        let outcome = match exchange.heard {
            Heard::NotSent => {
                // It counts for nothing, and the server needs a moment.
                place.left.fetch_add(1, Ordering::SeqCst);
                pause(Duration::from_millis(self.random.u64(15..60)));
                Outcome::NotSent
            }
            Heard::Nothing { hung_up } => Outcome::Unknown { hung_up },
            Heard::Answer(status, body) => {
                if matches!((&action, status), (Action::Acquire { .. }, 409 | 423)) {
                    let lock = request::id_of(&String::from_utf8_lossy(&body));
                    shown = lock.map(|lock| Shown { lock, says: None });
                }
                let meant = match verdict(request, status, &body) {
                    Verdict::Success => meaning(Some(&body)),
                    Verdict::NothingThere => meaning(None),
                    Verdict::Refused => Some(Outcome::Refused),
                    Verdict::NobodyKnows => Some(Outcome::Unknown { hung_up: true }),
                    Verdict::Surprise => None,
                };
                meant.unwrap_or_else(|| {
                    let text = String::from_utf8_lossy(&body);
                    let Request { method, path, .. } = request;
                    self.notes.surprises.push(format!("{method} {path}: {status} {text}"));
                    Outcome::Unknown { hung_up: true }
                })
            }
        };
        let operation = Operation {
            client: self.number,
            connection: exchange.connection,
            address: place.key.clone(),
            action,
            start_micros: exchange.start_micros,
            end_micros: Some(exchange.end_micros),
            outcome: outcome.clone(),
            comes_twice: false,
            sent_micros: exchange.sent_micros,
            gave_up_micros: hang_up.map(|_| exchange.end_micros),
            program: self.stock.as_ref().map(|stock| stock.program(request.service)),
            shown,
        };
        self.notes.operations.push((operation, exchange.connected_micros));
        Told::Outcome(outcome)
    }
}

/// What a lock info says that Terraform or OpenTofu was shown.
fn said_of(id: &str, info: &str) -> Option<Shown> {
    let says = match request::note_of(info)? {
        note if note.contains(&format!("next is ID {id}")) => Claim::IsNext,
        note if note.contains(&format!("held by ID {id}")) => Claim::Holds,
        _ => return None,
    };
    Some(Shown { lock: id.to_owned(), says: Some(says) })
}

enum Verdict {
    Success,
    NothingThere,
    Refused,
    /// The disk was slow, and the server says itself that it cannot tell.
    NobodyKnows,
    /// Nothing that this request should be told.
    Surprise,
}

fn verdict(request: &Request, status: u16, body: &[u8]) -> Verdict {
    let says = |words: &str| String::from_utf8_lossy(body).contains(words);
    let condition_failed = || says("ConditionalCheckFailedException");
    let took_too_long = || says("is unknown") && !says("The server failed");
    match (request.service, status) {
        (_, 200 | 204 | 206) => Verdict::Success,
        (Service::S3 | Service::Http, 404) if request.method == "GET" => Verdict::NothingThere,
        (Service::S3, 404 | 409 | 412) | (Service::Http, 409 | 423) => Verdict::Refused,
        (Service::DynamoDb, 400) if condition_failed() => Verdict::Refused,
        (_, 500) if took_too_long() => Verdict::NobodyKnows,
        _ => Verdict::Surprise,
    }
}
