//! Listed states as JSON.

use serde::Serialize;
use statelock_protocol::lock::CreatedAt;
use statelock_protocol::lock::Stamp;
use statelock_protocol::lock::evidence::Evidence;

use super::SCHEMA;
use super::holder::{Holder, Known, Seen};

/// A state in a document.
#[derive(Serialize)]
pub(super) struct StateOut<'a> {
    address: String,
    bucket: &'a str,
    key: &'a str,
    /// Whether there is a state; a lock may be there without one.
    exists: bool,
    size_bytes: Option<u64>,
    last_modified: Option<String>,
    held: bool,
    half: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    locks: Option<Vec<LockOut<'a>>>,
}

#[derive(Serialize)]
struct LockOut<'a> {
    facets: Vec<&'static str>,
    /// Null: the lock cannot be read, and `problem` says why.
    id: Option<&'a str>,
    operation: Option<&'a str>,
    who: Option<&'a str>,
    version: Option<&'a str>,
    created: Option<String>,
    info: Option<&'a str>,
    reason: Option<String>,
    run: Option<String>,
    age_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<&'a str>,
    #[serde(flatten)]
    evidence: Option<&'a Evidence>,
}

/// A state on a line of its own.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    schema: u32,
    #[serde(flatten)]
    state: StateOut<'a>,
}

impl<'a> Line<'a> {
    pub(super) fn new(bucket: &'a str, seen: &'a Seen) -> Self {
        Self { schema: SCHEMA, state: StateOut::new(bucket, seen) }
    }
}

impl<'a> StateOut<'a> {
    pub(super) fn new(bucket: &'a str, seen: &'a Seen) -> Self {
        let key = seen.state.key.as_str();
        let object = seen.state.object.as_ref();
        let was_asked = !seen.holders.iter().any(|one| matches!(one.lock, Known::NotAskedFor));
        Self {
            address: format!("s3://{bucket}/{key}"),
            bucket,
            key,
            exists: object.is_some(),
            size_bytes: object.map(|object| object.size_bytes),
            last_modified: object
                .and_then(|object| object.last_modified_unix_seconds)
                .and_then(time),
            held: seen.state.is_locked(),
            half: seen.state.is_half,
            locks: was_asked.then(|| seen.holders.iter().map(lock).collect()),
        }
    }
}

fn lock(holder: &Holder) -> LockOut<'_> {
    let info = holder.info();
    let stamp = info.map(|info| Stamp::read(&info.info)).unwrap_or_default();
    let (problem, evidence) = match &holder.lock {
        Known::Info(known) => (None, known.1.as_ref()),
        Known::Unreadable(why) => (Some(why.as_str()), None),
        Known::NotAskedFor => (None, None),
    };
    LockOut {
        facets: holder.facets.iter().map(|facet| facet.name()).collect(),
        id: info.map(|info| info.id.as_str()),
        operation: info.map(|info| info.operation.as_str()),
        who: info.map(|info| info.who.as_str()),
        version: info.map(|info| info.version.as_str()),
        created: info.map(|info| info.created.to_string()),
        info: info.map(|info| info.info.as_str()),
        reason: stamp.reason.map(|reason| reason.to_string()),
        run: stamp.run.map(|run| run.to_string()),
        age_seconds: holder.age_seconds,
        problem,
        evidence,
    }
}

fn time(seconds: i64) -> Option<String> {
    CreatedAt::from_unix(seconds, 0).ok().map(|moment| moment.to_string())
}
