//! Several terraforms want the same state at once: one works, the others are told who does.

use std::path::PathBuf;
use std::time::Duration;

use statelock_testkit::real_clients::terraform::{
    CHAIN, Output, Running, TerraformProject, verify_chain,
};

use crate::stage::{Stage, heavy};

/// An apply that holds the lock until a file appears (or a minute has passed).
const HOLDING: &str = r#"
variable "revision" { default = "one" }
resource "terraform_data" "held" {
  input            = var.revision
  triggers_replace = var.revision
  provisioner "local-exec" {
    command = "touch $STARTED; n=0; until [ -e $RELEASE ] || [ $n -gt 1200 ]; do sleep 0.05; n=$((n+1)); done"
  }
}
"#;

/// A holder in the middle of its apply.
pub(crate) struct Holder {
    pub(crate) project: TerraformProject,
    pub(crate) running: Running,
    release: PathBuf,
}

impl Holder {
    /// Starts an apply and waits until it is at work, holding the lock.
    pub(crate) fn start(stage: &Stage, key: &str) -> Self {
        let started = stage.scratch.path().join("started");
        let release = stage.scratch.path().join("release");
        let mut project = stage.project(key, HOLDING);
        project.set_env("STARTED", &started.display().to_string());
        project.set_env("RELEASE", &release.display().to_string());
        project.init();
        let mut running = project.spawn_apply(&["-var", "revision=held"]);
        running.await_file(&started, Duration::from_secs(30));
        Self { project, running, release }
    }

    /// Lets the work in the holder's apply end, whether terraform still waits for it or not.
    pub(crate) fn release(release: &PathBuf) {
        std::fs::write(release, "").expect("the release file");
    }

    /// Splits into what a scenario goes on with.
    pub(crate) fn into_parts(self) -> (TerraformProject, Running, PathBuf) {
        (self.project, self.running, self.release)
    }
}

#[test]
fn p1_a_held_lock_refuses_and_shows_its_holder() {
    let _turn = heavy();
    let Some(stage) = Stage::new("held lock") else {
        return;
    };
    let key = "held/terraform.tfstate";
    let (_holder, running, release) = Holder::start(&stage, key).into_parts();
    let id = stage.lock_id(key);

    let second = stage.project(key, HOLDING);
    second.init();
    let refused = second.apply(&["-var", "revision=second"]);
    refused.failed().shows("Error acquiring the state lock").shows("StatusCode: 412");
    refused.shows("api error PreconditionFailed").shows(&format!("ID: {id}"));
    refused.shows(&format!("Path: tfstate/{key}")).shows("Operation: OperationTypeApply");
    refused.shows("Version: 1.").shows("Who: ").shows("Created: ");
    assert_eq!(stage.lock_id(key), id, "the refused one leaves the lock as it is");

    Holder::release(&release);
    running.wait().succeeded();
    assert_eq!(stage.serial(key), 1, "only the holder wrote");
    stage.assert_no_lock();
}

#[test]
fn a_lock_timeout_waits_for_the_holder() {
    let _turn = heavy();
    let Some(stage) = Stage::new("-lock-timeout") else {
        return;
    };
    let key = "wait/terraform.tfstate";
    let (_holder, running, release) = Holder::start(&stage, key).into_parts();

    // A second one is told at once that the lock is held, so the waiting one has to wait as well.
    let waiting = stage.project(key, "output \"waited\" { value = \"yes\" }\n");
    waiting.init();
    waiting.apply(&[]).failed();
    let waiter = waiting.spawn_apply(&["-lock-timeout=120s"]);
    Holder::release(&release);
    running.wait().succeeded();
    waiter.wait().succeeded();
    assert_eq!(stage.state(key)["outputs"]["waited"]["value"], "yes");
    stage.assert_no_lock();
}

const ROUNDS: usize = 20;

#[test]
fn p1_twenty_rounds_of_two_waiting_clients() {
    contend("2 concurrent applies", 2, Patience::Waits);
}

#[test]
fn p1_twenty_rounds_of_eight_clients() {
    contend("8 concurrent applies", 8, Patience::GivesUp);
}

/// What a client does that finds the lock held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Waits,
    GivesUp,
}

/// In each round, `clients` applies start at once; checks the chain and the serial.
fn contend(scenario: &str, clients: usize, patience: Patience) {
    let _turn = heavy();
    let Some(stage) = Stage::new(scenario) else {
        return;
    };
    let key = "contended/terraform.tfstate";
    let chain = stage.scratch.path().join("chain");
    let projects: Vec<_> = (0..clients)
        .map(|_| {
            let mut project = stage.project(key, CHAIN);
            project.set_env("CHAIN", &chain.display().to_string());
            project.init();
            project
        })
        .collect();
    projects[0].apply(&["-var", "revision=first"]).succeeded();
    let mut serial = 1;
    for round in 0..ROUNDS {
        let won = one_round(&projects, round, patience);
        serial += won;
        assert_eq!(stage.serial(key), serial, "{won} applies won in round {round}");
        stage.assert_no_lock();
    }
    let log = std::fs::read_to_string(&chain).expect("the chain was written");
    let links = verify_chain(&log).expect("the applies make a chain");
    assert_eq!(links, serial, "one link for each serial:\n{log}");
}

/// Returns how many applies succeeded: all that wait; of others, those not refused the lock.
fn one_round(projects: &[TerraformProject], round: usize, patience: Patience) -> u64 {
    let lock_timeout = match patience {
        Patience::Waits => "-lock-timeout=60s",
        Patience::GivesUp => "-lock-timeout=0s",
    };
    let start = |(client, project): (usize, &TerraformProject)| {
        let revision = format!("revision=r{round}c{client}");
        project.spawn_apply(&["-var", &revision, lock_timeout])
    };
    let running: Vec<_> = projects.iter().enumerate().map(start).collect();
    let ended: Vec<Output> = running.into_iter().map(Running::wait).collect();
    for refused in ended.iter().filter(|output| !output.is_success()) {
        refused.failed().shows("Error acquiring the state lock");
    }
    let won = ended.iter().filter(|output| output.is_success()).count();
    assert!(won > 0, "nobody won round {round}: {}", ended[0]);
    let has_waited = patience == Patience::GivesUp || won == projects.len();
    assert!(has_waited, "only {won} of {} waiting applies won round {round}", projects.len());
    u64::try_from(won).expect("a small number")
}
