//! Permissions on the table by which a state was locked, once it is locked by lockfile alone.

use crate::commands::iam::target::Target;
use crate::policy::{Matched, Named, Statement, Subject};

/// What clients ask of a lock table, and what documentation permits them.
const TAKES_AND_RELEASES: [&str; 3] =
    ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"];
const DESCRIBES: &str = "dynamodb:DescribeTable";
const LEADING_KEYS: &str = "dynamodb:LeadingKeys";

/// The tables of a resource, if the statement looks as if it were for the lock table of the state, whose name
/// nobody says.
pub(super) fn guessed(target: &Target, statement: &Statement, resource: &Named) -> Option<Subject> {
    if !target.has_nameless_old_table() {
        return None;
    }
    let text = resource.pattern.text();
    let is_table = text.contains(":dynamodb:") && text.contains(":table/");
    let is_meant = match is_about_items(target, statement) {
        Some(is_ours) => is_ours,
        None => permits_just_locks(statement),
    };
    (is_table && is_meant).then(|| resource.pattern.as_subject())
}

/// Whether the items that it names are the state's; `None` if it names none.
fn is_about_items(target: &Target, statement: &Statement) -> Option<bool> {
    let mut narrowing = statement.conditions.iter().filter(|one| one.restricts(LEADING_KEYS));
    let narrowing = narrowing.next()?;
    let locks = target.lock_items(&target.states());
    let ours = locks.iter().flat_map(|lock| [lock.clone(), lock.clone().then("-md5")]);
    let ours: Vec<_> = ours.collect();
    let is_ours = |value: &crate::policy::Pattern| {
        ours.iter().any(|item| value.matches(item) != Matched::None)
    };
    Some(narrowing.values.iter().any(is_ours))
}

/// Whether it permits all that locks need in a table, and nothing else there.
fn permits_just_locks(statement: &Statement) -> bool {
    let patterns = || statement.actions.patterns.iter().map(|named| &named.pattern);
    let is_of_tables = |text: &str| text.to_ascii_lowercase().starts_with("dynamodb:");
    let is_of_locks = |text: &str| {
        let mut all = TAKES_AND_RELEASES.iter().chain([&DESCRIBES]);
        all.any(|action| action.eq_ignore_ascii_case(text))
    };
    let has = |action| patterns().any(|pattern| pattern.takes_in_action(action));
    TAKES_AND_RELEASES.into_iter().all(has)
        && patterns()
            .map(crate::policy::Pattern::text)
            .filter(|text| is_of_tables(text))
            .all(is_of_locks)
}
