//! Runs a probe from its first request to the removal of what it wrote.

use tokio::time::Instant;

use super::answer::NotSent;
use super::body::BodyForm;
use super::checks::prize::Prize;
use super::checks::races::race;
use super::checks::{absent, conditions, items, released, seeing, uploads};
use super::cleaning::{Cleaned, Place, everywhere};
use super::earlier::{self, Earlier};
use super::error::ProbeError;
use super::limits::Limits;
use super::opening;
use super::operation::Operation;
use super::plan::{Group, marker_rounds, samples};
use super::progress::ProbeStep;
use super::reached::{self, Reached};
use super::report::{Interrupted, PlaceReport, ProbeReport, Skipped};
use super::seating;
use super::stage::Stage;
use super::target::Probe;
use super::verdict::{Finding, Verdict};
use crate::bucket::Bucket;
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
        let asked = reached::reached(&self.endpoints, &seats, &self.target.bucket);
        let reached = Box::pin(asked).await?;
        if !self.target.allows_retention {
            reached::refuse_retention(&reached).await?;
        }
        let places: Vec<_> = reached.iter().map(Reached::place).collect();
        let clock_ahead_seconds = reached::clock_ahead_seconds(&reached);
        self.progress.set(ProbeStep::RemovingEarlier);
        let earlier = self.earlier(&places, clock_ahead_seconds).await;
        let limits =
            Limits::new(self.plan.requests_max(), self.plan.limits.time, self.stop.clone());
        let place = (self.target.bucket.clone(), self.base());
        let table = self.target.table.clone();
        let (objects, progress) = (self.target.objects.clone(), self.progress.clone());
        let stage = Stage::new(seats, place, table, objects, (limits, progress));
        let may_keep_versions = reached::may_keep_versions(&reached);
        let findings = Vec::new();
        let mut run = Run { probe: self, stage, places, may_keep_versions, findings };
        let tried = Box::pin(run.tried()).await;
        self.progress.set(ProbeStep::Removing);
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
            versioning: reached::agreed(&reached),
            places: reached.iter().map(place_report).collect(),
            region: reached.into_iter().find_map(|one| one.presence.region),
            clock_ahead_seconds,
            findings,
            skipped,
            requests: stage.limits.sent(),
            cleaned,
            young: earlier.as_ref().map(|one| one.young.clone()).unwrap_or_default(),
            earlier: earlier.map(|one| one.cleaned),
            interrupted,
        })
    }

    async fn earlier(&self, places: &[Place], clock_ahead: Option<i64>) -> Option<Earlier> {
        let now = system::now().unix_seconds().saturating_add(clock_ahead.unwrap_or(0));
        let directory = earlier::directory(&self.target.prefix);
        Box::pin(earlier::remove(places, &directory, (false, now))).await.ok()
    }
}

fn place_report(Reached { name, versioning, .. }: &Reached) -> PlaceReport {
    PlaceReport { name: name.clone(), versioning: *versioning }
}

/// A probe at work.
struct Run<'a> {
    probe: &'a Probe,
    stage: Stage,
    places: Vec<Place>,
    /// Whether there may be delete markers.
    may_keep_versions: bool,
    findings: Vec<Finding>,
}

impl Run<'_> {
    fn verdict(&self, operation: Operation) -> Verdict {
        let found = self.findings.iter().find(|finding| finding.operation == operation);
        found.map_or(Verdict::NotKnown, |finding| finding.verdict)
    }

    /// The bucket as the first endpoint shows it.
    fn bucket(&self) -> Option<&Bucket> {
        self.places.first().map(|place| &place.bucket)
    }

    /// All checks, one after the other.
    async fn tried(&mut self) -> Result<(), ProbeError> {
        let checks = self.probe.plan.checks.len();
        for (number, check) in self.probe.plan.checks.iter().enumerate() {
            if let Some(operation) = check.operations.first().copied() {
                let (check, round) = (number + 1, None);
                self.probe.progress.set(ProbeStep::Trying { operation, check, checks, round });
            }
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
            Group::Bodies => opening::begin(self.probe, stage).await?,
            Group::Absent => {
                let is_other = |form: &BodyForm| {
                    *form != stage.form() && self.verdict(form.operation()) == Verdict::Enforced
                };
                let forms: Vec<_> = BodyForm::OF_CLIENTS.into_iter().filter(is_other).collect();
                let (finding, refused) = absent::absent(stage, &forms).await;
                vec![finding, absent::refusal_status(&refused)]
            }
            Group::AfterDelete => {
                let versions = self.bucket().filter(|_| self.may_keep_versions);
                vec![released::after_delete(stage, versions).await]
            }
            Group::AfterDeleteMarker if self.may_keep_versions => {
                vec![released::after_delete_marker(stage).await]
            }
            Group::AbsentRace => {
                // Where versions are kept, released locks are raced for by themselves.
                let prize =
                    if self.may_keep_versions { Prize::FreshKey } else { Prize::FreshOrFreedKey };
                vec![race(prize, Operation::PutIfAbsent, limits.rounds).await]
            }
            Group::MarkerRace if self.may_keep_versions => {
                let alone = Operation::PutIfAbsentAfterDeleteMarker;
                vec![race(Prize::DeletedKey, alone, marker_rounds(limits)).await]
            }
            Group::AfterDeleteMarker | Group::MarkerRace => Vec::new(),
            Group::Match => vec![conditions::matching(stage).await],
            Group::MatchRace => {
                vec![race(Prize::Replacement, Operation::PutIfMatch, limits.rounds).await]
            }
            Group::Delete => vec![conditions::deleting(stage).await],
            Group::UploadAbsent => vec![uploads::absent(stage).await],
            Group::UploadMatch => vec![uploads::matching(stage).await],
            Group::Reads => seeing::reads(stage, samples(limits)).await.into(),
            Group::Listings => seeing::listings(stage).await.into(),
            Group::ETag => vec![seeing::etag(stage).await],
            Group::ItemAbsent => vec![opening::begin_items(stage).await?],
            Group::ItemRace => {
                vec![race(Prize::Item, Operation::ItemPutIfAbsent, limits.rounds).await]
            }
            Group::ItemDelete => vec![items::deleting(stage).await],
            Group::ItemReads => items::reads(stage, samples(limits)).await.into(),
        })
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
