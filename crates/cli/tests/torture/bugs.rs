//! Servers with a bug each: the checker must notice every one of them, and nothing else.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use statelock_testkit::history::operation::Action;
use statelock_testkit::torture::campaign::{Campaign, Totals, keep, second_look};
use statelock_testkit::torture::lying_proxy::{Bug, LyingProxy};
use statelock_testkit::torture::round::{Evidence, Round};

use crate::honest::seed;

/// After so many rounds a bug counts as unnoticed.
const ROUNDS: u64 = 20;

/// Rounds that are run until something is found, and what they left behind.
struct Hunt {
    name: String,
    first: u64,
    totals: Totals,
    evidence: Vec<(u64, Evidence)>,
}

impl Hunt {
    /// `name` is part of the names of the files in which histories are kept.
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            first: seed(),
            totals: Totals::default(),
            evidence: Vec::new(),
        }
    }

    /// The next round; none if there were `rounds`, or something is found.
    fn next(&self, rounds: u64) -> Option<Round> {
        let is_over = self.totals.rounds >= rounds || !self.totals.findings.breaches.is_empty();
        (!is_over).then(|| Round::of_seed(self.first.wrapping_add(self.totals.rounds)))
    }

    fn add(&mut self, round: &Round, evidence: Evidence) {
        self.totals.add(round.seed, &evidence);
        self.evidence.push((round.seed, evidence));
    }

    #[track_caller]
    fn has_found_something(&self) {
        let is_noticed = !self.totals.findings.breaches.is_empty();
        assert!(is_noticed, "{} went unnoticed: {}", self.name, self.told());
    }

    #[track_caller]
    fn has_found_nothing(&self) {
        assert!(self.totals.is_clean(), "{} is accused: {}", self.name, self.told());
        assert!(self.totals.done > 60, "{}", self.told());
    }

    /// What a failure tells: everything that was done is kept.
    fn told(&self) -> String {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let mut text = format!("STATELOCK_TEST_SEED={}, {}", self.first, self.totals.told());
        for (seed, evidence) in &self.evidence {
            let file = keep(directory, &self.name, *seed, evidence);
            text.push('\n');
            text.push_str(&second_look(&file.expect("a history can be kept")));
        }
        text
    }
}

/// Runs rounds through a proxy with this bug until something is found.
fn through_a_proxy_that(bug: Bug, rounds: u64) -> Hunt {
    let mut hunt = Hunt::new(&format!("{bug:?}"));
    let mut campaign = Campaign::start(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    let server = campaign.server();
    let (name, secret) = server.credentials();
    let authorization = format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{secret}")));
    let proxy = LyingProxy::start(server.address(), &authorization, bug);
    while let Some(round) = hunt.next(rounds) {
        let round = round.without_kills().without_stock_clients();
        let mut evidence = round.run(server, proxy.address());
        if bug == Bug::DeliversTwice {
            for operation in &mut evidence.history {
                operation.comes_twice = has_call(&operation.action);
            }
        }
        hunt.add(&round, evidence);
    }
    let acts = bug != Bug::None;
    assert_eq!(proxy.lies() > 0, acts, "{bug:?} lied {} times", proxy.lies());
    hunt
}

/// Whether the proxy may send a copy of this request for the lock.
fn has_call(action: &Action) -> bool {
    matches!(action, Action::Acquire { call: Some(_), .. })
}

#[track_caller]
fn notices(bug: Bug) {
    through_a_proxy_that(bug, ROUNDS).has_found_something();
}

#[test]
fn a_proxy_that_does_not_lie_is_not_accused() {
    through_a_proxy_that(Bug::None, 6).has_found_nothing();
}

#[test]
fn p9_a_server_whose_calls_come_twice_is_not_accused() {
    through_a_proxy_that(Bug::DeliversTwice, 6).has_found_nothing();
}

#[test]
fn it_is_noticed_who_grants_what_is_held() {
    notices(Bug::GrantsWhatIsHeld);
}

#[test]
fn it_is_noticed_who_refuses_what_is_free() {
    notices(Bug::RefusesWhatIsFree);
}

#[test]
fn it_is_noticed_who_denies_what_it_granted() {
    notices(Bug::DeniesWhatItGranted);
}

#[test]
fn it_is_noticed_who_drops_writes() {
    notices(Bug::DropsWrites);
}

#[test]
fn it_is_noticed_who_drops_releases() {
    notices(Bug::DropsReleases);
}

#[test]
fn it_is_noticed_who_releases_the_lock_of_anybody() {
    notices(Bug::ReleasesAnybody);
}

#[test]
fn it_is_noticed_who_reads_what_was_replaced() {
    notices(Bug::ReadsStale);
}

#[test]
fn it_is_noticed_who_hides_holders() {
    notices(Bug::HidesHolders);
}

#[test]
fn it_is_noticed_who_shows_ghosts() {
    notices(Bug::ShowsGhosts);
}

#[test]
fn it_is_noticed_who_writes_what_it_refuses() {
    notices(Bug::WritesWhatItRefuses);
}

#[test]
fn it_is_noticed_who_writes_late() {
    notices(Bug::WritesLate);
}

/// Runs rounds on a server with these flags until something is found.
#[track_caller]
fn notices_with(flags: &[&str]) {
    let mut hunt = Hunt::new(&flags.concat());
    let mut campaign = Campaign::start(Path::new(env!("CARGO_BIN_EXE_statelock")), flags);
    while let Some(round) = hunt.next(ROUNDS) {
        let address = campaign.server().address();
        let evidence = round.run(campaign.server(), address);
        hunt.add(&round, evidence);
    }
    hunt.has_found_something();
}

#[test]
fn it_is_noticed_who_forgets_everything_in_a_crash() {
    notices_with(&["--storage", "memory"]);
}

#[test]
fn it_is_noticed_who_guards_no_write() {
    notices_with(&["--write-guard", "off"]);
}
