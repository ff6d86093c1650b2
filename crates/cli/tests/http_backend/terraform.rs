//! The real, unmodified terraform with `backend "http"`.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use statelock_testkit::fault_proxy::{Fault, FaultProxy, Hit, deliver_again};
use statelock_testkit::real_clients::terraform::{
    Backend, Running, Terraform, TerraformProject, http_block, resources,
};

use crate::stage::{KEY, STATE, Stage, lock_info};

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
const PLAN: [&str; 4] = ["plan", "-input=false", "-no-color", "-detailed-exitcode"];

/// Scenarios with a holder in the background take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Terraform and a server for it.
struct Scene {
    stage: Stage,
    terraform: Terraform,
}

impl Scene {
    fn new(scenario: &str) -> Option<Self> {
        let terraform = Terraform::find(&format!("terraform over http: {scenario}"))?;
        Some(Self { stage: Stage::start(&[]), terraform })
    }

    fn project(&self, config: &str) -> TerraformProject {
        self.project_through(&self.stage.server.endpoint(), config)
    }

    fn project_through(&self, endpoint: &str, config: &str) -> TerraformProject {
        let env = self.stage.server.client_env_through(endpoint);
        TerraformProject::with_backend(Backend::Http, &self.terraform, &env, "tfstate", KEY, config)
    }

    fn state(&self) -> Value {
        let bytes = self.stage.state(STATE).expect("a state is stored");
        assert_eq!(self.stage.object(KEY).as_deref(), Some(bytes.as_slice()), "as S3 has it");
        serde_json::from_slice(&bytes).expect("the state is JSON")
    }

    fn serial(&self) -> u64 {
        self.state()["serial"].as_u64().expect("a serial")
    }

    /// The ID of the lock, which must be held.
    fn lock_id(&self) -> String {
        let lockfile = self.stage.object(&format!("{KEY}.tflock")).expect("the lock is held");
        let info: Value = serde_json::from_slice(&lockfile).expect("a lock info");
        info["ID"].as_str().expect("a lock ID").to_owned()
    }

    /// An apply in the middle of its work.
    fn holder(&self) -> Holder {
        let started = self.stage.scratch.path().join("started");
        let release = self.stage.scratch.path().join("release");
        let mut project = self.project(HOLDING);
        project.set_env("STARTED", &started.display().to_string());
        project.set_env("RELEASE", &release.display().to_string());
        project.init();
        let mut running = project.spawn_apply(&["-var", "revision=held"]);
        running.await_file(&started, Duration::from_secs(30));
        Holder { project, running, release }
    }
}

struct Holder {
    project: TerraformProject,
    running: Running,
    release: PathBuf,
}

fn release(release: &PathBuf) {
    std::fs::write(release, "").expect("the release file");
}

#[test]
fn p11_a_state_lives_from_init_to_destroy() {
    let Some(scene) = Scene::new("life of a state") else {
        return;
    };
    let project = scene.project(&resources(2, 1));
    project.init().shows("Successfully configured the backend \"http\"");
    let first_plan = project.run(&PLAN);
    assert_eq!(first_plan.status.and_then(|status| status.code()), Some(2), "{first_plan}");
    assert_eq!(scene.stage.state(STATE), None, "a plan writes no state");

    project.apply(&[]).succeeded().shows("Apply complete! Resources: 2 added");
    let first = scene.state();
    assert_eq!(first["serial"], 1);
    let settled = project.run(&PLAN);
    assert_eq!(settled.status.and_then(|status| status.code()), Some(0), "{settled}");
    let pulled = project.run(&["state", "pull"]);
    let stored = String::from_utf8(scene.stage.state(STATE).unwrap()).unwrap();
    assert_eq!(pulled.succeeded().stdout, format!("{stored}\n"));

    project.apply(&["-var", "revision=two"]).succeeded().shows("2 changed");
    assert_eq!((scene.serial(), &scene.state()["lineage"]), (2, &first["lineage"]));
    project.run(&["destroy", "-auto-approve", "-input=false"]).succeeded().shows("2 destroyed");
    assert_eq!(scene.serial(), 3);
    scene.stage.assert_no_lock();
}

#[test]
fn what_serve_prints_is_all_that_terraform_needs() {
    let Some(scene) = Scene::new("the printed block") else {
        return;
    };
    let printed = scene.stage.server.stdout();
    let (_, printed) = printed.split_once("The http backend").expect("a part about it");
    let lines = |wanted: fn(&&str) -> bool| {
        printed.lines().skip(1).filter(wanted).collect::<Vec<_>>().join("\n")
    };
    let exports = lines(|line| line.trim().starts_with("export "));
    let project = scene.project(&resources(1, 1));
    project.write("backend.tf", &lines(|line| !line.trim().starts_with("export ")));
    let script = format!("{exports}\nterraform init && terraform apply -auto-approve");
    let ended = Command::new("sh")
        .args(["-c", &script])
        .current_dir(project.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", project.path())
        .env("TF_CLI_CONFIG_FILE", "/dev/null")
        .output()
        .expect("sh can be started");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let target = STATE.replace("/app/", "/example/");
    assert!(scene.stage.state(&target).is_some(), "the state is at the printed address");
    scene.stage.assert_no_lock();
}

#[test]
fn other_methods_at_addresses_of_their_own_do_the_same() {
    let Some(scene) = Scene::new("lock_method, unlock_method, update_method") else {
        return;
    };
    let project = scene.project(&resources(1, 1));
    let at = |room: &str| {
        scene.stage.server.endpoint() + &STATE.replacen("/state/", &format!("/{room}/"), 1)
    };
    let (address, lock, unlock) = (at("state"), at("lock"), at("unlock"));
    let methods = [
        ("address", address.as_str()),
        ("update_method", "PUT"),
        ("lock_address", &lock),
        ("lock_method", "POST"),
        ("unlock_address", &unlock),
        ("unlock_method", "DELETE"),
    ];
    project.write("backend.tf", &http_block(&methods));
    project.init();
    project.apply(&[]).succeeded();
    assert_eq!(scene.serial(), 1);
    scene.stage.assert_no_lock();

    assert_eq!(scene.stage.status("LOCK", STATE, lock_info("other").as_bytes()), 200);
    project.apply(&["-var", "revision=two"]).failed().shows("already locked: ID=other");
    assert_eq!(scene.serial(), 1);
}

#[test]
fn p1_a_held_lock_refuses_and_names_its_holder() {
    let _turn = turn();
    let Some(scene) = Scene::new("held lock") else {
        return;
    };
    let holder = scene.holder();
    let id = scene.lock_id();
    let second = scene.project(HOLDING);
    second.init();
    let refused = second.apply(&["-var", "revision=second"]);
    refused.failed().shows("Error acquiring the state lock");
    refused.shows(&format!("HTTP remote state already locked: ID={id}"));
    assert_eq!(scene.lock_id(), id, "the refused one leaves the lock as it is");
    release(&holder.release);
    holder.running.wait().succeeded();
    assert_eq!(scene.serial(), 1, "only the holder wrote");
    scene.stage.assert_no_lock();
}

#[test]
fn a_lock_timeout_waits_for_the_holder() {
    let _turn = turn();
    let Some(scene) = Scene::new("-lock-timeout") else {
        return;
    };
    let holder = scene.holder();
    let waiting = scene.project("output \"waited\" { value = \"yes\" }\n");
    waiting.init();
    waiting.apply(&[]).failed();
    let waiter = waiting.spawn_apply(&["-lock-timeout=120s"]);
    release(&holder.release);
    holder.running.wait().succeeded();
    waiter.wait().succeeded();
    assert_eq!(scene.state()["outputs"]["waited"]["value"], "yes");
    scene.stage.assert_no_lock();
}

#[test]
fn the_lock_of_a_killed_apply_stays_until_it_is_forced() {
    let _turn = turn();
    let Some(scene) = Scene::new("killed apply and force-unlock") else {
        return;
    };
    let Holder { project, running, release: file } = scene.holder();
    let id = scene.lock_id();
    running.kill_hard();
    release(&file); // the command that the dead apply had started ends too
    assert_eq!(scene.lock_id(), id, "a dead holder's lock stays");
    let refused = project.apply(&["-var", "revision=next"]);
    refused.failed().shows(&format!("already locked: ID={id}"));

    let force = ["force-unlock", "-force", &id];
    project.run(&force).succeeded().shows("Terraform state has been successfully unlocked!");
    scene.stage.assert_no_lock();
    let log = scene.stage.server.stderr();
    assert!(log.contains("lock removed by force") && log.contains(&id), "{log}");
    project.run(&force).failed().shows("Unexpected HTTP response code 409");
    project.apply(&["-var", "revision=next"]).succeeded();
    assert_eq!(scene.serial(), 1);
}

#[test]
fn p6_who_lost_the_lock_keeps_the_state_in_a_file_and_pushes_it_later() {
    let _turn = turn();
    let Some(scene) = Scene::new("force-unlock of a live holder") else {
        return;
    };
    let Holder { project, running, release: file } = scene.holder();
    let id = scene.lock_id();
    let other = scene.project(HOLDING);
    other.init();
    other.run(&["force-unlock", "-force", &id]).succeeded();
    release(&file);
    let lost = running.wait();
    lost.failed().shows("Failed to save state").shows("HTTP error: 409");
    lost.shows("terraform state push errored.tfstate");
    assert_eq!(scene.stage.state(STATE), None, "nothing was written without the lock");
    project.run(&["state", "push", "errored.tfstate"]).succeeded();
    assert_eq!(scene.serial(), 1);
    scene.stage.assert_no_lock();
}

#[test]
fn wrong_credentials_are_told_from_none() {
    let Some(scene) = Scene::new("credentials") else {
        return;
    };
    let mut project = scene.project(&resources(1, 1));
    project.init();
    project.set_env("TF_HTTP_PASSWORD", "wrong");
    project.run(&["init", "-reconfigure"]).shows("invalid auth");
    project.set_env("TF_HTTP_USERNAME", "");
    project.set_env("TF_HTTP_PASSWORD", "");
    project.run(&["init", "-reconfigure"]).shows("requires auth");
    assert_eq!(scene.stage.state(STATE), None);
}

/// Applies through a proxy that loses the first answer to `method`.
fn apply_with_lost_answer(scene: &Scene, method: &'static str) -> Hit {
    let proxy = FaultProxy::start(scene.stage.server.address());
    let project = scene.project_through(&proxy.endpoint(), &resources(1, 1));
    project.init();
    proxy.inject(Fault::LoseResponse, 1, move |asked, _| asked == method);
    project.apply(&[]).succeeded().shows("Apply complete!");
    let mut hits = proxy.hits();
    assert_eq!(hits.len(), 1, "one answer was lost");
    assert_eq!(hits[0].status, 200, "it said that it was done");
    assert_eq!(scene.serial(), 1);
    scene.stage.assert_no_lock();
    hits.remove(0)
}

#[test]
fn p9_the_lost_answer_to_a_lock_request_locks_nobody_out() {
    let Some(scene) = Scene::new("lost answer to LOCK") else {
        return;
    };
    apply_with_lost_answer(&scene, "LOCK");
}

#[test]
fn p9_the_lost_answer_to_a_state_write_is_one_write() {
    let Some(scene) = Scene::new("lost answer to POST") else {
        return;
    };
    let hit = apply_with_lost_answer(&scene, "POST");
    assert_eq!(scene.stage.writes(KEY), 1);
    let before = scene.stage.state(STATE);
    deliver_again(scene.stage.server.address(), &hit.request).unwrap();
    assert_eq!((scene.stage.writes(KEY), scene.stage.state(STATE)), (1, before));
}

#[test]
fn p4_the_lost_answer_to_an_unlock_is_given_again_and_spares_the_next_holder() {
    let Some(scene) = Scene::new("lost answer to UNLOCK") else {
        return;
    };
    let hit = apply_with_lost_answer(&scene, "UNLOCK");
    let next = lock_info("next");
    assert_eq!(scene.stage.status("LOCK", STATE, next.as_bytes()), 200);
    deliver_again(scene.stage.server.address(), &hit.request).unwrap();
    assert_eq!(scene.lock_id(), "next");
}

#[test]
fn a_state_of_ten_megabytes_goes_through() {
    let _turn = turn();
    let Some(scene) = Scene::new("10 MB") else {
        return;
    };
    let project = scene.project(&resources(5, 1024));
    project.init();
    project.apply(&[]).succeeded();
    assert!(scene.stage.state(STATE).is_some_and(|state| state.len() > 10 << 20));
    let plan = project.run(&PLAN);
    assert_eq!(plan.status.and_then(|status| status.code()), Some(0), "{plan}");
    scene.stage.assert_no_lock();
}
