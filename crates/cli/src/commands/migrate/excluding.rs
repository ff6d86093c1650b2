//! What a verb is told not to look at.

use std::path::Path;

use clap::Args;
use statelock_config::tree::Exclusion;

use super::survey::Survey;
use crate::output;
use crate::shell::quoted;

/// What is left out.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Excluding {
    /// Do not look at what this matches: a pattern as in a `.gitignore` of each directory that is named, or a path. May
    /// be repeated. A `.tf` file takes its whole directory with it.
    #[arg(long = "exclude", value_name = "GLOB")]
    exclusions: Vec<Exclusion>,
}

impl Excluding {
    /// All of it.
    pub(super) fn exclusions(&self) -> &[Exclusion] {
        &self.exclusions
    }

    /// The same as words of a command line.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        self.exclusions.iter().map(|one| format!("--exclude {}", quoted(one.as_str())))
    }

    /// Says what a survey was told not to look at.
    pub(super) fn tell(&self, survey: &Survey) {
        match survey.excluded.as_slice() {
            [] if self.exclusions.is_empty() => {}
            [] => output::warning("there is nothing that --exclude matches"),
            [one] => output::note(&format!(
                "`{}` is excluded, and was not looked at: who there has the same states, files or lock tables is not known",
                output::printable(&one.display().to_string())
            )),
            all => output::note(&format!(
                "{} files and directories are excluded, and were not looked at: who there has the same states, files or lock \
                 tables is not known",
                all.len()
            )),
        }
    }
}

/// Whether a file (without links in its path) is among what a survey was told not to look at.
pub(super) fn is_excluded(survey: &Survey, path: &Path) -> bool {
    let holds = |excluded: &std::path::PathBuf| {
        excluded.canonicalize().is_ok_and(|excluded| path.starts_with(excluded))
    };
    survey.excluded.iter().any(holds)
}
