//! What is kept of a state: versions, and what removes or keeps them.

use statelock_client::StoreError;
use statelock_client::bucket::{BucketVersioning, LifecycleRule, ObjectLock};
use statelock_client::protocol::state::lockfile_key_of;
use statelock_client::protocol::store::ObjectKey;
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
    "the rule deletes current objects: a state, or the lock of somebody who is at work",
);
static NO_LIFECYCLE: Kind = Kind::notice(
    "lifecycle-keeps-all-versions",
    "old versions of states and lockfiles are kept, and paid for, for ever",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 5] =
    [&EXPIRES_STATES, &VERSIONING_OFF, &OBJECT_LOCK, &MFA_DELETE, &NO_LIFECYCLE];

/// What the bucket keeps of an object that was replaced or deleted.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands::doctor) struct Kept {
    /// Whether Object Lock retains new versions.
    pub(in crate::commands::doctor) is_retained: bool,
    /// Whether there are old versions, or may be.
    pub(in crate::commands::doctor) is_versioned: bool,
}

/// Looks at all but the lifecycle rules.
///
/// # Errors
/// The store stopped to answer.
pub(in crate::commands::doctor) async fn check(
    subject: &Subject,
    findings: &mut Findings,
) -> Result<Kept, StoreError> {
    let bucket = &subject.bucket;
    let asked = bucket.versioning().await;
    let is_versioned = match findings.look(asked, ("versioning", "s3:GetBucketVersioning"))? {
        Looked::At(value) => versioned(subject, value.as_ref(), findings),
        Looked::Away => true,
    };
    let asked = bucket.object_lock().await;
    let permission = "s3:GetBucketObjectLockConfiguration";
    let is_retained = match findings.look(asked, ("Object Lock", permission))? {
        Looked::At(value) => retention(subject, value.as_ref(), findings),
        Looked::Away => false,
    };
    Ok(Kept { is_retained, is_versioned })
}

/// Looks at what the lifecycle rules do to these states, to the one that was named, and to their locks.
///
/// # Errors
/// The store stopped to answer.
pub(in crate::commands::doctor) async fn lifecycle(
    subject: &Subject,
    (states, is_versioned): (&[ObjectKey], bool),
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let asked = subject.bucket.lifecycle().await;
    let looked = findings.look(asked, ("lifecycle", "s3:GetLifecycleConfiguration"))?;
    if let Looked::At(rules) = looked {
        let reach = Reach::of(subject, states);
        rules_of(subject, &reach, (&rules.unwrap_or_default(), is_versioned), findings);
    }
    Ok(())
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
    reach: &Reach,
    (rules, is_versioned): (&[LifecycleRule], bool),
    findings: &mut Findings,
) {
    let key = subject.key();
    let in_force = || rules.iter().filter(|rule| rule.is_enabled);
    let mut is_harmless = true;
    for rule in in_force().filter(|rule| expires(subject, rule)) {
        let Some(object) = reach.object_under(&rule.prefix) else { continue };
        is_harmless = false;
        let when = match rule.expires_current_after_days {
            Some(days) => format!("after {days} days"),
            None => "on a date".to_owned(),
        };
        let name = rule.id.as_deref().unwrap_or("without a name");
        let evidence = format!(
            "lifecycle rule `{name}` deletes objects under `{}` {when}: {object}",
            rule.prefix
        );
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

/// Whether a rule deletes current objects with the tags of states or locks, as far as can be told without
/// knowing their sizes.
fn expires(subject: &Subject, rule: &LifecycleRule) -> bool {
    let objects = &subject.backend.settings().objects;
    let has = |tag: &(String, String)| {
        objects.state_tags.contains(tag) || objects.lock_tags.contains(tag)
    };
    let deletes = rule.expires_current_after_days.is_some() || rule.expires_current_on_a_date;
    deletes && rule.tags.iter().all(has)
}

/// Where the states of a backend and their locks are, or will be.
struct Reach {
    /// Those that are known.
    keys: Vec<ObjectKey>,
    /// What the keys of all other workspaces start with; nothing if that is no folder of their own.
    root: Option<String>,
    /// What those keys end with after the workspace's name: the longest, so that it starts with all others.
    end: String,
}

impl Reach {
    fn of(subject: &Subject, states: &[ObjectKey]) -> Self {
        let address = &subject.backend.settings().address;
        let default = ObjectKey::new(address.state_key().as_str());
        let mut keys = vec![subject.key()];
        for key in std::iter::once(&default).chain(states) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        let prefix = address.workspace_key_prefix().as_str();
        let root = (!prefix.is_empty()).then(|| format!("{prefix}/"));
        let mut end = default;
        if subject.uses_lockfile() {
            keys.extend(keys.iter().map(lockfile_key_of).collect::<Vec<_>>());
            end = lockfile_key_of(&end);
        }
        Self { keys, root, end: end.as_str().to_owned() }
    }

    /// An object under this prefix that is a state or a lock, in words.
    fn object_under(&self, prefix: &str) -> Option<String> {
        if let Some(key) = self.keys.iter().find(|key| key.as_str().starts_with(prefix)) {
            return Some(format!("`{key}`"));
        }
        let root = self.root.as_deref()?;
        let is_of_workspaces = match prefix.strip_prefix(root) {
            Some(rest) => rest.split_once('/').is_none_or(|(_, rest)| self.end.starts_with(rest)),
            None => root.starts_with(prefix),
        };
        is_of_workspaces.then(|| format!("workspaces under `{root}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reaches_locks_and_workspaces_that_are_not_there_yet() {
        let keys = ["app/x.tfstate", "env:/dev/app/x.tfstate", "app/x.tfstate.tflock"];
        let keys = keys.map(ObjectKey::new).to_vec();
        let root = Some("env:/".to_owned());
        let reach = Reach { keys, root, end: "app/x.tfstate.tflock".to_owned() };
        for prefix in [
            "",
            "app/",
            "app/x.tfstate.tflock",
            "env:/",
            "env",
            "env:/dev/",
            "env:/pr",
            "env:/prod/",
            "env:/prod/app/x.tfstate.tfl",
        ] {
            assert!(reach.object_under(prefix).is_some(), "{prefix}");
        }
        for prefix in ["logs/", "app/x.tfstate.backup", "env:/prod/other/", "env:/dev/app/y"] {
            assert_eq!(reach.object_under(prefix), None, "{prefix}");
        }
        // Where workspaces are at the top, each folder may be one.
        let reach = Reach { root: None, ..reach };
        assert_eq!(reach.object_under("logs/"), None);
        assert!(reach.object_under("env:/dev/").is_some());
    }
}
