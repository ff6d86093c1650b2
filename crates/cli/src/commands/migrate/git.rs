//! One branch and one commit in a git work tree, made with the git that is installed. Nothing is pushed.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::exit_code::ExitCode;
use crate::shell::quoted;

/// A git work tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct WorkTree<'a> {
    top: &'a Path,
}

/// A commit that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Commit {
    /// Its short name.
    pub(super) id: String,
    /// The branch.
    pub(super) branch: String,
    /// What pushes it.
    pub(super) push: String,
    /// Changed files that git does not track, and that are therefore not in it.
    pub(super) untracked: Vec<String>,
}

/// Why git did not do it.
#[derive(Debug, thiserror::Error)]
pub(super) enum GitError {
    /// The program cannot be run.
    #[error("could not run git")]
    NotRun(#[source] io::Error),
    /// git makes no branch of that name.
    #[error("`{0}` is not a valid name of a git branch")]
    BadName(String),
    /// The directory is in no git work tree.
    #[error("`{}` is in no git work tree", .0.display())]
    NoWorkTree(PathBuf),
    /// Something is staged, or one of the files has changes of its own.
    #[error("in `{}` there are changes that are not committed: {}", top.display(), files.join(", "))]
    Dirty {
        /// The work tree.
        top: PathBuf,
        /// The files.
        files: Vec<String>,
    },
    /// There is such a branch.
    #[error("`{}` has a branch `{branch}` already", top.display())]
    BranchExists {
        /// The work tree.
        top: PathBuf,
        /// The branch.
        branch: String,
    },
    /// Another branch is checked out than the one on which the interrupted run was.
    #[error("`{}` is not on the branch `{branch}` any more, on which the interrupted run was", top.display())]
    OtherBranch {
        /// The work tree.
        top: PathBuf,
        /// The branch.
        branch: String,
    },
    /// It cannot take a commit now.
    #[error("`{}` {why}", top.display())]
    NotReady {
        /// The work tree.
        top: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// git refused.
    #[error("git {doing} failed in `{}`: {said}", top.display())]
    Refused {
        /// The work tree.
        top: PathBuf,
        /// Which command.
        doing: String,
        /// What git said.
        said: String,
    },
}

impl GitError {
    /// Which exit code it is.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::NotRun(_) => ExitCode::Unavailable,
            Self::BadName(_) | Self::NoWorkTree(_) => ExitCode::BadInput,
            Self::Dirty { .. }
            | Self::BranchExists { .. }
            | Self::OtherBranch { .. }
            | Self::NotReady { .. }
            | Self::Refused { .. } => ExitCode::StateConflict,
        }
    }

    /// What to do next.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::NotRun(_) => "install git, or leave --git-branch out",
            Self::BadName(_) => {
                "give another name, without spaces: `git check-ref-format --help` has the rules"
            }
            Self::NoWorkTree(_) => "leave --git-branch out, or name directories of git work trees",
            Self::Dirty { .. } => "commit, stash or undo them, and run the same command again",
            Self::BranchExists { .. } => {
                "give another name, or delete the branch if it is not needed any more"
            }
            Self::OtherBranch { .. } => "switch to it (git switch), and run the same command again",
            Self::NotReady { .. } => "finish that first, and run the same command again",
            Self::Refused { .. } => {
                "correct that (a hook may have refused), and run the same command again: what is done stays done"
            }
        }
    }
}

/// Whether git can make a branch of that name.
///
/// # Errors
/// [`GitError::BadName`], [`GitError::NotRun`]
pub(super) fn check_name(branch: &str) -> Result<(), GitError> {
    let here = WorkTree::new(Path::new("."));
    // Without the option `--branch`, which would take `-` for the branch before.
    let mut command = here.command(&["check-ref-format", &format!("refs/heads/{branch}")]);
    let status = command.status().map_err(GitError::NotRun)?;
    if status.success() && !branch.starts_with('-') && branch != "HEAD" {
        return Ok(());
    }
    Err(GitError::BadName(branch.to_owned()))
}

impl<'a> WorkTree<'a> {
    /// The one with this top.
    pub(super) fn new(top: &'a Path) -> Self {
        Self { top }
    }

    /// Whether a branch with a commit of these files can be made.
    ///
    /// # Errors
    /// [`GitError`]; nothing was changed.
    pub(super) fn check(self, branch: &str, files: &[&str]) -> Result<(), GitError> {
        check_name(branch)?;
        if !self.knows("HEAD")? {
            return Err(self.not_ready("has no commit yet"));
        }
        if self.knows("MERGE_HEAD")?
            || self.knows("REBASE_HEAD")?
            || self.knows("CHERRY_PICK_HEAD")?
        {
            return Err(self.not_ready("is in the middle of a merge, a rebase or a cherry-pick"));
        }
        if self.has_branch(branch)? {
            let (top, branch) = (self.top.to_owned(), branch.to_owned());
            return Err(GitError::BranchExists { top, branch });
        }
        // A name is a directory where another is a name below it.
        let above = branch.match_indices('/').filter_map(|(end, _)| branch.get(..end));
        for taken in above {
            if self.has_branch(taken)? {
                let (top, branch) = (self.top.to_owned(), taken.to_owned());
                return Err(GitError::BranchExists { top, branch });
            }
        }
        let below = format!("refs/heads/{branch}/");
        let below =
            self.run(&["for-each-ref", "--count=1", "--format=%(refname:short)", &below])?;
        if !below.trim().is_empty() {
            let (top, branch) = (self.top.to_owned(), below.trim().to_owned());
            return Err(GitError::BranchExists { top, branch });
        }
        let staged = lines(&self.run(&["diff", "--cached", "--name-only", "-z"])?);
        let changed = lines(&self.run_on(&["diff", "--name-only", "-z"], files)?);
        if staged.is_empty() && changed.is_empty() {
            return Ok(());
        }
        let mut files: Vec<_> = staged.into_iter().chain(changed).collect();
        files.sort();
        files.dedup();
        Err(GitError::Dirty { top: self.top.to_owned(), files })
    }

    /// Makes the branch where HEAD is, and is on it. With `resumes`, that may have been done before.
    ///
    /// # Errors
    /// [`GitError`]
    pub(super) fn enter(self, branch: &str, resumes: bool) -> Result<(), GitError> {
        if resumes && self.has_branch(branch)? {
            let current = self.run(&["symbolic-ref", "--short", "-q", "HEAD"]).unwrap_or_default();
            if current.trim_end() == branch {
                return Ok(());
            }
            let (top, branch) = (self.top.to_owned(), branch.to_owned());
            return Err(GitError::OtherBranch { top, branch });
        }
        self.run(&["switch", "-q", "-c", branch]).map(|_| ())
    }

    /// Commits exactly these files, and nothing if they are committed already.
    ///
    /// # Errors
    /// [`GitError`]; the files are as they are.
    pub(super) fn commit(
        self,
        branch: &str,
        message: &str,
        files: &[&str],
    ) -> Result<Commit, GitError> {
        let tracked = lines(&self.run_on(&["ls-files", "-z"], files)?);
        let is_tracked = |file: &&str| tracked.iter().any(|one| one == file);
        let untracked = files.iter().filter(|file| !is_tracked(file));
        let untracked = untracked.map(|file| (*file).to_owned()).collect();
        let files: Vec<_> = files.iter().copied().filter(is_tracked).collect();
        if !files.is_empty()
            && !lines(&self.run_on(&["diff", "HEAD", "--name-only", "-z"], &files)?).is_empty()
        {
            self.run_on(&["commit", "-q", "-m", message], &files)?;
        }
        let id = self.run(&["rev-parse", "--short", "HEAD"])?.trim_end().to_owned();
        let remotes = self.run(&["remote"])?;
        let remote = remotes.lines().find(|one| *one == "origin").or(remotes.lines().next());
        let (top, remote) = (quoted(&self.top.to_string_lossy()), remote.unwrap_or("origin"));
        let push = format!("git -C {top} push -u {} {}", quoted(remote), quoted(branch));
        Ok(Commit { id, branch: branch.to_owned(), push, untracked })
    }

    /// Whether there is that branch.
    ///
    /// # Errors
    /// [`GitError::NotRun`]
    pub(super) fn has_branch(self, branch: &str) -> Result<bool, GitError> {
        self.knows(&format!("refs/heads/{branch}"))
    }

    /// Which files below a directory git tracks. None where git cannot say: it is not there, or does not trust the repository.
    pub(super) fn tracked(self, directory: &str) -> Vec<String> {
        self.run_on(&["ls-files", "-z"], &[directory])
            .map(|names| lines(&names))
            .unwrap_or_default()
    }

    fn not_ready(self, why: &'static str) -> GitError {
        GitError::NotReady { top: self.top.to_owned(), why }
    }

    fn knows(self, name: &str) -> Result<bool, GitError> {
        let status = self.command(&["rev-parse", "--verify", "-q", name]).status();
        Ok(status.map_err(GitError::NotRun)?.success())
    }

    fn run_on(self, words: &[&str], files: &[&str]) -> Result<String, GitError> {
        // As they are: a name that looks like a pattern is none.
        let words: Vec<_> =
            words.iter().copied().chain(["--"]).chain(files.iter().copied()).collect();
        self.run(&words)
    }

    fn run(self, words: &[&str]) -> Result<String, GitError> {
        let output =
            self.command(words).stderr(Stdio::piped()).output().map_err(GitError::NotRun)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let doing = words.first().copied().unwrap_or_default().to_owned();
        Err(GitError::Refused { top: self.top.to_owned(), doing, said })
    }

    fn command(self, words: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("--literal-pathspecs").arg("-C").arg(self.top).args(words);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        // A hook that started us would have us work on its repository instead.
        for name in
            ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"]
        {
            command.env_remove(name);
        }
        command
    }
}

fn lines(output: &str) -> Vec<String> {
    output.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}
