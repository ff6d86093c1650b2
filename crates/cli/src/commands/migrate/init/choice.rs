//! Which backend of a directory is initialised there. At most one: who has initialised it with one state must not find
//! himself on another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::session::Session;
use super::InitOf;
use super::command::InitCommand;
use crate::output::{self, printable};

/// The inits of one directory.
#[derive(Debug)]
pub(super) struct OfDirectory<'u> {
    /// The directory, for people.
    at: String,
    /// The one that is meant here.
    pub(super) here: Option<InitOf<'u>>,
    /// Those that are meant elsewhere, or of which it is not known.
    others: Vec<InitOf<'u>>,
    is_initialised: bool,
    /// Whether several backends of it may be the one it is initialised with.
    is_ambiguous: bool,
}

/// Those of all directories.
pub(super) fn all<'u>(
    session: &Session,
    commands: Vec<InitOf<'u>>,
    terraform: &Path,
) -> Vec<OfDirectory<'u>> {
    let mut by_directory: BTreeMap<PathBuf, Vec<InitOf<'u>>> = BTreeMap::new();
    for (unit, command) in commands {
        by_directory.entry(unit.directory.clone()).or_default().push((unit, command));
    }
    by_directory
        .into_iter()
        .map(|(directory, all)| of((session, terraform), &directory, all))
        .collect()
}

fn of<'u>(
    (session, terraform): (&Session, &Path),
    directory: &Path,
    all: Vec<InitOf<'u>>,
) -> OfDirectory<'u> {
    let of_directory = || session.survey.units.iter().filter(|unit| unit.directory == *directory);
    let is_alone = of_directory().count() == 1;
    // Those that are not changed count as well: it may be one of them.
    let alike = of_directory().filter(|unit| unit.has_initialised_state());
    let is_ambiguous = are_several(alike.map(|unit| InitCommand::of(unit, terraform)));
    let is_initialised = all.iter().any(|(unit, _)| unit.initialised.is_some());
    let (mut fit, mut others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(unit, _)| {
        if is_initialised { unit.has_initialised_state() && !is_ambiguous } else { is_alone }
    });
    // If there are more, they are initialised by the same command.
    others.extend(fit.drain(fit.len().min(1)..));
    OfDirectory {
        at: printable(&directory.display().to_string()),
        here: fit.pop(),
        others,
        is_initialised,
        is_ambiguous,
    }
}

/// Whether these do not all do the same.
fn are_several(mut commands: impl Iterator<Item = InitCommand>) -> bool {
    let Some(first) = commands.next() else { return false };
    // Of words that are not known it is not known whether they are the same.
    commands.any(|other| other.words.is_none() || other != first)
}

impl OfDirectory<'_> {
    /// The commands that are not meant here, as comments for a shell: whoever pastes the whole is not brought to another
    /// state.
    pub(super) fn comments(&self) -> Vec<String> {
        if self.others.is_empty() {
            return Vec::new();
        }
        let at = &self.at;
        let title = match (self.is_initialised, &self.here) {
            (true, Some(_)) => {
                format!("# {at} is initialised with that one; where it is with another one:")
            }
            (true, None) if self.is_ambiguous => {
                format!(
                    "# {at} is initialised with one of several backends that are alike; where it is with one of these:"
                )
            }
            (true, None) => {
                format!("# {at} is initialised with another backend; where it is with this one:")
            }
            (false, _) => format!(
                "# {at} has several backends, and the last init counts; run the one that is meant:"
            ),
        };
        let commands = self.others.iter().map(|(_, command)| format!("# {}", command.shown));
        std::iter::once(title).chain(commands).collect()
    }

    /// Says so if nothing is run here.
    pub(super) fn warn(&self) {
        if self.here.is_some() {
            return;
        }
        let why = if self.is_ambiguous {
            "is initialised with one of several backends, and it is not known with which"
        } else if self.is_initialised {
            "is initialised with another backend than those that were changed"
        } else {
            "has several backends and is initialised with none of them"
        };
        output::note(&format!("`{}` {why}; nothing was run there", self.at));
    }
}
