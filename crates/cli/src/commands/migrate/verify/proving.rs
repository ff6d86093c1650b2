//! Proves the lock of one unit, in each of its workspaces.

use std::cell::Cell;

use statelock_client::proof::Proof;
use statelock_client::protocol::lock::steps::LockMode;
use statelock_client::protocol::store::TableName;
use statelock_client::state::{DigestCheck, Discard, Stored, StoredDigest};
use statelock_client::{Claim, StateBackend, StoreError};
use statelock_protocol::state::{StateAddress, WorkspaceName};

use super::super::store_name::{self, Service};
use super::super::survey::{LockPhase, Unit};
use super::super::workspaces;
use super::VerifyArgs;
use super::leftovers::{self, SeenTables};
use super::problem::Problem;
use super::report::{StepReport, UnitReport, VersionsReport, WorkspaceReport};

/// What the proofs of one run have in common.
pub(super) struct Proving<'a> {
    pub(super) args: &'a VerifyArgs,
    pub(super) claim: Claim,
    pub(super) tables: SeenTables,
    /// Whether it is to end: what was begun is brought to its end, and nothing else is begun.
    pub(super) is_ending: Cell<bool>,
}

impl Proving<'_> {
    /// Proves a unit, whose states had their locks in `former_table` before; `None` if it is to end before
    /// anything was begun.
    pub(super) async fn unit(
        &self,
        unit: &Unit,
        former_table: Option<TableName>,
    ) -> Option<UnitReport> {
        if self.is_ending.get() {
            return None;
        }
        let mut report = UnitReport {
            unit: unit.name.clone(),
            directory: unit.directory.display().to_string(),
            phase: unit.phase.map(LockPhase::name),
            bucket: unit.bucket.clone(),
            key: unit.key.clone(),
            table: unit.table.clone(),
            ..UnitReport::default()
        };
        match self.backend(unit, &mut report).await {
            Ok(backend) => {
                report.store = Some(store_name::of(&backend, Service::S3).await);
                report.unnoted = self.of_options(unit);
                self.workspaces(&backend, former_table, &mut report).await;
            }
            Err(problem) => report.problems.push(problem),
        }
        report.judge();
        Some(report)
    }

    /// Why the options make it a proof of something else than the whole backend.
    fn of_options(&self, unit: &Unit) -> Option<&'static str> {
        let options = &self.args.backend;
        if options.workspace().is_some() {
            return Some("only what --workspace names was tried");
        }
        if options.names_a_workspace() {
            return Some("only what --workspace-key-prefix names was tried");
        }
        let configured = unit.region.as_deref();
        (options.region().zip(configured).is_some_and(|(one, other)| one != other))
            .then_some("--region is not the region that is configured")
    }

    async fn backend(&self, unit: &Unit, report: &mut UnitReport) -> Result<StateBackend, Problem> {
        let arguments = unit
            .s3
            .as_ref()
            .map_err(|error| Problem::of_configuration(error.to_string(), error.hint()))?;
        match unit.phase {
            Some(LockPhase::LockTable | LockPhase::Dual | LockPhase::Lockfile) => {}
            Some(LockPhase::Unlocked) => {
                let found =
                    "neither `use_lockfile` nor `dynamodb_table` is set, so nobody locks the state";
                let action = "set `use_lockfile = true`, or: statelock migrate apply --phase s3 --include-unlocked --yes";
                return Err(Problem::of_configuration(found, action));
            }
            None => {
                let found = "the files do not tell how the state is locked";
                let action = "statelock migrate scan shows where it stands";
                return Err(Problem::of_configuration(found, action));
            }
        }
        let of_lock = |name: &str| ["use_lockfile", "dynamodb_table"].contains(&name);
        if let Some(open) = unit.expressions.iter().find(|one| of_lock(&one.argument)) {
            let found = format!("`{}` {} ({})", open.argument, open.what, open.place);
            return Err(Problem::of_configuration(found, "write its value there"));
        }
        let workspace = WorkspaceName::default();
        let options = &self.args.backend;
        let resolved = options.resolve_arguments(arguments, &unit.directory, workspace);
        let mut resolved = resolved.map_err(|error| Problem::of_backend(&error))?;
        report.notes.append(&mut resolved.warnings);
        Box::pin(resolved.connect()).await.map_err(|error| Problem::of_backend(&error))
    }

    async fn workspaces(
        &self,
        backend: &StateBackend,
        former_table: Option<TableName>,
        report: &mut UnitReport,
    ) {
        let names = match self.args.backend.workspace() {
            Some(name) => vec![name.clone()],
            None => match workspaces::of(backend).await {
                Ok(found) => {
                    if found.unlisted.is_some() {
                        report.unnoted = Some("there may be workspaces that were not tried");
                    }
                    report.notes.extend(found.unlisted.map(|error| {
                        format!("only the workspaces that are shown were tried, as they could not all be listed: {}", error.cause)
                    }));
                    found.names
                }
                Err(error) => {
                    let expected = "the workspaces can be listed";
                    let trouble = Problem::of_listing(expected, &error.cause);
                    return report.problems.push(trouble);
                }
            },
        };
        for name in names {
            if self.is_ending.get() {
                report.problems.push(Problem::of_stop());
                return;
            }
            let one = self.workspace(backend, (name, former_table.as_ref())).await;
            match one {
                Ok(one) => report.workspaces.push(one),
                Err(problem) => report.problems.push(problem),
            }
        }
    }

    async fn workspace(
        &self,
        backend: &StateBackend,
        (name, former_table): (WorkspaceName, Option<&TableName>),
    ) -> Result<WorkspaceReport, Problem> {
        let address = &backend.settings().address;
        let prefix = address.workspace_key_prefix().clone();
        let base = StateAddress::new(address.bucket().clone(), address.state_key().clone());
        let state = backend.at(base.in_workspace(name.clone(), prefix));
        let named = named(&state);
        let leftovers_removed = leftovers::remove(&state, &self.tables).await;
        let locked = if self.args.on_state {
            state.clone()
        } else {
            state.throwaway().map_err(|error| Problem::of_random(&error))?
        };
        let contenders = contenders(&state.settings().mode, former_table);
        let proof = Box::pin(Proof::new(locked.clone(), contenders).run(&self.claim)).await;
        let digest = Box::pin(digest(&state, &named)).await;
        let versions = if self.args.on_state { None } else { Some(versions(&state).await) };
        Ok(WorkspaceReport {
            workspace: name.as_str().to_owned(),
            state: state.settings().address.to_string(),
            locked: locked.settings().address.to_string(),
            lock_id: proof.lock_id.as_ref().map(ToString::to_string),
            steps: StepReport::of_proof(&proof, &self::named(&locked)),
            digest,
            leftovers_removed,
            versions,
        })
    }
}

/// Who has to be kept out: every kind of client that may be at work in this phase.
fn contenders(mode: &LockMode, former_table: Option<&TableName>) -> Vec<LockMode> {
    match mode {
        LockMode::LockTable(table) => {
            vec![LockMode::LockTable(table.clone()), LockMode::Dual(table.clone())]
        }
        LockMode::Dual(table) => vec![
            LockMode::LockTable(table.clone()),
            LockMode::Lockfile,
            LockMode::Dual(table.clone()),
        ],
        LockMode::Lockfile => {
            let dual = former_table.map(|table| LockMode::Dual(table.clone()));
            std::iter::once(LockMode::Lockfile).chain(dual).collect()
        }
    }
}

/// Compares the state with the digest in the lock table, where there is one.
async fn digest(state: &StateBackend, named: &str) -> Option<StepReport> {
    state.settings().mode.table()?;
    let read = state.state().read(DigestCheck::Verify, &mut Discard).await;
    let (text, problem) = match read {
        Ok((stored, digest)) => (digest_text(&stored, &digest).to_owned(), None),
        Err(error) => (
            "the state has the digest that the lock table says".to_owned(),
            Some(Problem::of_state(&error, named)),
        ),
    };
    Some(StepReport { step: "digest", text, proven: problem.is_none(), problem })
}

fn digest_text(stored: &Stored, digest: &StoredDigest) -> &'static str {
    match (stored, digest) {
        (Stored::Absent | Stored::Empty(_), _) => "there is no state yet, and no digest of one",
        (Stored::State(_), StoredDigest::Digest(_)) => {
            "the state has the digest that the lock table says"
        }
        (Stored::State(_), StoredDigest::Absent | StoredDigest::NoTable) => {
            "the lock table has no digest of the state, so clients do not compare"
        }
        (Stored::State(_), StoredDigest::Unreadable(_)) => {
            "what the lock table has is no digest, so clients do not compare"
        }
        (Stored::State(_), StoredDigest::Unknown(_)) => {
            "the lock table did not say its digest, so clients do not compare"
        }
    }
}

async fn versions(state: &StateBackend) -> VersionsReport {
    match state.sweep_throwaway_versions().await {
        Ok(swept) => swept.into(),
        Err(StoreError::Refused { trouble, .. } | StoreError::Unknown(trouble)) => {
            VersionsReport { removed: 0, left: 0, problem: Some(trouble.to_string()) }
        }
    }
}

/// How a user can name a state with its lock mode on a command line.
fn named(backend: &StateBackend) -> String {
    let settings = backend.settings();
    let address = crate::shell::quoted(&settings.address.to_string());
    let table =
        |table: &TableName| format!("--dynamodb-table {}", crate::shell::quoted(table.as_str()));
    match &settings.mode {
        LockMode::Lockfile => address,
        LockMode::LockTable(name) => format!("{address} {}", table(name)),
        LockMode::Dual(name) => format!("{address} {} --use-lockfile", table(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_keeps_out_the_clients_that_may_be_at_work() {
        let table = TableName::new("t");
        let names = |mode: &LockMode, former: Option<&TableName>| {
            contenders(mode, former).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(&LockMode::Dual(table.clone()), None), ["lock_table", "lockfile", "dual"]);
        assert_eq!(names(&LockMode::Lockfile, None), ["lockfile"]);
        assert_eq!(names(&LockMode::Lockfile, Some(&table)), ["lockfile", "dual"]);
        assert_eq!(names(&LockMode::LockTable(table), None), ["lock_table", "dual"]);
    }
}
