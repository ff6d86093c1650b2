//! The options that say for whom, for what and how much.

use clap::{Args, ValueEnum};
use statelock_protocol::state::WorkspaceName;

use crate::address;
use crate::backend::BackendArgs;

/// Options of `iam` and `iam check`.
#[derive(Debug, Args)]
pub(super) struct NeedArgs {
    /// For whom.
    #[arg(long, value_enum)]
    role: Option<Role>,

    /// How the state is locked [default: as configured].
    #[arg(long, value_enum)]
    pub(super) mode: Option<Mode>,

    /// Which workspaces: `all` with those that are still to come, `none` but the default one, or names.
    #[arg(long, value_name = "all|none|NAME,...", default_value = "all", value_parser = workspaces)]
    pub(super) workspaces: Workspaces,

    /// The KMS key with which the bucket encrypts: its ARN, or its ID with --account and --region
    /// [default: as configured].
    #[arg(long, value_name = "ARN")]
    pub(super) kms_key: Option<String>,

    /// The account of lock table and key: 12 digits.
    #[arg(long, value_name = "ID")]
    pub(super) account: Option<String>,

    /// Which client.
    #[arg(long, value_enum, default_value = "both")]
    pub(super) client: Client,

    /// For plans with -lock=false, which write nothing at all.
    #[arg(long)]
    pub(super) no_lock: bool,

    #[command(flatten)]
    pub(super) backend: BackendArgs,
}

impl NeedArgs {
    /// For whom, if that was said.
    pub(super) fn role(&self) -> Option<Role> {
        self.role
    }
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Role {
    /// Reads the state, and locks it meanwhile.
    Plan,
    /// Reads and writes the state; makes and deletes workspaces.
    Apply,
    /// Sees and removes locks, and reads no state.
    Unlock,
    /// `statelock migrate` and `statelock doctor`.
    Migrate,
    /// `statelock bootstrap`: makes bucket and lock table.
    Bootstrap,
    /// `statelock gc`: removes old versions of lockfiles.
    Gc,
}

impl Role {
    /// All of them.
    #[cfg(test)]
    pub(super) const ALL: [Self; 6] =
        [Self::Plan, Self::Apply, Self::Unlock, Self::Migrate, Self::Bootstrap, Self::Gc];

    /// As on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Unlock => "unlock",
            Self::Migrate => "migrate",
            Self::Bootstrap => "bootstrap",
            Self::Gc => "gc",
        }
    }
}

/// A lock mode without its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    Lockfile,
    #[value(name = "lock_table", alias = "lock-table")]
    LockTable,
    Dual,
}

/// Which program sends the requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Client {
    Terraform,
    Tofu,
    Both,
}

/// Which workspaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Workspaces {
    All,
    /// The default one alone.
    None,
    Named(Vec<WorkspaceName>),
}

fn workspaces(text: &str) -> Result<Workspaces, String> {
    match text {
        "all" => Ok(Workspaces::All),
        "none" => Ok(Workspaces::None),
        names => {
            let names = names.split(',').map(address::workspace).collect::<Result<Vec<_>, _>>();
            names.map(Workspaces::Named)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workspaces_are_all_none_or_named() {
        assert_eq!(workspaces("all"), Ok(Workspaces::All));
        assert_eq!(workspaces("none"), Ok(Workspaces::None));
        let Ok(Workspaces::Named(names)) = workspaces("dev,default") else { unreachable!("names") };
        assert_eq!(names.len(), 2);
        assert!(workspaces("dev,").is_err() && workspaces("a/b").is_err());
    }
}
