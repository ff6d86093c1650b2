//! A lock that carries a stamp, on the server, and terraform in front of it.

use std::path::Path;

use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt, PutMode};
use statelock_protocol::lock::stamp::{BootId, ProcessMark, Reason, RunUrl};
use statelock_protocol::lock::{LockInfo, Stamp};
use statelock_testkit::real_clients::terraform::{
    Backend, Output, Terraform, TerraformProject, resources,
};
use statelock_testkit::server_process::ServerProcess;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const BUCKET: &str = "tfstate";
const KEY: &str = "app/terraform.tfstate";
const LOCK_ID: &str = "76048f77-4be5-58f2-5e83-1c243c2aa257";
const PLAN: [&str; 3] = ["plan", "-input=false", "-no-color"];

/// What templates, terminals, wrapping, HTML escapes and our own grammar could spoil, and longer than
/// any terminal is wide.
const REASON: &str = "nightly \"apply\" of <größer> & 'co'; 100 % [red]%s{{.Info}} ${var.x} \\ \
                      \n\u{1b}[2J tab\there; run https://forged.example/1; 日本 and a long story \
                      that goes on and on until no terminal could show it on one line any more";

struct Scene {
    server: ServerProcess,
    terraform: Terraform,
    bucket: AmazonS3,
    runtime: Runtime,
    // Removed last.
    _scratch: TempDir,
}

impl Scene {
    /// `None` if there is no terraform.
    fn new(scenario: &str) -> Option<Self> {
        let terraform = Terraform::find(&format!("evidence: {scenario}"))?;
        let scratch = TempDir::with_prefix("statelock-evidence-").expect("a scratch directory");
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        let server = ServerProcess::start(binary, &scratch.path().join("data"), &[]);
        let (access_key, secret_key) = server.credentials();
        let bucket = crate::bucket::open(server.endpoint(), (access_key, secret_key));
        let runtime = Runtime::new().expect("a runtime");
        Some(Self { server, terraform, bucket, runtime, _scratch: scratch })
    }

    fn project(&self, backend: Backend) -> TerraformProject {
        let env = self.server.client_env();
        let config = resources(1, 1);
        let project =
            TerraformProject::with_backend(backend, &self.terraform, &env, BUCKET, KEY, &config);
        project.init();
        project
    }

    fn lockfile() -> Key {
        Key::parse(format!("{KEY}.tflock")).expect("a key")
    }

    /// Takes the lock as a client with `use_lockfile` does.
    fn lock(&self, info: &LockInfo) {
        let (key, body) = (Self::lockfile(), info.marshal());
        let put = self.bucket.put_opts(&key, body.into(), PutMode::Create.into());
        self.runtime.block_on(put).expect("the lock is free");
    }

    fn unlock(&self) {
        self.runtime.block_on(self.bucket.delete(&Self::lockfile())).expect("the lock is released");
    }

    fn is_locked(&self) -> bool {
        self.runtime.block_on(self.bucket.head(&Self::lockfile())).is_ok()
    }
}

fn stamp() -> Stamp {
    let run = "https://github.com/o/r/actions/runs/12/attempts/1?a=b&c=%20#d";
    Stamp {
        reason: Some(Reason::parse(REASON).expect("a reason")),
        run: Some(RunUrl::parse(run).expect("a URL")),
        process: Some(ProcessMark {
            pid: 4711,
            started_ticks: 123_456,
            pid_namespace: 4_026_531_836,
            boot_id: BootId::parse("0f3c2a61-7c1e-4b6e-9a57-2f0d3d8f6f10").expect("a boot id"),
        }),
    }
}

fn stamped_lock() -> LockInfo {
    let text = format!(
        r#"{{"ID":"{LOCK_ID}","Operation":"OperationTypeApply","Who":"you@laptop","Version":"1.11.4","Created":"2026-11-21T20:59:50Z","Path":"{BUCKET}/{KEY}"}}"#
    );
    let info = LockInfo::parse(text.as_bytes()).expect("a lock info");
    LockInfo { info: stamp().to_string(), ..info }
}

/// What stands behind `Info:` in terraform's error, on its one line.
fn info_line(output: &Output) -> String {
    let said = format!("{}\n{}", output.stdout, output.stderr);
    let lines: Vec<_> = said.lines().filter_map(|line| line.split_once("  Info:      ")).collect();
    assert_eq!(lines.len(), 1, "one line of Info: {output}");
    lines[0].1.to_owned()
}

#[test]
fn p11_terraform_shows_a_stamp_unharmed_and_on_one_line() {
    let Some(scene) = Scene::new("a stamp in terraform's error") else {
        return;
    };
    scene.lock(&stamped_lock());
    for backend in [Backend::Lockfile, Backend::LockTable, Backend::Dual] {
        let project = scene.project(backend);
        let output = project.run(&PLAN);
        output.failed().shows("Error acquiring the state lock").shows(LOCK_ID);
        let line = info_line(&output);
        // The server puts the place in line before it.
        let (before, shown) = line.split_at(line.find("nightly").expect("the reason"));
        let held = format!(" in line; held by ID {LOCK_ID} (you@laptop): ");
        assert!(before.starts_with("place ") && before.ends_with(&held), "{backend}: {before}");
        assert_eq!(shown, stamp().to_string(), "{backend}");
        assert_eq!(Stamp::read(shown), stamp(), "{backend}");
        let Stamp { run, process, .. } = Stamp::read(&line);
        assert_eq!((run, process), (stamp().run, stamp().process), "{backend}");
    }
    scene.unlock();
}

#[test]
fn p11_terraform_releases_a_stamped_lock_by_force_and_goes_on() {
    let Some(scene) = Scene::new("force-unlock of a stamped lock") else {
        return;
    };
    for backend in [Backend::Lockfile, Backend::LockTable] {
        scene.lock(&stamped_lock());
        let project = scene.project(backend);
        project.run(&["force-unlock", "-force", LOCK_ID]).succeeded();
        assert!(!scene.is_locked(), "{backend}");
        project.run(&PLAN).succeeded().shows("1 to add");
        assert!(!scene.is_locked(), "{backend}");
    }
}
