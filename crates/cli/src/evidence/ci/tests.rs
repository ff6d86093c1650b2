//! Tests against a fake API: what each answer means, and where tokens go.

use std::time::Duration;

use statelock_protocol::lock::evidence::RunUnit;

use super::api::Timeouts;
use super::fake_api::{Answer, FakeApi};
use super::*;

const RUN: &str = "https://github.com/o/r.x/actions/runs/12/attempts/1";
const NEWEST_PATH: &str = "/repos/o/r.x/actions/runs/12";
const ATTEMPT_PATH: &str = "/repos/o/r.x/actions/runs/12/attempts/1";
const JOB: &str = "https://gitlab.com/group/sub/project/-/jobs/9";
const JOB_PATH: &str = "/api/v4/projects/group%2Fsub%2Fproject/jobs/9";

const SHORT: Timeouts =
    Timeouts { connect: Duration::from_millis(500), whole: Duration::from_millis(500) };

fn ok(body: &str) -> Answer {
    Answer::Http(200, "content-type: application/json\r\n", body.to_owned())
}

fn refused(status: u16) -> Answer {
    Answer::Http(status, "", "{\"message\":\"text of the server\"}".to_owned())
}

fn run(status: &str, conclusion: &str, attempt: u64) -> Answer {
    ok(&format!(
        r#"{{"id":12,"name":"apply","status":"{status}","conclusion":{conclusion},"run_attempt":{attempt},"updated_at":"2026-11-22T05:00:00Z","more":{{}}}}"#
    ))
}

fn job(status: &str) -> Answer {
    ok(&format!(r#"{{"id":9,"status":"{status}","finished_at":"2026-11-22T05:00:00.000Z"}}"#))
}

/// An environment that names this API, with more variables.
fn ci(api: &FakeApi, more: &[(&str, &str)]) -> Ci {
    let base = api.base.clone();
    let gitlab = format!("{base}/api/v4");
    let find = |name: &str| match name {
        "GITHUB_API_URL" => Some(base.clone()),
        "CI_SERVER_URL" => Some("https://gitlab.com".to_owned()),
        "CI_API_V4_URL" => Some(gitlab.clone()),
        _ => more.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
    };
    let Ci { github, gitlab } = Ci::from_environment(&find);
    Ci { github: github.within(SHORT), gitlab: gitlab.within(SHORT) }
}

fn url(text: &str) -> RunUrl {
    RunUrl::parse(text).expect(text)
}

fn look(run: &str, answers: Vec<(&'static str, Answer)>) -> RunSeen {
    ci(&FakeApi::start(answers), &[]).look(&url(run))
}

/// Why nothing is known, with the server's address replaced.
fn why(run: &str, answers: Vec<(&'static str, Answer)>, more: &[(&str, &str)]) -> String {
    let api = FakeApi::start(answers);
    let seen = ci(&api, more).look(&url(run));
    let RunSeen::Unknown { why } = &seen else {
        assert_eq!(format!("{seen:?}"), "unknown");
        return String::new();
    };
    assert!(!why.contains("s3cret") && !why.contains("text of the server"), "{why}");
    why.replace(&api.base, "API")
}

fn ended(conclusion: &str) -> RunSeen {
    let at = Some("2026-11-22T05:00:00Z".to_owned());
    RunSeen::Ended { conclusion: conclusion.to_owned(), at }
}

#[test]
fn a_github_run_that_ended_is_told_with_its_conclusion_by_one_request() {
    for conclusion in ["success", "failure", "cancelled", "timed_out", "action_required"] {
        let answer = run("completed", &format!("\"{conclusion}\""), 1);
        let api = FakeApi::start(vec![(ATTEMPT_PATH, answer)]);
        assert_eq!(ci(&api, &[]).look(&url(RUN)), ended(conclusion));
        assert_eq!(api.paths(), [ATTEMPT_PATH]);
    }
    let answers = vec![(ATTEMPT_PATH, run("completed", "null", 1))];
    assert_eq!(look(RUN, answers), ended("completed"));
}

#[test]
fn a_github_run_that_goes_on_is_told() {
    for status in ["in_progress", "queued", "requested", "waiting", "pending"] {
        let answer = || run(status, "null", 1);
        let seen = look(RUN, vec![(ATTEMPT_PATH, answer()), (NEWEST_PATH, answer())]);
        let unit = RunUnit::WholeRun;
        assert_eq!(seen, RunSeen::Going { status: status.to_owned(), unit });
    }
}

#[test]
fn a_newer_attempt_means_that_the_older_one_ended() {
    let newest = || (NEWEST_PATH, run("in_progress", "null", 2));
    let again = RunSeen::RunAgain { attempt: 2 };
    // The older attempt is not shown any more, or shown as it was.
    assert_eq!(look(RUN, vec![newest()]), again);
    assert_eq!(look(RUN, vec![(ATTEMPT_PATH, run("in_progress", "null", 1)), newest()]), again);
    // It is: no second question.
    let shown = (ATTEMPT_PATH, run("completed", "\"failure\"", 1));
    assert_eq!(look(RUN, vec![shown, newest()]), ended("failure"));
}

#[test]
fn a_second_question_that_fails_does_not_spoil_the_first_answer() {
    for second in [refused(500), ok("garbage"), run("in_progress", "null", 1), Answer::Noise] {
        let first = run("in_progress", "null", 1);
        let seen = look(RUN, vec![(ATTEMPT_PATH, first), (NEWEST_PATH, second)]);
        assert!(matches!(seen, RunSeen::Going { .. }), "{seen:?}");
    }
}

#[test]
fn a_github_url_without_an_attempt_is_the_newest_one() {
    for path in ["", "/", "/job/77", "?pr=1", "#summary"] {
        let text = format!("https://github.com/o/r.x/actions/runs/12{path}");
        let seen = look(&text, vec![(NEWEST_PATH, run("completed", "\"success\"", 3))]);
        assert_eq!(seen, ended("success"), "{path}");
    }
}

#[test]
fn gitlab_jobs_are_told() {
    for status in ["success", "failed", "canceled", "skipped"] {
        let at = Some("2026-11-22T05:00:00.000Z".to_owned());
        let expected = RunSeen::Ended { conclusion: status.to_owned(), at };
        assert_eq!(look(JOB, vec![(JOB_PATH, job(status))]), expected);
    }
    for status in [
        "created",
        "pending",
        "preparing",
        "running",
        "canceling",
        "scheduled",
        "waiting_for_resource",
        "waiting_for_callback",
    ] {
        let expected = RunSeen::Going { status: status.to_owned(), unit: RunUnit::Job };
        assert_eq!(look(JOB, vec![(JOB_PATH, job(status))]), expected);
    }
}

#[test]
fn a_status_that_nobody_knows_is_unknown() {
    let text = "its status is `paused`, which says nothing";
    let answers = || run("paused", "null", 1);
    assert_eq!(why(RUN, vec![(ATTEMPT_PATH, answers()), (NEWEST_PATH, answers())], &[]), text);
    assert_eq!(why(JOB, vec![(JOB_PATH, job("paused"))], &[]), text);
    let long = why(JOB, vec![(JOB_PATH, job(&"x".repeat(5000)))], &[]);
    assert!(long.len() < 120, "{long}");
}

#[test]
fn refusals_say_what_is_missing() {
    let token = &[("GITHUB_TOKEN", "s3cret"), ("GITLAB_TOKEN", "s3cret")][..];
    for (status, set, expected) in [
        (401, token, "API does not accept the token of NAME (401)"),
        (403, token, "API refuses to tell: the token of NAME (403)"),
        (403, &[], "API refuses to tell: no token is set (HINT) (403)"),
        (404, token, "API has no such run, or does not show it: the token of NAME (404)"),
        (404, &[], "API has no such run, or does not show it: no token is set (HINT) (404)"),
        (429, &[], "API limits requests, and the limit is reached (429)"),
        (500, token, "API failed (500)"),
        (503, token, "API failed (503)"),
        (204, &[], "API answered with status 204"),
        (418, &[], "API answered with status 418"),
    ] {
        let github =
            expected.replace("NAME", "GITHUB_TOKEN").replace("HINT", "GITHUB_TOKEN or GH_TOKEN");
        assert_eq!(why(RUN, vec![(ATTEMPT_PATH, refused(status))], set), github);
        let gitlab = expected
            .replace("API", "API/api/v4")
            .replace("NAME", "GITLAB_TOKEN")
            .replace("HINT", "GITLAB_TOKEN or CI_JOB_TOKEN");
        assert_eq!(why(JOB, vec![(JOB_PATH, refused(status))], set), gitlab);
    }
}

#[test]
fn a_limit_on_requests_is_told_from_a_missing_permission() {
    for headers in ["x-ratelimit-remaining: 0\r\n", "Retry-After: 60\r\n"] {
        let answer = Answer::Http(403, headers, "{}".to_owned());
        let text = "API limits requests, and the limit is reached (403)";
        assert_eq!(why(RUN, vec![(ATTEMPT_PATH, answer)], &[]), text);
    }
    let answer = Answer::Http(403, "x-ratelimit-remaining: 41\r\n", "{}".to_owned());
    assert!(why(RUN, vec![(ATTEMPT_PATH, answer)], &[]).starts_with("API refuses"));
}

#[test]
fn a_redirect_is_not_followed() {
    let other = FakeApi::start(Vec::new());
    let headers: &'static str = format!("location: {}/stolen\r\n", other.base).leak();
    let answer = Answer::Http(301, headers, String::new());
    let text = "API answers that it is somewhere else by now (301), which is not followed";
    assert_eq!(why(RUN, vec![(ATTEMPT_PATH, answer)], &[("GITHUB_TOKEN", "s3cret")]), text);
    assert_eq!(other.requests(), [""; 0]);
}

#[test]
fn answers_that_are_none_are_unknown() {
    let not_an_answer = "the answer of API is not what its API answers";
    for body in [
        "",
        "<html>",
        "[]",
        "null",
        "{}",
        r#"{"id":"12","status":"completed"}"#,
        r#"{"id":12,"status":7}"#,
    ] {
        assert_eq!(why(RUN, vec![(ATTEMPT_PATH, ok(body))], &[]), not_an_answer, "{body}");
    }
    let other = ok(r#"{"id":13,"status":"completed","conclusion":"success"}"#);
    assert_eq!(why(RUN, vec![(ATTEMPT_PATH, other)], &[]), "API answered about another run");
    let other = ok(r#"{"id":90,"status":"success"}"#);
    assert_eq!(why(JOB, vec![(JOB_PATH, other)], &[]), "API/api/v4 answered about another job");
    let huge = ok(&" ".repeat(2 << 20));
    assert_eq!(why(RUN, vec![(ATTEMPT_PATH, huge)], &[]), "the answer of API is too large");
    let text = why(RUN, vec![(ATTEMPT_PATH, Answer::Noise)], &[]);
    assert!(text.starts_with("API could not be reached: "), "{text}");
}

#[test]
fn a_server_that_hangs_or_is_not_there_does_not_hold_up_a_verb() {
    let text = "API did not answer in time";
    assert_eq!(why(RUN, vec![(ATTEMPT_PATH, Answer::Silence)], &[]), text);
    let gone = FakeApi::gone();
    let RunSeen::Unknown { why } = ci(&gone, &[]).look(&url(RUN)) else { unreachable!() };
    assert!(why.contains("could not be reached"), "{why}");
}

#[test]
fn a_token_is_sent_as_its_api_takes_it() {
    let sent = |set: &[(&str, &str)], run: &str| {
        let api = FakeApi::start(Vec::new());
        ci(&api, set).look(&url(run));
        api.requests().first().expect("a request").clone()
    };
    let request = sent(&[("GITHUB_TOKEN", "one"), ("GH_TOKEN", "two")], RUN);
    assert!(request.contains("authorization: Bearer one\r\n"), "{request}");
    assert!(request.contains("accept: application/vnd.github+json\r\n"), "{request}");
    assert!(sent(&[("GH_TOKEN", "two")], RUN).contains("authorization: Bearer two\r\n"));
    let request = sent(&[("GITLAB_TOKEN", "one"), ("CI_JOB_TOKEN", "two")], JOB);
    assert!(request.contains("private-token: one\r\n") && !request.contains("two"), "{request}");
    assert!(sent(&[("CI_JOB_TOKEN", "two")], JOB).contains("job-token: two\r\n"));
    let none = sent(&[], RUN).to_lowercase();
    assert!(!none.contains("authorization") && !none.contains("token"), "{none}");
}

#[test]
fn nothing_is_sent_because_a_lock_names_a_host() {
    let api = FakeApi::start(Vec::new());
    let evil = FakeApi::start(Vec::new());
    let tokens = [("GITHUB_TOKEN", "s3cret"), ("GITLAB_TOKEN", "s3cret")];
    let ci = ci(&api, &tokens);
    let github = "it is not asked about: this environment names https://github.com \
                  (GITHUB_SERVER_URL)";
    let gitlab = "it is not asked about: this environment names https://gitlab.com (CI_SERVER_URL)";
    for (base, path, expected) in [
        (evil.base.as_str(), "/o/r/actions/runs/12", github),
        ("http://github.com", "/o/r/actions/runs/12", github),
        ("https://github.com.evil.example", "/o/r/actions/runs/12", github),
        (evil.base.as_str(), "/g/p/-/jobs/9", gitlab),
    ] {
        let RunSeen::Unknown { why } = ci.look(&url(&format!("{base}{path}"))) else {
            unreachable!("{base}");
        };
        assert_eq!(why, expected);
    }
    assert_eq!((api.requests().len(), evil.requests().len()), (0, 0));
}

#[test]
fn what_is_no_run_of_a_ci_is_not_asked_about() {
    let api = FakeApi::start(Vec::new());
    let ci = ci(&api, &[]);
    for (path, expected) in [
        ("https://github.com/../r/actions/runs/12", "that is not the URL of a run"),
        ("https://github.com/o/../actions/runs/12", "that is not the URL of a run"),
        ("https://github.com/o/%2e%2e/actions/runs/12", "that is not the URL of a run"),
        ("https://github.com/o/r/actions/runs/x", "that is not the URL of a run"),
        ("https://github.com/o/r/actions/runs/12/attempts/x", "that is not the URL of a run"),
        (
            "https://github.com/o/r/actions/runs/12/attempts/1/../../..",
            "that is not the URL of a run",
        ),
        ("https://github.com/o/r/actions/runs/12/more", "that is not the URL of a run"),
        ("https://github.com/a/o/r/actions/runs/12", "that is not the URL of a run"),
        ("https://gitlab.com/g/../p/-/jobs/9", "that is not the URL of a GitLab job"),
        ("https://gitlab.com/p/-/jobs/9", "that is not the URL of a GitLab job"),
        ("https://gitlab.com/g/p/-/jobs/9/x", "that is not the URL of a GitLab job"),
        ("https://gitlab.com/g/p/-/jobs/x", "that is not the URL of a GitLab job"),
        ("https://jenkins.example/job/1/", "statelock can ask GitHub Actions and GitLab only"),
    ] {
        let RunSeen::Unknown { why } = ci.look(&url(path)) else { unreachable!("{path}") };
        assert!(why.starts_with(expected), "{path}: {why}");
    }
    assert_eq!(api.requests(), [""; 0]);
}

#[test]
fn a_token_does_not_travel_in_clear() {
    let find = |name: &str| match name {
        "GITHUB_API_URL" => Some("http://192.0.2.1:1".to_owned()),
        "GH_TOKEN" => Some("s3cret".to_owned()),
        _ => None,
    };
    let RunSeen::Unknown { why } = Ci::from_environment(&find).look(&url(RUN)) else {
        unreachable!()
    };
    assert_eq!(
        why,
        "http://192.0.2.1:1 is reached without TLS, and the token of GH_TOKEN would be readable on \
         its way"
    );
}

#[test]
fn a_token_that_cannot_be_sent_is_not_shown() {
    let text = why(RUN, Vec::new(), &[("GITHUB_TOKEN", "s3cret\nx: y")]);
    assert_eq!(text, "GITHUB_TOKEN has characters that cannot be sent");
}

#[test]
fn each_server_has_its_api() {
    let api = |set: &[(&str, &str)]| {
        let find = |name: &str| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let ci = Ci::from_environment(&find);
        (ci.github.api_base(), ci.gitlab.api_base())
    };
    let default = api(&[]);
    assert_eq!(default, ("https://api.github.com".into(), "https://gitlab.com/api/v4".into()));
    let server = |url| api(&[("GITHUB_SERVER_URL", url)]).0;
    assert_eq!(server("https://git.corp.example"), "https://git.corp.example/api/v3");
    assert_eq!(server("https://acme.ghe.com/"), "https://api.acme.ghe.com");
    let server = |name, url| api(&[(name, url)]).1;
    assert_eq!(server("CI_SERVER_URL", "https://a.example/git"), "https://a.example/git/api/v4");
    assert_eq!(server("CI_API_V4_URL", "https://a.example/api/v4"), "https://a.example/api/v4");
    assert_eq!(server("GITLAB_HOST", "a.example"), "https://a.example/api/v4");
    assert_eq!(server("GITLAB_HOST", "https://a.example"), "https://a.example/api/v4");
}

#[test]
fn an_environment_that_cannot_be_used_is_told() {
    for (name, run) in [
        ("GITHUB_SERVER_URL", RUN),
        ("GITHUB_API_URL", RUN),
        ("CI_SERVER_URL", JOB),
        ("CI_API_V4_URL", JOB),
    ] {
        let find = |asked: &str| (asked == name).then(|| "no url".to_owned());
        let RunSeen::Unknown { why } = Ci::from_environment(&find).look(&url(run)) else {
            unreachable!("{name}")
        };
        assert_eq!(why, format!("{name} is not the URL of a server"));
    }
}
