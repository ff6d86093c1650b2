//! Which phase a unit is to have.

use super::super::survey::{LockPhase, Unit};
use super::obstacle::{Obstacle, ObstacleId};
use super::{Fate, Goal, Request};

/// Why units without a lock stay out.
const UNLOCKED: &str = "it takes no lock so far, so there is no table to move from; --include-unlocked adds the lockfile";
/// Why units that never had a table do not go back.
const NO_TABLE: &str = "there is no lock table to go back to";
/// Why units that have not come as far do not go back.
const BEFORE: &str = "it is at lock_table, which is before dual; `statelock migrate apply --phase dual` brings it on";

/// The phase that a unit is to have, or what becomes of it instead. `had_table`: the record knows a lock
/// table of it, or the request names one.
pub(super) fn of(unit: &Unit, request: &Request, had_table: bool) -> Result<LockPhase, Fate> {
    let Some(phase) = unit.phase else {
        return Err(Fate::Blocked(phase_unknown(unit)));
    };
    match request.goal {
        Goal::Next => match phase {
            LockPhase::Unlocked => unlocked(request),
            LockPhase::LockTable => Ok(LockPhase::Dual),
            LockPhase::Dual => Ok(LockPhase::Lockfile),
            LockPhase::Lockfile => Err(Fate::There),
        },
        Goal::To(to) => on(phase, to, request),
        Goal::BackTo(to) => back(phase, to, had_table),
    }
}

fn on(phase: LockPhase, to: LockPhase, request: &Request) -> Result<LockPhase, Fate> {
    match (phase, to) {
        (LockPhase::Unlocked, LockPhase::Lockfile) => unlocked(request),
        (LockPhase::Unlocked, _) => Err(Fate::LeftOut(UNLOCKED)),
        (LockPhase::LockTable, LockPhase::Dual) => Ok(LockPhase::Dual),
        (LockPhase::Dual, LockPhase::Lockfile) => Ok(LockPhase::Lockfile),
        (LockPhase::LockTable, LockPhase::Lockfile) => Err(Fate::Blocked(vec![Obstacle::new(
            ObstacleId::NotDual,
            "it locks in the table alone: whoever still has this configuration would not be kept out by a lockfile",
            "bring it to dual first: --phase dual",
        )])),
        (LockPhase::LockTable | LockPhase::Dual | LockPhase::Lockfile, _) => Err(Fate::There),
    }
}

fn back(phase: LockPhase, to: LockPhase, had_table: bool) -> Result<LockPhase, Fate> {
    match (phase, to) {
        (LockPhase::Unlocked, _) => Err(Fate::LeftOut(NO_TABLE)),
        (LockPhase::Lockfile, _) if !had_table => Err(Fate::Blocked(vec![table_unknown()])),
        (LockPhase::Lockfile, LockPhase::Dual) => Ok(LockPhase::Dual),
        (LockPhase::Dual, LockPhase::LockTable) => Ok(LockPhase::LockTable),
        (LockPhase::Lockfile, LockPhase::LockTable) => Err(Fate::Blocked(vec![Obstacle::new(
            ObstacleId::NotDual,
            "it locks by lockfile alone: whoever still has this configuration would not be kept out by the table",
            "bring it back to dual first: --to dual",
        )])),
        (LockPhase::LockTable, LockPhase::Dual) => Err(Fate::LeftOut(BEFORE)),
        (LockPhase::LockTable | LockPhase::Dual | LockPhase::Lockfile, _) => Err(Fate::There),
    }
}

/// That the way back is not known.
pub(super) fn table_unknown() -> Obstacle {
    Obstacle::new(
        ObstacleId::TableUnknown,
        "neither its files nor the record say which lock table it had",
        "name it with --dynamodb-table; a backend that never had one is left out by --only with the others",
    )
}

fn unlocked(request: &Request) -> Result<LockPhase, Fate> {
    if request.includes_unlocked { Ok(LockPhase::Lockfile) } else { Err(Fate::LeftOut(UNLOCKED)) }
}

fn phase_unknown(unit: &Unit) -> Vec<Obstacle> {
    let found: Vec<_> = unit
        .blockers()
        .map(|finding| Obstacle {
            id: ObstacleId::Found(finding.id),
            text: finding.text.clone(),
            action: finding.action.clone(),
            place: finding.place.clone(),
        })
        .collect();
    if !found.is_empty() {
        return found;
    }
    let obstacle = Obstacle::new(
        ObstacleId::PhaseUnknown,
        "its files do not say how its state is locked: a part of the backend is given at `terraform init`",
        "run `terraform init` there with its -backend-config, or put that into a file that is found, and try again",
    );
    vec![Obstacle { place: Some(unit.place.clone()), ..obstacle }]
}
