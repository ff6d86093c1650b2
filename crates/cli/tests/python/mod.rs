//! Runs the scripts of this folder, each against a server of its own.

use std::path::Path;

use statelock_testkit::real_clients::python::{PythonEnvironment, ScriptRun};
use statelock_testkit::server_process::ServerProcess;
use statelock_testkit::skip::skip;
use tempfile::TempDir;

/// A script of named cases, and what it needs.
pub(crate) struct Script<'a> {
    /// File name in this folder.
    pub(crate) name: &'a str,
    /// Pinned Python packages.
    pub(crate) requirements: &'a [&'a str],
    /// Arguments of the script; `{scratch}` stands for an empty directory.
    pub(crate) arguments: &'a [&'a str],
    /// Flags of the server beyond the usual ones.
    pub(crate) server_flags: &'a [&'a str],
    /// The number of cases below which the script cannot have run whole.
    pub(crate) at_least: usize,
}

impl Script<'_> {
    /// Runs the script; every case must pass, and the server must then drain and end well.
    ///
    /// Reports a skip where Python or the packages cannot be had.
    pub(crate) fn passes(&self) {
        let environment = match PythonEnvironment::prepare(self.requirements) {
            Ok(environment) => environment,
            Err(reason) => return skip(self.name, &reason.to_string()),
        };
        let data = TempDir::new().expect("a directory for the server");
        let binary = Path::new(env!("CARGO_BIN_EXE_statelock"));
        let mut server = ServerProcess::start(binary, data.path(), self.server_flags);

        let run = self.run(&environment, &server);
        let server_log = last_lines(&server.stderr(), 60);
        let report = || format!("{}\n--- server\n{server_log}", run.transcript());
        assert_eq!(run.code, Some(0), "{} failed: {}", self.name, report());
        let passed = run.stdout.lines().filter(|line| line.starts_with("ok ")).count();
        assert!(passed >= self.at_least, "{} ran only {passed} cases: {}", self.name, report());
        let end = server.terminate();
        assert!(end.success(), "the server ended with {end} after SIGTERM: {}", report());
    }

    fn run(&self, environment: &PythonEnvironment, server: &ServerProcess) -> ScriptRun {
        let scratch = TempDir::new().expect("a scratch directory");
        let path = scratch.path().to_str().expect("a readable temporary path");
        let arguments: Vec<_> = self
            .arguments
            .iter()
            .map(|text| if *text == "{scratch}" { path } else { text })
            .collect();
        let mut variables = server.client_env();
        variables.push(("AWS_CONFIG_FILE".into(), "/dev/null".into()));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(self.name);
        environment.run(&script, &arguments, &variables).expect("the interpreter starts")
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
