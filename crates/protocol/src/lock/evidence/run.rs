//! What the CI run that a stamp names says about the holder.

use super::observed::{RunSeen, RunUnit};
use super::{Finding, Says, Source};
use crate::lock::stamp::RunUrl;

/// How a run ends that was not cut off: words of GitHub and GitLab.
const ORDERLY: [&str; 3] = ["success", "neutral", "skipped"];

/// A CI also gives up on a runner that it cannot reach any more. Such a runner may still reach the store; so
/// nobody but a person, who can look at it, may take that end for the holder's.
const CAUTION: &str = "a runner that its CI has lost may still be at work";

/// Judges one run; `None` if nobody asked, because better evidence was there.
pub(super) fn finding(url: &RunUrl, seen: &RunSeen) -> Option<Finding> {
    let (says, text) = match seen {
        RunSeen::NotAskedFor => return None,
        RunSeen::Going { status, unit: RunUnit::Job } => {
            (Says::Alive, format!("its job has not ended ({status}): {url}"))
        }
        RunSeen::Going { status, unit: RunUnit::WholeRun } => (
            Says::Alive,
            format!("its run has not ended ({status}), if only for another job in it: {url}"),
        ),
        RunSeen::Ended { conclusion, at } => {
            let at = at.as_ref().map_or_else(String::new, |at| format!(" by {at}"));
            if ORDERLY.contains(&conclusion.as_str()) {
                (Says::Dead, format!("its run ended{at} ({conclusion}): {url}"))
            } else {
                (Says::Unknown, format!("its run ended{at} ({conclusion}), but {CAUTION}: {url}"))
            }
        }
        RunSeen::RunAgain { attempt } => (
            Says::Unknown,
            format!("its run ended, and was run again as attempt {attempt}, but {CAUTION}: {url}"),
        ),
        RunSeen::Unknown { why } => (Says::Unknown, format!("its run {url}: {why}")),
    };
    Some(Finding::new(Source::Run, says, &text))
}
