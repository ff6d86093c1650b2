//! What a record says.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::survey::LockPhase;
use super::ProvenBackend;

/// The version of the form. A newer one is refused: it may say what this program does not know.
pub(super) const SCHEMA: u32 = 1;

/// All of a record but the bytes of originals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Manifest {
    /// The form.
    pub(super) schema: u32,
    /// What is under way, or was when a process was killed.
    pub(in super::super) run: Option<Run>,
    /// What was changed, in order.
    pub(in super::super) changes: Vec<Change>,
    /// What is known of units, by their names.
    pub(in super::super) units: BTreeMap<String, UnitRecord>,
    /// Units whose `init` was to be run here and was not seen to succeed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(in super::super) to_initialise: BTreeSet<String>,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            schema: SCHEMA,
            run: None,
            changes: Vec::new(),
            units: BTreeMap::new(),
            to_initialise: BTreeSet::new(),
        }
    }
}

/// A set of changes that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Run {
    /// Whereto.
    #[serde(with = "phase")]
    pub(in super::super) phase: LockPhase,
    /// On or back.
    pub(in super::super) direction: Direction,
    /// The git branch that gets the commit, if one is wanted.
    pub(in super::super) branch: Option<String>,
    /// Every file that is to be changed.
    pub(in super::super) steps: Vec<Step>,
    /// The units that are moved by it.
    pub(in super::super) units: BTreeMap<String, MovedUnit>,
}

/// A unit that a run moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct MovedUnit {
    /// Its lock table: a way back needs the name.
    pub(in super::super) table: Option<String>,
    /// Those of the run's files that it uses.
    #[serde(default)]
    pub(in super::super) files: Vec<String>,
}

/// A file, its bytes before and after, by their hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Step {
    /// The file's name below the home.
    pub(in super::super) file: String,
    /// Before.
    pub(in super::super) from: String,
    /// After.
    pub(in super::super) to: String,
}

/// A file that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Change {
    /// The file's name below the home.
    pub(in super::super) file: String,
    /// Its bytes before.
    pub(in super::super) from: String,
    /// Its bytes after.
    pub(in super::super) to: String,
    /// The phase after it.
    #[serde(with = "phase")]
    pub(in super::super) phase: LockPhase,
    /// On or back.
    pub(in super::super) direction: Direction,
}

/// Which way a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Direction {
    /// `apply`.
    Forward,
    /// `rollback`.
    Back,
}

/// What is known of a unit beside its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct UnitRecord {
    /// The phase to which it was brought.
    #[serde(with = "optional_phase")]
    pub(in super::super) applied: Option<LockPhase>,
    /// The lock table it had.
    pub(in super::super) table: Option<String>,
    /// What was proved on its live backend: the last proof of each phase.
    pub(in super::super) verified: Vec<Verified>,
}

impl UnitRecord {
    /// The lock table it had, as far as anything was noted of it.
    pub(in super::super) fn lock_table(&self) -> Option<String> {
        let of_proofs = || self.verified.iter().find_map(|proof| proof.table.clone());
        self.table.clone().or_else(of_proofs)
    }
}

/// A proof that locks work in one phase, on one backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Verified {
    /// How the unit locked.
    #[serde(with = "phase")]
    pub(in super::super) phase: LockPhase,
    /// The bucket.
    pub(in super::super) bucket: String,
    /// The key of the state.
    pub(in super::super) key: String,
    /// The lock table.
    pub(in super::super) table: Option<String>,
    /// When: RFC 3339, in UTC.
    pub(in super::super) at: String,
    /// Where: an account, or an endpoint.
    pub(in super::super) store: String,
}

impl Run {
    /// What to do if it is not finished.
    pub(in super::super) fn open_end(&self) -> OpenEnd {
        OpenEnd { direction: self.direction, phase: self.phase }
    }

    /// The command that finishes it.
    pub(super) fn command(&self) -> String {
        let verb = match self.direction {
            Direction::Forward => format!("apply --phase {}", target_name(self.phase)),
            Direction::Back => format!("rollback --to {}", self.phase),
        };
        let branch = self.branch.as_ref().map(|name| format!(" --git-branch {name}"));
        format!("statelock migrate {verb}{}", branch.unwrap_or_default())
    }
}

/// A run that is not finished, as far as it matters for what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct OpenEnd {
    /// On or back.
    pub(in super::super) direction: Direction,
    /// Whereto.
    pub(in super::super) phase: LockPhase,
}

impl OpenEnd {
    /// Of an `apply`.
    pub(in super::super) fn of_apply(phase: LockPhase) -> Self {
        Self { direction: Direction::Forward, phase }
    }

    /// One of three texts: for a way back, for one on to lockfiles alone, and for one on to both.
    pub(in super::super) fn choose(
        self,
        back: &'static str,
        to_lockfile: &'static str,
        to_dual: &'static str,
    ) -> &'static str {
        match (self.direction, self.phase) {
            (Direction::Back, _) => back,
            (Direction::Forward, LockPhase::Lockfile) => to_lockfile,
            (Direction::Forward, LockPhase::Unlocked | LockPhase::LockTable | LockPhase::Dual) => {
                to_dual
            }
        }
    }
}

/// How `--phase` calls it.
fn target_name(phase: LockPhase) -> &'static str {
    match phase {
        LockPhase::Lockfile => "s3",
        LockPhase::Unlocked | LockPhase::LockTable | LockPhase::Dual => phase.name(),
    }
}

impl Manifest {
    /// Whether it was proved on this very backend that locks work in `phase`; see [`Verified::is_of`].
    pub(in super::super) fn has_verified(
        &self,
        unit: &str,
        phase: LockPhase,
        backend: &ProvenBackend,
    ) -> bool {
        self.verified(unit, phase).is_some_and(|one| one.is_of(backend))
    }

    /// The last proof of a unit in a phase.
    pub(in super::super) fn verified(&self, unit: &str, phase: LockPhase) -> Option<&Verified> {
        self.units.get(unit)?.verified.iter().find(|one| one.phase == phase)
    }

    /// The run is over: what it has done becomes history. `done` are the steps that were taken.
    pub(super) fn complete(&mut self, done: &[Step]) {
        let Some(run) = self.run.take() else { return };
        let Run { phase, direction, units, .. } = run;
        for step in done {
            let Step { file, from, to } = step.clone();
            self.changes.push(Change { file, from, to, phase, direction });
        }
        for (name, moved) in units {
            let unit = self.units.entry(name).or_default();
            // A file that was left as somebody made it says otherwise; so does a unit without any file.
            let is_done = |file: &String| done.iter().any(|step| step.file == *file);
            if !moved.files.is_empty() && moved.files.iter().all(is_done) {
                unit.applied = Some(phase);
            }
            unit.table = moved.table.or(unit.table.take());
        }
    }

    /// Every hash whose bytes a way back or a continuation may need.
    pub(super) fn hashes(&self) -> impl Iterator<Item = &str> {
        let of_run = self.run.iter().flat_map(|run| &run.steps);
        let of_run = of_run.flat_map(|step| [step.from.as_str(), step.to.as_str()]);
        of_run.chain(self.changes.iter().map(|change| change.from.as_str()))
    }
}

/// A phase by its name.
mod phase {
    use super::{Deserialize as _, Deserializer, LockPhase, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field")]
    pub(super) fn serialize<S: Serializer>(phase: &LockPhase, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(phase.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<LockPhase, D::Error> {
        let name = String::deserialize(from)?;
        LockPhase::named(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("`{name}` is no phase")))
    }
}

/// A phase by its name, or null.
mod optional_phase {
    use super::{Deserialize as _, Deserializer, LockPhase, Serialize as _, Serializer};

    #[expect(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes the field"
    )]
    pub(super) fn serialize<S: Serializer>(
        phase: &Option<LockPhase>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        phase.map(LockPhase::name).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<LockPhase>, D::Error> {
        let name = Option::<String>::deserialize(from)?;
        let known = |name: String| {
            LockPhase::named(&name)
                .ok_or_else(|| serde::de::Error::custom(format!("`{name}` is no phase")))
        };
        name.map(known).transpose()
    }
}
