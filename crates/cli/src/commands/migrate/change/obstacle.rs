//! What keeps a unit from moving.

use statelock_config::Place;

use super::super::record::Direction;
use super::super::survey::{
    Finding, FindingId, KnowsLockfile, LockPhase, Severity, Survey, Unit, excludes,
};
use super::{Goal, Request};

/// Something that has to be settled before a unit moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Obstacle {
    /// Which one.
    pub(in super::super) id: ObstacleId,
    /// What is the case: a sentence without a full stop.
    pub(in super::super) text: String,
    /// What to do: likewise.
    pub(in super::super) action: String,
    /// Where, if it stands anywhere.
    pub(in super::super) place: Option<Place>,
}

/// What an obstacle is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum ObstacleId {
    /// As the survey found it.
    Found(FindingId),
    /// A client that does not know `use_lockfile` may run.
    OldClientPossible,
    /// A part of its configuration could not be read.
    Unreadable,
    /// How it locks is not known.
    PhaseUnknown,
    /// It has to go through the dual phase.
    NotDual,
    /// Somebody else works on the same state, or may, and would not be kept out any more.
    NotExclusive,
    /// It was not proved that its locks work in the dual phase.
    NotVerified,
    /// Another unit uses the same file, and cannot move.
    SharedFile,
    /// A file cannot be written.
    NotWritable,
    /// The name of the lock table is not known.
    TableUnknown,
    /// The lock of a state is held.
    LockHeld,
    /// The store did not let a lock be taken and released.
    NoLock,
    /// The store does not lock.
    StoreDoesNotLock,
    /// The store could not be asked.
    NotReached,
    /// The bucket keeps every version of a lockfile.
    ObjectLock,
}

impl ObstacleId {
    /// Those that a person may answer for.
    pub(in super::super) const ALLOWABLE: [Self; 3] =
        [Self::OldClientPossible, Self::LockHeld, Self::ObjectLock];

    /// Reads one that a person may answer for.
    ///
    /// # Errors
    /// What can be written there.
    pub(in super::super) fn allowable(text: &str) -> Result<Self, String> {
        let known = Self::ALLOWABLE.into_iter().find(|id| id.name() == text);
        known.ok_or_else(|| {
            let names = Self::ALLOWABLE.map(Self::name).join(", ");
            format!("only these can be allowed: {names}")
        })
    }

    /// Its name: an interface that scripts rely on.
    pub(in super::super) fn name(self) -> &'static str {
        match self {
            Self::Found(id) => id.name(),
            Self::OldClientPossible => "old_client_possible",
            Self::Unreadable => "unreadable",
            Self::PhaseUnknown => "phase_unknown",
            Self::NotDual => "not_dual",
            Self::NotExclusive => "not_exclusive",
            Self::NotVerified => "not_verified",
            Self::SharedFile => "shared_file",
            Self::NotWritable => "not_writable",
            Self::TableUnknown => "table_unknown",
            Self::LockHeld => "lock_held",
            Self::NoLock => "no_lock",
            Self::StoreDoesNotLock => "store_does_not_lock",
            Self::NotReached => "not_reached",
            Self::ObjectLock => "object_lock",
        }
    }
}

impl Obstacle {
    pub(in super::super) fn new(
        id: ObstacleId,
        text: impl Into<String>,
        action: impl Into<String>,
    ) -> Self {
        Self { id, text: text.into(), action: action.into(), place: None }
    }

    pub(super) fn at(self, place: Place) -> Self {
        Self { place: Some(place), ..self }
    }
}

/// What keeps a unit from going to `to`, as far as its configuration and those of others tell.
pub(super) fn of_unit(
    survey: &Survey,
    index: usize,
    to: LockPhase,
    request: &Request,
) -> Vec<Obstacle> {
    let Some(unit) = survey.units.get(index) else { return Vec::new() };
    let mut found = of_findings(unit, to, request);
    found.extend(unreadable(survey, unit));
    found.extend(others(survey, index, to));
    found.extend(request.also.get(&index).into_iter().flatten().cloned());
    found.retain(|obstacle| !request.allowed.contains(&obstacle.id));
    found
}

fn of_findings(unit: &Unit, to: LockPhase, request: &Request) -> Vec<Obstacle> {
    let counts = |finding: &&Finding| {
        // To have both locks is the remedy; whether it is one is looked at below.
        let is_answered = finding.id == FindingId::NotExclusive;
        // The way back must be open even where the way on is not.
        let keeps_from_going_back =
            matches!(finding.id, FindingId::BadArgument | FindingId::PhaseUnknown);
        let is_back = request.goal.direction() == Direction::Back;
        finding.severity == Severity::Blocker && !is_answered && (!is_back || keeps_from_going_back)
    };
    let mut found: Vec<_> = unit.findings.iter().filter(counts).map(of_finding).collect();
    let may_be_old = unit.client.knows_lockfile == KnowsLockfile::Sometimes;
    let gets_lockfile = to.has_lockfile() && !unit.phase.is_some_and(LockPhase::has_lockfile);
    if may_be_old && gets_lockfile {
        let constraint = unit.client.text();
        let obstacle = Obstacle::new(
            ObstacleId::OldClientPossible,
            format!(
                "the version constraint `{constraint}` admits clients that do not know `use_lockfile`: their init fails"
            ),
            "make it `>= 1.10.0` once everybody runs that, or give --allow old_client_possible",
        );
        let place = unit.client.constraints.first().map(|one| one.place.clone());
        found.push(Obstacle { place, ..obstacle });
    }
    found
}

fn of_finding(finding: &Finding) -> Obstacle {
    Obstacle {
        id: ObstacleId::Found(finding.id),
        text: finding.text.clone(),
        action: finding.action.clone(),
        place: finding.place.clone(),
    }
}

fn unreadable(survey: &Survey, unit: &Unit) -> Option<Obstacle> {
    let of_module = |module: &std::path::PathBuf| *module == unit.directory;
    let trouble =
        survey.troubles.iter().find(|trouble| trouble.module.as_ref().is_some_and(of_module))?;
    Some(Obstacle::new(ObstacleId::Unreadable, trouble.error.to_string(), trouble.error.hint()))
}

/// Whoever else works on the same state has to be kept out by the new phase as well. To have both locks takes
/// nothing away.
pub(in super::super) fn others(survey: &Survey, index: usize, to: LockPhase) -> Option<Obstacle> {
    let unit = survey.units.get(index)?;
    let meets = |(other_index, other): &(usize, &Unit)| {
        *other_index != index
            && to != LockPhase::Dual
            && !keeps_out(unit, to, other)
            && may_be_the_same_state(unit, other)
    };
    let (_, other) = survey.units.iter().enumerate().find(meets)?;
    let (is_at, action) = match other.phase {
        None => (
            "how that one locks is not known".to_owned(),
            "write literal values for `use_lockfile` and `dynamodb_table` of that one, so that its phase is known",
        ),
        Some(phase) if !to.excludes(phase) => {
            (format!("is still at {phase}"), "bring that one to dual first")
        }
        Some(phase) => (
            format!("is at {phase} with another lock table"),
            "give both the same `dynamodb_table` first, or stay at dual",
        ),
    };
    let obstacle = Obstacle::new(
        ObstacleId::NotExclusive,
        format!(
            "`{}` works on the same state ({}), or may, and {is_at}: the two would not keep each other out",
            other.name,
            unit.address()
        ),
        action,
    );
    Some(obstacle.at(other.place.clone()))
}

/// Whether a unit in phase `to` and another one keep each other out, however the other one may lock. Nobody is
/// kept out by one that takes no lock; that is said elsewhere.
fn keeps_out(unit: &Unit, to: LockPhase, other: &Unit) -> bool {
    let possible: &[LockPhase] = match (&other.phase, &other.table) {
        (Some(LockPhase::Unlocked), _) => &[],
        (Some(phase), _) => std::slice::from_ref(phase),
        (None, Some(_)) => &[LockPhase::LockTable],
        (None, None) => &[LockPhase::LockTable, LockPhase::Lockfile],
    };
    let one = (to, unit.table.as_deref());
    possible.iter().all(|phase| excludes(one, (*phase, other.table.as_deref())))
}

/// Whether two units have one state. Where one of them does not say which it is, those that have one lock
/// table may.
fn may_be_the_same_state(unit: &Unit, other: &Unit) -> bool {
    let may_agree = |one: &Option<String>, two: &Option<String>| match (one, two) {
        (Some(one), Some(two)) => one == two,
        (Some(_) | None, None) | (None, Some(_)) => true,
    };
    let is_known = |unit: &Unit| unit.bucket.is_some() && unit.key.is_some();
    let agree = may_agree(&unit.bucket, &other.bucket) && may_agree(&unit.key, &other.key);
    let have_one_table = unit.table.is_some() && unit.table == other.table;
    agree && ((is_known(unit) && is_known(other)) || have_one_table)
}

/// Whether the goal takes the lock table away.
pub(super) fn needs_proof(goal: Goal, from: Option<LockPhase>, to: LockPhase) -> bool {
    goal.direction() == Direction::Forward
        && from == Some(LockPhase::Dual)
        && to == LockPhase::Lockfile
}

/// That the dual locks were not seen to work.
pub(super) fn not_verified() -> Obstacle {
    Obstacle::new(
        ObstacleId::NotVerified,
        "nothing shows that its locks work in both places: `statelock migrate verify` has not been seen to succeed",
        "run `statelock migrate verify` on it, or give --unverified",
    )
}

/// That the dual locks were seen to work in another store than the one that is configured.
pub(super) fn verified_elsewhere(there: &str, here: &str) -> Obstacle {
    Obstacle::new(
        ObstacleId::NotVerified,
        format!(
            "nothing shows that its locks work on {here}: `statelock migrate verify` was seen to succeed on {there}"
        ),
        "give both commands the same endpoint, in the files or in AWS_ENDPOINT_URL_S3, and verify again; or give --unverified",
    )
}
