//! Real terraforms that wait for each other, on every kind of backend and mixed.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use statelock_testkit::real_clients::terraform::{Backend, Running, Terraform, TerraformProject};
use statelock_testkit::server_process::wait_until;

use crate::stage::Stage;

const BUCKET: &str = "tfstate";
const KEY: &str = "shared/terraform.tfstate";
const REFUSED: &str = "statelock_lock_refusals_total";
const WAITERS: &str = "statelock_lock_waiters";

/// Each apply replaces the one before it, and says so in a file of all clients.
const WORK: &str = r#"
variable "revision" { type = string }
resource "terraform_data" "work" {
  input            = var.revision
  triggers_replace = var.revision
  provisioner "local-exec" {
    command = "echo ${self.input} >> $ORDER; n=0; until [ -e $RELEASE-${self.input} ] || [ $n -gt 1200 ]; do sleep 0.05; n=$((n+1)); done"
  }
}
"#;

/// These load both cores.
fn heavy() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Scene {
    stage: Stage,
    terraform: Terraform,
}

impl Scene {
    fn new(scenario: &str) -> Option<Self> {
        let terraform = Terraform::find(&format!("queue: {scenario}"))?;
        Some(Self { stage: Stage::new(&[]), terraform })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.stage.scratch.path().join(name)
    }

    fn project(&self, backend: Backend) -> TerraformProject {
        let mut env = self.stage.server.client_env();
        let (name, secret) = self.stage.server.credentials();
        env.push(("TF_HTTP_USERNAME".to_owned(), name));
        env.push(("TF_HTTP_PASSWORD".to_owned(), secret));
        let mut project =
            TerraformProject::with_backend(backend, &self.terraform, &env, BUCKET, KEY, WORK);
        project.set_env("ORDER", &self.path("order").display().to_string());
        project.set_env("RELEASE", &self.path("release").display().to_string());
        project.init();
        project
    }

    fn order(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("order")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Lets the work of this client end, now or when it comes.
    fn release(&self, revision: &str) {
        std::fs::write(self.path(&format!("release-{revision}")), "").expect("a release file");
    }

    fn assert_free(&self) {
        assert_eq!(self.stage.metric(WAITERS), 0);
        let times = self.stage.lock_times();
        let last = times.last().map(|(action, _)| action.as_str());
        assert_eq!(last, Some("lock_released"), "a lock is left");
    }
}

fn apply(project: &TerraformProject, revision: &str) -> Running {
    project.spawn_apply(&["-lock-timeout=120s", "-var", &format!("revision={revision}")])
}

/// One client works; the others come one by one, and all of them wait when the first is done.
fn in_order_of_arrival(backends: [Backend; 5]) {
    let _turn = heavy();
    let Some(scene) = Scene::new("order of arrival") else { return };
    let projects = backends.map(|backend| scene.project(backend));
    let mut running = Vec::new();
    for (number, project) in projects.iter().enumerate() {
        running.push(apply(project, &number.to_string()));
        if number == 0 {
            let works = wait_until(Duration::from_mins(1), || scene.order().pop());
            assert!(works.is_some(), "the first client does not work");
        } else {
            let refused = u64::try_from(number).expect("few clients");
            let arrived = wait_until(Duration::from_mins(1), || {
                (scene.stage.metric(REFUSED) >= refused).then_some(())
            });
            assert!(arrived.is_some(), "client {number} did not arrive");
            scene.release(&number.to_string());
        }
    }
    scene.stage.await_metric(WAITERS, 4);
    scene.release("0");
    for client in running {
        client.wait().succeeded();
    }
    assert_eq!(scene.order(), ["0", "1", "2", "3", "4"]);
    let idle = scene.stage.idle_times();
    assert_eq!(idle.len(), 4);
    assert!(idle.iter().all(|time| *time < Duration::from_secs(1)), "{idle:?}");
    scene.assert_free();
}

#[test]
fn terraforms_with_lockfiles_are_served_in_order_of_arrival() {
    in_order_of_arrival([Backend::Lockfile; 5]);
}

#[test]
fn terraforms_with_a_lock_table_are_served_in_order_of_arrival() {
    in_order_of_arrival([Backend::LockTable; 5]);
}

#[test]
fn terraforms_with_both_are_served_in_order_of_arrival() {
    in_order_of_arrival([Backend::Dual; 5]);
}

#[test]
fn terraforms_with_http_are_served_in_order_of_arrival() {
    in_order_of_arrival([Backend::Http; 5]);
}

#[test]
fn terraforms_of_every_kind_are_served_in_order_of_arrival() {
    let [lockfile, lock_table, dual, http] = Backend::ALL;
    in_order_of_arrival([dual, http, lockfile, lock_table, dual]);
}

#[test]
fn a_refused_terraform_shows_its_place_on_the_screen() {
    let _turn = heavy();
    let Some(scene) = Scene::new("place in line") else { return };
    let holder = scene.project(Backend::Lockfile);
    let running = apply(&holder, "0");
    let works = wait_until(Duration::from_mins(1), || scene.order().pop());
    assert!(works.is_some(), "the first client does not work");
    for (number, backend) in
        [Backend::Lockfile, Backend::LockTable, Backend::Dual].into_iter().enumerate()
    {
        let refused = scene.project(backend).apply(&["-var", "revision=refused"]);
        let place = number + 1;
        refused.failed().shows(&format!("place {place} of {place} in line; held by ID "));
    }
    scene.release("0");
    running.wait().succeeded();
    scene.assert_free();
}

/// Short applies of eight clients at once, six rounds each: with a plain S3 or DynamoDB a few of these
/// 48 fail, because a refused client finds no lock when it asks who holds it.
#[test]
fn p1_forty_eight_short_applies_of_eight_clients_all_succeed() {
    let _turn = heavy();
    let Some(scene) = Scene::new("churn") else { return };
    let kinds = Backend::ALL.into_iter().cycle().take(8);
    let projects: Vec<_> = kinds.map(|backend| scene.project(backend)).collect();
    std::thread::scope(|scope| {
        for (client, project) in projects.iter().enumerate() {
            let scene = &scene;
            scope.spawn(move || {
                for round in 0..6 {
                    let revision = format!("{client}.{round}");
                    scene.release(&revision);
                    apply(project, &revision).wait().succeeded();
                }
            });
        }
    });
    let mut done = scene.order();
    done.sort_unstable();
    done.dedup();
    assert_eq!(done.len(), 48);
    scene.assert_free();
}
