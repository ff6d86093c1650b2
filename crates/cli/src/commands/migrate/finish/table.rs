//! Removes from one table what the migration leaves there.

use statelock_client::lock_table::{DigestRemoval, LockTable};
use statelock_client::protocol::lock::steps::LockMode;
use statelock_client::protocol::store::Refusal;
use statelock_client::{StateBackend, StoreError};
use statelock_protocol::state::{LockTableKey, StateAddress, WorkspaceName};

use super::super::store_name::{self, Service};
use super::super::survey::Unit;
use super::report::{LockOut, TableReport, TroubleOut};
use super::sorting::Sorted;
use super::subject::Subject;
use super::{FinishArgs, killed_proofs, retire};
use crate::backend::{BackendArgs, BackendError, refused_exit_code, refused_hint, whose};
use crate::commands::CommandError as _;
use crate::exit_code::ExitCode;

/// Looks at a table, and with `--yes` removes what may go.
pub(super) async fn finish(subject: &Subject<'_>, args: &FinishArgs) -> TableReport {
    let mut report = TableReport {
        table: subject.table.as_str().to_owned(),
        region: subject.region.clone(),
        units: subject.units.iter().map(|unit| unit.name.clone()).collect(),
        named_by: subject.named_by.clone(),
        ..TableReport::default()
    };
    let (backend, addresses) = match connect(subject, &args.backend).await {
        Ok(connected) => connected,
        Err(error) => {
            report.problem = Some(of_backend(&error));
            return report;
        }
    };
    report.region = backend.connection().region().map(str::to_owned).or(report.region);
    let table = LockTable::new(backend.connection().clone(), subject.table.clone());
    let sorted = match sorted(&table, &addresses).await {
        Ok(sorted) => sorted,
        Err(StoreError::Refused { refusal: Refusal::NoSuchTable, .. }) => {
            is_gone(&backend, args.table_deleted, &mut report).await;
            return report;
        }
        Err(error) => {
            report.problem = Some(of_store(&error));
            return report;
        }
    };
    describe(&sorted, &mut report);
    if args.yes && report.may_go_on() {
        report.has_begun = true;
        remove(&table, &backend, (&sorted, &addresses), &mut report).await;
    }
    if report.may_be_retired() {
        report.retire = retire::commands(&report.table, report.region.as_deref());
    }
    report
}

/// There is no such table here. Only the user knows whether it was deleted, or is somewhere else.
async fn is_gone(backend: &StateBackend, is_deleted: bool, report: &mut TableReport) {
    let region = report.region.as_deref().unwrap_or("an unknown region");
    let place = format!("{region} of {}", store_name::of(backend, Service::DynamoDb).await);
    report.gone = true;
    if !is_deleted {
        report.problem = Some(TroubleOut {
            message: format!("there is no lock table `{}` in {place}", report.table),
            hint: "check the table's name and the region, the credentials and the endpoint (--region, --profile, \
                   --endpoint-url, AWS_ENDPOINT_URL_DYNAMODB); if it was deleted on purpose: --table-deleted"
                .to_owned(),
            code: Some(ExitCode::NotFound),
        });
    }
    report.gone_from = Some(place);
}

/// A connection as the first unit has it, and the states of all that lock by lockfile alone.
async fn connect(
    subject: &Subject<'_>,
    options: &BackendArgs,
) -> Result<(StateBackend, Vec<StateAddress>), BackendError> {
    let options = options.without_mode();
    let settings = |unit: &Unit| {
        let Ok(arguments) = &unit.s3 else { return Ok(None) };
        let workspace = WorkspaceName::default();
        let resolved = options.resolve_arguments(arguments, &unit.directory, workspace)?;
        Ok::<_, BackendError>(Some(resolved.settings))
    };
    let mut addresses = Vec::new();
    for unit in subject.have_left() {
        addresses.extend(settings(unit)?.map(|settings| settings.address));
    }
    let first = subject.have_left().next().or_else(|| subject.units.first().copied());
    // A subject has a unit whose arguments could be read.
    let settings = first.map(settings).transpose()?.flatten().ok_or_else(|| {
        BackendError::Argument(
            "dynamodb_table",
            "no backend has arguments to reach it with".to_owned(),
        )
    })?;
    let backend = Box::pin(StateBackend::connect(settings)).await?;
    Ok((backend.in_mode(LockMode::LockTable(subject.table.clone())), addresses))
}

async fn sorted(table: &LockTable, addresses: &[StateAddress]) -> Result<Sorted, StoreError> {
    let (mut items, mut sorted) = (table.items(), Sorted::default());
    while let Some(page) = items.next_page().await? {
        for item in page {
            sorted.take(item, addresses);
        }
    }
    Ok(sorted)
}

/// What is to be removed, and all that stays.
fn describe(sorted: &Sorted, report: &mut TableReport) {
    report.digests = keys(&sorted.digests);
    report.leftovers = count(&sorted.leftovers);
    describe_rest(sorted, report);
}

fn keys(digests: &[(LockTableKey, String)]) -> Vec<String> {
    digests.iter().map(|(key, _)| key.as_str().to_owned()).collect()
}

fn count<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

fn describe_rest(sorted: &Sorted, report: &mut TableReport) {
    report.locks = sorted
        .locks
        .iter()
        .map(|(key, lock)| LockOut {
            key: key.as_str().to_owned(),
            lock_id: lock.id().map(|id| id.to_string()),
            holder: whose(Some(lock)),
        })
        .collect();
    report.digests_of_others.clone_from(&sorted.of_others);
    report.strange.clone_from(&sorted.strange);
    report.remaining = Some(sorted.count());
}

async fn remove(
    table: &LockTable,
    backend: &StateBackend,
    (sorted, addresses): (&Sorted, &[StateAddress]),
    report: &mut TableReport,
) {
    let mut not_removed = Vec::new();
    for (key, text) in &sorted.digests {
        match table.remove_digest(key, text).await {
            Ok(DigestRemoval::Removed) => report.removed += 1,
            Ok(DigestRemoval::Changed) => not_removed.push(key.as_str().to_owned()),
            Err(error) => {
                report.remaining = None;
                report.problem = Some(of_store(&error));
                return;
            }
        }
    }
    let troubles = killed_proofs::remove(backend, &sorted.leftovers).await;
    // What is there now is looked at again, so that "empty" is what was seen.
    match self::sorted(table, addresses).await {
        Ok(after) => describe_after(&after, not_removed, &troubles, report),
        Err(error) => {
            report.remaining = None;
            report.problem = Some(of_store(&error));
        }
    }
}

/// What is there after all that was removed: a digest of these states was written meanwhile. One that could
/// not be removed and is not there was removed by somebody else.
fn describe_after(
    after: &Sorted,
    not_removed: Vec<String>,
    troubles: &[TroubleOut],
    report: &mut TableReport,
) {
    describe_rest(after, report);
    report.changed = keys(&after.digests);
    report.changed.sort();
    let is_gone = |key: &String| report.changed.binary_search(key).is_err();
    report.removed_meanwhile = not_removed.into_iter().filter(is_gone).collect();
    let stayed = count(troubles).max(count(&after.leftovers));
    report.leftovers_removed = report.leftovers.saturating_sub(stayed);
    if stayed == 0 {
        return;
    }
    let unknown = || TroubleOut {
        message: "they are still there".to_owned(),
        hint: "run it again: to repeat it is safe".to_owned(),
        code: Some(ExitCode::Unavailable),
    };
    let trouble = troubles.first().cloned().unwrap_or_else(unknown);
    let of = killed_proofs::counted(report.leftovers.max(stayed));
    let message = format!("{stayed} of {of} could not be removed: {}", trouble.message);
    report.problem = Some(TroubleOut { message, ..trouble });
}

fn of_backend(error: &BackendError) -> TroubleOut {
    let hint = error.hint().unwrap_or("correct it").to_owned();
    TroubleOut { message: error.to_string(), hint, code: Some(error.exit_code()) }
}

fn of_store(error: &StoreError) -> TroubleOut {
    let (hint, code) = match error {
        StoreError::Refused { refusal: Refusal::Denied, .. } => (
            "to finish needs dynamodb:Scan, GetItem and DeleteItem on the table",
            ExitCode::NotPermitted,
        ),
        StoreError::Refused { refusal, .. } => {
            (refused_hint(*refusal), refused_exit_code(*refusal))
        }
        StoreError::Unknown(_) => ("run it again: to repeat it is safe", ExitCode::Unavailable),
    };
    TroubleOut { message: error.to_string(), hint: hint.to_owned(), code: Some(code) }
}
