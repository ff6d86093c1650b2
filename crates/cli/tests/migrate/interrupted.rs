//! Every step of a migration is killed in the middle, and done again.

use statelock_testkit::fault_proxy::{Fault, FaultProxy, Request};
use statelock_testkit::real_clients::terraform::Terraform;
use statelock_testkit::server_process::wait_until;

use crate::fleet::{Fleet, files};
use crate::stage::{BOUND, NOTHING, Stage};

/// A proxy that holds the first request like this.
fn holding(stage: &Stage, is_meant: impl Fn(&Request) -> bool + Send + 'static) -> FaultProxy {
    let proxy = stage.proxy();
    proxy.inject_on(Fault::HoldRequest, 1, is_meant);
    proxy
}

/// Kills a command that changes files once its record says that it has begun, or later.
fn killed_while_writing(stage: &Stage, args: &[&str]) {
    let mut running = stage.spawn(args);
    let record = stage.path().join("live/.statelock/record.json");
    let before = std::fs::read(&record).unwrap_or_default();
    let begun = wait_until(BOUND, || {
        let now = std::fs::read(&record).unwrap_or_default();
        (now != before || !running.is_running()).then_some(())
    });
    assert!(begun.is_some(), "it begins");
    running.kill();
}

/// Kills a command at a request.
fn killed_at(stage: &Stage, args: &[&str], is_meant: fn(&Request) -> bool) {
    let proxy = holding(stage, is_meant);
    let running = stage.spawn_through(&proxy, args);
    assert!(proxy.await_held(BOUND), "{args:?} comes to that request");
    running.kill();
}

fn releases_lockfile(request: &Request) -> bool {
    request.method == "DELETE" && request.path.contains(".tflock")
}

fn removes_item(request: &Request) -> bool {
    request.operation == "DeleteItem"
}

#[test]
fn killed_in_every_step_and_repeated_it_ends_as_if_nothing_had_happened() {
    let Some(terraform) = Terraform::find("a migration that is killed") else { return };
    for stage in Stage::all("a migration that is killed") {
        let fleet = Fleet::small(&stage, &terraform);
        fleet.each(|client| {
            client.init();
            client.make_workspaces();
            client.apply_everywhere("one");
        });
        for (phase, revision) in [("dual", "two"), ("s3", "three")] {
            let apply = ["migrate", "apply", "live", "--phase", phase, "--yes"];
            killed_while_writing(&stage, &apply);
            stage.run(&apply).ended_saying(0, "");
            stage.run(&["migrate", "status", "live", "--expect", phase]).ended_saying(0, "");
            let done = files(&stage);
            stage.run(&apply).ended_saying(0, "");
            assert_eq!(files(&stage), done, "to repeat it changes nothing");
            fleet.each(|client| {
                client.init();
                client.apply_everywhere(revision);
            });
            let verify = ["migrate", "verify", "live"];
            if phase == "dual" {
                // With a half of a lock left.
                killed_at(&stage, &verify, removes_item);
            }
            killed_at(&stage, &verify, releases_lockfile);
            stage.run(&verify).ended_saying(0, "4 backends: 4 verified");
            assert_eq!(stage.locks(), NOTHING, "on {}", stage.name());
        }
        let finish = ["migrate", "finish", "live", "--yes"];
        killed_at(&stage, &finish, removes_item);
        stage.run(&finish).ended_saying(0, "The table is empty.");
        fleet.each(|client| client.has_everywhere("three"));
    }
}
