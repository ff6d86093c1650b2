//! What every test of `ls` needs: a run of the binary, and locks to list.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use statelock_testkit::fake_store::{FakeStore, Holdings};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_statelock");
pub(crate) const BUCKET: &str = "tfstate";

/// Terraform's lock info, by this holder.
pub(crate) fn lock_info(id: &str, who: &str, created: &str) -> Vec<u8> {
    format!(
        "{{\"ID\":\"{id}\",\"Operation\":\"OperationTypeApply\",\"Info\":\"\",\"Who\":\"{who}\",\
         \"Version\":\"1.11.4\",\"Created\":\"{created}\",\"Path\":\"\"}}"
    )
    .into_bytes()
}

/// The lock that tests take when it does not matter which.
pub(crate) fn a_lock(id: &str) -> Vec<u8> {
    lock_info(id, "ci@runner-7", "2026-01-01T00:00:00Z")
}

/// An item of a lock table that is a lock.
pub(crate) fn item(id: &str) -> Vec<(&'static str, String)> {
    vec![("Info", String::from_utf8(a_lock(id)).expect("text"))]
}

/// A store with these objects; a body is empty, or a lock by this ID.
pub(crate) fn holdings(objects: &[(&str, &str)]) -> Holdings {
    let body = |id: &str| if id.is_empty() { Vec::new() } else { a_lock(id) };
    let objects = objects.iter().map(|(key, id)| ((*key).to_owned(), body(id))).collect();
    Holdings { objects, ..Holdings::default() }
}

/// A store that never refuses.
pub(crate) fn store(holdings: Holdings) -> FakeStore {
    FakeStore::start(holdings, |_| None)
}

/// `statelock ls` in an environment that has nothing of ours in it.
pub(crate) fn command(env: &[(String, String)], arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if ["AWS_", "STATELOCK_", "TF_", "GITHUB_", "CI_"].iter().any(|own| name.starts_with(own)) {
            command.env_remove(name.as_ref());
        }
    }
    command.arg("ls").args(arguments).stdin(Stdio::null()).current_dir(Path::new("/"));
    command.envs(env.iter().map(|(name, value)| (name, value)));
    command
}

/// What a run said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        Self { code: output.status.code(), stdout, stderr }
    }

    /// Asserts the exit code.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n---\n{}", self.stdout, self.stderr);
        self
    }

    /// Its one document.
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            let nothing: Option<Value> = None;
            assert!(nothing.is_some(), "{error}: {}", self.stdout);
            Value::Null
        })
    }

    /// Its documents, one on each line.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The keys on its lines of JSON.
    pub(crate) fn keys(&self) -> Vec<String> {
        let key = |line: &Value| line["key"].as_str().expect("a key").to_owned();
        self.lines().iter().map(key).collect()
    }
}

pub(crate) fn ls(env: &[(String, String)], arguments: &[&str]) -> Said {
    Said::of(&command(env, arguments).output().expect("the binary starts"))
}
