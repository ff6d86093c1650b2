//! The command that is to be run: whether there is such a program, and which state it is about.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::RunError;

/// A program, by the name that was typed, and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandLine {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
}

/// Words by which terragrunt works on more than one state.
const MANY_STATES: [&str; 8] = [
    "run-all",
    "apply-all",
    "plan-all",
    "destroy-all",
    "--all",
    "--graph",
    "--terragrunt-run-all",
    "stack",
];

impl CommandLine {
    /// Looks the program up, before anything is locked for it.
    ///
    /// # Errors
    /// [`RunError::NoProgram`], [`RunError::NotExecutable`]; [`RunError::ManyStates`] for a command that
    /// one lock does not cover.
    pub(super) fn find(words: &[OsString], path: Option<&OsStr>) -> Result<Self, RunError> {
        let (program, arguments) = words.split_first().ok_or(RunError::NoProgram(String::new()))?;
        look_up(program, path)?;
        let found = Self { program: program.clone(), arguments: arguments.to_vec() };
        match found.word_for_many_states() {
            Some(word) => Err(RunError::ManyStates(word.to_owned())),
            None => Ok(found),
        }
    }

    /// The directory of a `-chdir=DIR` in front of Terraform's subcommand.
    pub(super) fn working_directory(&self) -> Option<&str> {
        let options = self.arguments.iter().map_while(|word| {
            let word = word.to_str()?;
            word.starts_with('-').then_some(word)
        });
        let mut directories = options.filter_map(|word| {
            word.strip_prefix("-chdir=").or_else(|| word.strip_prefix("--chdir="))
        });
        directories.next().filter(|_| self.is_terraform())
    }

    /// Whether the command is Terraform or OpenTofu itself.
    pub(super) fn is_terraform(&self) -> bool {
        self.is_called("terraform") || self.is_called("tofu")
    }

    /// Terraform's subcommand, if it is Terraform.
    pub(super) fn subcommand(&self) -> Option<&str> {
        let mut words = self.arguments.iter().map_while(|word| word.to_str());
        words.find(|word| !word.starts_with('-')).filter(|_| self.is_terraform())
    }

    fn word_for_many_states(&self) -> Option<&str> {
        let mut words = self.arguments.iter().filter_map(|word| word.to_str());
        words.find(|word| MANY_STATES.contains(word)).filter(|_| self.is_called("terragrunt"))
    }

    fn is_called(&self, name: &str) -> bool {
        Path::new(&self.program).file_name() == Some(OsStr::new(name))
    }
}

/// As a shell looks: a name with a slash is a path, any other stands in a directory of the `PATH`.
fn look_up(program: &OsStr, path: Option<&OsStr>) -> Result<(), RunError> {
    let name = || program.to_string_lossy().into_owned();
    if program.is_empty() {
        return Err(RunError::NoProgram(name()));
    }
    let candidates: Vec<PathBuf> = if program.as_encoded_bytes().contains(&b'/') {
        vec![PathBuf::from(program)]
    } else {
        let directories = std::env::split_paths(path.unwrap_or_default());
        directories.map(|directory| directory.join(program)).collect()
    };
    let mut problem = None;
    for candidate in candidates {
        match why_not(&candidate) {
            Ok(None) => return Ok(()),
            Ok(Some(why)) => problem = problem.or(Some((candidate, why))),
            Err(_) => {}
        }
    }
    Err(match problem {
        Some((path, why)) => RunError::NotExecutable { path: path.display().to_string(), why },
        None => RunError::NoProgram(name()),
    })
}

/// Why a file that is there is no program.
fn why_not(path: &Path) -> std::io::Result<Option<&'static str>> {
    let metadata = fs::metadata(path)?;
    Ok(if metadata.is_dir() {
        Some("a directory")
    } else if metadata.permissions().mode() & 0o111 == 0 {
        Some("not executable")
    } else {
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &[&str]) -> CommandLine {
        let mut words = words.iter().map(OsString::from);
        CommandLine { program: words.next().unwrap(), arguments: words.collect() }
    }

    #[test]
    fn a_program_is_looked_up_as_a_shell_does() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, mode: u32| {
            let path = directory.path().join(name);
            fs::write(&path, "").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let (tool, text) = (file("tool", 0o755), file("text", 0o644));
        let path = std::env::join_paths(["/nowhere".into(), directory.path().to_owned()]).unwrap();
        let found = |name: &OsStr| look_up(name, Some(&path)).map_err(|error| error.number());
        assert_eq!(found(OsStr::new("tool")), Ok(()));
        assert_eq!(found(tool.as_os_str()), Ok(()));
        assert_eq!(found(OsStr::new("text")), Err(126));
        assert_eq!(found(text.as_os_str()), Err(126));
        assert_eq!(found(directory.path().as_os_str()), Err(126));
        assert_eq!(found(OsStr::new("other")), Err(127));
        assert_eq!(found(OsStr::new("./tool")), Err(127));
        assert_eq!(found(OsStr::new("")), Err(127));
    }

    #[test]
    fn the_directory_of_chdir_stands_in_front_of_the_subcommand() {
        let directory = |words: &[&str]| line(words).working_directory().map(str::to_owned);
        assert_eq!(directory(&["/bin/terraform", "-chdir=a", "plan"]).as_deref(), Some("a"));
        assert_eq!(directory(&["tofu", "-version", "-chdir=a/b"]).as_deref(), Some("a/b"));
        assert_eq!(directory(&["terraform", "plan", "-chdir=a"]), None);
        assert_eq!(directory(&["make", "-chdir=a"]), None);
    }

    #[test]
    fn a_command_about_many_states_is_not_covered_by_one_lock() {
        let word = |words: &[&str]| line(words).word_for_many_states().map(str::to_owned);
        assert_eq!(word(&["terragrunt", "run-all", "apply"]).as_deref(), Some("run-all"));
        assert_eq!(word(&["terragrunt", "run", "--all", "apply"]).as_deref(), Some("--all"));
        assert_eq!(word(&["terragrunt", "apply"]), None);
        assert_eq!(word(&["terraform", "apply", "--all"]), None);
    }
}
