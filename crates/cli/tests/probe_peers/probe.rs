//! Runs `statelock probe`, and reads what it says.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use statelock_testkit::command::Run;
use tempfile::TempDir;

/// Rounds of writers at once. A racy store shows it in nearly every one.
const ROUNDS: &str = "4";

/// What a probe said.
pub(crate) struct Probed {
    pub(crate) run: Run,
    document: Value,
}

/// Probes `s3://BUCKET` with these options and this environment.
pub(crate) fn probe(bucket: &str, options: &[&str], env: &[(String, String)]) -> Probed {
    let run = run(bucket, options, env);
    let document = run.json();
    Probed { run, document }
}

/// The same where there may be no report.
pub(crate) fn run(bucket: &str, options: &[&str], env: &[(String, String)]) -> Run {
    let state = TempDir::with_prefix("statelock-probed-").expect("a directory");
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_statelock")));
    command.args(["probe", &format!("s3://{bucket}"), "--json", "--use-path-style"]);
    command.args(["--rounds", ROUNDS, "--region", "us-east-1"]).args(options);
    command.env_clear().env("HOME", state.path()).env("XDG_STATE_HOME", state.path());
    command.envs(env.iter().map(|(name, value)| (name, value)));
    Run::of(command)
}

impl Probed {
    /// The verdict on an operation; `not_tried` if there is none.
    #[track_caller]
    pub(crate) fn of(&self, operation: &str) -> &str {
        let operations = self.document["operations"].as_array().expect("operations");
        let found = operations.iter().find(|one| one["operation"] == operation);
        found.and_then(|one| one["verdict"].as_str()).unwrap_or("not_tried")
    }

    /// Whether `use_lockfile` is safe.
    pub(crate) fn lockfile(&self) -> &str {
        self.document["conclusions"]["use_lockfile"]["verdict"].as_str().unwrap_or_default()
    }

    /// Whether `dynamodb_table` is safe.
    pub(crate) fn lock_table(&self) -> &str {
        self.document["conclusions"]["dynamodb_table"]["verdict"].as_str().unwrap_or_default()
    }

    /// All operations with another verdict than `enforced`, in the order of the report.
    pub(crate) fn broken(&self) -> Vec<(String, String)> {
        let operations = self.document["operations"].as_array().expect("operations");
        let told = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        operations
            .iter()
            .map(|one| (told(one, "operation"), told(one, "verdict")))
            .filter(|(_, verdict)| verdict != "enforced")
            .collect()
    }

    /// Fails unless these operations have these verdicts.
    #[track_caller]
    pub(crate) fn assert(&self, expected: &[(&str, &str)]) -> &Self {
        for (operation, verdict) in expected {
            let found = self.of(operation);
            assert_eq!(found, *verdict, "{operation}: {:#}", self.evidence(operation));
        }
        self
    }

    /// Fails unless it ended so.
    #[track_caller]
    pub(crate) fn ended(&self, code: i32) -> &Self {
        assert_eq!(self.run.code, Some(code), "{:?}\n{}", self.broken(), self.run.stderr);
        self
    }

    /// Fails unless nothing of it is left in the store, by its own account.
    #[track_caller]
    pub(crate) fn left_nothing(&self) -> &Self {
        let left = self.document["left"].as_array().expect("what is left");
        assert!(left.is_empty(), "{left:#?}");
        self
    }

    /// Whether what neither lock needs is as it should be.
    pub(crate) fn other_conditions(&self) -> &str {
        self.document["conclusions"]["other_conditions"]["verdict"].as_str().unwrap_or_default()
    }

    /// All that is to be looked out for.
    pub(crate) fn cautions(&self) -> String {
        self.document["advice"]["cautions"].to_string()
    }

    /// The first endpoint.
    pub(crate) fn endpoint(&self) -> &Value {
        &self.document["endpoints"][0]
    }

    /// All that is told of an operation.
    pub(crate) fn evidence(&self, operation: &str) -> Value {
        let operations = self.document["operations"].as_array().cloned().unwrap_or_default();
        operations.into_iter().find(|one| one["operation"] == operation).unwrap_or_default()
    }
}
