//! The checker on histories written by hand: bad ones must fail, and good ones must pass.

mod bad_locks;
mod bad_states;
mod good;
mod shown;
mod stock;
mod waiting;

use statelock_protocol::lock::unified::Facet;

use super::check::{Verdict, check};
use super::operation::{
    Action, Api, Claim, Naming, Operation, Outcome, Refusal, Shown, StateValue, Writer,
};

const LOCKFILE: Facet = Facet::Lockfile;
const TABLE: Facet = Facet::LockTable;
const HTTP: Facet = Facet::Http;

const UNKNOWN: Outcome = Outcome::Unknown { hung_up: false };
const HUNG_UP: Outcome = Outcome::Unknown { hung_up: true };

/// A history that is being written.
#[derive(Default)]
struct Script {
    history: Vec<Operation>,
    now: u64,
}

impl Script {
    /// One operation after all others.
    fn then(mut self, action: Action, outcome: Outcome) -> Self {
        let start = self.now + 10;
        self.now += 20;
        let end = self.now;
        self.between(start, Some(end), action, outcome)
    }

    /// One operation between two moments.
    fn between(mut self, start: u64, end: Option<u64>, action: Action, outcome: Outcome) -> Self {
        self.now = self.now.max(end.unwrap_or(start));
        self.history.push(Operation {
            client: u32::try_from(self.history.len()).unwrap(),
            connection: 1,
            address: "s3://b/k".to_owned(),
            action,
            start_micros: start,
            end_micros: end,
            outcome,
            comes_twice: false,
            sent_micros: None,
            gave_up_micros: None,
            program: None,
            shown: None,
        });
        self
    }

    /// An operation that begins after all others, and of which nothing was heard.
    fn and_maybe(mut self, action: Action) -> Self {
        self.now += 10;
        let start = self.now;
        self.between(start, None, action, UNKNOWN)
    }

    /// The same, when the server was killed before anything else happened.
    fn and_maybe_before_a_kill(mut self, action: Action) -> Self {
        self.now += 20;
        let (start, end) = (self.now - 10, self.now);
        self.between(start, Some(end), action, UNKNOWN)
    }

    /// Who did the latest one.
    fn by(mut self, client: u32) -> Self {
        if let Some(latest) = self.history.last_mut() {
            latest.client = client;
        }
        self
    }

    /// The latest one may have come twice.
    fn twice(mut self) -> Self {
        if let Some(latest) = self.history.last_mut() {
            latest.comes_twice = true;
        }
        self
    }

    /// The latest one was sent by this program.
    fn from(mut self, program: &str) -> Self {
        if let Some(latest) = self.history.last_mut() {
            latest.program = Some(program.to_owned());
        }
        self
    }

    /// All of the latest one was with the operating system then.
    fn sent(mut self, micros: u64) -> Self {
        if let Some(latest) = self.history.last_mut() {
            latest.sent_micros = Some(micros);
        }
        self
    }

    /// What the lock info in the answer to the latest one says.
    fn shows(mut self, lock: &str, says: Option<Claim>) -> Self {
        if let Some(latest) = self.history.last_mut() {
            latest.shown = Some(Shown { lock: lock.to_owned(), says });
        }
        self
    }

    fn later(mut self, micros: u64) -> Self {
        self.now += micros;
        self
    }

    #[track_caller]
    fn passes(self) {
        assert_eq!(check(&self.history), Verdict::Linearizable, "{}", self.table());
    }

    #[track_caller]
    fn fails(self) {
        let verdict = check(&self.history);
        assert!(matches!(verdict, Verdict::Impossible(_)), "{verdict:?}\n{}", self.table());
    }

    fn table(&self) -> String {
        super::table::table(&self.history)
    }
}

fn script() -> Script {
    Script::default()
}

fn acquire(facet: Facet, lock: &str) -> Action {
    Action::Acquire { facet, lock: lock.to_owned(), call: None }
}

/// An attempt of the one call by which `lock` is acquired.
fn attempt(lock: &str) -> Action {
    let call = Some(format!("call of {lock}"));
    Action::Acquire { facet: LOCKFILE, lock: lock.to_owned(), call }
}

fn release(facet: Facet, lock: &str) -> Action {
    Action::Release { facet, lock: lock.to_owned(), naming: Naming::Named, call: None }
}

/// An attempt of the one call by which `lock` is released, with nothing that names it.
fn attempt_to_release(lock: &str, naming: Naming) -> Action {
    let call = Some(format!("release of {lock} by call"));
    Action::Release { facet: LOCKFILE, lock: lock.to_owned(), naming, call }
}

fn look(facet: Facet) -> Action {
    Action::Look { facet, refusal: None }
}

/// A look on a connection that was refused `lock` at a moment, and did something else since.
fn look_after(facet: Facet, lock: &str, at_micros: u64) -> Action {
    let refusal = Refusal { lock: lock.to_owned(), at_micros, is_fresh: false };
    Action::Look { facet, refusal: Some(refusal) }
}

/// The first look on a connection that was refused `lock` at a moment.
fn look_at_once(facet: Facet, lock: &str, at_micros: u64) -> Action {
    let refusal = Refusal { lock: lock.to_owned(), at_micros, is_fresh: true };
    Action::Look { facet, refusal: Some(refusal) }
}

fn holder(lock: &str) -> Outcome {
    Outcome::Holder(Some(lock.to_owned()))
}

const NOBODY: Outcome = Outcome::Holder(None);

fn value(serial: u64) -> StateValue {
    StateValue { lineage: "l".to_owned(), serial, digest: format!("digest of {serial}") }
}

fn read() -> Action {
    Action::Read { through: Api::S3 }
}

fn state(serial: u64) -> Outcome {
    Outcome::State(Some(value(serial)))
}

const NOTHING: Outcome = Outcome::State(None);

/// A write through S3.
fn write(serial: u64) -> Action {
    Action::Write { writer: Writer::S3 { took: None }, value: value(serial) }
}

/// A write over HTTP.
fn post(serial: u64, claim: Option<&str>) -> Action {
    Action::Write { writer: Writer::Http { claim: claim.map(str::to_owned) }, value: value(serial) }
}
