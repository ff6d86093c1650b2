//! The report for programs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use statelock_config::tree::{Completion, Runner};

use super::super::scan::{AskedStore, Online, OnlineUnit, Stray, with_causes};
use super::super::survey::{Finding, LockPhase, Site, TableIdentity, Unit};
use super::{Move, Permission, Report, Requests};

/// The version of this JSON; members are added without a new one.
const SCHEMA: u32 = 1;

/// All of it.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    schema: u32,
    roots: Vec<String>,
    directories: usize,
    files: usize,
    online: bool,
    summary: Summary,
    units: Vec<UnitOut<'a>>,
    tables: Vec<TableOut<'a>>,
    others: Vec<OtherOut<'a>>,
    unattached: Vec<String>,
    /// What --exclude matched: nobody looked at it.
    excluded: Vec<String>,
    troubles: Vec<TroubleOut>,
    /// Null without --online.
    strays: Option<Vec<StrayOut<'a>>>,
    stores: Option<Vec<StoreOut<'a>>>,
    order: Vec<StepOut<'a>>,
    assumptions: Vec<String>,
    questions: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Summary {
    units: usize,
    root_modules: usize,
    blocked: usize,
    phases: BTreeMap<&'static str, usize>,
    runs_per_month: u32,
    currency: String,
    prices_as_of: String,
    monthly_cost_now: f64,
    monthly_cost_then: f64,
}

#[derive(Debug, Serialize)]
struct UnitOut<'a> {
    name: &'a str,
    directory: String,
    runner: &'static str,
    place: String,
    completed_by: Vec<String>,
    bucket: Option<&'a str>,
    key: Option<&'a str>,
    region: Option<&'a str>,
    workspace_key_prefix: Option<&'a str>,
    /// `unlocked`, `lock_table`, `dual`, `lockfile`, or `null`.
    phase: Option<&'static str>,
    lock_table: Option<&'a str>,
    client: ClientOut,
    selected_workspace: Option<&'a str>,
    blocked: bool,
    findings: Vec<FindingOut<'a>>,
    sites: Vec<SiteOut>,
    permissions_gained: Vec<PermissionOut<'a>>,
    permissions_lost: Vec<PermissionOut<'a>>,
    requests_per_apply_now: Option<RequestsOut>,
    requests_per_apply_then: RequestsOut,
    monthly_cost_now: Option<f64>,
    monthly_cost_then: f64,
    /// Null without --online, or if the store could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    online: Option<OnlineOut<'a>>,
}

#[derive(Debug, Serialize)]
struct ClientOut {
    constraints: Vec<String>,
    /// `always`, `sometimes`, `never`, `unconstrained` or `unreadable`.
    knows_use_lockfile: &'static str,
}

#[derive(Debug, Serialize)]
struct FindingOut<'a> {
    id: &'static str,
    severity: &'static str,
    text: &'a str,
    action: &'a str,
    file: Option<String>,
    line: Option<usize>,
}

#[derive(Debug, Serialize)]
struct SiteOut {
    argument: String,
    /// `file`, `script` or `init`.
    is: &'static str,
    file: String,
    line: Option<usize>,
}

#[derive(Debug, Serialize)]
struct PermissionOut<'a> {
    actions: &'a [&'static str],
    resources: &'a [String],
}

#[derive(Debug, Serialize)]
struct RequestsOut {
    object_writes: u32,
    object_reads: u32,
    object_deletes: u32,
    table_writes: u32,
    table_reads: u32,
}

#[derive(Debug, Serialize)]
struct OnlineOut<'a> {
    account: Option<&'a str>,
    workspaces: &'a [String],
    held: &'a [String],
}

#[derive(Debug, Serialize)]
struct TableOut<'a> {
    table: &'a str,
    region: Option<&'a str>,
    /// What tells tables of one name apart: an endpoint, a role or a profile.
    account: Option<&'a str>,
    units: Vec<&'a str>,
    phases: BTreeMap<&'static str, usize>,
    blocked: usize,
    /// Null if the table is on demand, or was not asked.
    provisioned_monthly_cost: Option<f64>,
}

#[derive(Debug, Serialize)]
struct OtherOut<'a> {
    directory: String,
    kind: &'a str,
    place: String,
}

#[derive(Debug, Serialize)]
struct TroubleOut {
    module: Option<String>,
    text: String,
    hint: String,
}

#[derive(Debug, Serialize)]
struct StrayOut<'a> {
    address: &'a str,
    held: bool,
}

#[derive(Debug, Serialize)]
struct StoreOut<'a> {
    bucket: &'a str,
    account: Option<&'a str>,
    problem: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct StepOut<'a> {
    title: &'a str,
    command: Option<&'static str>,
    units: &'a [String],
}

/// Makes it.
pub(crate) fn document<'a>(report: &'a Report<'_>) -> Document<'a> {
    let survey = report.survey;
    let shown = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
    let units = survey.units.iter().zip(&report.moves).map(|(unit, moved)| {
        unit_out(unit, moved, report.online.and_then(|online| online.of(unit)))
    });
    Document {
        schema: SCHEMA,
        roots: shown(&survey.roots),
        directories: survey.directories,
        files: survey.files,
        online: report.online.is_some(),
        summary: summary(report),
        units: units.collect(),
        tables: tables(report),
        others: survey
            .others
            .iter()
            .map(|other| OtherOut {
                directory: other.directory.display().to_string(),
                kind: &other.kind,
                place: other.place.to_string(),
            })
            .collect(),
        unattached: shown(&survey.unattached),
        excluded: shown(&survey.excluded),
        troubles: survey
            .troubles
            .iter()
            .map(|trouble| TroubleOut {
                module: trouble.module.as_ref().map(|path| path.display().to_string()),
                text: with_causes(&trouble.error),
                hint: trouble.error.hint(),
            })
            .collect(),
        strays: report.online.map(|online| online.strays.iter().map(stray).collect()),
        stores: report.online.map(stores),
        order: report
            .order
            .iter()
            .map(|step| StepOut { title: &step.title, command: step.command, units: &step.units })
            .collect(),
        assumptions: report.assumptions(),
        questions: report.questions(),
    }
}

fn summary(report: &Report<'_>) -> Summary {
    let (monthly_cost_now, monthly_cost_then) = report.costs();
    let name = |phase: Option<LockPhase>| phase.map_or("unknown", LockPhase::name);
    Summary {
        units: report.survey.units.len(),
        root_modules: report.root_modules(),
        blocked: report.blocked(),
        phases: report.phases().into_iter().map(|(phase, count)| (name(phase), count)).collect(),
        runs_per_month: report.runs_per_month,
        currency: report.prices.currency.clone(),
        prices_as_of: report.prices.as_of.clone(),
        monthly_cost_now: rounded(monthly_cost_now),
        monthly_cost_then: rounded(monthly_cost_then),
    }
}

fn unit_out<'a>(unit: &'a Unit, moved: &'a Move, online: Option<&'a OnlineUnit>) -> UnitOut<'a> {
    UnitOut {
        name: &unit.name,
        directory: unit.directory.display().to_string(),
        runner: runner(unit.runner),
        place: unit.place.to_string(),
        completed_by: unit.completed_by.iter().map(completion).collect(),
        bucket: unit.bucket.as_deref(),
        key: unit.key.as_deref(),
        region: unit.region.as_deref(),
        workspace_key_prefix: unit.workspace_key_prefix.as_deref(),
        phase: unit.phase.map(LockPhase::name),
        lock_table: unit.table.as_deref(),
        client: ClientOut {
            constraints: unit.client.constraints.iter().map(|one| one.text.clone()).collect(),
            knows_use_lockfile: unit.client.knows_lockfile.name(),
        },
        selected_workspace: unit.selected_workspace.as_deref(),
        blocked: unit.is_blocked(),
        findings: unit.findings.iter().map(finding).collect(),
        sites: sites(unit),
        permissions_gained: moved.gained.iter().map(permission).collect(),
        permissions_lost: moved.lost.iter().map(permission).collect(),
        requests_per_apply_now: moved.before.map(requests),
        requests_per_apply_then: requests(moved.after),
        monthly_cost_now: moved.cost_before.map(rounded),
        monthly_cost_then: rounded(moved.cost_after),
        online: online.map(|online| OnlineOut {
            account: online.account.as_deref(),
            workspaces: &online.workspaces,
            held: &online.held,
        }),
    }
}

/// Sums of small amounts, without the digits that binary fractions add.
fn rounded(amount: f64) -> f64 {
    (amount * 1e8).round() / 1e8
}

/// Its name.
pub(super) fn runner(runner: Runner) -> &'static str {
    match runner {
        Runner::Terraform => "terraform",
        Runner::Terragrunt => "terragrunt",
    }
}

/// What completes a backend, on one line.
pub(super) fn completion(one: &Completion) -> String {
    match one {
        Completion::File(path) => path.display().to_string(),
        Completion::CommandLine { argument, place } => format!("{argument}=… ({place})"),
    }
}

fn finding(finding: &Finding) -> FindingOut<'_> {
    let place = finding.place.as_ref();
    FindingOut {
        id: finding.id.name(),
        severity: finding.severity.name(),
        text: &finding.text,
        action: &finding.action,
        file: place.map(|place| place.file.display().to_string()),
        line: place.and_then(|place| place.line),
    }
}

fn sites(unit: &Unit) -> Vec<SiteOut> {
    let one = |argument: String, site: &Site| {
        let place = site.place();
        let is = match site {
            Site::File { .. } => "file",
            Site::Script(_) => "script",
            Site::Init(_) => "init",
        };
        SiteOut { argument, is, file: place.file.display().to_string(), line: place.line }
    };
    let lockfile = unit.sites.use_lockfile.iter().map(|site| one("use_lockfile".to_owned(), site));
    let table = unit.sites.of_table.iter().map(|site| one(site.path.join("."), &site.site));
    lockfile.chain(table).collect()
}

fn permission(permission: &Permission) -> PermissionOut<'_> {
    PermissionOut { actions: &permission.actions, resources: &permission.resources }
}

fn requests(requests: Requests) -> RequestsOut {
    let Requests { object_writes, object_reads, object_deletes, table_writes, table_reads } =
        requests;
    RequestsOut { object_writes, object_reads, object_deletes, table_writes, table_reads }
}

fn tables<'a>(report: &'a Report<'_>) -> Vec<TableOut<'a>> {
    let one = |table: &'a super::TableReport<'_>| {
        let TableIdentity { table: name, region, account } = &table.shared.identity;
        let mut phases = BTreeMap::new();
        for unit in &table.shared.units {
            *phases.entry(unit.phase.map_or("unknown", LockPhase::name)).or_insert(0) += 1;
        }
        TableOut {
            table: name,
            region: region.as_deref(),
            account: account.as_deref(),
            units: table.shared.units.iter().map(|unit| unit.name.as_str()).collect(),
            phases,
            blocked: table.shared.units.iter().filter(|unit| unit.is_blocked()).count(),
            provisioned_monthly_cost: table.provisioned_cost.map(rounded),
        }
    };
    report.tables.iter().map(one).collect()
}

fn stray(stray: &Stray) -> StrayOut<'_> {
    StrayOut { address: &stray.address, held: stray.is_held }
}

fn stores(online: &Online) -> Vec<StoreOut<'_>> {
    online.stores.iter().map(store).collect()
}

fn store(store: &AskedStore) -> StoreOut<'_> {
    StoreOut {
        bucket: &store.bucket,
        account: store.account.as_deref(),
        problem: store.problem.as_deref(),
    }
}
