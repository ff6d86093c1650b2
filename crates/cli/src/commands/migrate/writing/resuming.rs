//! Whether an interrupted run may be finished as things are now: since then somebody may have pulled.

use std::path::Path;

use super::super::change::{Changes, Fate, others};
use super::super::excluding::is_excluded;
use super::super::record::{Home, RecordError, Run};
use super::super::survey::Survey;
use super::WritingError;
use crate::output::printable;

/// Ends of the names of files that a run changes.
const ENDINGS: [&str; 8] = ["tf", "tofu", "hcl", "json", "tfbackend", "tfvars", "conf", "config"];

/// Looks at every file and every unit of a run again.
///
/// # Errors
/// [`WritingError::Overtaken`] if something keeps a unit of it now, or was not looked at; [`RecordError::Damaged`] if it names what no
/// run changes.
pub(super) fn check(
    home: &Home,
    run: &Run,
    (survey, now): (&Survey, &Changes),
) -> Result<(), WritingError> {
    let overtaken = |why: &str| WritingError::Overtaken {
        top: home.top().to_owned(),
        why: printable(why),
        open_end: run.open_end(),
    };
    for step in &run.steps {
        let path = home.path_of(&step.file).filter(|path| is_configuration(survey, path));
        let path = path.ok_or_else(|| RecordError::Damaged {
            path: home.room(),
            reason: format!("it names `{}`, which no migration changes", printable(&step.file)),
        })?;
        if is_excluded(survey, &path) {
            return Err(overtaken(&format!("`{}` is excluded", step.file)));
        }
        if !is_looked_at(survey, &path) {
            let why = format!("`{}` lies outside of the directories that are named", step.file);
            return Err(overtaken(&why));
        }
    }
    for (index, (unit, change)) in survey.units.iter().zip(&now.units).enumerate() {
        let is_of_run = change
            .recorded
            .as_ref()
            .is_some_and(|(of_unit, name)| of_unit == home && run.units.contains_key(name));
        if !is_of_run {
            continue;
        }
        let obstacle = match &change.fate {
            Fate::Blocked(obstacles) => obstacles.first().cloned(),
            // Also one that has its new files already.
            Fate::There | Fate::LeftOut(_) | Fate::Moves | Fate::ByHand(_) => {
                others(survey, index, run.phase)
            }
        };
        if let Some(obstacle) = obstacle {
            let why = format!("of `{}`: {}: {}", unit.name, obstacle.id.name(), obstacle.text);
            return Err(overtaken(&why));
        }
    }
    Ok(())
}

fn is_looked_at(survey: &Survey, path: &Path) -> bool {
    survey.roots.iter().any(|root| root.canonicalize().is_ok_and(|root| path.starts_with(root)))
}

/// Whether the survey knows the file, or it is one by its name: what it says may have been changed since.
fn is_configuration(survey: &Survey, path: &Path) -> bool {
    let is_it = |file: &std::path::PathBuf| file.canonicalize().is_ok_and(|file| file == path);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    ENDINGS.contains(&ending) || survey.units.iter().any(|unit| unit.used_files().iter().any(is_it))
}
