//! Which clients may run in a module, and whether they know `use_lockfile`.

use statelock_config::tree::RequiredVersion;
use statelock_config::{LockfileSupport, Version, VersionConstraint};

/// The first version of Terraform, and of OpenTofu, that knows `use_lockfile`.
pub(crate) const LOCKFILE_SINCE: &str = "1.10.0";

/// Which clients the version constraints of a module admit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NeededClient {
    /// Every constraint, as it is written.
    pub(crate) constraints: Vec<RequiredVersion>,
    /// Whether they know `use_lockfile`.
    pub(crate) knows_lockfile: KnowsLockfile,
    /// The oldest that is admitted, if any constraint says so.
    pub(crate) lowest: Option<Version>,
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
    /// Judges the constraints together: all of them hold. One that cannot be understood can only admit
    /// less, so it does not take back what the others keep in doubt.
    pub(super) fn of(constraints: &[RequiredVersion]) -> Self {
        let parsed: Vec<_> =
            constraints.iter().filter_map(|one| VersionConstraint::parse(&one.text).ok()).collect();
        let is_all = parsed.len() == constraints.len();
        let (knows_lockfile, lowest) = if parsed.is_empty() {
            (KnowsLockfile::Unconstrained, None)
        } else {
            match VersionConstraint::all(parsed).lockfile_support() {
                LockfileSupport::Always { lowest } => (KnowsLockfile::Always, Some(lowest)),
                LockfileSupport::Sometimes { lowest } => (KnowsLockfile::Sometimes, Some(lowest)),
                LockfileSupport::Never { lowest } => (KnowsLockfile::Never, lowest),
            }
        };
        let (knows_lockfile, lowest) = match knows_lockfile {
            KnowsLockfile::Always | KnowsLockfile::Unconstrained if !is_all => {
                (KnowsLockfile::Unreadable, None)
            }
            known => (known, lowest),
        };
        Self { constraints: constraints.to_vec(), knows_lockfile, lowest }
    }

    /// The constraints as one text; `-` if there are none.
    pub(crate) fn text(&self) -> String {
        let texts: Vec<_> = self.constraints.iter().map(|one| one.text.as_str()).collect();
        if texts.is_empty() { "-".to_owned() } else { texts.join(", ") }
    }
}

#[cfg(test)]
mod tests {
    use statelock_config::Place;

    use super::*;

    fn of(texts: &[&str]) -> NeededClient {
        let place = Place { file: "main.tf".into(), line: Some(1) };
        let one = |text: &&str| RequiredVersion { text: (*text).to_owned(), place: place.clone() };
        NeededClient::of(&texts.iter().map(one).collect::<Vec<_>>())
    }

    #[test]
    fn all_constraints_hold_together() {
        for (texts, expected) in [
            (&[][..], KnowsLockfile::Unconstrained),
            (&[">= 1.5"], KnowsLockfile::Sometimes),
            (&[">= 1.5", "~> 1.11"], KnowsLockfile::Always),
            (&[">= 1.5", "< 1.9"], KnowsLockfile::Never),
            (&["newest"], KnowsLockfile::Unreadable),
            (&[">= 1.11", "newest"], KnowsLockfile::Unreadable),
            (&["~> 1.5.0", "min-required"], KnowsLockfile::Never),
            (&["min-required", ">= 1.5"], KnowsLockfile::Sometimes),
        ] {
            assert_eq!(of(texts).knows_lockfile, expected, "{texts:?}");
        }
        assert_eq!(
            of(&[">= 1.5", "< 1.9"]).lowest.map(|it| it.to_string()).as_deref(),
            Some("1.5.0")
        );
    }
}
