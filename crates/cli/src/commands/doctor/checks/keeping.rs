//! What is kept of a state: versions, and what removes or keeps them.

use statelock_client::StoreError;
use statelock_client::bucket::{BucketVersioning, LifecycleRule, ObjectLock};
use statelock_client::state::Versioning;

use crate::commands::doctor::finding::{Findings, Fix, Kind, Looked};
use crate::commands::doctor::subject::Subject;
use crate::exit_code::ExitCode;

static VERSIONING_OFF: Kind = Kind::warning(
    "versioning-off",
    ExitCode::BadInput,
    "a state that was overwritten or deleted by mistake is gone",
);
static MFA_DELETE: Kind = Kind::notice(
    "mfa-delete-on",
    "locks are released as usual, but old versions can be removed neither by lifecycle rules nor by `statelock gc` without a second factor",
);
static OBJECT_LOCK: Kind = Kind::warning(
    "object-lock-retains-locks",
    ExitCode::BadInput,
    "each lock that is taken by lockfile leaves a version that nobody can remove before the retention ends, and Terraform 1.10.0 cannot lock at all",
);
static EXPIRES_STATES: Kind = Kind::critical(
    "lifecycle-expires-states",
    ExitCode::BadInput,
    "the rule deletes current objects: the state itself, or the lock of somebody who is at work",
);
static NO_LIFECYCLE: Kind = Kind::notice(
    "lifecycle-keeps-all-versions",
    "old versions of states and lockfiles are kept, and paid for, for ever",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 5] =
    [&EXPIRES_STATES, &VERSIONING_OFF, &OBJECT_LOCK, &MFA_DELETE, &NO_LIFECYCLE];

/// Looks; whether Object Lock retains new versions.
///
/// # Errors
/// The store stopped to answer.
pub(in crate::commands::doctor) async fn check(
    subject: &Subject,
    findings: &mut Findings,
) -> Result<bool, StoreError> {
    let bucket = &subject.bucket;
    let asked = bucket.versioning().await;
    let is_versioned = match findings.look(asked, ("versioning", "s3:GetBucketVersioning"))? {
        Looked::At(value) => versioned(subject, value.as_ref(), findings),
        Looked::Away => true,
    };
    let asked = bucket.object_lock().await;
    let permission = "s3:GetBucketObjectLockConfiguration";
    let retains = match findings.look(asked, ("Object Lock", permission))? {
        Looked::At(value) => retention(subject, value.as_ref(), findings),
        Looked::Away => false,
    };
    let asked = bucket.lifecycle().await;
    let looked = findings.look(asked, ("lifecycle", "s3:GetLifecycleConfiguration"))?;
    if let Looked::At(rules) = looked {
        rules_of(subject, (&rules.unwrap_or_default(), is_versioned), findings);
    }
    Ok(retains)
}

/// Whether old versions are there, or may be.
fn versioned(subject: &Subject, value: Option<&BucketVersioning>, findings: &mut Findings) -> bool {
    let (evidence, is_kept) = match value.map(|value| value.versioning) {
        Some(Versioning::Enabled) => ("on", true),
        Some(Versioning::Suspended) => ("versioning is suspended", false),
        Some(Versioning::Off) | None => ("versioning is off", false),
    };
    if is_kept {
        findings.fine("versioning", evidence);
    } else {
        let command =
            subject.s3api("put-bucket-versioning", "--versioning-configuration Status=Enabled");
        findings.add(&VERSIONING_OFF, evidence, Fix::paste("switch it on", command));
    }
    if value.is_some_and(|value| value.is_mfa_delete) {
        let fix = Fix::by_hand(
            "nothing, if that is meant; the root user of the account can switch it off",
        );
        findings.add(&MFA_DELETE, "deleting a version needs a second factor", fix);
    }
    value.is_some()
}

fn retention(subject: &Subject, value: Option<&ObjectLock>, findings: &mut Findings) -> bool {
    let Some(retention) = value.and_then(|lock| lock.default_retention.as_ref()) else {
        let evidence = if value.is_some() { "on, without default retention" } else { "off" };
        findings.fine("object-lock", evidence);
        return false;
    };
    let evidence =
        format!("each new version is kept for {} days ({})", retention.days, retention.mode);
    let command = subject.s3api(
        "put-object-lock-configuration",
        "--object-lock-configuration ObjectLockEnabled=Enabled",
    );
    let fix = Fix::paste(
        "keep states in a bucket without default retention, or remove it here and set it on states alone; this removes it",
        command,
    );
    findings.add(&OBJECT_LOCK, evidence, fix);
    true
}

fn rules_of(
    subject: &Subject,
    (rules, is_versioned): (&[LifecycleRule], bool),
    findings: &mut Findings,
) {
    let key = subject.key();
    let in_force = || rules.iter().filter(|rule| rule.is_enabled);
    let mut is_harmless = true;
    for rule in in_force().filter(|rule| expires(subject, rule, key.as_str())) {
        is_harmless = false;
        let when = match rule.expires_current_after_days {
            Some(days) => format!("after {days} days"),
            None => "on a date".to_owned(),
        };
        let name = rule.id.as_deref().unwrap_or("without a name");
        let evidence =
            format!("lifecycle rule `{name}` deletes objects under `{}` {when}", rule.prefix);
        let fix = Fix::by_hand(
            "remove `Expiration` with `Days` or `Date` from that rule, or give it a prefix that holds no state",
        );
        findings.add(&EXPIRES_STATES, evidence, fix);
    }
    let removes = in_force().any(|rule| {
        rule.expires_noncurrent_after_days.is_some() && key.as_str().starts_with(&rule.prefix)
    });
    if is_versioned && !removes {
        let fix = Fix::paste(
            "keep old versions for 90 days, and the ten newest of them whatever their age (it replaces all rules)",
            subject.s3api("put-bucket-lifecycle-configuration", LIFECYCLE),
        );
        findings.add(&NO_LIFECYCLE, "no lifecycle rule removes old versions of this state", fix);
    } else if is_harmless {
        let evidence = if removes { "old versions are removed" } else { "no rule touches states" };
        findings.fine("lifecycle", evidence);
    }
}

const LIFECYCLE: &str = r#"--lifecycle-configuration '{
  "Rules": [{
    "ID": "old-versions", "Status": "Enabled", "Filter": {},
    "NoncurrentVersionExpiration": { "NoncurrentDays": 90, "NewerNoncurrentVersions": 10 },
    "Expiration": { "ExpiredObjectDeleteMarker": true },
    "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 7 }
  }]
}'"#;

/// Whether a rule deletes current states, as far as can be told without knowing their sizes.
fn expires(subject: &Subject, rule: &LifecycleRule, key: &str) -> bool {
    let objects = &subject.backend.settings().objects;
    let has = |tag: &(String, String)| {
        objects.state_tags.contains(tag) || objects.lock_tags.contains(tag)
    };
    let deletes = rule.expires_current_after_days.is_some() || rule.expires_current_on_a_date;
    deletes && key.starts_with(&rule.prefix) && rule.tags.iter().all(has)
}
