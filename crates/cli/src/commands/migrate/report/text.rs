//! The report for people, on a terminal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::prices::amount;
use super::super::survey::{Finding, FindingId, LockPhase, Severity, Unit};
use super::Report;
use crate::output::printable;

/// Units that are named for one finding; the JSON document names all.
const NAMED_MAX: usize = 8;

/// All of it.
pub(crate) fn text(report: &Report<'_>) -> String {
    let mut text = headline(report);
    if report.survey.units.is_empty() {
        others(report, &mut text);
        return text;
    }
    phases(report, &mut text);
    tables(report, &mut text);
    units(report, &mut text);
    findings(report, Severity::Blocker, &mut text);
    findings(report, Severity::Caution, &mut text);
    stores(report, &mut text);
    others(report, &mut text);
    money(report, &mut text);
    order(report, &mut text);
    questions(report, &mut text);
    text
}

/// Writing into a text cannot fail.
fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").unwrap_or_default();
}

fn headline(report: &Report<'_>) -> String {
    let survey = report.survey;
    let mut text = format!(
        "{} in {}",
        counted(survey.units.len(), "s3 backend", "s3 backends"),
        counted(report.root_modules(), "root module", "root modules"),
    );
    match report.blocked() {
        0 => {}
        blocked => write!(text, ", {blocked} blocked").unwrap_or_default(),
    }
    let places = counted(survey.directories, "directory", "directories");
    write!(text, " ({places}, {} read", counted(survey.files, "file", "files")).unwrap_or_default();
    match survey.excluded.len() {
        0 => {}
        excluded => write!(text, ", {excluded} excluded").unwrap_or_default(),
    }
    text.push_str(if report.online.is_some() {
        "; the stores were asked)\n"
    } else {
        "; no store was asked)\n"
    });
    text
}

pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

fn title(text: &mut String, title: &str) {
    line(text, format_args!("\n{title}"));
}

fn phases(report: &Report<'_>, text: &mut String) {
    title(text, "PHASE");
    for (phase, count) in report.phases() {
        let meaning = match phase {
            None => "the files do not tell",
            Some(LockPhase::Unlocked) => "nobody locks",
            Some(LockPhase::LockTable) => "dynamodb_table",
            Some(LockPhase::Dual) => "dynamodb_table and use_lockfile",
            Some(LockPhase::Lockfile) => "use_lockfile",
        };
        let name = phase.map_or("unknown", LockPhase::name);
        line(text, format_args!("  {name:<11} {count:>5}  {meaning}"));
    }
}

fn tables(report: &Report<'_>, text: &mut String) {
    if report.tables.is_empty() {
        return;
    }
    title(text, "LOCK TABLES");
    let rows: Vec<_> = report
        .tables
        .iter()
        .map(|table| {
            let shared = &table.shared;
            let count =
                |phase| shared.units.iter().filter(|unit| unit.phase == Some(phase)).count();
            let mut note = String::new();
            if let Some(account) = &shared.identity.account {
                note = format!("by {}", printable(account));
            }
            [
                printable(&shared.identity.table),
                printable(shared.identity.region.as_deref().unwrap_or("-")),
                shared.units.len().to_string(),
                count(LockPhase::LockTable).to_string(),
                count(LockPhase::Dual).to_string(),
                shared.units.iter().filter(|unit| unit.is_blocked()).count().to_string(),
                note,
            ]
        })
        .collect();
    let titles = ["TABLE", "REGION", "NAMED BY", "lock_table", "dual", "BLOCKED", ""];
    columns(text, &titles.map(str::to_owned), &rows);
}

fn units(report: &Report<'_>, text: &mut String) {
    title(text, "BACKENDS");
    let rows: Vec<_> = report
        .survey
        .units
        .iter()
        .map(|unit| {
            let mark = if unit.is_blocked() {
                "blocked"
            } else if cautions(unit) > 0 {
                "look"
            } else {
                "-"
            };
            [
                unit.phase.map_or("unknown", LockPhase::name).to_owned(),
                mark.to_owned(),
                printable(&unit.client.text()),
                printable(unit.table.as_deref().unwrap_or("-")),
                printable(&unit.address()),
                printable(&unit.name),
            ]
        })
        .collect();
    let titles = ["PHASE", "MARK", "CLIENT", "LOCK TABLE", "STATE", "MODULE"];
    columns(text, &titles.map(str::to_owned), &rows);
}

fn cautions(unit: &Unit) -> usize {
    unit.findings.iter().filter(|finding| finding.severity == Severity::Caution).count()
}

/// A column does not grow beyond this for the sake of one long text.
const WIDTH_MAX: usize = 60;

fn columns<const N: usize>(text: &mut String, titles: &[String; N], rows: &[[String; N]]) {
    let mut widths = [0; N];
    for row in std::iter::once(titles).chain(rows) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count().min(WIDTH_MAX));
        }
    }
    for row in std::iter::once(titles).chain(rows) {
        let mut cells = String::new();
        for (cell, width) in row.iter().zip(widths) {
            write!(cells, "  {cell:<width$}").unwrap_or_default();
        }
        line(text, format_args!("{}", cells.trim_end()));
    }
}

fn findings(report: &Report<'_>, severity: Severity, text: &mut String) {
    let mut by_id: BTreeMap<FindingId, Vec<(&Unit, &Finding)>> = BTreeMap::new();
    for unit in &report.survey.units {
        for finding in unit.findings.iter().filter(|finding| finding.severity == severity) {
            by_id.entry(finding.id).or_default().push((unit, finding));
        }
    }
    if by_id.is_empty() {
        return;
    }
    title(
        text,
        match severity {
            Severity::Blocker => "BLOCKED BY",
            Severity::Caution => "TO LOOK AT",
            Severity::Note => "NOTES",
        },
    );
    for (id, all) in by_id {
        // Backends of one module have one file: what is said of its lines is said once.
        let mut found: Vec<(String, &Finding)> = Vec::new();
        for (unit, finding) in all {
            let place = finding.place.as_ref();
            let place = place.map_or_else(|| unit.name.clone(), ToString::to_string);
            if !found.iter().any(|(at, one)| *at == place && one.text == finding.text) {
                found.push((place, finding));
            }
        }
        line(text, format_args!("  {} ({})", id.name(), found.len()));
        for (place, finding) in found.iter().take(NAMED_MAX) {
            line(text, format_args!("    {}: {}", printable(place), printable(&finding.text)));
        }
        if found.len() > NAMED_MAX {
            line(
                text,
                format_args!("    … and {} more (--json names all)", found.len() - NAMED_MAX),
            );
        }
        let actions: BTreeSet<_> = found.iter().map(|(_, finding)| &finding.action).collect();
        for action in actions.into_iter().take(NAMED_MAX) {
            line(text, format_args!("    -> {}", printable(action)));
        }
    }
}

fn stores(report: &Report<'_>, text: &mut String) {
    let Some(online) = report.online else { return };
    title(text, "STORES");
    for store in &online.stores {
        let account = store.account.as_deref().unwrap_or("not known");
        let problem = store.problem.as_ref();
        let said =
            problem.map_or_else(|| "asked".to_owned(), |problem| format!("NOT ASKED: {problem}"));
        line(
            text,
            format_args!(
                "  s3://{}  account {account}  {}",
                printable(&store.bucket),
                printable(&said)
            ),
        );
    }
    for unit in &report.survey.units {
        let Some(seen) = online.of(unit) else { continue };
        if seen.workspaces.len() > 1 {
            let names: Vec<_> =
                seen.workspaces.iter().take(NAMED_MAX).map(|name| printable(name)).collect();
            let count = seen.workspaces.len();
            line(
                text,
                format_args!(
                    "  {}: {count} workspaces: {}",
                    printable(&unit.name),
                    names.join(", ")
                ),
            );
        }
    }
    if !online.strays.is_empty() {
        title(text, "STATES THAT NO MODULE HERE NAMES");
        for stray in online.strays.iter().take(NAMED_MAX) {
            let held = if stray.is_held { "  (locked)" } else { "" };
            line(text, format_args!("  {}{held}", printable(&stray.address)));
        }
        if online.strays.len() > NAMED_MAX {
            line(
                text,
                format_args!("  … and {} more (--json names all)", online.strays.len() - NAMED_MAX),
            );
        }
    }
}

fn others(report: &Report<'_>, text: &mut String) {
    let survey = report.survey;
    if !survey.others.is_empty() {
        title(text, "OTHER BACKENDS (nothing to do here)");
        for other in &survey.others {
            let (kind, place) = (printable(&other.kind), other.place.to_string());
            line(text, format_args!("  {kind:<10}  {}", printable(&place)));
        }
    }
    if !survey.unattached.is_empty() {
        title(text, "BACKEND FILES THAT NO MODULE WAS SEEN TO USE");
        for path in &survey.unattached {
            line(text, format_args!("  {}", printable(&path.display().to_string())));
        }
    }
}

fn money(report: &Report<'_>, text: &mut String) {
    let (now, then) = report.costs();
    let currency = &report.prices.currency;
    title(text, "REQUESTS AND THEIR PRICE");
    for phase in [LockPhase::Unlocked, LockPhase::LockTable, LockPhase::Dual, LockPhase::Lockfile] {
        let requests = super::Requests::per_apply(phase);
        let (objects, table) = (requests.to_objects(), requests.to_table());
        line(
            text,
            format_args!(
                "  {:<11} {objects} requests to S3, {table} to DynamoDB for each apply",
                phase.name()
            ),
        );
    }
    line(
        text,
        format_args!(
            "  a month: {} now, {} by lockfile",
            amount(now, currency),
            amount(then, currency)
        ),
    );
    for table in &report.tables {
        if let Some(cost) = table.provisioned_cost {
            let name = printable(&table.shared.identity.table);
            line(
                text,
                format_args!(
                    "  besides, the provisioned table {name}: {} a month until it is retired",
                    amount(cost, currency)
                ),
            );
        }
    }
    for assumption in report.assumptions() {
        line(text, format_args!("  assumed: {assumption}"));
    }
}

fn order(report: &Report<'_>, text: &mut String) {
    if report.order.is_empty() {
        return;
    }
    title(text, "ORDER OF WORK");
    for (index, step) in report.order.iter().enumerate() {
        let count = step.units.len();
        line(text, format_args!("  {}. {} ({count})", index + 1, printable(&step.title)));
        if let Some(command) = step.command {
            line(text, format_args!("     {command}"));
        }
    }
}

fn questions(report: &Report<'_>, text: &mut String) {
    let questions = report.questions();
    if questions.is_empty() {
        return;
    }
    title(text, "WHAT NO FILE SAYS");
    for question in questions {
        line(text, format_args!("  - {question}"));
    }
}
