//! States beyond one part: terraform uploads them as multipart and reads them in ranges.

use statelock_testkit::real_clients::terraform::resources;

use crate::stage::{Stage, code, heavy, instances};

/// Terraform's parts are 5 MiB.
const MIB: usize = 1024 * 1024;

#[test]
fn a_state_above_five_mib_goes_through_multipart() {
    round_trip("multipart state", 4, 8 * MIB);
}

#[test]
fn a_state_of_a_hundred_megabytes_goes_through() {
    round_trip("state of 100 MB", 48, 96 * MIB);
}

/// Applies `count` resources of 2 MiB of state each and lets terraform read them all again.
fn round_trip(scenario: &str, count: usize, at_least: usize) {
    let _turn = heavy();
    let Some(stage) = Stage::new(scenario) else {
        return;
    };
    let key = "big/terraform.tfstate";
    let project = stage.project(key, &resources(count, 1024));
    project.init();
    project.apply(&[]).succeeded();

    let stored = stage.object(key).expect("a state is stored");
    assert!(stored.len() >= at_least, "{} bytes are stored", stored.len());
    assert!(stage.etag(key).contains('-'), "an entity tag of parts: {}", stage.etag(key));
    let parsed = serde_json::from_slice(&stored).expect("the state is JSON");
    assert_eq!(instances(&parsed), count);

    let plan = project.run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
    assert_eq!(code(&plan), Some(0), "terraform reads back what it wrote: {plan}");
    stage.assert_no_lock();
}
