//! Which clients may run in a module, and whether they know `use_lockfile`.

use statelock_config::tree::RequiredVersion;

/// The first version of Terraform, and of OpenTofu, that knows `use_lockfile`.
pub(crate) const LOCKFILE_SINCE: &str = "1.10.0";

/// Which clients the version constraints of a module admit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NeededClient {
    /// Every constraint, as it is written.
    pub(crate) constraints: Vec<RequiredVersion>,
    /// Whether they know `use_lockfile`.
    pub(crate) knows_lockfile: KnowsLockfile,
}

/// Whether the admitted clients know `use_lockfile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnowsLockfile {
    /// All of them.
    Always,
    /// Some of them, so an older one may run and fail.
    Sometimes,
    /// None.
    Never,
    /// Nothing is said, so any version may run.
    Unconstrained,
    /// A constraint could not be understood.
    Unreadable,
}

impl KnowsLockfile {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Sometimes => "sometimes",
            Self::Never => "never",
            Self::Unconstrained => "unconstrained",
            Self::Unreadable => "unreadable",
        }
    }
}

impl NeededClient {
    /// Judges the constraints together: all of them hold.
    pub(super) fn of(constraints: &[RequiredVersion]) -> Self {
        let knows_lockfile = if constraints.is_empty() {
            KnowsLockfile::Unconstrained
        } else {
            KnowsLockfile::Unreadable
        };
        Self { constraints: constraints.to_vec(), knows_lockfile }
    }

    /// The constraints as one text; `-` if there are none.
    pub(crate) fn text(&self) -> String {
        let texts: Vec<_> = self.constraints.iter().map(|one| one.text.as_str()).collect();
        if texts.is_empty() { "-".to_owned() } else { texts.join(", ") }
    }
}
