//! The report as one page to hand on: no script, nothing from elsewhere, fit for paper.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::super::prices::amount;
use super::super::scan::with_causes;
use super::super::survey::{LockPhase, Severity, Unit};
use super::json::{completion, runner};
use super::text::counted;
use super::{Move, Permission, Report};

/// Light and dark, on a screen and on paper.
const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8886;--soft:#8882;--bad:#b3261e;--warn:#8a5a00}
@media(prefers-color-scheme:dark){:root{--bad:#ff8a80;--warn:#ffca66}}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}
table{border-collapse:collapse;width:100%;margin:.6rem 0}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{background:var(--soft)}td.n,th.n{text-align:right;overflow-wrap:normal}
code{font:13px ui-monospace,monospace;overflow-wrap:anywhere}
.blocker{color:var(--bad);font-weight:600}.caution{color:var(--warn)}
details{margin:.3rem 0;border-bottom:1px solid var(--line)}summary{cursor:pointer;padding:.3rem 0}
dl{margin:.4rem 0 .8rem 1.2rem}dt{font-weight:600}dd{margin:0 0 .4rem 1rem}
@media print{body{max-width:none;margin:0;font-size:11px}tr,details{break-inside:avoid}details>*{display:block}}";

/// The whole page. Everything that comes from files is escaped.
pub(crate) fn page(report: &Report<'_>) -> String {
    let body = html! {
        h1 { "Terraform state locks: from DynamoDB to S3" }
        (summary(report))
        (tables(report))
        (findings(report, Severity::Blocker, "What blocks"))
        (findings(report, Severity::Caution, "What to look at first"))
        (order(report))
        (money(report))
        (questions(report))
        (backends(report))
        (details(report))
        (stores(report))
        (rest(report))
        p { "Made by statelock " (env!("CARGO_PKG_VERSION")) "." }
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "Terraform state locks: from DynamoDB to S3" }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

fn summary(report: &Report<'_>) -> Markup {
    let survey = report.survey;
    let roots: Vec<_> = survey.roots.iter().map(|root| root.display().to_string()).collect();
    html! {
        p {
            (counted(survey.units.len(), "S3 backend", "S3 backends")) " in "
            (counted(report.root_modules(), "root module", "root modules")) " below "
            @for (index, root) in roots.iter().enumerate() { @if index > 0 { ", " } code { (root) } }
            "; " (report.blocked()) " blocked. "
            @if !survey.excluded.is_empty() { (survey.excluded.len()) " excluded, and not looked at. " }
            @if report.online.is_some() { "The stores were asked." }
            @else { "This is what files say; no store was asked." }
        }
        table {
            tr { th { "Phase" } th.n { "Backends" } th { "Meaning" } }
            @for (phase, count) in report.phases() {
                tr { td { (phase_name(phase)) } td.n { (count) } td { (meaning(phase)) } }
            }
        }
        @if !survey.troubles.is_empty() {
            h2 { "What could not be read" }
            ul { @for trouble in &survey.troubles {
                li.blocker { (with_causes(&trouble.error)) }
            } }
        }
    }
}

fn phase_name(phase: Option<LockPhase>) -> &'static str {
    phase.map_or("unknown", LockPhase::name)
}

fn meaning(phase: Option<LockPhase>) -> &'static str {
    match phase {
        None => "the files do not tell how it is locked",
        Some(LockPhase::Unlocked) => "nobody locks: two runs at once lose what one of them did",
        Some(LockPhase::LockTable) => {
            "locked in a DynamoDB table alone, which Terraform has deprecated"
        }
        Some(LockPhase::Dual) => "locked in both places, while clients of both kinds run",
        Some(LockPhase::Lockfile) => "locked in S3 alone: nothing is left to do",
    }
}

fn tables(report: &Report<'_>) -> Markup {
    let currency = &report.prices.currency;
    html! {
        @if !report.tables.is_empty() {
            h2 { "Lock tables" }
            p { "A table may be retired when nobody names it any more." }
            table {
                tr { th { "Table" } th { "Region" } th { "Reached by" } th.n { "Named by" } th.n { "Blocked" } th.n { "A month, provisioned" } }
                @for table in &report.tables {
                    tr {
                        td { code { (table.shared.identity.table) } }
                        td { (table.shared.identity.region.as_deref().unwrap_or("not written")) }
                        td { (table.shared.identity.account.as_deref().unwrap_or("-")) }
                        td.n { (table.shared.units.len()) }
                        td.n { (table.shared.units.iter().filter(|unit| unit.is_blocked()).count()) }
                        td.n { (table.provisioned_cost.map_or_else(|| "-".to_owned(), |cost| amount(cost, currency))) }
                    }
                }
            }
        }
    }
}

fn findings(report: &Report<'_>, severity: Severity, title: &str) -> Markup {
    let of = |unit: &'_ Unit| -> Vec<_> {
        unit.findings.iter().filter(|finding| finding.severity == severity).cloned().collect()
    };
    let found: Vec<_> = report
        .survey
        .units
        .iter()
        .flat_map(|unit| of(unit).into_iter().map(move |finding| (unit, finding)))
        .collect();
    html! {
        @if !found.is_empty() {
            h2 { (title) }
            table {
                tr { th { "Module" } th { "What" } th { "What to do" } }
                @for (unit, finding) in &found {
                    tr {
                        td { code { (unit.name) } @if let Some(place) = &finding.place { br; code { (place) } } }
                        td class=(severity.name()) { (finding.text) }
                        td { (finding.action) }
                    }
                }
            }
        }
    }
}

fn order(report: &Report<'_>) -> Markup {
    html! {
        @if !report.order.is_empty() {
            h2 { "Order of work" }
            ol { @for step in &report.order {
                li {
                    (step.title) " (" (step.units.len()) ")"
                    @if let Some(command) = step.command { br; code { (command) } }
                }
            } }
        }
    }
}

fn money(report: &Report<'_>) -> Markup {
    let currency = &report.prices.currency;
    let (now, then) = report.costs();
    html! {
        h2 { "Requests and their price" }
        table {
            tr { th { "Phase" } th.n { "Requests to S3" } th.n { "Requests to DynamoDB" } }
            @for phase in LockPhase::ALL {
                @let requests = super::Requests::per_apply(phase);
                tr { td { (phase.name()) } td.n { (requests.to_objects()) } td.n { (requests.to_table()) } }
            }
        }
        p {
            "For each apply. In a month all backends together cost " b { (amount(now, currency)) } " in requests now, and "
            b { (amount(then, currency)) } " by lockfile. What the move saves is less the requests than the table itself: one \
             resource, its permissions and its upkeep."
        }
        ul { @for assumption in report.assumptions() { li { "Assumed: " (assumption) } } }
    }
}

fn questions(report: &Report<'_>) -> Markup {
    let questions = report.questions();
    html! {
        @if !questions.is_empty() {
            h2 { "What no file says" }
            ul { @for question in questions { li { (question) } } }
        }
    }
}

fn backends(report: &Report<'_>) -> Markup {
    html! {
        h2 { "Backends" }
        table {
            tr { th { "Module" } th { "Phase" } th { "State" } th { "Lock table" } th { "Client" } }
            @for unit in &report.survey.units {
                tr {
                    td { code { (unit.name) } }
                    td { (phase_name(unit.phase)) @if unit.is_blocked() { br; span.blocker { "blocked" } } }
                    td { code { (unit.address()) } }
                    td { code { (unit.table.as_deref().unwrap_or("-")) } }
                    td { code { (unit.client.text()) } }
                }
            }
        }
    }
}

fn details(report: &Report<'_>) -> Markup {
    let currency = &report.prices.currency;
    html! {
        h2 { "What changes for each" }
        @for (unit, moved) in report.survey.units.iter().zip(&report.moves) {
            details { summary { code { (unit.name) } } (detail(report, unit, moved, currency)) }
        }
    }
}

fn detail(report: &Report<'_>, unit: &Unit, moved: &Move, currency: &str) -> Markup {
    let cost = |cost: Option<f64>| {
        cost.map_or_else(|| "not known".to_owned(), |cost| amount(cost, currency))
    };
    html! {
        dl {
            dt { "Block" } dd { code { (unit.place) } " (" (runner(unit.runner)) ")" }
            @for one in &unit.completed_by { dt { "Completed by" } dd { code { (completion(one)) } } }
            @if let Some(seen) = report.online.and_then(|online| online.of(unit)) {
                dt { "Account" } dd { (seen.account.as_deref().unwrap_or("not known")) }
                dt { "Workspaces with a state" } dd { (seen.workspaces.join(", ")) }
            }
            @for gained in &moved.gained { dt { "Permissions needed besides" } dd { (permission(gained)) } }
            @for lost in &moved.lost { dt { "Permissions not needed any more" } dd { (permission(lost)) } }
            dt { "Requests of a month" } dd { (cost(moved.cost_before)) " now, " (cost(Some(moved.cost_after))) " then" }
        }
    }
}

fn permission(permission: &Permission) -> Markup {
    html! {
        (permission.actions.join(", ")) " on "
        @for resource in &permission.resources { br; code { (resource) } }
    }
}

fn stores(report: &Report<'_>) -> Markup {
    let Some(online) = report.online else { return html! {} };
    html! {
        h2 { "Stores" }
        table {
            tr { th { "Bucket" } th { "Account" } th { "Asked" } }
            @for store in &online.stores {
                tr {
                    td { code { (store.bucket) } } td { (store.account.as_deref().unwrap_or("not known")) }
                    td { @match &store.problem { Some(problem) => span.blocker { (problem) }, None => "yes" } }
                }
            }
        }
        @if !online.strays.is_empty() {
            h2 { "States that no module here names" }
            ul { @for stray in &online.strays { li { code { (stray.address) } @if stray.is_held { " (locked)" } } } }
        }
    }
}

fn rest(report: &Report<'_>) -> Markup {
    let survey = report.survey;
    html! {
        @if !survey.others.is_empty() {
            h2 { "Other backends" }
            ul { @for other in &survey.others { li { (other.kind) ": " code { (other.place) } } } }
        }
        @if !survey.unattached.is_empty() {
            h2 { "Backend files that no module was seen to use" }
            ul { @for path in &survey.unattached { li { code { (path.display()) } } } }
        }
    }
}
