//! Units that share a file move together, or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::files;
use super::super::survey::{LockPhase, Survey};
use super::obstacle::{Obstacle, ObstacleId};
use super::{Fate, UnitChange};

/// Which units use a file, and which of them want it changed.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// All.
    pub(super) all: Vec<usize>,
    /// Those that want it changed.
    pub(super) movers: Vec<usize>,
}

/// Keeps every unit that would change a file of one that stays, until none is left.
pub(super) fn settle(survey: &Survey, units: &mut [UnitChange], users: &BTreeMap<PathBuf, Users>) {
    loop {
        let mut kept = Vec::new();
        for (file, users) in users {
            for &mover in users.movers.iter().filter(|mover| moves(units, **mover)) {
                let Some(to) = units.get(mover).and_then(|unit| unit.to) else { continue };
                let against = users.all.iter().find(|user| !agrees(units, survey, **user, to));
                if let Some(&other) = against {
                    kept.push((mover, shared(survey, units, file, other)));
                }
            }
        }
        if kept.is_empty() {
            return;
        }
        for (mover, obstacle) in kept {
            if let Some(unit) = units.get_mut(mover) {
                unit.fate = match std::mem::replace(&mut unit.fate, Fate::There) {
                    Fate::Blocked(mut obstacles) => {
                        obstacles.push(obstacle);
                        Fate::Blocked(obstacles)
                    }
                    Fate::There | Fate::LeftOut(_) | Fate::Moves | Fate::ByHand(_) => {
                        Fate::Blocked(vec![obstacle])
                    }
                };
            }
        }
    }
}

fn moves(units: &[UnitChange], index: usize) -> bool {
    units.get(index).is_some_and(|unit| unit.fate == Fate::Moves)
}

/// Whether a unit may have its file changed for `to`.
fn agrees(units: &[UnitChange], survey: &Survey, index: usize, to: LockPhase) -> bool {
    let Some(unit) = units.get(index) else { return true };
    match &unit.fate {
        Fate::Moves => unit.to == Some(to),
        // It is there already, by another file.
        Fate::There => survey.units.get(index).is_some_and(|one| one.phase == Some(to)),
        Fate::LeftOut(_) | Fate::ByHand(_) | Fate::Blocked(_) => false,
    }
}

fn shared(survey: &Survey, units: &[UnitChange], file: &Path, other: usize) -> Obstacle {
    let file = files::shown(file);
    let name = survey.units.get(other).map(|unit| unit.name.as_str()).unwrap_or_default();
    let why = match units.get(other).map(|unit| &unit.fate) {
        Some(Fate::Blocked(_)) => "which is blocked",
        Some(Fate::ByHand(_)) => "which has to be changed by hand",
        Some(Fate::LeftOut(_)) => "which is left out",
        Some(Fate::Moves) => "which goes to another phase",
        Some(Fate::There) | None => "which is in another phase",
    };
    Obstacle {
        place: Some(statelock_config::Place { file: file.clone(), line: None }),
        ..Obstacle::new(
            ObstacleId::SharedFile,
            format!("`{}` is also used by `{name}`, {why}", file.display()),
            "settle that one first: whoever uses a file changes phase together",
        )
    }
}
