//! Takes and releases a lock for real, beside the state.

use statelock_client::proof::{Fault, Proof, ProofReport, Tried};
use statelock_client::protocol::lock::LockId;
use statelock_client::protocol::lock::steps::{Place, RemoveOutcome};
use statelock_client::protocol::store::Refusal;
use statelock_client::{LockError, ReleaseReport, StateBackend, Trouble};

use crate::backend::{place_name, refused_hint, removal_lines};
use crate::commands::doctor::finding::{Findings, Fix, Kind};
use crate::commands::doctor::subject::Subject;
use crate::commands::trial_operation::TrialOperation;
use crate::evidence::{self, Lifeline};
use crate::exit_code::ExitCode;
use crate::shell::quoted;

static TAKE_DENIED: Kind = Kind::critical(
    "lock-take-denied",
    ExitCode::NotPermitted,
    "Terraform cannot lock with these credentials, so it can neither plan nor apply",
);
static RELEASE_DENIED: Kind = Kind::critical(
    "lock-release-denied",
    ExitCode::NotPermitted,
    "Terraform takes the lock, does its work, and leaves the lock behind: the next run is blocked until somebody removes it",
);
static LOOK_DENIED: Kind = Kind::critical(
    "lock-look-denied",
    ExitCode::NotPermitted,
    "who is kept out is not told by whom, and does not wait: `-lock-timeout` has no effect. Terraform cannot release either, for it looks before",
);
static DOES_NOT_LOCK: Kind = Kind::critical(
    "store-does-not-lock",
    ExitCode::Unsupported,
    "two applies run at the same time, and the later one overwrites the state of the other",
);
static NOT_AGAIN: Kind = Kind::critical(
    "lock-not-takable-again",
    ExitCode::Unsupported,
    "after the first release nobody can lock this state any more: a deleted lock stays in the way",
);
static LEFT: Kind = Kind::critical(
    "trial-lock-left",
    ExitCode::OutcomeUnknown,
    "the lock of the trial may be left; with --own-lock it keeps everybody from the state, else it locks nothing real",
);
static FAILED: Kind = Kind::warning(
    "lock-trial-failed",
    ExitCode::Unavailable,
    "whether the lock holds is not shown",
);
static VERSIONS_LEFT: Kind = Kind::notice(
    "trial-versions-left",
    "old versions of the trial's lockfile stay in the bucket. They lock nothing",
);
static NOT_TRIED: Kind = Kind::notice(
    "lock-not-tried",
    "whether these credentials may take and release a lock, and whether the store really locks, is not shown",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 9] = [
    &DOES_NOT_LOCK,
    &NOT_AGAIN,
    &TAKE_DENIED,
    &RELEASE_DENIED,
    &LOOK_DENIED,
    &LEFT,
    &FAILED,
    &VERSIONS_LEFT,
    &NOT_TRIED,
];

/// Says that it was left out.
pub(in crate::commands::doctor) fn left_out(findings: &mut Findings) {
    let fix = Fix::by_hand("run doctor without --no-write");
    findings.add(&NOT_TRIED, "--no-write", fix);
}

/// Tries it twice, so that the second lock comes after a release. Whatever happens, what was taken is released, if
/// the store lets it.
///
/// Dropping the future may leave a lock of the throw-away state: let it end.
pub(in crate::commands::doctor) async fn run(
    subject: &Subject,
    throwaway: &StateBackend,
) -> Findings {
    let mut findings = Findings::default();
    let trial = Trial { throwaway };
    let claim = evidence::claim(TrialOperation::Doctor.text(), None, Lifeline::Process);
    let proof = Proof::new(throwaway.clone(), vec![throwaway.settings().mode.clone()]);
    let first = proof.run(&claim).await;
    if first.has_fault() {
        trial.faults(&first, &mut findings);
    } else {
        let second = proof.run(&claim).await;
        if second.has_fault() {
            trial.faults_after_release(&second, first.lock_id.as_ref(), &mut findings);
        } else {
            findings.fine("lock", "taken, refused to a second client, released, and taken again");
        }
    }
    trial.sweep(subject, &mut findings).await;
    findings
}

struct Trial<'a> {
    throwaway: &'a StateBackend,
}

impl Trial<'_> {
    fn faults(&self, report: &ProofReport, findings: &mut Findings) {
        for step in &report.steps {
            if let Some(fault) = &step.fault {
                self.fault(&step.tried, fault, report.lock_id.as_ref(), findings);
            }
        }
    }

    /// The same, where the first lock went well: then a refusal comes from what the first one left, unless it is
    /// because of another's lock.
    fn faults_after_release(
        &self,
        report: &ProofReport,
        first: Option<&LockId>,
        findings: &mut Findings,
    ) {
        let not_taken = report.steps.iter().find_map(|step| match &step.fault {
            Some(Fault::NotTaken(error)) => Some(error),
            Some(_) | None => None,
        });
        match not_taken {
            Some(error) if is_fault_of_store(error, first) => {
                let fix =
                    Fix::by_hand("use another store; some are cured by switching versioning off");
                findings.add(&NOT_AGAIN, format!("the second lock: {error}"), fix);
            }
            Some(_) | None => self.faults(report, findings),
        }
    }

    fn fault(&self, tried: &Tried, fault: &Fault, id: Option<&LockId>, findings: &mut Findings) {
        let step = step_name(tried);
        match fault {
            Fault::NotTaken(error) | Fault::NotShutOut(error) => {
                self.not_taken(&step, error, findings);
            }
            Fault::LetIn { id, is_released } => {
                let evidence = format!(
                    "{step}: a second client got the lock ({id}) while the first one held it"
                );
                findings.add(&DOES_NOT_LOCK, evidence, other_store());
                if !is_released {
                    self.left(Some(id), "the second client's lock", findings);
                }
            }
            Fault::NotShown => {
                let evidence =
                    format!("{step}: the store said that the lock was taken, and does not show it");
                findings.add(&DOES_NOT_LOCK, evidence, other_store());
            }
            Fault::ShowsAnother(_) => {
                let evidence = format!("{step}: another lock is there than the one that was taken");
                findings.add(&DOES_NOT_LOCK, evidence, other_store());
            }
            Fault::NotLooked { refusal, trouble } => {
                self.not_looked(&step, *refusal, trouble.as_ref(), findings);
            }
            Fault::WasGone(report) => {
                let evidence = format!(
                    "{step}: the lock was gone before: {}",
                    removal_lines(report).join("; ")
                );
                findings.add(&DOES_NOT_LOCK, evidence, other_store());
            }
            Fault::NotReleased(report) => self.not_released(&step, report, id, findings),
            Fault::Left(_) => self.left(id, &format!("{step}: it is still there"), findings),
            Fault::Held(_) => {
                let evidence = format!("{step}: somebody holds the lock");
                findings.add(
                    &FAILED,
                    evidence,
                    Fix::by_hand("run doctor again when it is released"),
                );
            }
        }
    }

    fn not_taken(&self, step: &str, error: &LockError, findings: &mut Findings) {
        let evidence = format!("{step}: {error}");
        match error {
            LockError::Refused { refusal: Refusal::Denied, trouble } => {
                let fix = self.allow(trouble.as_deref());
                findings.add(&TAKE_DENIED, evidence, fix);
            }
            LockError::Refused { refusal: Refusal::Unsupported, .. } => {
                findings.add(&DOES_NOT_LOCK, evidence, other_store());
            }
            LockError::Refused { refusal, .. } => {
                findings.add(&FAILED, evidence, Fix::by_hand(refused_hint(*refusal)));
            }
            LockError::Unknown { id, .. } => self.left(Some(id), &evidence, findings),
            LockError::Held { .. } | LockError::Unstable { .. } | LockError::NoLockId(_) => {
                findings.add(&FAILED, evidence, Fix::by_hand("run doctor again"));
            }
        }
    }

    fn not_looked(
        &self,
        step: &str,
        refusal: Option<Refusal>,
        trouble: Option<&Trouble>,
        findings: &mut Findings,
    ) {
        let said = trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default();
        let evidence = format!("{step}: the lock could not be looked at{said}");
        match refusal {
            Some(Refusal::Denied) => findings.add(&LOOK_DENIED, evidence, self.allow(trouble)),
            Some(refusal) => findings.add(&FAILED, evidence, Fix::by_hand(refused_hint(refusal))),
            None => findings.add(&FAILED, evidence, Fix::by_hand("run doctor again")),
        }
    }

    fn not_released(
        &self,
        step: &str,
        report: &ReleaseReport,
        id: Option<&LockId>,
        findings: &mut Findings,
    ) {
        let said =
            report.trouble.as_ref().map(|trouble| format!(" ({trouble})")).unwrap_or_default();
        let evidence = format!("{step}: {}{said}", removal_lines(report).join("; "));
        let outcomes = || report.released.places.iter().map(|(_, outcome)| outcome);
        let is_denied =
            outcomes().any(|outcome| *outcome == RemoveOutcome::Refused(Refusal::Denied));
        if is_denied {
            findings.add(&RELEASE_DENIED, evidence.clone(), self.allow(report.trouble.as_ref()));
        }
        let stuck = report.released.places.iter().filter(|(_, outcome)| match outcome {
            RemoveOutcome::Refused(_) | RemoveOutcome::Unknown => true,
            RemoveOutcome::Removed { .. } | RemoveOutcome::Absent | RemoveOutcome::Other(_) => {
                false
            }
        });
        for (place, _) in stuck {
            let fix = Fix::paste("remove it with credentials that may", removal(place));
            let id = id.map(|id| format!(", lock {id}")).unwrap_or_default();
            findings.add(&LEFT, format!("{}{id}", place_name(place)), fix);
        }
    }

    fn left(&self, id: Option<&LockId>, evidence: &str, findings: &mut Findings) {
        let address = &self.throwaway.settings().address;
        let which = id.map(|id| format!(", lock {id}")).unwrap_or_default();
        let places = statelock_client::protocol::lock::steps::Places::of(
            address,
            &self.throwaway.settings().mode,
        );
        let commands: Vec<_> = places.iter().map(removal).collect();
        let fix = Fix::paste("remove it", commands.join("\n"));
        findings.add(&LEFT, format!("{evidence} ({address}{which})"), fix);
    }

    /// A statement that permits what was refused.
    fn allow(&self, trouble: Option<&Trouble>) -> Fix {
        let address = &self.throwaway.settings().address;
        let action = trouble.map(|trouble| match (trouble.service, trouble.operation) {
            ("S3", operation) => format!("s3:{operation}"),
            (_, operation) => format!("dynamodb:{operation}"),
        });
        let settings = self.throwaway.settings();
        let table = settings.mode.table();
        let is_table = action.as_ref().is_some_and(|action| action.starts_with("dynamodb:"));
        let resource = match table {
            Some(table) if is_table => format!("arn:aws:dynamodb:*:*:table/{table}"),
            Some(_) | None => format!("arn:aws:s3:::{}/*.tflock", address.bucket()),
        };
        let actions = if is_table {
            "[\"dynamodb:GetItem\", \"dynamodb:PutItem\", \"dynamodb:DeleteItem\"]"
        } else {
            "[\"s3:GetObject\", \"s3:PutObject\", \"s3:DeleteObject\"]"
        };
        let named = action.map(|action| format!("{action} was refused. ")).unwrap_or_default();
        let statement = format!(
            "{{\n  \"Effect\": \"Allow\",\n  \"Action\": {actions},\n  \"Resource\": \"{resource}\"\n}}"
        );
        let what = format!(
            "{named}Allow it; if your policy names the state's own lock alone, try that one with --own-lock"
        );
        Fix::paste(what, statement)
    }

    /// Removes the versions that the trial has left in a bucket that keeps them.
    async fn sweep(&self, subject: &Subject, findings: &mut Findings) {
        if !subject.uses_lockfile() {
            return;
        }
        // Who may not list versions has none to remove, or cannot: that is no fault of the lock.
        let Ok(swept) = self.throwaway.sweep_throwaway_versions().await else { return };
        let Some(trouble) = swept.trouble.filter(|_| swept.left > 0) else { return };
        let evidence = format!("{} versions and delete markers are left: {trouble}", swept.left);
        let remove = crate::backend::command("gc", &subject.named, "");
        findings.add(
            &VERSIONS_LEFT,
            evidence,
            Fix::paste("remove them with credentials that may", remove),
        );
    }
}

/// Whether the store refused a second lock although nobody held one, after the one with the ID `first` was released.
fn is_fault_of_store(error: &LockError, first: Option<&LockId>) -> bool {
    match error {
        // The state's own lock may be taken by anybody in between.
        LockError::Held { holder, .. } => first.is_some() && holder.id().as_ref() == first,
        LockError::Unstable { .. } => true,
        LockError::Refused { refusal, .. } => *refusal == Refusal::PreconditionFailed,
        LockError::Unknown { .. } | LockError::NoLockId(_) => false,
    }
}

fn step_name(tried: &Tried) -> String {
    match tried {
        Tried::Free => "looking whether the lock is free".to_owned(),
        Tried::Taken => "taking the lock".to_owned(),
        Tried::Shown(place) => format!("looking at the {}", place_name(place)),
        Tried::ShutOut(mode) => format!("taking it a second time (mode {mode})"),
        Tried::Released => "releasing it".to_owned(),
        Tried::Gone => "looking whether it is gone".to_owned(),
    }
}

fn other_store() -> Fix {
    Fix::by_hand(
        "do not apply with this store in parallel: use a lock table, a store with conditional writes, or `statelock serve`",
    )
}

/// What removes a lock, past everything.
fn removal(place: &Place) -> String {
    match place {
        Place::Lockfile(place) => format!(
            "aws s3api delete-object --bucket {} --key {}",
            quoted(place.bucket.as_str()),
            quoted(place.key.as_str())
        ),
        Place::LockTable(place) => {
            let key = serde_json::json!({ "LockID": { "S": place.key.as_str() } }).to_string();
            format!(
                "aws dynamodb delete-item --table-name {} --key {}",
                quoted(place.table.as_str()),
                quoted(&key)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use statelock_client::protocol::lock::steps::{LockMark, StoredLock};
    use statelock_client::protocol::lock::unified::Facet;

    use super::*;

    #[test]
    fn a_second_lock_fails_by_the_store_only_if_nobody_holds_one() {
        let ours = LockId::parse("ours").unwrap();
        let held = |id: &str| {
            let bytes = format!(
                r#"{{"ID":"{id}","Operation":"apply","Info":"","Who":"a@b","Version":"1","Created":"2026-01-02T03:04:05Z","Path":"p"}}"#
            );
            let holder = StoredLock { bytes: bytes.into_bytes(), mark: LockMark::Info(None) };
            LockError::Held { facet: Facet::Lockfile, holder: Box::new(holder) }
        };
        let refused = |refusal| LockError::Refused { refusal, trouble: None };
        assert!(!is_fault_of_store(&held("another"), Some(&ours)));
        assert!(is_fault_of_store(&held("ours"), Some(&ours)), "it was released");
        assert!(is_fault_of_store(&LockError::Unstable { facet: Facet::Lockfile }, Some(&ours)));
        assert!(is_fault_of_store(&refused(Refusal::PreconditionFailed), Some(&ours)));
        assert!(!is_fault_of_store(&refused(Refusal::Denied), Some(&ours)));
    }
}
