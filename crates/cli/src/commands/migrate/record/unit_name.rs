//! The name of a unit in a record: the same wherever a command is run and however its directory is written.

use std::path::{Path, PathBuf};

use statelock_config::tree::Completion;

use super::super::survey::Unit;
use super::{Home, Homes, RecordError};

impl Homes {
    /// The home of a unit, and its name there. `None`: it lies outside of the directories that were named.
    ///
    /// # Errors
    /// A directory cannot be looked into, or has a name that is no UTF-8.
    pub(in super::super) fn of_unit(
        &mut self,
        unit: &Unit,
    ) -> Result<Option<(Home, String)>, RecordError> {
        let directory = canonical(&unit.directory)?;
        let Some(home) = self.of(&directory)? else { return Ok(None) };
        let name = name_in(&home, &directory, &unit.completed_by)?;
        Ok(Some((home, name)))
    }
}

/// Arguments that a migration changes: a unit has the same name before and after.
const CHANGED: [&str; 4] = ["use_lockfile", "dynamodb_table", "dynamodb_endpoint", "endpoints"];

/// The directory, and what completes the backend there.
fn name_in(
    home: &Home,
    directory: &Path,
    completed_by: &[Completion],
) -> Result<String, RecordError> {
    let name = home.name_of(directory)?;
    let mut parts = Vec::new();
    for completion in completed_by {
        match completion {
            Completion::File(path) => parts.push(shown(home, directory, path)),
            Completion::CommandLine { argument, .. } if CHANGED.contains(&argument.as_str()) => {}
            Completion::CommandLine { argument, place } => {
                parts.push(format!("{argument} in {}", shown(home, directory, &place.file)));
            }
        }
    }
    Ok(if parts.is_empty() { name } else { format!("{name} ({})", parts.join(", ")) })
}

fn shown(home: &Home, directory: &Path, file: &Path) -> String {
    let whole = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let near = whole.strip_prefix(directory).or_else(|_| whole.strip_prefix(home.top()));
    near.unwrap_or(&whole).display().to_string()
}

fn canonical(path: &Path) -> Result<PathBuf, RecordError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    path.canonicalize().map_err(RecordError::os("find", path))
}

#[cfg(test)]
mod tests {
    use statelock_config::Place;

    use super::*;

    #[test]
    fn a_unit_keeps_its_name_when_a_script_no_longer_names_the_table() {
        let top = tempfile::tempdir().unwrap();
        let home = Home::of_test(top.path());
        let directory = home.top().join("web");
        std::fs::create_dir(&directory).unwrap();
        let given = |argument: &str| Completion::CommandLine {
            argument: argument.to_owned(),
            place: Place { file: home.top().join("Makefile"), line: Some(3) },
        };
        let file = Completion::File(directory.join("dev.tfbackend"));
        let before = [file.clone(), given("key"), given("dynamodb_table")];
        let after = [file, given("key")];
        let name = |completed: &[Completion]| name_in(&home, &directory, completed).unwrap();
        assert_eq!(name(&before), "web (dev.tfbackend, key in Makefile)");
        assert_eq!(name(&after), name(&before));
        assert_eq!(name(&[given("use_lockfile")]), "web");
    }
}
