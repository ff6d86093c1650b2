//! The lock table as a whole.

use statelock_client::StoreError;
use statelock_client::lock_table::{Billing, LockTable, TableDescription, TimeToLive};
use statelock_client::protocol::store::Refusal;

use crate::commands::doctor::finding::{Findings, Fix, Kind};
use crate::commands::doctor::subject::Subject;
use crate::exit_code::ExitCode;
use crate::shell::quoted;

static MISSING: Kind = Kind::critical(
    "lock-table-missing",
    ExitCode::NotFound,
    "nobody can lock, plan or apply with this configuration",
);
static WRONG_KEY: Kind = Kind::critical(
    "lock-table-key",
    ExitCode::BadInput,
    "Terraform's requests are refused, so nobody can lock",
);
static NOT_ACTIVE: Kind = Kind::critical(
    "lock-table-not-active",
    ExitCode::Unavailable,
    "nobody can lock until the table is ACTIVE",
);
static EXPIRES: Kind = Kind::critical(
    "lock-table-expires-items",
    ExitCode::BadInput,
    "a lock that is still held vanishes, and two applies run at once",
);
static PROVISIONED: Kind = Kind::notice(
    "lock-table-provisioned",
    "many pipelines at once are throttled, and what is provided is paid for whether it is used or not",
);
static UNPROTECTED: Kind = Kind::notice(
    "lock-table-unprotected",
    "the table, with every lock in it, can be deleted with one request",
);
static NOT_DESCRIBED: Kind =
    Kind::notice("lock-table-not-described", "whether the table is as it should be is not known");
static DEPRECATED: Kind = Kind::notice(
    "lock-table-deprecated",
    "Terraform 1.11 and newer warn of `dynamodb_table` on standard output, and will remove it; OpenTofu keeps it",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 8] = [
    &MISSING,
    &WRONG_KEY,
    &NOT_ACTIVE,
    &EXPIRES,
    &PROVISIONED,
    &UNPROTECTED,
    &NOT_DESCRIBED,
    &DEPRECATED,
];

/// Looks, if there is one; whether it can be worked with.
///
/// # Errors
/// The store stopped to answer.
pub(in crate::commands::doctor) async fn check(
    subject: &Subject,
    findings: &mut Findings,
) -> Result<bool, StoreError> {
    let Some(table) = &subject.table else { return Ok(true) };
    let name = table.name();
    match table.describe().await {
        Ok(table) => {
            described(subject, &table, findings);
        }
        Err(StoreError::Refused { refusal: Refusal::NoSuchTable, trouble }) => {
            let create = format!(
                "aws dynamodb create-table --table-name {} --billing-mode PAY_PER_REQUEST \
                 --attribute-definitions AttributeName=LockID,AttributeType=S --key-schema AttributeName=LockID,KeyType=HASH",
                quoted(name.as_str())
            );
            let fix = Fix::paste("correct its name or the region, or make it", create);
            findings.add(&MISSING, trouble.to_string(), fix);
            return Ok(false);
        }
        Err(StoreError::Refused {
            refusal: Refusal::Denied | Refusal::Unsupported,
            trouble,
            ..
        }) => {
            let fix = Fix::by_hand("ask again with the permission dynamodb:DescribeTable");
            findings.add(&NOT_DESCRIBED, trouble.to_string(), fix);
        }
        Err(error) => return Err(error),
    }
    time_to_live(subject, table, findings).await?;
    let fix = Fix::paste("move to lockfiles, step by step", "statelock migrate scan .");
    findings.add(&DEPRECATED, format!("the state is locked by table `{name}`"), fix);
    Ok(true)
}

async fn time_to_live(
    subject: &Subject,
    table: &LockTable,
    findings: &mut Findings,
) -> Result<(), StoreError> {
    match table.time_to_live().await? {
        TimeToLive::Disabled => findings.fine("lock-table-expiry", "items stay"),
        TimeToLive::Enabled { attribute } => {
            let off = format!(
                "--time-to-live-specification Enabled=false,AttributeName={}",
                quoted(&attribute)
            );
            let fix = Fix::paste("switch it off", subject.dynamodb("update-time-to-live", &off));
            findings.add(&EXPIRES, format!("items expire by their attribute `{attribute}`"), fix);
        }
        TimeToLive::NotSaid(error) => {
            let fix = Fix::by_hand("ask again with the permission dynamodb:DescribeTimeToLive");
            findings.add(&NOT_DESCRIBED, format!("whether items expire: {error}"), fix);
        }
    }
    Ok(())
}

fn described(subject: &Subject, table: &TableDescription, findings: &mut Findings) {
    if table.has_lock_key() {
        findings.fine("lock-table-key", "LockID, a string");
    } else {
        let fix = Fix::by_hand(
            "name another table: a key cannot be changed. It needs one partition key `LockID` of type S, and no sort key",
        );
        findings.add(&WRONG_KEY, format!("its key is {}", table.key_text()), fix);
    }
    if !table.is_active() {
        let fix = Fix::by_hand("wait until it is made, or restore it");
        findings.add(&NOT_ACTIVE, format!("the table is {}", table.status), fix);
    }
    match table.billing {
        Billing::OnDemand => findings.fine("lock-table-billing", "by request"),
        Billing::Provisioned { reads, writes } => {
            let evidence = format!("{reads} reads and {writes} writes per second are provided");
            let to = subject.dynamodb("update-table", "--billing-mode PAY_PER_REQUEST");
            findings.add(&PROVISIONED, evidence, Fix::paste("pay by request", to));
        }
    }
    if table.is_deletion_protected {
        findings.fine("lock-table-protection", "on");
    } else {
        let on = subject.dynamodb("update-table", "--deletion-protection-enabled");
        let fix = Fix::paste("switch deletion protection on", on);
        findings.add(&UNPROTECTED, "deletion protection is off", fix);
    }
}
