//! What locks need: lockfiles, items of the lock table, digests.

use super::states::{extras, need, written};
use super::{Action, Narrowing, Need, Value, by_lockfile};
use crate::commands::iam::target::Target;
use crate::policy::Subject;

const LEADING_KEYS: &str = "dynamodb:LeadingKeys";

/// Lockfiles of states: taken and released.
pub(super) fn lockfiles(target: &Target, states: &[Subject]) -> Option<Need> {
    let put = Action::new(
        "s3:PutObject",
        "PutObject with If-None-Match on KEY.tflock, when the lock is taken",
        "`Error acquiring the state lock`: nothing works without -lock=false",
    );
    let mut actions = vec![put.with(written(target, Some("*")))];
    actions.extend(lockfile_release());
    actions.extend(extras(target, !target.objects.lock_tags.is_empty()));
    let needed =
        need("Lockfiles", "take and release the lock", actions, lockfile_arns(target, states));
    by_lockfile(target).then_some(needed)
}

/// Lockfiles, removed only.
pub(super) fn lockfile_removal(target: &Target) -> Option<Need> {
    let arns = lockfile_arns(target, &target.states());
    let needed = need("Lockfiles", "see and remove the lock", lockfile_release().into(), arns);
    by_lockfile(target).then_some(needed)
}

fn lockfile_release() -> [Action; 2] {
    [
        Action::new(
            "s3:GetObject",
            "GetObject of KEY.tflock before each release, and to see who holds the lock",
            "the lock cannot be released: apply succeeds, and the lock stays; and nobody is told who holds it",
        ),
        Action::new(
            "s3:DeleteObject",
            "DeleteObject of KEY.tflock, when the lock is released",
            "apply succeeds, and the lock stays: the next run finds it held",
        )
        // Terraform and OpenTofu delete without a condition.
        .with(vec![("s3:if-match", None), ("s3:if-none-match", None)]),
    ]
}

fn lockfile_arns(target: &Target, states: &[Subject]) -> Vec<Subject> {
    let keys: Vec<_> = states.iter().map(|state| state.clone().then(".tflock")).collect();
    target.objects_at(&keys)
}

/// Items of the lock table: taken and released.
pub(super) fn table(target: &Target, states: &[Subject]) -> Option<Need> {
    let put = Action::new(
        "dynamodb:PutItem",
        "PutItem of the lock's item on condition that there is none, when the lock is taken",
        "`Error acquiring the state lock`: nothing works without -lock=false",
    );
    let [get, delete] = item_release();
    of_items(
        target,
        ("LockItems", "take and release the lock in the lock table"),
        vec![put, get, delete],
        target.lock_items(states),
    )
}

/// Items of the lock table, removed only.
pub(super) fn table_removal(target: &Target) -> Option<Need> {
    let items = target.lock_items(&target.states());
    of_items(
        target,
        ("LockItems", "see and remove the lock in the lock table"),
        item_release().into(),
        items,
    )
}

fn item_release() -> [Action; 2] {
    [
        Action::new(
            "dynamodb:GetItem",
            "GetItem of the lock's item before each release, and to see who holds the lock",
            "the lock cannot be released: apply succeeds, and the lock stays; and nobody is told who holds it",
        ),
        Action::new(
            "dynamodb:DeleteItem",
            "DeleteItem of the lock's item, when the lock is released",
            "apply succeeds, and the lock stays: the next run finds it held",
        ),
    ]
}

/// Digests: read with each state, and written with it.
pub(super) fn digests(target: &Target, writes: bool) -> Option<Need> {
    let get = Action::new(
        "dynamodb:GetItem",
        "GetItem of the digest with each state that is read",
        "a warning in the log alone: a state that does not fit its digest is not noticed",
    );
    let put = Action::new(
        "dynamodb:PutItem",
        "PutItem of the digest after each state that is written",
        "the apply that writes succeeds, and every later read fails: `state data in S3 does not have the expected \
         content`",
    );
    let actions = if writes { vec![get, put] } else { vec![get] };
    of_items(
        target,
        ("Digests", "compare the state with its digest"),
        actions,
        digest_items(target, &target.states()),
    )
}

/// The digest of a workspace that is deleted.
pub(super) fn digest_removal(target: &Target) -> Option<Need> {
    let delete = Action::new(
        "dynamodb:DeleteItem",
        "DeleteItem of the digest by `workspace delete`",
        "a warning in the log alone; a workspace of the same name that is made later cannot be read",
    );
    let items = digest_items(target, &target.workspace_states());
    of_items(target, ("DeleteDigests", "delete a workspace's digest"), vec![delete], items)
}

/// The items of digests.
pub(super) fn digest_items(target: &Target, states: &[Subject]) -> Vec<Subject> {
    target.lock_items(states).into_iter().map(|item| item.then("-md5")).collect()
}

/// A need of these items alone; none without a table or without items.
pub(super) fn of_items(
    target: &Target,
    (sid, why): (&'static str, &'static str),
    actions: Vec<Action>,
    items: Vec<Subject>,
) -> Option<Need> {
    let table = target.table()?;
    let values: Vec<_> = items.into_iter().map(|is| Value { is, without: None }).collect();
    let has_values = !values.is_empty();
    let narrowing = Narrowing { key: LEADING_KEYS, is_list: true, values };
    let needed = Need { sid, why, actions, resources: vec![table], narrowing: Some(narrowing) };
    has_values.then_some(needed)
}
