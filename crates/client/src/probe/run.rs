//! Runs a probe from its first request to the removal of what it wrote.

use statelock_protocol::store::{Precondition, Refusal};
use tokio::time::Instant;

use super::answer::{Answer, NotSent, Outcome};
use super::body::BodyForm;
use super::checks::races::{Prize, race};
use super::checks::{bodies, conditions, items, seeing, uploads};
use super::cleaning::{Cleaned, JOURNAL, Place, everywhere};
use super::earlier::{self, Journal};
use super::error::ProbeError;
use super::items::ItemLook;
use super::limits::Limits;
use super::operation::Operation;
use super::plan::{Group, marker_rounds, samples};
use super::report::{Interrupted, ProbeReport, Skipped};
use super::seating;
use super::stage::Stage;
use super::target::Probe;
use super::verdict::{Finding, Verdict};
use crate::bucket::{Access, Bucket, Presence, Setting};
use crate::error::{StoreError, Trouble};
use crate::state::Versioning;
use crate::system;

impl Probe {
    /// Tries everything that is planned. What it wrote it removes again, whatever comes; it ends soon after its
    /// [`StopFlag`](super::StopFlag) is set.
    ///
    /// Dropping the future leaves what was written: set the flag instead, and let it end.
    ///
    /// # Errors
    /// [`ProbeError`]: nothing could be tried.
    pub async fn run(&self) -> Result<ProbeReport, ProbeError> {
        let began = Instant::now();
        let began_unix_seconds = system::now().unix_seconds();
        let seats = seating::seats(&self.endpoints, self.plan.limits.writers)?;
        let seating = seating::seated(&self.endpoints, seats, &self.target.bucket);
        let (seats, endpoints) = Box::pin(seating).await?;
        let Some(bucket) = self.bucket() else { return Err(no_endpoint()) };
        let presence = presence(&bucket).await?;
        self.refuse_retention(&bucket).await?;
        let versioning = versioning(&bucket).await;
        let places = self.places().await;
        let earlier = self.earlier(&places, &presence).await;
        let limits =
            Limits::new(self.plan.requests_max(), self.plan.limits.time, self.stop.clone());
        let place = (self.target.bucket.clone(), self.base());
        let table = self.target.table.clone();
        let stage = Stage::new(seats, place, table, self.target.objects.clone(), limits);
        let mut run = Run { probe: self, stage, bucket, places, versioning, findings: Vec::new() };
        let tried = Box::pin(run.tried()).await;
        let cleaned = Box::pin(run.clean()).await;
        if let Err(error) = tried {
            return Err(if cleaned.left.is_empty() {
                error
            } else {
                ProbeError::Left { cause: Box::new(error), cleaned: Box::new(cleaned) }
            });
        }
        let interrupted = run.interrupted();
        let skipped = run.skipped();
        let Run { stage, mut findings, .. } = run;
        findings.sort_by_key(|finding| finding.operation);
        Ok(ProbeReport {
            began_unix_seconds,
            took: began.elapsed(),
            endpoints,
            versioning,
            region: presence.region,
            clock_ahead_seconds: presence.clock_ahead_seconds,
            findings,
            skipped,
            requests: stage.limits.sent(),
            cleaned,
            earlier,
            interrupted,
        })
    }

    /// Refuses a bucket in which what is written could not be removed. Who may not ask for that goes on.
    async fn refuse_retention(&self, bucket: &Bucket) -> Result<(), ProbeError> {
        if self.target.allows_retention {
            return Ok(());
        }
        let said = bucket.object_lock().await.ok();
        let lock = said.as_ref().and_then(Setting::value);
        match lock.and_then(|lock| lock.default_retention.clone()) {
            Some(retention) => {
                Err(ProbeError::Retained { bucket: self.target.bucket.clone(), retention })
            }
            None => Ok(()),
        }
    }

    async fn earlier(&self, places: &[Place], presence: &Presence) -> Option<Cleaned> {
        let ahead = presence.clock_ahead_seconds.unwrap_or(0);
        let now = system::now().unix_seconds().saturating_add(ahead);
        let directory = earlier::directory(&self.target.prefix);
        Box::pin(earlier::remove(places, &directory, (false, now))).await.ok()
    }
}

fn no_endpoint() -> ProbeError {
    let problem = "there is no endpoint".to_owned();
    ProbeError::Connect(crate::error::ConnectError::Setting { setting: "endpoint", problem })
}

/// The bucket is there. Whether it may be listed does not matter yet.
async fn presence(bucket: &Bucket) -> Result<Presence, ProbeError> {
    let presence = bucket.presence().await.map_err(|error| match error {
        StoreError::Unknown(trouble) => ProbeError::Unreachable(Box::new(trouble)),
        StoreError::Refused { .. } => ProbeError::Store(Box::new(error)),
    })?;
    match &presence.access {
        Access::Granted | Access::Denied(_) => Ok(presence),
        Access::Elsewhere(trouble) => Err(ProbeError::Elsewhere(Box::new(trouble.clone()))),
    }
}

/// Whether the bucket keeps versions, if that is known.
pub(super) async fn versioning(bucket: &Bucket) -> Option<Versioning> {
    match bucket.versioning().await {
        Ok(Setting::Set { value, .. }) => Some(value.versioning),
        Ok(Setting::NotSet | Setting::Unsupported(_)) => Some(Versioning::Off),
        Ok(Setting::NotPermitted(_)) | Err(_) => None,
    }
}

/// Whether there may be delete markers: where that may not be asked too. In a bucket without them the same requests
/// are good as well.
fn may_keep_versions(versioning: Option<Versioning>) -> bool {
    match versioning {
        Some(Versioning::Enabled | Versioning::Suspended) | None => true,
        Some(Versioning::Off) => false,
    }
}

/// A probe at work.
struct Run<'a> {
    probe: &'a Probe,
    stage: Stage,
    bucket: Bucket,
    places: Vec<Place>,
    versioning: Option<Versioning>,
    findings: Vec<Finding>,
}

impl Run<'_> {
    fn verdict(&self, operation: Operation) -> Verdict {
        let found = self.findings.iter().find(|finding| finding.operation == operation);
        found.map_or(Verdict::NotKnown, |finding| finding.verdict)
    }

    /// All checks, one after the other.
    async fn tried(&mut self) -> Result<(), ProbeError> {
        for check in self.probe.plan.checks.clone() {
            let found = Box::pin(self.check(check.group)).await?;
            self.findings.extend(found);
        }
        Ok(())
    }

    async fn check(&self, group: Group) -> Result<Vec<Finding>, ProbeError> {
        let (stage, limits) = (&self.stage, self.probe.plan.limits);
        let race = |prize, alone, rounds| {
            race(stage, prize, (self.verdict(alone), rounds), limits.writers)
        };
        Ok(match group {
            Group::Bodies => self.begin().await?,
            Group::Absent => {
                let is_other = |form: &BodyForm| {
                    *form != stage.form() && self.verdict(form.operation()) == Verdict::Enforced
                };
                let forms: Vec<_> = BodyForm::OF_CLIENTS.into_iter().filter(is_other).collect();
                let (finding, refused) = conditions::absent(stage, &forms).await;
                vec![finding, conditions::refusal_status(&refused)]
            }
            Group::AfterDelete => {
                let versions = may_keep_versions(self.versioning).then_some(&self.bucket);
                vec![conditions::after_delete(stage, versions).await]
            }
            Group::AfterDeleteMarker if may_keep_versions(self.versioning) => {
                vec![conditions::after_delete_marker(stage).await]
            }
            Group::AbsentRace => {
                vec![race(Prize::FreshKey, Operation::PutIfAbsent, limits.rounds).await]
            }
            Group::MarkerRace if may_keep_versions(self.versioning) => {
                let alone = Operation::PutIfAbsentAfterDeleteMarker;
                vec![race(Prize::DeletedKey, alone, marker_rounds(limits)).await]
            }
            Group::AfterDeleteMarker | Group::MarkerRace => Vec::new(),
            Group::Match => vec![conditions::matching(stage).await.0],
            Group::MatchRace => {
                vec![race(Prize::Replacement, Operation::PutIfMatch, limits.rounds).await]
            }
            Group::Delete => vec![conditions::deleting(stage).await],
            Group::UploadAbsent => vec![uploads::absent(stage).await],
            Group::UploadMatch => vec![uploads::matching(stage).await],
            Group::Reads => seeing::reads(stage, samples(limits)).await.into(),
            Group::Listings => seeing::listings(stage).await.into(),
            Group::ETag => vec![seeing::etag(stage).await],
            Group::ItemAbsent => vec![self.begin_items().await?],
            Group::ItemRace => {
                vec![race(Prize::Item, Operation::ItemPutIfAbsent, limits.rounds).await]
            }
            Group::ItemDelete => vec![items::deleting(stage).await],
            Group::ItemReads => items::reads(stage, samples(limits)).await.into(),
        })
    }

    /// The first check: whether anything can be written, and in which form. Then a note of what will be.
    async fn begin(&self) -> Result<Vec<Finding>, ProbeError> {
        if self.stage.table.is_some() {
            let look =
                self.stage.look_at_item(self.stage.first(), &self.stage.lock_id("nothing")).await;
            if let ItemLook::NotKnown(answer) = look {
                is_table("GetItem", &answer)?;
            }
        }
        let (findings, answers) = bodies::bodies(&self.stage, self.is_plain()).await;
        if !answers.iter().any(Answer::is_done) {
            let is_denied = |answer: &&Answer| answer.outcome == Outcome::Refused(Refusal::Denied);
            if let Some(answer) = answers.iter().find(is_denied) {
                return Err(ProbeError::NotPermitted(Box::new(trouble("S3", "PutObject", answer))));
            }
        }
        let limits = self.probe.plan.limits;
        let table = self.probe.target.table.as_ref().map(|table| table.as_str().to_owned());
        let journal = Journal { schema: 1, table, rounds: limits.rounds, samples: samples(limits) };
        if let Ok(text) = serde_json::to_vec(&journal) {
            let key = self.stage.key(JOURNAL);
            self.stage.put_alone((&key, text.into()), &Precondition::None).await;
        }
        Ok(findings)
    }

    /// The first check of the table: whether it may be written.
    async fn begin_items(&self) -> Result<Finding, ProbeError> {
        let (finding, answer) = items::absent(&self.stage).await;
        is_table("PutItem", &answer).map(|()| finding)
    }

    /// Whether the first endpoint is reached without TLS.
    fn is_plain(&self) -> bool {
        let stores = self.probe.target.stores.first();
        let url =
            stores.and_then(|stores| stores.endpoint_url.as_ref().or(stores.endpoint_s3.as_ref()));
        let from_environment = || {
            let names = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
            names.iter().find_map(|name| std::env::var(name).ok().filter(|url| !url.is_empty()))
        };
        url.cloned().or_else(from_environment).is_some_and(|url| url.starts_with("http://"))
    }

    fn skipped(&self) -> Vec<Skipped> {
        let planned = self.probe.plan.checks.iter().flat_map(|check| &check.operations);
        let is_found =
            |one: &Operation| self.findings.iter().any(|finding| finding.operation == *one);
        let because = |operation: Operation| match operation {
            Operation::BodyCrc32TrailerSigned => "clients sign chunks without TLS only",
            _ => "the bucket keeps no versions",
        };
        let missing = planned.filter(|one| !is_found(one)).copied();
        missing.map(|operation| Skipped { operation, because: because(operation) }).collect()
    }

    fn interrupted(&self) -> Option<Interrupted> {
        match self.stage.limits.admit(0) {
            Ok(()) => None,
            Err(NotSent::Stopped) => Some(Interrupted::Stopped),
            Err(NotSent::TimeOver | NotSent::RequestsUsedUp) => Some(Interrupted::LimitReached),
        }
    }

    async fn clean(&self) -> Cleaned {
        let written = self.stage.written().clone();
        let base = self.stage.base.as_str();
        everywhere(&self.places, (base, true), (&written, self.stage.table.as_ref())).await
    }
}

/// Whether an answer leaves it open that the table is there, and may be used.
fn is_table(operation: &'static str, answer: &Answer) -> Result<(), ProbeError> {
    match answer.outcome {
        Outcome::Refused(refusal @ Refusal::NoSuchTable) => {
            let trouble = trouble("DynamoDB", operation, answer);
            Err(ProbeError::Store(Box::new(StoreError::Refused { refusal, trouble })))
        }
        Outcome::Refused(Refusal::Denied) => {
            Err(ProbeError::NotPermitted(Box::new(trouble("DynamoDB", operation, answer))))
        }
        Outcome::Done | Outcome::Refused(_) | Outcome::Unknown | Outcome::NotSent(_) => Ok(()),
    }
}

/// An answer as it is told in errors.
fn trouble(service: &'static str, operation: &'static str, answer: &Answer) -> Trouble {
    Trouble {
        service,
        operation,
        endpoint: None,
        status: answer.status,
        code: answer.code.clone(),
        message: answer.message.clone(),
        request_id: None,
        was_sent: true,
    }
}
