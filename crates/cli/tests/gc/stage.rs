//! What every test of `gc` needs: a run of the binary.

use std::process::{Command, Stdio};

use statelock_testkit::command::Run;

use crate::versioned_store::{Verdict, VersionedStore, Versions};

pub(crate) const LOCK: &str = "app/terraform.tfstate.tflock";
pub(crate) const STATE: &str = "app/terraform.tfstate";

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

pub(crate) fn run(env: &[(String, String)], arguments: &[&str]) -> Run {
    Run::of(command(env, arguments))
}

/// `statelock gc s3://tfstate OPTIONS`
pub(crate) fn gc(store: &VersionedStore, options: &[&str]) -> Run {
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
