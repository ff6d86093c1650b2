//! The server itself.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;

use statelock_testkit::torture::campaign::{Campaign, Until};

/// How many rounds. Each is some hundred requests and one to four kills.
const ROUNDS: u64 = 12;

/// The seed of the first round, which every failure tells.
pub(crate) fn seed() -> u64 {
    std::env::var("STATELOCK_TEST_SEED").map_or_else(
        |_| RandomState::new().build_hasher().finish() >> 16,
        |seed| seed.parse().expect("STATELOCK_TEST_SEED is a number"),
    )
}

#[test]
fn p1_p2_p4_p5_p6_p7_p8_p9_p12_one_lock_and_one_state_explain_what_all_clients_were_told() {
    let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
    let kept_in = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut campaign = Campaign::start(binary, &[]);
    let seed = seed();
    println!("STATELOCK_TEST_SEED={seed}");
    let totals = campaign.run(seed, Until::Rounds(ROUNDS), kept_in).unwrap();
    println!("{}", totals.told());
    assert!(totals.is_clean(), "{}", totals.told());
    // A load that does nothing finds nothing.
    assert!(totals.done > 200 && totals.refused > 30, "{}", totals.told());
    assert!(totals.cut_off > totals.kills / 2, "kills cut something off: {}", totals.told());
    assert!(campaign.server().terminate().success(), "the last one drains and ends with 0");
}
