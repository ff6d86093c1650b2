//! Whether the bucket is there, in which region, at what time, and for whom.

use std::time::Duration;

use statelock_client::bucket::{Access, Presence};
use statelock_client::{ConnectError, StoreError};

use crate::commands::doctor::finding::{Findings, Fix, Kind};
use crate::commands::doctor::subject::Subject;
use crate::exit_code::ExitCode;
use crate::span;

/// A clock that is further off than this makes ages wrong that people act on.
const CLOCK_OFF_MIN_SECONDS: u64 = 60;
/// Credentials that end within this time end under many an apply.
const CREDENTIALS_LAST_MIN: Duration = Duration::from_mins(15);

static ELSEWHERE: Kind = Kind::critical(
    "bucket-in-another-region",
    ExitCode::BadInput,
    "Terraform's requests are refused or sent around, and `terraform init` fails",
);
static NOT_LISTABLE: Kind = Kind::warning(
    "bucket-not-listable",
    ExitCode::NotPermitted,
    "`terraform workspace list` fails, and a state or lockfile that is not there looks forbidden instead of absent",
);
static CLOCK_OFF: Kind = Kind::warning(
    "clock-off",
    ExitCode::BadInput,
    "ages of locks are wrong by that much; from 15 minutes on, S3 refuses requests (RequestTimeTooSkewed)",
);
static CREDENTIALS_END: Kind = Kind::warning(
    "credentials-end-soon",
    ExitCode::NotPermitted,
    "an apply that takes longer cannot save its state, and leaves its lock",
);
static CALLER_NOT_KNOWN: Kind = Kind::notice(
    "caller-not-known",
    "policies that name principals cannot be judged for you; stores that are not AWS often have no STS",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 5] =
    [&ELSEWHERE, &NOT_LISTABLE, &CLOCK_OFF, &CREDENTIALS_END, &CALLER_NOT_KNOWN];

/// What later checks need to know.
#[derive(Debug, Default)]
pub(in crate::commands::doctor) struct Here {
    /// Who asks.
    pub(in crate::commands::doctor) caller_arn: Option<String>,
    /// Whether the bucket answers in this region.
    pub(in crate::commands::doctor) is_reachable: bool,
}

/// Looks.
///
/// # Errors
/// There is no such bucket, or no answer: nothing else can be looked at.
pub(in crate::commands::doctor) async fn check(
    subject: &Subject,
    findings: &mut Findings,
) -> Result<Here, StoreError> {
    let presence = subject.bucket.presence().await?;
    let is_reachable = !matches!(presence.access, Access::Elsewhere(_));
    access(subject, &presence, findings);
    clock(&presence, findings);
    credentials(subject.backend.connection().credentials_last().await, findings);
    let caller_arn = match subject.backend.connection().caller_identity().await {
        Ok(caller) => {
            findings.fine("caller", format!("{} of account {}", caller.arn, caller.account));
            Some(caller.arn)
        }
        Err(error) => {
            let fix = Fix::by_hand("nothing, if the store has no STS; else check the credentials");
            findings.add(&CALLER_NOT_KNOWN, error.to_string(), fix);
            None
        }
    };
    Ok(Here { caller_arn, is_reachable })
}

fn access(subject: &Subject, presence: &Presence, findings: &mut Findings) {
    let bucket = subject.bucket.name();
    let asked = subject.backend.connection().region().unwrap_or("another region");
    let region = presence.region.as_deref();
    match &presence.access {
        Access::Elsewhere(trouble) => {
            let is_in = region.unwrap_or("another region");
            let evidence = format!("bucket `{bucket}` is in {is_in}, asked was {asked}: {trouble}");
            let fix = match region {
                Some(region) => {
                    Fix::paste("set it in the backend block", format!("region = \"{region}\""))
                }
                None => Fix::by_hand("set the `region` in which the bucket is"),
            };
            findings.add(&ELSEWHERE, evidence, fix);
        }
        Access::Denied(trouble) => {
            let statement = format!(
                "{{\n  \"Effect\": \"Allow\",\n  \"Action\": \"s3:ListBucket\",\n  \"Resource\": \"arn:aws:s3:::{bucket}\"\n}}"
            );
            let fix = Fix::paste("allow it in the policy of your role", statement);
            findings.add(&NOT_LISTABLE, trouble.to_string(), fix);
        }
        Access::Granted => {
            let where_it_is = region.map(|region| format!(" in {region}")).unwrap_or_default();
            findings.fine("bucket", format!("`{bucket}` is there{where_it_is}, and can be listed"));
        }
    }
}

fn clock(presence: &Presence, findings: &mut Findings) {
    let Some(ahead) = presence.clock_ahead_seconds else { return };
    let off = span::shown(ahead.unsigned_abs());
    if ahead.unsigned_abs() < CLOCK_OFF_MIN_SECONDS {
        findings.fine("clock", format!("{off} off the store's"));
        return;
    }
    let which = if ahead > 0 { "behind" } else { "ahead of" };
    let fix = Fix::paste("let the time be set by NTP", "timedatectl set-ntp true");
    findings.add(&CLOCK_OFF, format!("this machine's clock is {off} {which} the store's"), fix);
}

fn credentials(last: Result<Option<Duration>, ConnectError>, findings: &mut Findings) {
    let sign_in = Fix::by_hand(
        "sign in again before a long apply, or ask for longer sessions (`assume_role.duration`, the role's maximum session duration)",
    );
    match last {
        Ok(None) => findings.fine("credentials", "they do not end by themselves"),
        Ok(Some(left)) if left >= CREDENTIALS_LAST_MIN => {
            findings.fine("credentials", format!("they last for {}", span::shown(left.as_secs())));
        }
        Ok(Some(left)) => {
            let evidence = format!("the credentials end in {}", span::shown(left.as_secs()));
            findings.add(&CREDENTIALS_END, evidence, sign_in);
        }
        Err(error) => findings.add(&CREDENTIALS_END, error.to_string(), sign_in),
    }
}
