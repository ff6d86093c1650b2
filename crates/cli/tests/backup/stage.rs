//! A server on a data directory, the command under test, and servers on copies of its backups.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use object_store::aws::AmazonS3;
use object_store::path::Path as Key;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutMode};
use serde_json::json;
use statelock_testkit::command::Run;
use statelock_testkit::server_process::ServerProcess;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A scratch directory with the data directory `data`, and a place for backups.
pub(crate) struct Stage {
    pub(crate) scratch: TempDir,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self { scratch: TempDir::with_prefix("statelock-backup-").expect("a directory") }
    }

    /// The data directory of a server that ran and was stopped, with some states and a lock.
    pub(crate) fn stopped() -> Self {
        let stage = Self::new();
        let mut running = stage.serve();
        running.fill();
        assert!(running.server.terminate().success());
        stage
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// A path in the scratch directory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub(crate) fn serve(&self) -> Serving {
        Serving::on(&self.data())
    }

    /// `statelock backup --data DATA ARGS…`.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = statelock(&["backup", "--data"]);
        command.arg(self.data()).args(args);
        command
    }

    /// A backup under a name in the scratch directory.
    pub(crate) fn backup(&self, name: &str) -> Run {
        let mut command = self.command(&[]);
        command.arg(self.path(name));
        Run::of(command)
    }

    /// Checks it again.
    pub(crate) fn verify(&self, name: &str) -> Run {
        let mut command = statelock(&["backup", "verify"]);
        command.arg(self.path(name));
        Run::of(command)
    }

    /// A server on a copy of a backup.
    pub(crate) fn restored(&self, name: &str) -> Serving {
        let copy = self.path(&format!("{name}-restored"));
        copy_directory(&self.path(name), &copy);
        Serving::on(&copy)
    }

    /// Asserts that nothing of a backup is there, under its own name or another.
    #[track_caller]
    pub(crate) fn assert_nothing_of(&self, name: &str) {
        let names = names(self.scratch.path());
        let left: Vec<_> = names.iter().filter(|left| left.starts_with(name)).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

/// `statelock ARGS…` without settings of the developer.
pub(crate) fn statelock(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("STATELOCK_") || text.starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.args(args).stdin(Stdio::null());
    command
}

/// Names in a directory, in order.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("the directory can be read");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("an entry").file_name().into_string().expect("UTF-8")
    };
    let mut names: Vec<_> = entries.map(name).collect();
    names.sort();
    names
}

/// Each file of a directory with its mode and its bytes.
pub(crate) fn contents(directory: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let content = |name: String| {
        let path = directory.join(&name);
        let mode = fs::metadata(&path).expect("a file").permissions().mode() & 0o777;
        (name, mode, fs::read(&path).expect("the file can be read"))
    };
    names(directory).into_iter().map(content).collect()
}

pub(crate) fn copy_directory(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp runs");
    assert!(copied.success());
}

/// A running server and a client of it.
pub(crate) struct Serving {
    pub(crate) server: ServerProcess,
    client: AmazonS3,
    runtime: Runtime,
}

impl Serving {
    pub(crate) fn on(data: &Path) -> Self {
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        let server = ServerProcess::start(binary, data, &[]);
        let client = crate::bucket::open(server.endpoint(), server.credentials());
        Self { server, client, runtime: Runtime::new().expect("a runtime") }
    }

    pub(crate) fn put(&self, key: &str, body: impl Into<object_store::PutPayload>) {
        let stored = self.runtime.block_on(self.client.put(&Key::from(key), body.into()));
        stored.expect("the object is stored");
    }

    pub(crate) fn get(&self, key: &str) -> Option<String> {
        let read = async { self.client.get(&Key::from(key)).await?.bytes().await };
        match self.runtime.block_on(read) {
            Ok(bytes) => Some(String::from_utf8(bytes.to_vec()).expect("UTF-8")),
            Err(object_store::Error::NotFound { .. }) => None,
            Err(error) => panic_with(&error.to_string()),
        }
    }

    pub(crate) fn delete(&self, key: &str) {
        let deleted = self.runtime.block_on(self.client.delete(&Key::from(key)));
        deleted.expect("the object is deleted");
    }

    /// Tries to take the lock on a state as Terraform does; whether it was free.
    pub(crate) fn acquire(&self, state: &str, id: &str) -> bool {
        let info = json!({
            "ID": id, "Operation": "OperationTypeApply", "Info": "", "Who": "you@laptop",
            "Version": "1.11.4", "Created": "2026-11-21T23:58:59.285210551Z",
            "Path": format!("tfstate/{state}"),
        });
        let key = Key::from(format!("{state}.tflock"));
        let body = info.to_string().into();
        let made = self.client.put_opts(&key, body, PutMode::Create.into());
        match self.runtime.block_on(made) {
            Ok(_) => true,
            Err(object_store::Error::AlreadyExists { .. }) => false,
            Err(error) => panic_with(&error.to_string()),
        }
    }

    /// Three states, one with an older version; one lock that is held; one other object; one that is
    /// deleted.
    pub(crate) fn fill(&self) {
        for (serial, key) in [(1, "app"), (2, "app"), (1, "network"), (1, "dns")] {
            self.put(&format!("{key}/terraform.tfstate"), state(key, serial));
        }
        self.put("notes.txt", "not a state");
        self.put("gone.txt", "deleted");
        self.delete("gone.txt");
        assert!(self.acquire("app/terraform.tfstate", HELD));
        assert!(self.acquire("dns/terraform.tfstate", "6a3dbb4e-2dd4-d0ed-1d1f-1e2d34ecbb3b"));
        self.delete("dns/terraform.tfstate.tflock");
    }

    /// `statelock ARGS…` as a client of this server.
    pub(crate) fn client(&self, args: &[&str]) -> Run {
        let mut command = statelock(args);
        command.envs(self.server.client_env());
        Run::of(command)
    }
}

/// The lock ID of the lock that [`Serving::fill`] leaves.
pub(crate) const HELD: &str = "d0d7fbe6-e907-5504-520e-ce1b6ee7b800";

/// A state with an output.
pub(crate) fn state(lineage: &str, serial: u64) -> String {
    let outputs = json!({"id": {"value": "x".repeat(300), "type": "string"}});
    json!({
        "version": 4, "terraform_version": "1.11.4", "serial": serial, "lineage": lineage,
        "outputs": outputs, "resources": [],
    })
    .to_string()
}

#[expect(clippy::panic, reason = "a request that fails ends the test")]
fn panic_with<T>(message: &str) -> T {
    panic!("{message}");
}
