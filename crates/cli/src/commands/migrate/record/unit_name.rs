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
        let name = name_in(&home, &directory, unit)?;
        Ok(Some((home, name)))
    }
}

/// The directory, and what completes the backend there.
fn name_in(home: &Home, directory: &Path, unit: &Unit) -> Result<String, RecordError> {
    let name = home.name_of(directory)?;
    let mut parts = Vec::new();
    for completion in &unit.completed_by {
        parts.push(match completion {
            Completion::File(path) => shown(home, directory, path),
            Completion::CommandLine { argument, place } => {
                format!("{argument} in {}", shown(home, directory, &place.file))
            }
        });
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
