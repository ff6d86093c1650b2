//! Which CI run this process is in, from the variables that its CI documents.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use statelock_protocol::lock::stamp::RunUrl;

/// What may stand unescaped in one segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Reads one variable; an empty one counts as not set.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The URL of the CI run that the environment describes, if it describes one.
pub(super) fn run_url(variable: Variables<'_>) -> Option<RunUrl> {
    let known: [fn(Variables<'_>) -> Option<String>; 13] = [
        |variable| variable("STATELOCK_RUN_URL"),
        spacelift,
        github,
        |variable| variable("CI_JOB_URL"), // GitLab
        azure,
        buildkite,
        |variable| variable("CIRCLE_BUILD_URL"),
        bitbucket,
        |variable| variable("DRONE_BUILD_LINK"),
        |variable| variable("CI_STEP_URL"),     // Woodpecker
        |variable| variable("CI_PIPELINE_URL"), // Woodpecker
        |variable| variable("TRAVIS_JOB_WEB_URL"),
        |variable| variable("BUILD_URL"), // Jenkins, TeamCity
    ];
    // What cannot stand in a lock info is left out: a lock is not refused for it.
    known.iter().find_map(|url| RunUrl::parse(url(variable)?).ok())
}

fn github(variable: Variables<'_>) -> Option<String> {
    let server = variable("GITHUB_SERVER_URL")?;
    let (repository, run) = (variable("GITHUB_REPOSITORY")?, variable("GITHUB_RUN_ID")?);
    let attempt = variable("GITHUB_RUN_ATTEMPT").map(|attempt| format!("/attempts/{attempt}"));
    let attempt = attempt.unwrap_or_default();
    Some(format!("{server}/{repository}/actions/runs/{run}{attempt}"))
}

fn azure(variable: Variables<'_>) -> Option<String> {
    let collection = variable("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI")?;
    // A project may have a name with spaces.
    let project = variable("SYSTEM_TEAMPROJECT")?;
    let project = utf8_percent_encode(&project, SEGMENT);
    let build = variable("BUILD_BUILDID")?;
    let collection = collection.trim_end_matches('/');
    Some(format!("{collection}/{project}/_build/results?buildId={build}"))
}

fn buildkite(variable: Variables<'_>) -> Option<String> {
    let build = variable("BUILDKITE_BUILD_URL")?;
    Some(variable("BUILDKITE_JOB_ID").map_or(build.clone(), |job| format!("{build}#{job}")))
}

fn bitbucket(variable: Variables<'_>) -> Option<String> {
    let repository = variable("BITBUCKET_REPO_FULL_NAME")?;
    let build = variable("BITBUCKET_BUILD_NUMBER")?;
    Some(format!("https://bitbucket.org/{repository}/pipelines/results/{build}"))
}

fn spacelift(variable: Variables<'_>) -> Option<String> {
    let part = |name: &str| variable(&format!("TF_VAR_spacelift_{name}"));
    let (account, stack, run) = (part("account_name")?, part("stack_id")?, part("run_id")?);
    Some(format!("https://{account}.app.spacelift.io/stack/{stack}/run/{run}"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn url(variables: &[(&str, &str)]) -> Option<String> {
        let set: BTreeMap<_, _> = variables.iter().copied().collect();
        let variable = |name: &str| set.get(name).map(|value| (*value).to_owned());
        run_url(&variable).map(|url| url.to_string())
    }

    const GITHUB: [(&str, &str); 4] = [
        ("GITHUB_SERVER_URL", "https://github.com"),
        ("GITHUB_REPOSITORY", "o/r"),
        ("GITHUB_RUN_ID", "12"),
        ("GITHUB_RUN_ATTEMPT", "3"),
    ];

    #[test]
    fn each_ci_is_known_by_its_own_variables() {
        let azure = [
            ("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "https://dev.azure.com/org/"),
            ("SYSTEM_TEAMPROJECT", "My Project/ü"),
            ("BUILD_BUILDID", "77"),
        ];
        let buildkite = [
            ("BUILDKITE_BUILD_URL", "https://buildkite.com/o/p/builds/1"),
            ("BUILDKITE_JOB_ID", "0190-a"),
        ];
        let bitbucket = [("BITBUCKET_REPO_FULL_NAME", "w/r"), ("BITBUCKET_BUILD_NUMBER", "5")];
        let spacelift = [
            ("TF_VAR_spacelift_account_name", "acme"),
            ("TF_VAR_spacelift_stack_id", "net"),
            ("TF_VAR_spacelift_run_id", "01J"),
        ];
        for (variables, expected) in [
            (&GITHUB[..], "https://github.com/o/r/actions/runs/12/attempts/3"),
            (&GITHUB[..3], "https://github.com/o/r/actions/runs/12"),
            (
                &[("CI_JOB_URL", "https://gitlab.com/g/p/-/jobs/9")],
                "https://gitlab.com/g/p/-/jobs/9",
            ),
            (&azure, "https://dev.azure.com/org/My%20Project%2F%C3%BC/_build/results?buildId=77"),
            (&buildkite, "https://buildkite.com/o/p/builds/1#0190-a"),
            (&buildkite[..1], "https://buildkite.com/o/p/builds/1"),
            (
                &[("CIRCLE_BUILD_URL", "https://circleci.com/gh/o/r/1")],
                "https://circleci.com/gh/o/r/1",
            ),
            (&bitbucket, "https://bitbucket.org/w/r/pipelines/results/5"),
            (&[("DRONE_BUILD_LINK", "https://drone.example/o/r/1")], "https://drone.example/o/r/1"),
            (
                &[
                    ("CI_STEP_URL", "https://w.example/1/2/3"),
                    ("CI_PIPELINE_URL", "https://w.example/1"),
                ],
                "https://w.example/1/2/3",
            ),
            (&[("CI_PIPELINE_URL", "https://w.example/1")], "https://w.example/1"),
            (
                &[("TRAVIS_JOB_WEB_URL", "https://app.travis-ci.com/o/r/jobs/1")],
                "https://app.travis-ci.com/o/r/jobs/1",
            ),
            (
                &[("BUILD_URL", "https://jenkins.example/job/a%20b/1/")],
                "https://jenkins.example/job/a%20b/1/",
            ),
            (&spacelift, "https://acme.app.spacelift.io/stack/net/run/01J"),
        ] {
            assert_eq!(url(variables).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_url_that_was_set_on_purpose_wins() {
        let mut variables = GITHUB.to_vec();
        variables.push(("STATELOCK_RUN_URL", "https://ci.example/1"));
        assert_eq!(url(&variables).as_deref(), Some("https://ci.example/1"));
    }

    #[test]
    fn half_of_the_variables_is_no_run() {
        for left_out in ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"] {
            let mut variables = GITHUB.to_vec();
            variables.retain(|(name, _)| *name != left_out);
            assert_eq!(url(&variables), None, "without {left_out}");
        }
        assert_eq!(url(&[]), None);
    }

    #[test]
    fn what_cannot_stand_in_a_lock_is_left_out() {
        for bad in ["https://user:secret@ci.example/1", "https://ci.example/a b", "ci.example"] {
            assert_eq!(url(&[("BUILD_URL", bad)]), None, "{bad}");
        }
    }
}
