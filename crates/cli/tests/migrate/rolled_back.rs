//! A migration that is taken back at each phase, with the real terraform.

use statelock_testkit::real_clients::terraform::Terraform;

use crate::fleet::{Fleet, files};
use crate::stage::{NOTHING, Stage};

#[test]
fn each_phase_can_be_taken_back_byte_for_byte_and_terraform_works_on() {
    let Some(terraform) = Terraform::find("a migration that is rolled back") else { return };
    let stage = Stage::statelock();
    let fleet = Fleet::small(&stage, &terraform);
    fleet.each(|client| {
        client.init();
        client.make_workspaces();
        client.apply_everywhere("one");
    });
    let original = files(&stage);

    let apply = |phase: &str| stage.run(&["migrate", "apply", "live", "--phase", phase, "--yes"]);
    let back = |to: &str| stage.run(&["migrate", "rollback", "live", "--to", to, "--yes"]);
    apply("dual").ended_saying(0, "");
    let dual = files(&stage);
    assert_ne!(dual, original);
    fleet.each(|client| {
        client.init();
        client.apply_everywhere("two");
    });

    back("lock_table").ended_saying(0, "");
    assert_eq!(files(&stage), original);
    fleet.each(|client| {
        client.init();
        client.has_everywhere("two");
        client.apply_everywhere("three");
    });
    stage.run(&["migrate", "verify", "live"]).ended_saying(0, "4 backends: 4 verified");

    apply("dual").ended_saying(0, "");
    assert_eq!(files(&stage), dual);
    fleet.each(|client| {
        client.init();
        client.apply_everywhere("four");
    });
    stage.run(&["migrate", "verify", "live"]).ended_saying(0, "4 backends: 4 verified");
    apply("s3").ended_saying(0, "");
    fleet.each(|client| {
        client.init();
        client.apply_everywhere("five");
    });

    back("dual").ended_saying(0, "");
    assert_eq!(files(&stage), dual);
    fleet.each(|client| {
        client.init();
        client.has_everywhere("five");
    });
    stage.run(&["migrate", "finish", "live", "--yes"]).ended_saying(5, "still name it");
    assert_eq!(stage.locks(), NOTHING);
}
