//! Removes from one table what the migration leaves there.

use statelock_client::lock_table::{DigestRemoval, LockTable};
use statelock_client::protocol::lock::steps::{LockMode, Looked};
use statelock_client::protocol::store::Refusal;
use statelock_client::{StateBackend, StoreError};
use statelock_protocol::state::{StateAddress, StateKey, WorkspaceName};

use super::report::{LockOut, TableReport, TroubleOut};
use super::retire;
use super::sorting::Sorted;
use super::subject::Subject;
use crate::backend::{BackendArgs, BackendError, refused_exit_code, refused_hint, whose};
use crate::commands::CommandError as _;
use crate::exit_code::ExitCode;

/// Looks at a table, and with `removes` removes what may go.
pub(super) async fn finish(
    subject: &Subject<'_>,
    options: &BackendArgs,
    removes: bool,
) -> TableReport {
    let mut report = TableReport {
        table: subject.table.as_str().to_owned(),
        region: subject.region.clone(),
        units: subject.units.iter().map(|unit| unit.name.clone()).collect(),
        named_by: subject.named_by.clone(),
        ..TableReport::default()
    };
    let (backend, addresses) = match connect(subject, options).await {
        Ok(connected) => connected,
        Err(error) => {
            report.problem = Some(of_backend(&error));
            return report;
        }
    };
    let table = LockTable::new(backend.connection().clone(), subject.table.clone());
    let sorted = match sorted(&table, &addresses).await {
        Ok(sorted) => sorted,
        // It was retired already.
        Err(StoreError::Refused { refusal: Refusal::NoSuchTable, .. }) if subject.is_recorded => {
            report.gone = true;
            return report;
        }
        Err(error) => {
            report.problem = Some(of_store(&error));
            return report;
        }
    };
    describe(&sorted, &mut report);
    if removes && report.may_go_on() {
        remove(&table, &backend, (&sorted, &addresses), &mut report).await;
    }
    if report.may_go_on() && report.changed.is_empty() && report.digests_of_others.is_empty() {
        report.retire = retire::commands(&report.table, report.region.as_deref());
    }
    report
}

/// A connection as the first unit has it, and the states of all of them.
async fn connect(
    subject: &Subject<'_>,
    options: &BackendArgs,
) -> Result<(StateBackend, Vec<StateAddress>), BackendError> {
    let options = options.without_mode();
    let mut settings = None;
    let mut addresses = Vec::new();
    for unit in &subject.units {
        let Ok(arguments) = &unit.s3 else { continue };
        let workspace = WorkspaceName::default();
        let resolved = options.resolve_arguments(arguments, &unit.directory, workspace)?;
        addresses.push(resolved.settings.address.clone());
        settings.get_or_insert(resolved.settings);
    }
    // A subject has a unit whose arguments could be read.
    let settings = settings.ok_or_else(|| {
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

fn describe(sorted: &Sorted, report: &mut TableReport) {
    let text = |key: &statelock_protocol::state::LockTableKey| key.as_str().to_owned();
    report.locks = sorted
        .locks
        .iter()
        .map(|(key, lock)| LockOut {
            key: text(key),
            lock_id: lock.id().map(|id| id.to_string()),
            holder: whose(Some(lock)),
        })
        .collect();
    report.digests = sorted.digests.iter().map(|(key, _)| text(key)).collect();
    report.digests_of_others.clone_from(&sorted.of_others);
    report.strange.clone_from(&sorted.strange);
    report.leftovers = u64::try_from(sorted.leftovers.len()).unwrap_or(u64::MAX);
    report.remaining = Some(sorted.count());
}

async fn remove(
    table: &LockTable,
    backend: &StateBackend,
    (sorted, addresses): (&Sorted, &[StateAddress]),
    report: &mut TableReport,
) {
    for (key, text) in &sorted.digests {
        match table.remove_digest(key, text).await {
            Ok(DigestRemoval::Removed) => report.removed += 1,
            Ok(DigestRemoval::Changed) => report.changed.push(key.as_str().to_owned()),
            Err(error) => {
                report.remaining = None;
                report.problem = Some(of_store(&error));
                return;
            }
        }
    }
    for (key, _) in &sorted.leftovers {
        let Some((bucket, state)) = key.locked_state() else { continue };
        let Ok(state) = StateKey::parse(state.as_str()) else { continue };
        let throwaway = backend.at(StateAddress::new(bucket, state));
        let (seen, _) = throwaway.inspect().await;
        let meant = seen.places.into_iter().filter_map(|(place, looked)| match looked {
            Looked::Found(lock) if super::super::verify::is_left(&lock) => Some((place, lock.mark)),
            Looked::Found(_) | Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
        });
        throwaway.force_unlock(meant.collect::<Vec<_>>()).await;
    }
    // What is there now is looked at again, so that "empty" is what was seen.
    match self::sorted(table, addresses).await {
        Ok(after) => {
            report.remaining = Some(after.count());
            let (digests, removed) = (report.digests.clone(), report.removed);
            let (leftovers, changed) = (report.leftovers, report.changed.clone());
            describe(&after, report);
            (report.digests, report.removed) = (digests, removed);
            (report.leftovers, report.changed) = (leftovers, changed);
        }
        Err(error) => {
            report.remaining = None;
            report.problem = Some(of_store(&error));
        }
    }
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
