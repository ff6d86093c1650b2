//! A whole migration: twelve root modules with workspaces, and the real terraform in every phase.

use statelock_testkit::real_clients::terraform::Terraform;

use crate::client::Client;
use crate::contention::{exclude_each_other, let_pass, race};
use crate::fleet::Fleet;
use crate::stage::{NOTHING, Stage};

#[test]
fn p1_p5_twelve_root_modules_move_from_table_to_lockfile_on_our_server() {
    migrate(&Stage::statelock());
}

#[test]
fn p1_p5_twelve_root_modules_move_from_table_to_lockfile_on_moto() {
    if let Some(stage) = Stage::moto("a whole migration") {
        migrate(&stage);
    }
}

fn migrate(stage: &Stage) {
    let Some(terraform) = Terraform::find("a whole migration") else { return };
    let mut fleet = Fleet::whole(stage, &terraform);
    for client in &mut fleet.clients {
        let_pass(stage, client);
    }
    let units = fleet.clients.len();
    fleet.each(|client| {
        client.init();
        client.make_workspaces();
        client.apply_everywhere("one");
    });
    let scan = stage.run(&["migrate", "scan", "live", "--json"]);
    let scanned = scan.ended_saying(0, "").json();
    assert_eq!(scanned["units"].as_array().map(Vec::len), Some(units), "{}", scan.stdout);

    let late = fleet.clients[0].checked_out_at(&stage.path().join("late"));
    late.init();
    stage.run(&["migrate", "plan", "live", "--phase", "dual"]).ended_saying(0, "use_lockfile");
    stage.run(&["migrate", "apply", "live", "--phase", "dual", "--yes"]).ended_saying(0, "");
    stage.run(&["migrate", "status", "live", "--expect", "dual"]).ended_saying(0, "");
    let dual = &fleet.clients[0];
    dual.init();
    neighbours(stage, [(dual, "dual"), (&late, "table")], true);
    fleet.each(|client| {
        client.init();
        client.apply_everywhere("two");
    });
    verified(stage, &fleet);

    let late = dual.checked_out_at(&stage.path().join("later"));
    late.init();
    stage.run(&["migrate", "apply", "live", "--phase", "s3", "--yes"]).ended_saying(0, "");
    stage.run(&["migrate", "status", "live", "--expect", "s3"]).ended_saying(0, "");
    let lockfile = &fleet.clients[0];
    lockfile.init();
    // Who still is in the dual phase holds first: after a write past the table its digest is an older one's.
    neighbours(stage, [(&late, "dual"), (lockfile, "lockfile")], false);
    fleet.each(|client| {
        client.init();
        client.apply_everywhere("three");
    });
    verified(stage, &fleet);
    finished(stage, &fleet);
    fleet.each(|client| client.has_everywhere("three"));
    assert_eq!(stage.locks(), NOTHING);
}

/// Clients in neighbouring phases.
fn neighbours(stage: &Stage, clients: [(&Client, &str); 2], may_race: bool) {
    exclude_each_other(stage, clients);
    if may_race {
        race(stage, clients);
    }
    assert_eq!(stage.locks(), NOTHING);
}

fn verified(stage: &Stage, fleet: &Fleet) {
    let units = fleet.clients.len();
    let run = stage.run(&["migrate", "verify", "live"]);
    run.ended_saying(0, &format!("{units} backends: {units} verified"));
    let workspaces = run.stdout.matches("  workspace ").count();
    assert_eq!(workspaces, fleet.state_count(), "{}", run.stdout);
    assert_eq!(stage.locks(), NOTHING);
    assert!(!stage.keys().iter().any(|key| key.contains(".statelock-verify-")));
}

fn finished(stage: &Stage, fleet: &Fleet) {
    let states = fleet.state_count();
    let dry = stage.run(&["migrate", "finish", "live"]);
    dry.ended_saying(0, &format!("{states} digests to be removed"));
    let done = stage.run(&["migrate", "finish", "live", "--yes"]);
    done.ended_saying(0, &format!("{states} of {states} digests removed."));
    done.ended_saying(0, "The table is empty.");
    done.ended_saying(0, "is closed: the original files are forgotten");
    let originals = stage.path().join("live/.statelock/originals");
    assert_eq!(std::fs::read_dir(originals).expect("the record").count(), 0);
    stage.run(&["migrate", "finish", "live", "--yes"]).ended_saying(0, "The table is empty.");
}
