//! One round: fresh states, clients on all of them, a server that dies again and again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::client::{Client, Common, Notes, Place};
use super::clock::{Stopwatch, pause};
use super::wire::Door;
use crate::history::operation::{Operation, Outcome};
use crate::server_process::ServerProcess;

/// Requests about one state, before the last reads. The checker searches histories of twice that length
/// at most, and is fast on these.
const REQUESTS_PER_STATE: usize = 90;
/// The same where clients take their time, so that fewer of them overlap.
const REQUESTS_PER_CALM_STATE: usize = 110;
/// Those of them that are kept for stock clients.
const RESERVED: usize = 45;
/// Those that read everything at the end.
const LAST_READS: usize = 8;

/// What happens in a round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// Decides what clients try, and when the server is killed.
    pub seed: u64,
    /// Clients at a time that do anything.
    pub clients: u32,
    /// Clients at a time that do what Terraform and OpenTofu do.
    pub stock_clients: u32,
    /// Whether clients take their time and the server lives long, so that some wait for the lock for long;
    /// else they rush, and the server dies again and again.
    pub is_calm: bool,
    /// States that they share.
    pub states: usize,
    /// How often the server is killed while they work. At the end it is killed once more.
    pub kills: usize,
}

/// What clients noted.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Every request, by its start.
    pub history: Vec<Operation>,
    /// Answers that are none of the protocol's.
    pub surprises: Vec<String>,
    /// How often the server was killed.
    pub kills: usize,
}

impl Round {
    /// The round of a seed.
    pub fn of_seed(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let is_calm = random.u32(0..100) < 30;
        let states = if is_calm { random.usize(2..5) } else { random.usize(1..4) };
        let each_state = u32::try_from(states).unwrap_or(1);
        Self {
            seed,
            clients: if is_calm { each_state * 2 } else { random.u32(4..9) },
            stock_clients: if is_calm { each_state * 3 } else { random.u32(1..4) },
            is_calm,
            states,
            kills: if is_calm { random.usize(0..2) } else { random.usize(1..4) },
        }
    }

    /// The same in a rush and without stock clients: for what changes whose a connection is.
    #[must_use]
    pub fn without_stock_clients(self) -> Self {
        Self { stock_clients: 0, is_calm: false, ..self }
    }

    /// The same without kills in between: for what stands between the clients and the server.
    #[must_use]
    pub fn without_kills(self) -> Self {
        Self { kills: 0, ..self }
    }

    /// Runs it on a server, whose clients ask at `address`.
    ///
    /// # Panics
    /// If the server cannot be started again, or a client dies.
    pub fn run(&self, server: &mut ServerProcess, address: SocketAddr) -> Evidence {
        let (access_key, secret_key) = server.credentials();
        let common = Common {
            door: Door::new(address, &access_key, &secret_key),
            clock: Stopwatch::start(),
            places: self.places(),
            is_over: AtomicBool::new(false),
        };
        let mut random = fastrand::Rng::with_seed(self.seed ^ 0x5eed);
        let mut deaths = Vec::new();
        let mut notes = thread::scope(|scope| {
            let start = |number: u32| {
                let mut client = Client::new(number, random.u64(..), &common);
                if self.is_calm {
                    client.take_its_time();
                }
                let is_stock = number > self.clients;
                scope.spawn(move || {
                    if is_stock {
                        client.run_stock_clients();
                    } else {
                        client.work();
                    }
                    client.notes
                })
            };
            let all = self.clients + self.stock_clients;
            let clients: Vec<_> = (1..=all).map(start).collect();
            let mut rhythm = fastrand::Rng::with_seed(self.seed);
            let (lives, last) =
                if self.is_calm { (300..900, 1200..1800) } else { (60..350, 150..500) };
            for _ in 0..self.kills {
                pause(Duration::from_millis(rhythm.u64(lives.clone())));
                deaths.push(kill(server, common.clock));
                pause(Duration::from_millis(rhythm.u64(0..30)));
                server.restart();
            }
            pause(Duration::from_millis(rhythm.u64(last)));
            common.is_over.store(true, Ordering::SeqCst);
            let join = |client: thread::ScopedJoinHandle<'_, Notes>| {
                client.join().expect("a client ends by itself")
            };
            clients.into_iter().map(join).collect::<Vec<_>>()
        });
        deaths.push(kill(server, common.clock));
        server.restart();
        notes.push(self.last_reads(&common));
        evidence(notes, &deaths)
    }

    fn places(&self) -> Vec<Place> {
        let place = |number: usize| Place {
            key: format!("torture/{}/{number}.tfstate", self.seed),
            left: AtomicUsize::new(if self.is_calm {
                REQUESTS_PER_CALM_STATE
            } else {
                REQUESTS_PER_STATE
            }),
            reserved: if self.stock_clients == 0 { 0 } else { RESERVED },
        };
        (0..self.states).map(place).collect()
    }

    fn last_reads(&self, common: &Common) -> Notes {
        let mut reader = Client::new(0, self.seed, common);
        for place in &common.places {
            place.left.store(LAST_READS, Ordering::SeqCst);
            reader.read_all(place);
        }
        reader.notes
    }
}

/// Kills the server; returns when it was certainly dead.
fn kill(server: &mut ServerProcess, clock: Stopwatch) -> u64 {
    server.kill_hard();
    clock.micros()
}

fn evidence(notes: Vec<Notes>, deaths: &[u64]) -> Evidence {
    let mut evidence = Evidence { kills: deaths.len(), ..Evidence::default() };
    for note in notes {
        evidence.surprises.extend(note.surprises);
        let operations = note.operations.into_iter();
        evidence.history.extend(operations.map(|(one, connected)| bounded(one, connected, deaths)));
    }
    evidence.history.sort_by_key(|operation| operation.start_micros);
    evidence
}

/// The operation with the last moment at which it can take effect: the process at the other end of its
/// connection lived when that was made, so it is the one that died next.
fn bounded(operation: Operation, connected_micros: u64, deaths: &[u64]) -> Operation {
    match operation.outcome {
        Outcome::Unknown { .. } => {}
        Outcome::Done
        | Outcome::Holder(_)
        | Outcome::State(_)
        | Outcome::Digest(_)
        | Outcome::Refused
        | Outcome::NotSent => return operation,
    }
    let death = deaths.iter().copied().find(|death| *death >= connected_micros);
    match death {
        // It was written to a connection whose other end was dead already.
        Some(death) if death < operation.start_micros => {
            Operation { outcome: Outcome::NotSent, ..operation }
        }
        end_micros => Operation { end_micros, ..operation },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::operation::Action;

    fn unknown(start_micros: u64) -> Operation {
        Operation {
            client: 1,
            connection: 1,
            address: "k".to_owned(),
            action: Action::ForceUnlock,
            start_micros,
            end_micros: Some(start_micros + 1),
            outcome: Outcome::Unknown { hung_up: false },
            comes_twice: false,
            sent_micros: None,
            gave_up_micros: None,
            program: None,
            shown: None,
        }
    }

    #[test]
    fn what_got_no_answer_can_take_effect_until_its_server_died() {
        let deaths = [100, 200];
        let bounded = |start, connected| bounded(unknown(start), connected, &deaths);
        assert_eq!(bounded(50, 40).end_micros, Some(100));
        assert_eq!(bounded(150, 120).end_micros, Some(200));
        assert_eq!(bounded(250, 220).end_micros, None, "that server lives");
        assert_eq!(bounded(150, 40).outcome, Outcome::NotSent, "the server was dead");
        assert_eq!(bounded(50, 40).outcome, unknown(0).outcome);
    }

    #[test]
    fn a_seed_says_everything_of_a_round() {
        assert_eq!(Round::of_seed(7), Round::of_seed(7));
        let rounds: Vec<_> = (0..20).map(Round::of_seed).collect();
        assert!(rounds.iter().all(|round| round.kills > 0 || round.is_calm));
        assert!(rounds.iter().all(|round| round.clients > 2 && round.stock_clients > 0));
        let calm = rounds.iter().filter(|round| round.is_calm).count();
        assert!((1..12).contains(&calm), "{calm} of 20");
        assert!(rounds.iter().any(|round| round.states != rounds[0].states));
    }
}
