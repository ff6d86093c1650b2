//! Where one unit stands.

use std::path::PathBuf;

use serde::{Serialize, Serializer};
use statelock_config::{ConfiguredBackend, Value};

use super::super::record::{Home, ProvenBackend, Verified};
use super::super::session::Session;
use super::super::survey::{LockPhase, Unit};

/// What is known of where a unit stands.
#[derive(Debug, Serialize)]
pub(super) struct Standing {
    /// Its name.
    pub(super) unit: String,
    directory: String,
    address: String,
    /// By its files.
    #[serde(serialize_with = "by_name")]
    pub(super) phase: Option<LockPhase>,
    /// By the last init here.
    #[serde(serialize_with = "by_name")]
    pub(super) initialised: Option<LockPhase>,
    /// The phase to which an interrupted or running command brings it.
    #[serde(serialize_with = "by_name")]
    pub(super) planned: Option<LockPhase>,
    /// The phase to which it was brought.
    #[serde(serialize_with = "by_name")]
    pub(super) applied: Option<LockPhase>,
    /// When its present phase was last proved to lock.
    pub(super) verified: Option<String>,
    /// Whether its files say which state it is; else more may be given at `terraform init`.
    #[serde(rename = "whole")]
    pub(super) is_whole: bool,
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde passes the field")]
fn by_name<S: Serializer>(phase: &Option<LockPhase>, to: S) -> Result<S::Ok, S::Error> {
    phase.map(LockPhase::name).serialize(to)
}

impl Standing {
    /// Whether it is in this phase or further. One that may be completed by what was not found is in none.
    pub(super) fn has_reached(&self, phase: LockPhase) -> bool {
        self.is_whole && self.phase.is_some_and(|own| own >= phase)
    }

    /// Whether the last init here set up another way of locking than the files say.
    pub(super) fn init_differs(&self) -> bool {
        self.initialised.is_some() && self.initialised != self.phase
    }

    /// What the record says, for people.
    pub(super) fn record(&self) -> String {
        match (self.planned, self.applied) {
            (Some(phase), _) => format!("interrupted on the way to {phase}"),
            (None, Some(phase)) => format!("applied {phase}"),
            (None, None) => "-".to_owned(),
        }
    }
}

/// Where the units stand; only those in these directories, if there are any.
pub(super) fn all(session: &Session, only: &[PathBuf]) -> Vec<Standing> {
    let mut found = Vec::new();
    for (unit, recorded) in session.units() {
        let whole = unit.directory.canonicalize().unwrap_or_else(|_| unit.directory.clone());
        if only.is_empty() || only.iter().any(|only| whole.starts_with(only)) {
            found.push(of(session, unit, recorded));
        }
    }
    found
}

fn of(session: &Session, unit: &Unit, recorded: Option<&(Home, String)>) -> Standing {
    let manifest = recorded.and_then(|(home, _)| session.manifests.get(home));
    let known = manifest.zip(recorded);
    let run = known.and_then(|(manifest, (_, name))| {
        manifest.run.as_ref().filter(|run| run.units.contains_key(name))
    });
    let applied = known.and_then(|(manifest, (_, name))| manifest.units.get(name)?.applied);
    let proof = known
        .zip(unit.phase)
        .and_then(|((manifest, (_, name)), phase)| manifest.verified(name, phase));
    let backend = ProvenBackend::of(unit);
    let is_of_this = |proof: &&Verified| backend.as_ref().is_some_and(|one| proof.is_of(one));
    Standing {
        unit: unit.name.clone(),
        directory: unit.directory.display().to_string(),
        address: unit.address(),
        phase: unit.phase,
        is_whole: unit.is_whole(),
        initialised: unit.initialised.as_ref().filter(|one| is_same(unit, one)).map(phase_of),
        planned: run.map(|run| run.phase),
        applied,
        verified: proof.filter(is_of_this).map(|one| one.at.clone()),
    }
}

/// Whether a directory is initialised with this backend, and not with another one of the same module.
fn is_same(unit: &Unit, initialised: &ConfiguredBackend) -> bool {
    let agrees = |name: &str| {
        let written = unit.arguments.get(name);
        written.is_none() || written == initialised.arguments.get(name)
    };
    initialised.kind == "s3" && agrees("bucket") && agrees("key")
}

fn phase_of(initialised: &ConfiguredBackend) -> LockPhase {
    let table = match initialised.arguments.get("dynamodb_table") {
        Some(Value::Text(name)) => !name.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_)) | None => false,
    };
    let lockfile = initialised.arguments.get("use_lockfile") == Some(&Value::Bool(true));
    LockPhase::of(table, lockfile)
}
