//! What `verify` found out, for programs.

use serde::Serialize;
use statelock_client::proof::{ProofReport, SweptVersions};

use super::problem::{self, Problem};
use crate::exit_code::ExitCode;

/// The version of the JSON that is printed; members are added without a new one.
const SCHEMA: u32 = 1;

/// All of it.
#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    schema: u32,
    /// Whether every unit was looked at.
    complete: bool,
    /// Whether every unit is verified.
    verified: bool,
    units: &'a [UnitReport],
}

impl<'a> Document<'a> {
    pub(super) fn new(units: &'a [UnitReport], complete: bool) -> Self {
        let verified = complete && units.iter().all(UnitReport::is_verified);
        Self { schema: SCHEMA, complete, verified, units }
    }
}

/// A unit.
#[derive(Debug, Default, Serialize)]
pub(super) struct UnitReport {
    pub(super) unit: String,
    pub(super) directory: String,
    /// `unlocked`, `lock_table`, `dual`, `lockfile`; null if the files do not tell.
    pub(super) phase: Option<&'static str>,
    pub(super) bucket: Option<String>,
    pub(super) key: Option<String>,
    pub(super) table: Option<String>,
    /// Where: an account, or an endpoint.
    pub(super) store: Option<String>,
    /// Whether everything is proven.
    pub(super) verified: bool,
    /// Whether the proof is noted in the record.
    pub(super) recorded: bool,
    pub(super) workspaces: Vec<WorkspaceReport>,
    /// What is wrong with the unit as a whole.
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<String>,
    /// Why it is not noted in the record, although what was tried is proven.
    #[serde(skip)]
    pub(super) unnoted: Option<&'static str>,
}

/// A workspace of a unit.
#[derive(Debug, Serialize)]
pub(super) struct WorkspaceReport {
    pub(super) workspace: String,
    pub(super) state: String,
    /// What was locked: a throw-away state beside it, or the state itself.
    pub(super) locked: String,
    pub(super) lock_id: Option<String>,
    pub(super) steps: Vec<StepReport>,
    pub(super) digest: Option<StepReport>,
    /// Locks of proofs that were killed, which were removed.
    pub(super) leftovers_removed: u64,
    /// Versions and delete markers of throw-away lockfiles.
    pub(super) versions: Option<VersionsReport>,
}

/// One thing that was tried.
#[derive(Debug, Serialize)]
pub(super) struct StepReport {
    pub(super) step: &'static str,
    pub(super) text: String,
    pub(super) proven: bool,
    pub(super) problem: Option<Problem>,
}

/// What is left in a bucket that keeps versions.
#[derive(Debug, Serialize)]
pub(super) struct VersionsReport {
    pub(super) removed: u64,
    pub(super) left: u64,
    /// Why.
    pub(super) problem: Option<String>,
}

impl UnitReport {
    /// Says whether all is proven, once everything was tried.
    pub(super) fn judge(&mut self) {
        let has_proof = self.workspaces.iter().any(|one| !one.steps.is_empty());
        self.verified = has_proof && self.worst().is_none();
    }

    pub(super) fn is_verified(&self) -> bool {
        self.verified
    }

    /// The worst of its problems.
    pub(super) fn worst(&self) -> Option<ExitCode> {
        let of_workspaces =
            self.workspaces.iter().flat_map(|one| one.steps.iter().chain(&one.digest));
        let of_steps = of_workspaces.filter_map(|step| step.problem.as_ref());
        let codes = of_steps.chain(&self.problems).map(|problem| problem.code);
        codes.reduce(problem::worse)
    }
}

impl StepReport {
    /// The steps of a proof.
    pub(super) fn of_proof(report: &ProofReport, named: &str) -> Vec<Self> {
        let of_step = |step: &statelock_client::proof::ProofStep| {
            let problem = step.fault.as_ref();
            let problem = problem.map(|fault| Problem::of_fault(&step.tried, fault, named));
            Self {
                step: problem::name(&step.tried),
                text: problem::text(&step.tried),
                proven: problem.is_none(),
                problem,
            }
        };
        report.steps.iter().map(of_step).collect()
    }
}

impl From<SweptVersions> for VersionsReport {
    fn from(swept: SweptVersions) -> Self {
        let SweptVersions { removed, left, trouble } = swept;
        Self { removed, left, problem: trouble.map(|trouble| trouble.to_string()) }
    }
}
