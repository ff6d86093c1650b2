//! What every test of `gc` needs: a run of the binary.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::versioned_store::{Verdict, VersionedStore, Versions};

pub(crate) const LOCK: &str = "app/terraform.tfstate.tflock";
pub(crate) const STATE: &str = "app/terraform.tfstate";

/// What a run said.
#[derive(Debug)]
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

    /// Itself, if it ended so and said so.
    #[track_caller]
    pub(crate) fn ended(self, code: i32, said: &str) -> Self {
        assert_eq!(self.code, Some(code), "{}\n---\n{}", self.stdout, self.stderr);
        let all = format!("{}{}", self.stdout, self.stderr);
        assert!(all.contains(said), "expected {said:?} in {all}");
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let document = serde_json::from_str(&self.stdout);
        assert!(document.is_ok(), "no JSON: {self:?}");
        document.unwrap_or_default()
    }
}

/// The environment of a store that checks nothing.
pub(crate) fn env(endpoint: &str) -> Vec<(String, String)> {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// `statelock` in an environment that has nothing else in it.
pub(crate) fn command(env: &[(String, String)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_statelock"));
    command.args(arguments).env_clear().env("AWS_CONFIG_FILE", "/dev/null");
    command.envs(env.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
    command.current_dir("/");
    command
}

pub(crate) fn run(env: &[(String, String)], arguments: &[&str]) -> Said {
    Said::of(&command(env, arguments).output().expect("the binary starts"))
}

/// `statelock gc s3://tfstate OPTIONS`
pub(crate) fn gc(store: &VersionedStore, options: &[&str]) -> Said {
    run(&env(&store.endpoint()), &[&["gc", "s3://tfstate"], options].concat())
}

/// A store that does as it is asked.
pub(crate) fn store(versions: Versions) -> VersionedStore {
    VersionedStore::start(versions, |_, _| Verdict::AsUsual)
}

/// A state with three versions, whose lock was taken and released three times.
pub(crate) fn a_bucket() -> Versions {
    let mut versions = Versions::default();
    for size in [100, 200, 300] {
        versions.write(STATE, Some(size));
        versions.cycles(LOCK, 1);
    }
    versions
}
