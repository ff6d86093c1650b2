//! What a change of phase does to units and files, decided as a whole before anything is written.
//!
//! A file that several units use is changed once, and only if every unit that uses it may be in the
//! new phase; so a unit that must stay keeps those with which it shares a file.

mod after;
mod back;
mod contents;
mod decide;
mod edits;
mod goal;
mod obstacle;
mod together;

#[cfg(test)]
mod back_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use statelock_config::edit::ByHand;

use super::record::{Direction, Home, Manifest};
use super::survey::{FileRole, LockPhase};

pub(super) use decide::{decide, used};
pub(super) use obstacle::{Obstacle, ObstacleId, others};

/// Why units stay out that `--only` does not name.
pub(super) const NOT_NAMED: &str = "it is not among those that --only names";

/// What is asked for.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// Whereto.
    pub(super) goal: Goal,
    /// Only units of these directories (without links in their paths); empty: all.
    pub(super) only: Vec<PathBuf>,
    /// Whether units that take no lock so far are brought to lockfiles.
    pub(super) includes_unlocked: bool,
    /// Obstacles that are not to keep anything from moving.
    pub(super) allowed: Vec<ObstacleId>,
    /// Whether the lock table may go without a proof that the dual locks work.
    pub(super) allows_unverified: bool,
    /// The lock table that a way back names, where the record does not know it.
    pub(super) table: Option<String>,
    /// What was found out elsewhere that keeps units from moving, by their index in the survey.
    pub(super) also: BTreeMap<usize, Vec<Obstacle>>,
}

/// Whereto units go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Goal {
    /// Each to its next phase.
    #[default]
    Next,
    /// On to this phase.
    To(LockPhase),
    /// Back to this phase.
    BackTo(LockPhase),
}

impl Goal {
    /// On or back.
    pub(super) fn direction(self) -> Direction {
        match self {
            Self::Next | Self::To(_) => Direction::Forward,
            Self::BackTo(_) => Direction::Back,
        }
    }
}

/// What is known of earlier runs.
pub(super) type Manifests = BTreeMap<Home, Manifest>;

/// What is to be done.
#[derive(Debug)]
pub(super) struct Changes {
    /// For each unit of the survey, in its order.
    pub(super) units: Vec<UnitChange>,
    /// Every file that is to be written, by path.
    pub(super) files: Vec<FileChange>,
}

/// What becomes of a unit.
#[derive(Debug)]
pub(super) struct UnitChange {
    /// Where its record is, and its name there; `None`: outside of what was named.
    pub(super) recorded: Option<(Home, String)>,
    /// The phase it would be in; `None`: it stays in its own.
    pub(super) to: Option<LockPhase>,
    /// What becomes of it.
    pub(super) fate: Fate,
}

/// What becomes of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is where it should be, or further.
    There,
    /// It is not asked for; why.
    LeftOut(&'static str),
    /// Its files are changed.
    Moves,
    /// Somebody has to change these places; nothing is done about the unit.
    ByHand(Vec<ByHand>),
    /// Something has to be settled first.
    Blocked(Vec<Obstacle>),
}

impl Fate {
    /// Its name in documents.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::There => "there",
            Self::LeftOut(_) => "left_out",
            Self::Moves => "moves",
            Self::ByHand(_) => "by_hand",
            Self::Blocked(_) => "blocked",
        }
    }

    /// Whether the unit should have moved, and does not.
    pub(super) fn stays(&self) -> bool {
        match self {
            Self::ByHand(_) | Self::Blocked(_) => true,
            Self::There | Self::LeftOut(_) | Self::Moves => false,
        }
    }
}

/// What becomes of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileChange {
    /// Where its record is.
    pub(super) home: Home,
    /// Its name there.
    pub(super) name: String,
    /// The file, without links in its path.
    pub(super) path: PathBuf,
    /// What it is.
    pub(super) role: FileRole,
    /// All its bytes before.
    pub(super) before: Vec<u8>,
    /// All its bytes after.
    pub(super) after: Vec<u8>,
    /// The phase after it.
    pub(super) phase: LockPhase,
    /// Whether the bytes are kept ones.
    pub(super) is_restored: bool,
}

impl FileChange {
    /// Whether it restores bytes that name another lock table than this.
    pub(super) fn restores_other_table(&self, table: &str) -> bool {
        self.is_restored && contents::names_other_table(&self.path, self.role, &self.after, table)
    }
}

impl Changes {
    /// How many units there are whose fate is such.
    pub(super) fn count(&self, is: impl Fn(&Fate) -> bool) -> usize {
        self.units.iter().filter(|unit| is(&unit.fate)).count()
    }
}
