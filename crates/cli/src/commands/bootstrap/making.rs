//! Looks at one setting after the other, and sets what is not as wanted.

use statelock_client::bucket::{Access, Bucket, Creation, DefaultEncryption, Made};
use statelock_client::lock_table::{LockTable, TableDescription};
use statelock_client::protocol::store::Refusal;
use statelock_client::{Connection, StoreError};

use super::error::BootstrapError;
use super::old_versions;
use super::standing::{Course, Ended, Ending, Step};
use super::wanted::Wanted;

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The region in which the bucket is, or will be.
    pub(super) region: String,
    pub(super) ended: Vec<Ended>,
    /// What the user should know beside it.
    pub(super) warnings: Vec<String>,
    /// Why a step failed: the first one.
    pub(super) failure: Option<Failure>,
}

/// Why a step failed.
#[derive(Debug)]
pub(crate) enum Failure {
    Store(Box<StoreError>),
    /// Something is there that cannot be used, or added to.
    Impossible,
}

/// A run.
pub(super) struct Making<'a> {
    pub(super) bucket: &'a Bucket,
    pub(super) table: Option<LockTable>,
    pub(super) wanted: &'a Wanted,
    /// Whether the bucket is there: in a dry run it may not be.
    pub(super) has_bucket: bool,
    /// Whether it was there before this run, so that somebody may rely on what it does.
    pub(super) was_there: bool,
    pub(super) described: Option<TableDescription>,
    /// Whether the bucket encrypts in two layers: a change of its key must not make that one.
    pub(super) is_dual_layer: bool,
    /// The policy with our statement.
    pub(super) policy: String,
    pub(super) outcome: Outcome,
}

pub(super) const OF_BUCKET: [Step; 6] = [
    Step::Ownership,
    Step::PublicAccess,
    Step::Versioning,
    Step::Encryption,
    Step::TlsOnly,
    Step::OldVersions,
];
const OF_TABLE: [Step; 4] =
    [Step::LockTable, Step::Billing, Step::DeletionProtection, Step::PointInTimeRecovery];

/// Makes what is wanted, as far as it is not there. A step that fails does not keep the others from being
/// made, unless the store does not answer any more.
///
/// # Errors
/// There is no bucket that could be worked with.
pub(super) async fn run(
    connection: &Connection,
    bucket: &Bucket,
    wanted: &Wanted,
) -> Result<Outcome, BootstrapError> {
    let table = wanted.table.as_deref().map(|name| {
        let name = statelock_client::protocol::store::TableName::new(name);
        LockTable::new(connection.clone(), name)
    });
    let region = bucket.asked_region();
    let outcome = Outcome { region, ended: Vec::new(), warnings: Vec::new(), failure: None };
    let (described, policy) = (None, String::new());
    let (has_bucket, was_there, is_dual_layer) = (false, false, false);
    let mut making = Making {
        bucket,
        table,
        wanted,
        has_bucket,
        was_there,
        described,
        is_dual_layer,
        policy,
        outcome,
    };
    making.bucket(connection).await?;
    let of_table = if making.table.is_some() { &OF_TABLE[..] } else { &[] };
    for step in OF_BUCKET.iter().chain(of_table) {
        let is_over =
            matches!(&making.outcome.failure, Some(Failure::Store(error)) if is_fatal(error));
        let is_asked = *step != Step::PointInTimeRecovery || wanted.recovers_table;
        if !is_over && is_asked && !making.has_no_table(*step) {
            making.step(*step).await;
        }
    }
    Ok(making.outcome)
}

/// Whether whatever is asked next will fail as well.
fn is_fatal(error: &StoreError) -> bool {
    match error {
        StoreError::Unknown(_) => true,
        StoreError::Refused { refusal, .. } => *refusal == Refusal::Unavailable,
    }
}

impl Making<'_> {
    /// Finds the bucket, or makes it.
    async fn bucket(&mut self, connection: &Connection) -> Result<(), BootstrapError> {
        let name = || self.bucket.name().as_str().to_owned();
        let presence = match self.bucket.presence().await {
            Ok(presence) => presence,
            Err(StoreError::Refused { refusal: Refusal::NoSuchBucket, .. }) => {
                return self.create().await;
            }
            Err(error) => return Err(BootstrapError::Store(Box::new(error))),
        };
        match presence.access {
            Access::Granted => {}
            Access::Denied(trouble) => {
                return Err(BootstrapError::NotOurs { bucket: name(), why: trouble.to_string() });
            }
            Access::Elsewhere(_) => {
                let asked = self.bucket.asked_region();
                return Err(BootstrapError::Elsewhere {
                    bucket: name(),
                    region: presence.region,
                    asked,
                });
            }
        }
        if let Some(account) = account(connection).await {
            let is_ours = self.bucket.belongs_to(&account).await;
            if !is_ours.map_err(|error| BootstrapError::Store(Box::new(error)))? {
                let why = format!("it does not belong to the account {account}");
                return Err(BootstrapError::NotOurs { bucket: name(), why });
            }
        }
        (self.has_bucket, self.was_there) = (true, true);
        let asked = std::mem::take(&mut self.outcome.region);
        self.outcome.region = presence.region.unwrap_or_else(|| asked.clone());
        if self.outcome.region != asked
            && let Some(table) = &self.table
        {
            return Err(BootstrapError::table_elsewhere(
                name(),
                table.name().as_str(),
                (&self.outcome.region, &asked),
            ));
        }
        let text = format!("{}, in {}", name(), self.outcome.region);
        if self.outcome.region == asked {
            self.end(Step::Bucket, Ending::Already, text, None);
        } else {
            self.end(Step::Bucket, Ending::KeptDifferent, format!("{text}, not in {asked}"), None);
        }
        Ok(())
    }

    async fn create(&mut self) -> Result<(), BootstrapError> {
        let name = self.bucket.name().as_str().to_owned();
        let text = format!("{name}, in {}", self.outcome.region);
        if self.wanted.is_dry {
            self.end(Step::Bucket, Ending::WouldDo, text, None);
            return Ok(());
        }
        let created = self.bucket.create().await;
        self.has_bucket = true;
        match created.map_err(|error| BootstrapError::Store(Box::new(error)))? {
            Creation::Made => self.end(Step::Bucket, Ending::Done, text, None),
            Creation::WasThere => {
                self.was_there = true;
                self.end(Step::Bucket, Ending::Already, text, None);
            }
            Creation::OfSomebodyElse => {
                let why = "names of buckets are shared by all accounts".to_owned();
                return Err(BootstrapError::NotOurs { bucket: name, why });
            }
        }
        Ok(())
    }

    /// Whether the step is about a table that is not there, or cannot be used.
    fn has_no_table(&self, step: Step) -> bool {
        let is_about_it =
            matches!(step, Step::Billing | Step::DeletionProtection | Step::PointInTimeRecovery);
        is_about_it && self.described.is_none()
    }

    async fn step(&mut self, step: Step) {
        let (standing, not_applied) = match self.look(step).await {
            Ok(looked) => looked,
            Err(error) => return self.fail(step, error),
        };
        match standing.course(self.wanted.changes_existing) {
            Course::Already(is) => self.end(step, Ending::Already, is, not_applied),
            Course::Keep(is) => {
                let text = format!("{is}; wanted: {}", self.made_text(step));
                self.end(step, Ending::KeptDifferent, text, not_applied);
            }
            Course::LeaveOut(why) => self.end(step, Ending::LeftOut, why, None),
            Course::Fail(why) => {
                self.outcome.failure.get_or_insert(Failure::Impossible);
                self.end(step, Ending::Failed, why, None);
            }
            Course::Set { replaced } => {
                let mut text = self.made_text(step);
                if let Some(replaced) = replaced {
                    text = format!("{text}; it was: {replaced}");
                }
                if self.wanted.is_dry {
                    return self.end(step, Ending::WouldDo, text, None);
                }
                match self.set(step).await {
                    Ok(made) => self.end(step, Ending::Done, text, made.not_applied),
                    Err(error) => self.fail(step, error),
                }
            }
        }
    }

    async fn set(&mut self, step: Step) -> Result<Made, StoreError> {
        let (bucket, wanted) = (self.bucket, self.wanted);
        let made = |done: Result<(), StoreError>| done.map(|()| Made::default());
        match (step, &self.table) {
            (Step::Ownership, _) => bucket.enforce_ownership().await,
            (Step::PublicAccess, _) => bucket.block_public_access().await,
            (Step::Versioning, _) => bucket.enable_versioning().await,
            (Step::Encryption, _) => {
                bucket.encrypt_by_default(wanted.kms_key.as_deref(), self.is_dual_layer).await
            }
            (Step::TlsOnly, _) => bucket.put_policy(&self.policy).await,
            (Step::OldVersions, _) => bucket.expire_old_versions(wanted.old).await,
            (Step::LockTable, Some(table)) => {
                table.create().await?;
                self.described = Some(table.ready().await?);
                Ok(Made::default())
            }
            (Step::Billing, Some(table)) => {
                made(table.bill_by_request().await)?;
                made(table.ready().await.map(|_| ()))
            }
            (Step::DeletionProtection, Some(table)) => made(table.protect_from_deletion().await),
            (Step::PointInTimeRecovery, Some(table)) => {
                made(table.enable_point_in_time_recovery().await)
            }
            (
                Step::Bucket
                | Step::LockTable
                | Step::Billing
                | Step::DeletionProtection
                | Step::PointInTimeRecovery,
                _,
            ) => Ok(Made::default()),
        }
    }

    /// What is there once it is set; so what is wanted.
    fn made_text(&self, step: Step) -> String {
        let table = self.wanted.table.as_deref().unwrap_or_default();
        match step {
            Step::Bucket => String::new(),
            Step::Ownership => "the bucket's owner owns all objects; no ACLs".to_owned(),
            Step::PublicAccess => "all four parts".to_owned(),
            Step::Versioning => "enabled".to_owned(),
            Step::Encryption => match &self.wanted.kms_key {
                Some(key) if self.is_dual_layer => {
                    format!("{} with {key}", DefaultEncryption::DUAL_LAYER)
                }
                Some(key) => format!("aws:kms with {key}"),
                None => "AES256".to_owned(),
            },
            Step::TlsOnly => {
                "a statement of the bucket policy denies requests without TLS".to_owned()
            }
            Step::OldVersions => {
                old_versions::kept(self.wanted.old.kept_days, self.wanted.old.kept_newest)
            }
            Step::LockTable => format!("{table}: paid for by request, protected from deletion"),
            Step::Billing => "by request".to_owned(),
            Step::DeletionProtection | Step::PointInTimeRecovery => "on".to_owned(),
        }
    }

    fn fail(&mut self, step: Step, error: StoreError) {
        self.end(step, Ending::Failed, error.to_string(), None);
        self.outcome.failure.get_or_insert(Failure::Store(Box::new(error)));
    }

    fn end(&mut self, step: Step, ending: Ending, text: String, not_applied: Option<String>) {
        self.outcome.ended.push(Ended { step, ending, text, not_applied });
    }
}

/// The account, where there is an STS that belongs to the store.
async fn account(connection: &Connection) -> Option<String> {
    if std::env::var_os("AWS_ENDPOINT_URL_S3").is_some() {
        return None;
    }
    let caller = connection.caller_identity().await.ok()?;
    Some(caller.account).filter(|account| !account.is_empty())
}
