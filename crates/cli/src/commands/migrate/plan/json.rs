//! Changes as JSON.

use serde::Serialize;
use statelock_config::Place;
use statelock_config::edit::ByHand;

use super::super::change::{Changes, Fate, FileChange, Goal, Obstacle, UnitChange};
use super::super::diff;
use super::super::session::Session;
use super::super::survey::{Finding, LockPhase, Severity, Unit};
use super::text::direction_name;

/// The version of the form.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    direction: &'static str,
    /// Null: the next phase of each.
    phase: Option<&'static str>,
    summary: Summary,
    units: Vec<UnitOut<'a>>,
    files: Vec<FileOut<'a>>,
    /// Files that look as if they completed a backend, and that no root module was seen to use.
    unattached: Vec<String>,
    /// What --exclude matched: nobody looked at it.
    excluded: Vec<String>,
    troubles: Vec<TroubleOut>,
}

#[derive(Serialize)]
struct Summary {
    moves: usize,
    there: usize,
    by_hand: usize,
    blocked: usize,
    left_out: usize,
}

#[derive(Serialize)]
struct UnitOut<'a> {
    unit: &'a str,
    directory: String,
    address: String,
    from: Option<&'static str>,
    to: Option<&'static str>,
    fate: &'static str,
    /// Why it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    obstacles: Vec<ObstacleOut<'a>>,
    by_hand: Vec<ByHandOut<'a>>,
    cautions: Vec<CautionOut<'a>>,
}

#[derive(Serialize)]
struct ObstacleOut<'a> {
    id: &'static str,
    text: &'a str,
    action: &'a str,
    #[serde(flatten)]
    place: PlaceOut,
}

#[derive(Serialize)]
struct ByHandOut<'a> {
    reason: &'a str,
    change: &'a str,
    #[serde(flatten)]
    place: PlaceOut,
}

#[derive(Serialize)]
struct CautionOut<'a> {
    id: &'static str,
    text: &'a str,
    action: &'a str,
    #[serde(flatten)]
    place: PlaceOut,
}

#[derive(Serialize)]
struct PlaceOut {
    file: Option<String>,
    line: Option<usize>,
}

#[derive(Serialize)]
struct FileOut<'a> {
    path: String,
    /// Below which directory the names in `diff` are.
    top: String,
    phase: &'static str,
    /// Whether the bytes are those that were there before the migration.
    restored: bool,
    diff: String,
    /// Whether `diff` has `(hidden)` in place of secrets.
    hides_secrets: bool,
    name: &'a str,
}

#[derive(Serialize)]
struct TroubleOut {
    error: String,
    hint: String,
}

/// The document.
///
/// # Errors
/// It cannot be written.
pub(super) fn document(
    session: &Session,
    goal: Goal,
    changes: &Changes,
) -> Result<String, serde_json::Error> {
    let count = |fate: &str| changes.count(|one| one.name() == fate);
    let troubles = session
        .survey
        .troubles
        .iter()
        .map(|one| TroubleOut { error: one.error.to_string(), hint: one.error.hint() });
    let units = session.survey.units.iter().zip(&changes.units);
    let unattached = session.survey.unattached.iter();
    let excluded = session.survey.excluded.iter();
    serde_json::to_string_pretty(&Document {
        schema: SCHEMA,
        direction: direction_name(goal.direction()),
        phase: match goal {
            Goal::Next => None,
            Goal::To(phase) | Goal::BackTo(phase) => Some(phase.name()),
        },
        summary: Summary {
            moves: count("moves"),
            there: count("there"),
            by_hand: count("by_hand"),
            blocked: count("blocked"),
            left_out: count("left_out"),
        },
        units: units.map(|(unit, change)| unit_out(unit, change)).collect(),
        files: changes.files.iter().map(file_out).collect(),
        unattached: unattached.map(|file| file.display().to_string()).collect(),
        excluded: excluded.map(|path| path.display().to_string()).collect(),
        troubles: troubles.collect(),
    })
}

fn unit_out<'a>(unit: &'a Unit, change: &'a UnitChange) -> UnitOut<'a> {
    let (mut reason, mut obstacles, mut by_hand) = (None, Vec::new(), Vec::new());
    match &change.fate {
        Fate::There | Fate::Moves => {}
        Fate::LeftOut(why) => reason = Some(*why),
        Fate::ByHand(places) => by_hand = places.iter().map(by_hand_out).collect(),
        Fate::Blocked(all) => obstacles = all.iter().map(obstacle_out).collect(),
    }
    let cautions = unit.findings.iter().filter(|one| one.severity == Severity::Caution);
    UnitOut {
        unit: &unit.name,
        directory: unit.directory.display().to_string(),
        address: unit.address(),
        from: unit.phase.map(LockPhase::name),
        to: change.to.map(LockPhase::name),
        fate: change.fate.name(),
        reason,
        obstacles,
        by_hand,
        cautions: cautions.map(caution_out).collect(),
    }
}

fn place_out(place: Option<&Place>) -> PlaceOut {
    PlaceOut {
        file: place.map(|place| place.file.display().to_string()),
        line: place.and_then(|place| place.line),
    }
}

fn obstacle_out(one: &Obstacle) -> ObstacleOut<'_> {
    let place = place_out(one.place.as_ref());
    ObstacleOut { id: one.id.name(), text: &one.text, action: &one.action, place }
}

fn caution_out(one: &Finding) -> CautionOut<'_> {
    let place = place_out(one.place.as_ref());
    CautionOut { id: one.id.name(), text: &one.text, action: &one.action, place }
}

fn by_hand_out(one: &ByHand) -> ByHandOut<'_> {
    ByHandOut { reason: &one.reason, change: &one.change, place: place_out(Some(&one.place)) }
}

fn file_out(file: &FileChange) -> FileOut<'_> {
    FileOut {
        path: file.path.display().to_string(),
        top: file.home.top().display().to_string(),
        phase: file.phase.name(),
        restored: file.is_restored,
        diff: diff::unified(&file.name, &file.before, &file.after),
        hides_secrets: diff::hides(&file.before, &file.after),
        name: &file.name,
    }
}
