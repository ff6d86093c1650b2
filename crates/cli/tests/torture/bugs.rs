//! Servers with a bug each: the checker must notice every one of them, and nothing else.

use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use statelock_testkit::torture::campaign::{Campaign, Totals};
use statelock_testkit::torture::lying_proxy::{Bug, LyingProxy};
use statelock_testkit::torture::round::Round;

use crate::honest::seed;

/// After so many rounds a bug counts as unnoticed.
const ROUNDS: u64 = 20;

/// Runs rounds through a proxy with this bug until something is found.
fn through_a_proxy_that(bug: Bug, rounds: u64, first: u64) -> Totals {
    let mut campaign = Campaign::start(Path::new(env!("CARGO_BIN_EXE_statelock")), &[]);
    let server = campaign.server();
    let (name, secret) = server.credentials();
    let authorization = format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{secret}")));
    let proxy = LyingProxy::start(server.address(), &authorization, bug);
    let mut totals = Totals::default();
    while totals.rounds < rounds && totals.findings.breaches.is_empty() {
        let round = Round::of_seed(first.wrapping_add(totals.rounds)).without_kills();
        let evidence = round.run(server, proxy.address());
        totals.add(round.seed, &evidence);
    }
    let acts = bug != Bug::None;
    assert_eq!(proxy.lies() > 0, acts, "{bug:?} lied {} times", proxy.lies());
    totals
}

#[track_caller]
fn notices(bug: Bug) {
    let seed = seed();
    let totals = through_a_proxy_that(bug, ROUNDS, seed);
    let noticed = !totals.findings.breaches.is_empty();
    assert!(noticed, "{bug:?} went unnoticed, STATELOCK_TEST_SEED={seed}: {}", totals.told());
}

#[test]
fn a_proxy_that_does_not_lie_is_not_accused() {
    let seed = seed();
    println!("STATELOCK_TEST_SEED={seed}");
    let totals = through_a_proxy_that(Bug::None, 6, seed);
    assert!(totals.is_clean(), "{}", totals.told());
    assert!(totals.done > 60, "{}", totals.told());
}

#[test]
fn p9_a_server_whose_calls_come_twice_is_not_accused() {
    let seed = seed();
    println!("STATELOCK_TEST_SEED={seed}");
    let totals = through_a_proxy_that(Bug::DeliversTwice, 6, seed);
    assert!(totals.is_clean(), "{}", totals.told());
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
    let mut campaign = Campaign::start(Path::new(env!("CARGO_BIN_EXE_statelock")), flags);
    let (first, mut totals) = (seed(), Totals::default());
    while totals.rounds < ROUNDS && totals.findings.breaches.is_empty() {
        let round = Round::of_seed(first.wrapping_add(totals.rounds));
        let address = campaign.server().address();
        totals.add(round.seed, &round.run(campaign.server(), address));
    }
    let noticed = !totals.findings.breaches.is_empty();
    assert!(noticed, "{flags:?} went unnoticed, STATELOCK_TEST_SEED={first}: {}", totals.told());
}

#[test]
fn it_is_noticed_who_forgets_everything_in_a_crash() {
    notices_with(&["--storage", "memory"]);
}

#[test]
fn it_is_noticed_who_guards_no_write() {
    notices_with(&["--write-guard", "off"]);
}
