//! Where a unit stands between lock table and lockfile.

use std::fmt;

/// How a unit locks its states, by its configuration. The order is that of the migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum LockPhase {
    /// Neither `use_lockfile` nor `dynamodb_table`: Terraform takes no lock.
    Unlocked,
    /// `dynamodb_table` alone: where a migration begins.
    LockTable,
    /// Both: while there are clients of both kinds.
    Dual,
    /// `use_lockfile` alone: where it ends.
    Lockfile,
}

impl LockPhase {
    /// Every phase, in order.
    pub(crate) const ALL: [Self; 4] = [Self::Unlocked, Self::LockTable, Self::Dual, Self::Lockfile];

    /// What two arguments make.
    pub(crate) const fn of(has_table: bool, uses_lockfile: bool) -> Self {
        match (has_table, uses_lockfile) {
            (false, false) => Self::Unlocked,
            (true, false) => Self::LockTable,
            (true, true) => Self::Dual,
            (false, true) => Self::Lockfile,
        }
    }

    /// Its name: the same in tables, JSON, options and records.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unlocked => "unlocked",
            Self::LockTable => "lock_table",
            Self::Dual => "dual",
            Self::Lockfile => "lockfile",
        }
    }

    /// The phase of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }

    /// Whether it asks the lock table.
    pub(crate) const fn has_table(self) -> bool {
        matches!(self, Self::LockTable | Self::Dual)
    }

    /// Whether it writes a lockfile.
    pub(crate) const fn has_lockfile(self) -> bool {
        matches!(self, Self::Dual | Self::Lockfile)
    }

    /// Whether two clients in these phases keep each other out.
    pub(crate) const fn excludes(self, other: Self) -> bool {
        (self.has_table() && other.has_table()) || (self.has_lockfile() && other.has_lockfile())
    }
}

impl fmt::Display for LockPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::LockPhase;

    #[test]
    fn names_are_read_back() {
        for phase in LockPhase::ALL {
            assert_eq!(LockPhase::named(phase.name()), Some(phase));
            assert_eq!(LockPhase::of(phase.has_table(), phase.has_lockfile()), phase);
        }
        assert_eq!(LockPhase::named("s3"), None);
    }

    #[test]
    fn only_dual_keeps_out_both_kinds() {
        let excludes = |one: &str, other: &str| {
            let phase = |name| LockPhase::named(name).expect("a phase");
            phase(one).excludes(phase(other))
        };
        assert!(excludes("dual", "lock_table") && excludes("dual", "lockfile"));
        assert!(excludes("lock_table", "lock_table") && excludes("lockfile", "lockfile"));
        assert!(!excludes("lock_table", "lockfile"));
        assert!(!excludes("unlocked", "dual") && !excludes("unlocked", "unlocked"));
    }
}
