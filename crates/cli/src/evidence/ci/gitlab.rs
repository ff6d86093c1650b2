//! GitLab CI.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use statelock_protocol::lock::evidence::{RunSeen, RunUnit};
use statelock_protocol::lock::stamp::RunUrl;

use super::api::{Api, Timeouts, TokenHeader};
use super::server::Server;
use super::{Variables, is_number, unknown, word};

/// What the URL of a job has in it.
pub(super) const MARK: &str = "/-/jobs/";

const SERVER: &str = "https://gitlab.com";
const API_PATH: &str = "/api/v4";

/// Jobs on the GitLab that the environment names.
pub(super) struct GitLab {
    /// Where people look at jobs, or why there is none.
    server: Result<Server, String>,
    api: Option<Api>,
}

/// What the API says of a job.
#[derive(Debug, Deserialize)]
struct Job {
    id: u64,
    status: String,
    #[serde(default)]
    finished_at: Option<String>,
}

impl GitLab {
    pub(super) fn from_environment(variable: Variables<'_>) -> Self {
        let api = variable("CI_API_V4_URL");
        let beside_api = || Some(api.as_ref()?.strip_suffix(API_PATH)?.to_owned());
        let url = variable("CI_SERVER_URL").or_else(beside_api).or_else(|| host(variable));
        let server = Server::parse(url.as_deref().unwrap_or(SERVER))
            .ok_or_else(|| "CI_SERVER_URL is not the URL of a server".to_owned());
        let base = match &api {
            Some(url) => Server::parse(url),
            None => server.as_ref().ok().and_then(|it| Server::parse(&format!("{it}{API_PATH}"))),
        };
        let token = [("GITLAB_TOKEN", "private-token"), ("CI_JOB_TOKEN", "job-token")];
        let token = token.iter().find_map(|(variable_name, name)| {
            let value = variable(variable_name)?;
            Some(TokenHeader { name, value, variable: variable_name })
        });
        let api = base.map(|base| Api {
            base,
            token,
            token_variables: "GITLAB_TOKEN or CI_JOB_TOKEN",
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
                "it is not asked about: this environment names {server} (CI_SERVER_URL)"
            ));
        };
        let Some((project, id)) = job_path(path) else {
            return unknown("that is not the URL of a GitLab job");
        };
        let Some(api) = &self.api else {
            return unknown("CI_API_V4_URL is not the URL of a server");
        };
        let project = utf8_percent_encode(project, NON_ALPHANUMERIC);
        match api.get::<Job>(&format!("projects/{project}/jobs/{id}"), &[]) {
            Ok(job) if job.id.to_string() == id => judged(&job),
            Ok(_) => unknown(format!("{} answered about another job", api.base)),
            Err(error) => unknown(error.into_why()),
        }
    }
}

/// Where GitLab's own command line is told to look: a host, or a URL.
fn host(variable: Variables<'_>) -> Option<String> {
    let host = variable("GITLAB_HOST")?;
    Some(if host.contains("://") { host } else { format!("https://{host}") })
}

/// Reads `GROUP/…/PROJECT/-/jobs/ID`.
fn job_path(path: &str) -> Option<(&str, &str)> {
    let (project, id) = path.trim_end_matches('/').split_once(MARK)?;
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('%');
    let is_project = project.contains('/') && project.split('/').all(is_part);
    (is_project && is_number(id)).then_some((project, id))
}

fn judged(job: &Job) -> RunSeen {
    match job.status.as_str() {
        "success" | "failed" | "canceled" | "skipped" => RunSeen::Ended {
            conclusion: job.status.clone(),
            at: job.finished_at.as_deref().map(word),
        },
        "created"
        | "pending"
        | "preparing"
        | "running"
        | "canceling"
        | "scheduled"
        | "waiting_for_resource"
        | "waiting_for_callback" => {
            RunSeen::Going { status: job.status.clone(), unit: RunUnit::Job }
        }
        other => unknown(format!("its status is `{}`, which says nothing", word(other))),
    }
}
