//! A checkout of a root module, in which somebody runs the real terraform.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use statelock_testkit::real_clients::terraform::Terraform;
use statelock_testkit::server_process::wait_until;

use crate::stage::Stage;

/// How long one command may take, with many others at work.
const COMMAND_BOUND: Duration = Duration::from_mins(3);

/// A root module, initialised in one way.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    directory: PathBuf,
    init: Vec<String>,
    pub(crate) workspaces: Vec<String>,
    /// Where `init` keeps what it finds out, if a module is initialised in several ways.
    data: Option<String>,
    env: Vec<(String, String)>,
    binary: PathBuf,
}

/// A command that ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

/// A command that runs; dropping it kills it.
pub(crate) struct Working {
    child: Child,
    log: PathBuf,
}

impl Client {
    /// One that is initialised without options, with the default workspace.
    pub(crate) fn new(stage: &Stage, terraform: &Terraform, directory: &str) -> Self {
        let directory = stage.path().join(directory);
        Self {
            directory,
            init: Vec::new(),
            workspaces: vec!["default".to_owned()],
            data: None,
            env: stage.env(),
            binary: terraform.binary().to_owned(),
        }
    }

    /// The same, completed by this file.
    pub(crate) fn completed_by(mut self, file: &str, data: Option<&str>) -> Self {
        self.init.push(format!("-backend-config={file}"));
        self.data = data.map(str::to_owned);
        self
    }

    /// The same, with these workspaces beside the default one.
    pub(crate) fn with_workspaces(mut self, names: &[&str]) -> Self {
        self.workspaces.extend(names.iter().map(|name| (*name).to_owned()));
        self
    }

    /// Somebody else's checkout: a copy of the files as they are now.
    pub(crate) fn checked_out_at(&self, directory: &Path) -> Self {
        std::fs::create_dir_all(directory).expect("a directory");
        for entry in std::fs::read_dir(&self.directory).expect("a module") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let name = path.file_name().expect("a name");
                std::fs::copy(&path, directory.join(name)).expect("a copy");
            }
        }
        Self { directory: directory.to_owned(), ..self.clone() }
    }

    /// Adds a variable for all later commands.
    pub(crate) fn set_env(&mut self, name: &str, value: &str) {
        self.env.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn start(&self, args: &[&str]) -> Working {
        let log = tempfile::Builder::new().prefix("statelock-terraform-").tempfile();
        let (file, log) = log.expect("a log").keep().expect("a file that stays");
        let mut command = Command::new(&self.binary);
        command
            .args(args)
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.directory)
            .env("TF_CLI_CONFIG_FILE", "/dev/null")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(data) = &self.data {
            command.env("TF_DATA_DIR", data);
        }
        let both: File = file.try_clone().expect("the same file");
        command.stdin(Stdio::null()).stdout(file).stderr(both);
        Working { child: command.spawn().expect("terraform can be started"), log }
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        self.start(args).end()
    }

    /// `init`; `-reconfigure` where the backend was changed.
    #[track_caller]
    pub(crate) fn init(&self) {
        let mut args = vec!["init", "-input=false", "-no-color", "-reconfigure"];
        args.extend(self.init.iter().map(String::as_str));
        self.run(&args).ended(0);
    }

    /// Makes the workspaces that are not there yet.
    #[track_caller]
    pub(crate) fn make_workspaces(&self) {
        for name in self.workspaces.iter().filter(|name| *name != "default") {
            self.run(&["workspace", "new", "-no-color", name]).ended(0);
        }
    }

    /// Applies this revision in every workspace.
    #[track_caller]
    pub(crate) fn apply_everywhere(&self, revision: &str) {
        for workspace in &self.workspaces {
            self.in_workspace(workspace).apply(revision).end().ended(0);
        }
    }

    /// That there is nothing to do in any workspace: the state is the one that was written last.
    #[track_caller]
    pub(crate) fn has_everywhere(&self, revision: &str) {
        let variable = format!("-var=revision={revision}");
        for workspace in &self.workspaces {
            let plan = ["plan", "-detailed-exitcode", "-input=false", "-no-color", &variable];
            self.in_workspace(workspace).run(&plan).ended(0);
        }
    }

    fn in_workspace(&self, name: &str) -> Self {
        let mut one = self.clone();
        one.set_env("TF_WORKSPACE", name);
        one
    }

    /// Starts an apply of this revision, which does not wait for the lock.
    pub(crate) fn apply(&self, revision: &str) -> Working {
        let variable = format!("-var=revision={revision}");
        self.start(&["apply", "-auto-approve", "-input=false", "-no-color", &variable])
    }
}

impl Working {
    /// Waits until a file is there; fails if the command ends before.
    #[track_caller]
    pub(crate) fn await_file(&mut self, path: &Path) {
        let seen = wait_until(COMMAND_BOUND, || {
            let is_there = path.exists();
            let has_ended = self.child.try_wait().expect("it can be asked").is_some();
            (is_there || has_ended).then_some(is_there)
        });
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        assert_eq!(seen, Some(true), "{} was not written: {said}", path.display());
    }

    #[track_caller]
    pub(crate) fn end(mut self) -> Said {
        let status = wait_until(COMMAND_BOUND, || self.child.try_wait().expect("it can be asked"));
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        std::fs::remove_file(&self.log).ok();
        assert!(status.is_some(), "it does not end: {text}");
        Said { code: status.and_then(|status| status.code()), text }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Said {
    /// Itself, if it ended so.
    #[track_caller]
    pub(crate) fn ended(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.text);
        self
    }

    /// Whether it was refused because of a lock.
    pub(crate) fn is_locked_out(&self) -> bool {
        self.code == Some(1) && self.text.contains("Error acquiring the state lock")
    }
}
