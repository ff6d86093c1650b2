//! CI runs, as evidence: asks GitHub and GitLab how a run is.
//!
//! The URL of a run comes from a lock, and anybody may have written it. So nothing is ever sent to a
//! host because a lock names it: requests go to the API that the environment names, and only about
//! runs on the server that belongs to it.

mod api;
mod github;
mod gitlab;
mod server;

use statelock_protocol::lock::evidence::RunSeen;
use statelock_protocol::lock::stamp::RunUrl;

use super::RunObserver;
use github::GitHub;
use gitlab::GitLab;

/// Reads one variable; an empty one counts as not set.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The CIs that can be asked.
pub(super) struct Ci {
    github: GitHub,
    gitlab: GitLab,
}

impl Ci {
    pub(super) fn from_environment(variable: Variables<'_>) -> Self {
        Self {
            github: GitHub::from_environment(variable),
            gitlab: GitLab::from_environment(variable),
        }
    }
}

impl RunObserver for Ci {
    fn look(&self, run: &RunUrl) -> RunSeen {
        let url = run.as_str();
        if url.contains(gitlab::MARK) {
            self.gitlab.look(run)
        } else if url.contains(github::MARK) {
            self.github.look(run)
        } else {
            unknown("statelock can ask GitHub Actions and GitLab only; look there")
        }
    }
}

fn unknown(why: impl Into<String>) -> RunSeen {
    RunSeen::Unknown { why: why.into() }
}

/// A CI's word for a status, of a length that fits on a line.
fn word(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Whether a text is a number as CIs give them to runs.
fn is_number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod fake_api;
#[cfg(test)]
mod tests;
