//! What the verbs that change or judge files begin with: the survey, and the records that go with it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;

use super::change::{Changes, Manifests, Request, decide};
use super::excluding::Excluding;
use super::files::OsFiles;
use super::phase_error::PhaseError;
use super::record::{Home, Homes, content};
use super::survey::{Survey, Unit};
use super::writing;
use crate::output;
use crate::shell::quoted;

/// Which root modules a verb is about.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Selection {
    /// Directories to look through [default: .].
    #[arg(value_name = "DIR")]
    pub(super) directories: Vec<PathBuf>,

    /// Only the root modules in this directory and below. May be repeated. The others are looked at all the same:
    /// they may use the same files and states.
    #[arg(long, value_name = "MODULE")]
    pub(super) only: Vec<PathBuf>,

    /// Look through files that git ignores, too.
    #[arg(long)]
    pub(super) include_ignored: bool,

    #[command(flatten)]
    pub(super) excluding: Excluding,
}

impl Selection {
    /// The same as words of a command line.
    pub(super) fn words(&self) -> Vec<String> {
        let word = |path: &PathBuf| quoted(&path.to_string_lossy());
        let mut words: Vec<_> = self.directories.iter().map(word).collect();
        words.extend(self.only.iter().map(|path| format!("--only {}", word(path))));
        words.extend(self.include_ignored.then(|| "--include-ignored".to_owned()));
        words.extend(self.excluding.words());
        words
    }
}

/// Whether a unit is in one of these directories (without links in their paths), or there are none.
pub(super) fn is_in(unit: &Unit, only: &[PathBuf]) -> bool {
    let whole = unit.directory.canonicalize();
    let is_below = |only: &PathBuf| whole.as_ref().is_ok_and(|whole| whole.starts_with(only));
    only.is_empty() || only.iter().any(is_below)
}

/// A survey, and the records that go with it.
#[derive(Debug)]
pub(super) struct Session {
    /// What there is.
    pub(super) survey: Survey,
    /// What the records say.
    pub(super) manifests: Manifests,
    /// Every home that the survey touches.
    pub(super) all_homes: BTreeSet<Home>,
    homes: Homes,
    recorded: Vec<Option<(Home, String)>>,
}

impl Session {
    /// Reads everything.
    ///
    /// # Errors
    /// [`PhaseError`]: a directory or a record that cannot be used, or no root module at all. Whatever else
    /// cannot be read is in the survey.
    pub(super) fn open(selection: &Selection) -> Result<Self, PhaseError> {
        let mut roots = selection.directories.clone();
        if roots.is_empty() {
            roots.push(PathBuf::from("."));
        }
        if let Some(missing) = roots.iter().find(|root| !root.is_dir()) {
            return Err(PhaseError::NoDirectory(missing.clone()));
        }
        let survey = Survey::take(
            roots.clone(),
            selection.include_ignored,
            selection.excluding.exclusions(),
        );
        let mut homes = Homes::new(&roots)?;
        let mut all_homes = BTreeSet::new();
        let mut recorded = Vec::with_capacity(survey.units.len());
        for unit in &survey.units {
            let found = homes.of_unit(unit)?;
            all_homes.extend(found.as_ref().map(|(home, _)| home.clone()));
            recorded.push(found);
            for file in unit.touched_files() {
                let directory =
                    file.canonicalize().ok().and_then(|file| Some(file.parent()?.to_owned()));
                if let Some(directory) = directory {
                    all_homes.extend(homes.of(&directory)?);
                }
            }
        }
        let manifests = writing::manifests(&all_homes)?;
        Ok(Self { survey, manifests, all_homes, homes, recorded })
    }

    /// The directories of `--only`, without links in their paths.
    ///
    /// # Errors
    /// One of them has no root module.
    pub(super) fn only(&self, selection: &Selection) -> Result<Vec<PathBuf>, PhaseError> {
        let mut found = Vec::new();
        for only in &selection.only {
            let unknown = || PhaseError::OnlyUnknown(only.clone());
            let whole = only.canonicalize().map_err(|_| unknown())?;
            let names_one = self.survey.units.iter().any(|unit| {
                unit.directory.canonicalize().is_ok_and(|directory| directory.starts_with(&whole))
            });
            if !names_one {
                return Err(unknown());
            }
            found.push(whole);
        }
        Ok(found)
    }

    /// Whether a run was begun somewhere and not ended.
    pub(super) fn is_interrupted(&self) -> bool {
        self.manifests.values().any(|manifest| manifest.run.is_some())
    }

    /// Each unit with its home and its name there.
    pub(super) fn units(&self) -> impl Iterator<Item = (&Unit, Option<&(Home, String)>)> {
        self.survey.units.iter().zip(self.recorded.iter().map(Option::as_ref))
    }

    /// What is to be done.
    ///
    /// # Errors
    /// [`PhaseError`]
    pub(super) fn decide(&mut self, request: &Request) -> Result<Changes, PhaseError> {
        let kept = |home: &Home, name: &str| content(home, name, &OsFiles);
        let Self { survey, manifests, homes, .. } = self;
        Ok(decide(survey, request, homes, manifests, (&OsFiles, &kept))?)
    }

    /// Says what could not be read.
    pub(super) fn warn(&self) {
        for trouble in &self.survey.troubles {
            let mut text = trouble.error.to_string();
            let mut cause = std::error::Error::source(&trouble.error);
            while let Some(source) = cause {
                text = format!("{text}: {source}");
                cause = source.source();
            }
            output::warning(&output::printable(&text));
        }
        for file in &self.survey.unattached {
            output::warning(&output::printable(&format!(
                "`{}` looks as if it completed a backend, and no root module was seen to use it: what it says of locks is \
                 not counted",
                file.display()
            )));
        }
    }

    /// That something could not be read, or that nothing was found, once the rest is done.
    ///
    /// # Errors
    /// [`PhaseError::Troubles`], [`PhaseError::NothingFound`]
    pub(super) fn verdict(&self) -> Result<(), PhaseError> {
        match self.survey.troubles.len() {
            0 if self.survey.units.is_empty() => {
                Err(PhaseError::NothingFound(self.survey.roots.clone()))
            }
            0 => Ok(()),
            count => Err(PhaseError::Troubles(count)),
        }
    }
}
