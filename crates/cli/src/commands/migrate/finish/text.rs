//! What `finish` did or would do, for people.

use super::homes::Closed;
use super::report::{LockOut, TableReport};
use super::{killed_proofs, retire};
use crate::output;

/// How many keys are listed.
const SHOWN_MAX: usize = 20;

/// All of it.
pub(super) fn of(tables: &[TableReport], closed: &[Closed]) -> String {
    let mut lines: Vec<String> = tables.iter().flat_map(of_table).collect();
    lines.extend(closed.iter().flat_map(of_record));
    let is_dry_run = tables.iter().any(|table| table.is_dry_run);
    match (is_dry_run, tables.iter().all(TableReport::may_go_on)) {
        (false, _) => {}
        (true, true) => {
            lines.push("Nothing was changed. To do it: the same command with --yes".to_owned());
        }
        (true, false) => lines.push("Nothing was changed.".to_owned()),
    }
    lines.join("\n") + "\n"
}

fn of_record(record: &Closed) -> Vec<String> {
    let top = output::printable(&record.top.display().to_string());
    if record.is_closed() {
        let what = "is closed: the original files are forgotten.";
        return vec![format!("The record of the migration in {top} {what}")];
    }
    let stays = format!("The record of the migration in {top} stays open:");
    let mut lines = Vec::new();
    if !record.waits_for.is_empty() {
        let count = backends(record.waits_for.len());
        let what = "that are not named here still have a lock table";
        lines.push(format!("{stays} {count} in it {what}."));
        lines.extend(listed(&record.waits_for));
    }
    if !record.tables.is_empty() {
        let what = "it is also about lock tables that were not finished here:";
        lines.push(format!("{stays} {what}"));
        lines.extend(listed(&record.tables));
    }
    lines
}

fn of_table(report: &TableReport) -> Vec<String> {
    let region = report.region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
    let count = backends(report.units.len());
    let mut lines = vec![format!("Lock table `{}`{region}, of {count}", report.table)];
    if let Some(place) = &report.gone_from {
        let place = output::printable(place);
        lines.push(format!("  There is no lock table `{}` in {place}.", report.table));
    }
    let lock = |lock: &LockOut| format!("{}: {}", lock.key, lock.holder);
    let locks: Vec<_> = report.locks.iter().map(lock).collect();
    lines.extend(section("Refused: it is still named by", &report.named_by));
    let held = if report.has_begun {
        "It holds locks that were taken meanwhile:"
    } else {
        "Refused: it holds locks"
    };
    lines.extend(section(held, &locks));
    if report.remaining.is_some() || report.has_begun {
        lines.extend(digests(report));
    }
    lines.extend(section("Left, because they name no state:", &report.strange));
    lines.extend(end(report));
    lines.push(String::new());
    lines
}

/// A headline and what stands under it; nothing if there is nothing.
fn section(headline: &str, entries: &[String]) -> Vec<String> {
    if entries.is_empty() {
        return Vec::new();
    }
    std::iter::once(format!("  {headline}")).chain(listed(entries)).collect()
}

fn digests(report: &TableReport) -> Vec<String> {
    let (count, removed) = (digest_count(report.digests.len()), report.removed);
    let mut lines = if report.digests.is_empty() {
        vec!["  No digest of a state of these backends is left.".to_owned()]
    } else if !report.has_begun {
        let when = if report.may_go_on() { "to be removed" } else { "to be removed then" };
        section(&format!("{count} {when}:"), &report.digests)
    } else {
        vec![format!("  {removed} of {count} removed.")]
    };
    let twin = "Removed meanwhile by somebody else, another `finish` perhaps:";
    lines.extend(section(twin, &report.removed_meanwhile));
    let changed = "Left, because somebody wrote them meanwhile, so the table is still in use:";
    lines.extend(section(changed, &report.changed));
    let others =
        "Left, because no root module here names their states; another repository may use them:";
    lines.extend(section(others, &report.digests_of_others));
    if report.leftovers > 0 {
        let (count, removed) = (killed_proofs::counted(report.leftovers), report.leftovers_removed);
        lines.push(if report.has_begun {
            format!("  {removed} of {count}: removed")
        } else {
            format!("  {count}: to be removed")
        });
    }
    lines
}

fn end(report: &TableReport) -> Vec<String> {
    if let Some(problem) = &report.problem {
        let message = output::printable(&problem.message);
        return vec![format!("  Not finished: {message}"), format!("  To do: {}", problem.hint)];
    }
    let mut lines = Vec::new();
    if report.gone {
        if report.named_by.is_empty() {
            lines.push("  There is nothing left to do.".to_owned());
        }
        return lines;
    }
    if !report.is_dry_run && report.remaining == Some(0) {
        lines.push("  The table is empty.".to_owned());
    } else if report.locks.is_empty() {
        lines.push("  It holds no lock.".to_owned());
    }
    if report.retire.is_empty() {
        return lines;
    }
    let when = if report.is_dry_run { "When that is done, retire it:" } else { "Retire it:" };
    lines.push(format!("  {when}"));
    lines.extend(report.retire.iter().map(|command| format!("    {command}")));
    lines.extend(retire::code(&report.table).lines().map(|line| format!("  {line}")));
    let permissions = "dynamodb:GetItem, PutItem, DeleteItem";
    lines.push(format!("  Then the permissions on it can go from policies: {permissions}."));
    lines
}

fn listed(entries: &[String]) -> Vec<String> {
    let shown = entries.iter().take(SHOWN_MAX);
    let mut lines: Vec<_> =
        shown.map(|entry| format!("    {}", output::printable(entry))).collect();
    if entries.len() > SHOWN_MAX {
        lines.push(format!("    … and {} more (--json shows all)", entries.len() - SHOWN_MAX));
    }
    lines
}

fn digest_count(count: usize) -> String {
    format!("{count} {}", if count == 1 { "digest" } else { "digests" })
}

fn backends(count: usize) -> String {
    format!("{count} {}", if count == 1 { "backend" } else { "backends" })
}
