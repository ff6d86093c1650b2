//! GitHub Actions.

use serde::Deserialize;
use statelock_protocol::lock::evidence::{RunSeen, RunUnit};
use statelock_protocol::lock::stamp::RunUrl;

use super::api::{Api, ApiError, Timeouts, TokenHeader};
use super::server::Server;
use super::{Variables, is_number, unknown, word};

/// What the URL of a run has in it.
pub(super) const MARK: &str = "/actions/runs/";

const SERVER: &str = "https://github.com";
const API: &str = "https://api.github.com";
const HEADERS: [(&str, &str); 2] =
    [("accept", "application/vnd.github+json"), ("x-github-api-version", "2022-11-28")];

/// Runs on the GitHub that the environment names.
pub(super) struct GitHub {
    /// Where people look at runs, or why there is none.
    server: Result<Server, String>,
    api: Option<Api>,
}

/// A run of a workflow, one of its attempts or the newest.
struct RunPath {
    repository: String,
    id: String,
    attempt: Option<u64>,
}

/// What the API says of one.
#[derive(Debug, Deserialize)]
struct Run {
    id: u64,
    status: String,
    #[serde(default)]
    conclusion: Option<String>,
    #[serde(default, rename = "run_attempt")]
    attempt: Option<u64>,
    #[serde(default)]
    updated_at: Option<String>,
}

impl GitHub {
    pub(super) fn from_environment(variable: Variables<'_>) -> Self {
        let url = variable("GITHUB_SERVER_URL").unwrap_or_else(|| SERVER.to_owned());
        let server = Server::parse(&url)
            .ok_or_else(|| "GITHUB_SERVER_URL is not the URL of a server".to_owned());
        let base = match variable("GITHUB_API_URL") {
            Some(url) => Server::parse(&url),
            None => server.as_ref().ok().and_then(api_of),
        };
        let token = ["GITHUB_TOKEN", "GH_TOKEN"].iter().find_map(|name| {
            let value = format!("Bearer {}", variable(name)?);
            Some(TokenHeader { name: "authorization", value, variable: name })
        });
        let api = base.map(|base| Api {
            base,
            token,
            token_variables: "GITHUB_TOKEN or GH_TOKEN",
            timeouts: Timeouts::default(),
        });
        Self { server, api }
    }

    #[cfg(test)]
    pub(super) fn within(mut self, timeouts: Timeouts) -> Self {
        self.api = self.api.map(|api| Api { timeouts, ..api });
        self
    }

    #[cfg(test)]
    pub(super) fn api_base(&self) -> String {
        self.api.as_ref().map(|api| api.base.to_string()).unwrap_or_default()
    }

    pub(super) fn look(&self, url: &RunUrl) -> RunSeen {
        let server = match &self.server {
            Ok(server) => server,
            Err(why) => return unknown(why),
        };
        let Some(path) = server.path_below(url.as_str()) else {
            return unknown(format!(
                "it is not asked about: this environment names {server} (GITHUB_SERVER_URL)"
            ));
        };
        let Some(path) = RunPath::parse(path) else {
            return unknown("that is not the URL of a run of GitHub Actions");
        };
        let Some(api) = &self.api else {
            return unknown("GITHUB_API_URL is not the URL of a server");
        };
        seen(api, &path).unwrap_or_else(|error| unknown(error.into_why()))
    }
}

/// GitHub's API is beside its pages, GitHub Enterprise Server's below them.
fn api_of(server: &Server) -> Option<Server> {
    let server = server.to_string();
    if server == SERVER {
        return Server::parse(API);
    }
    match server.strip_prefix("https://") {
        Some(host) if host.ends_with(".ghe.com") => Server::parse(&format!("https://api.{host}")),
        Some(_) | None => Server::parse(&format!("{server}/api/v3")),
    }
}

impl RunPath {
    /// Reads `OWNER/REPOSITORY/actions/runs/ID[/attempts/NUMBER][/job/ID]`.
    fn parse(path: &str) -> Option<Self> {
        let parts: Vec<_> = path.trim_end_matches('/').split('/').collect();
        let ([owner, repository, "actions", "runs", id], rest) = parts.split_first_chunk()? else {
            return None;
        };
        let (attempt, rest) = match rest {
            ["attempts", attempt, rest @ ..] => (Some(*attempt), rest),
            rest => (None, rest),
        };
        let ends = match rest {
            [] => true,
            ["job", job] => is_number(job),
            _ => false,
        };
        let is_run = ends && is_name(owner) && is_name(repository) && is_number(id);
        let attempt = attempt.map(str::parse).transpose().ok()?;
        let repository = format!("{owner}/{repository}");
        is_run.then(|| Self { repository, id: (*id).to_owned(), attempt })
    }

    fn newest(&self) -> String {
        let Self { repository, id, .. } = self;
        format!("repos/{repository}/actions/runs/{id}")
    }

    fn is_about(&self, run: &Run) -> bool {
        self.id.trim_start_matches('0') == run.id.to_string()
    }
}

/// Whether a text can be the name of an account or a repository, and nothing else in a path.
fn is_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=100).contains(&text.len()) && text.bytes().all(is_plain) && text != "." && text != ".."
}

fn ask(api: &Api, run: &RunPath, path: &str) -> Result<Run, ApiError> {
    let answer: Run = api.get(path, &HEADERS)?;
    if run.is_about(&answer) {
        return Ok(answer);
    }
    Err(ApiError::Other(format!("{} answered about another run", api.base)))
}

fn seen(api: &Api, run: &RunPath) -> Result<RunSeen, ApiError> {
    let Some(attempt) = run.attempt else {
        return Ok(judged(&ask(api, run, &run.newest())?));
    };
    let first = ask(api, run, &format!("{}/attempts/{attempt}", run.newest()));
    let first = match first {
        Ok(answer) => judged(&answer),
        Err(ApiError::NotFound(why)) => unknown(why),
        Err(error) => return Err(error),
    };
    if matches!(first, RunSeen::Ended { .. }) {
        return Ok(first);
    }
    // A run is attempted again only after it has ended.
    let newest = ask(api, run, &run.newest()).ok().and_then(|newest| newest.attempt);
    Ok(match newest {
        Some(newest) if newest > attempt => RunSeen::RunAgain { attempt: newest },
        Some(_) | None => first,
    })
}

fn judged(run: &Run) -> RunSeen {
    match run.status.as_str() {
        "completed" => RunSeen::Ended {
            conclusion: run.conclusion.as_deref().map_or_else(|| "completed".to_owned(), word),
            at: run.updated_at.as_deref().map(word),
        },
        "in_progress" | "queued" | "requested" | "waiting" | "pending" => {
            RunSeen::Going { status: run.status.clone(), unit: RunUnit::WholeRun }
        }
        other => unknown(format!("its status is `{}`, which says nothing", word(other))),
    }
}
