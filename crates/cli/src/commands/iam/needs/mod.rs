//! What each role needs: the requests that are sent, and what fails without them.
//!
//! Each need becomes a statement of the generated policy, and each of its asks is a request that a checked
//! policy has to allow. What Terraform and OpenTofu send was captured from them; see
//! `docs/operations/permissions.md`.

mod locks;
mod maintenance;
mod states;

use statelock_client::protocol::lock::steps::LockMode;

use super::options::Role;
use super::target::Target;
use crate::policy::{Request, Subject};

/// A statement: every action on every resource, where the narrowing key has one of the values.
#[derive(Clone, Debug)]
pub(super) struct Need {
    pub(super) sid: &'static str,
    /// What it is for.
    pub(super) why: &'static str,
    pub(super) actions: Vec<Action>,
    pub(super) resources: Vec<Subject>,
    pub(super) narrowing: Option<Narrowing>,
}

/// An action, and what is known of its requests.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) name: &'static str,
    /// Who sends it, and when.
    pub(super) sent: &'static str,
    /// What happens without it.
    pub(super) without: &'static str,
    /// Condition keys of the request; without a value if they are not in it.
    pub(super) context: Vec<(&'static str, Option<String>)>,
}

/// A condition key that keeps a permission to what is needed.
#[derive(Clone, Debug)]
pub(super) struct Narrowing {
    pub(super) key: &'static str,
    /// Whether a request can have many values of it.
    pub(super) is_list: bool,
    pub(super) values: Vec<Value>,
}

/// One value of it.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) is: Subject,
    /// What happens if it is not permitted, where that is something else than for the action.
    pub(super) without: Option<&'static str>,
}

/// One request that has to be allowed.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) action: &'static str,
    pub(super) resource: Subject,
    /// The narrowing key with its value.
    pub(super) value: Option<(&'static str, Subject)>,
    pub(super) sent: &'static str,
    pub(super) without: &'static str,
    pub(super) request: Request,
}

/// All needs of a role.
pub(super) fn of(target: &Target, role: Role) -> Vec<Need> {
    let needs = match role {
        Role::Plan => plan(target),
        Role::Apply => apply(target),
        Role::Unlock => vec![
            Some(states::listing(target, &[], by_lockfile(target))),
            locks::lockfile_removal(target),
            locks::table_removal(target),
            by_lockfile(target).then(|| states::key_for_reading(target)).flatten(),
        ],
        Role::Migrate => maintenance::migration(target),
        Role::Bootstrap => maintenance::bootstrap(target),
        Role::Gc => maintenance::collection(target),
    };
    // A statement without resources would not be one: no workspace, or no table.
    needs.into_iter().flatten().filter(|need| !need.resources.is_empty()).collect()
}

fn plan(target: &Target) -> Vec<Option<Need>> {
    let locks = !target.no_lock;
    let lockfiles = locks && by_lockfile(target);
    vec![
        Some(states::listing(target, &target.states(), lockfiles)),
        Some(states::reading(target)),
        locks.then(|| locks::lockfiles(target, &target.states())).flatten(),
        locks.then(|| locks::table(target, &target.states())).flatten(),
        locks::digests(target, false),
        if lockfiles { states::key_for_writing(target) } else { states::key_for_reading(target) },
    ]
}

fn apply(target: &Target) -> Vec<Option<Need>> {
    vec![
        Some(states::listing(target, &target.states(), by_lockfile(target))),
        Some(states::reading(target)),
        Some(states::writing(target)),
        Some(states::deleting(target)),
        locks::lockfiles(target, &target.states()),
        locks::table(target, &target.states()),
        locks::digests(target, true),
        locks::digest_removal(target),
        states::key_for_writing(target),
    ]
}

/// Whether there are lockfiles.
fn by_lockfile(target: &Target) -> bool {
    match target.mode {
        LockMode::Lockfile | LockMode::Dual(_) => true,
        LockMode::LockTable(_) => false,
    }
}

impl Action {
    /// An action whose requests have no condition keys of their own that matter.
    fn new(name: &'static str, sent: &'static str, without: &'static str) -> Self {
        Self { name, sent, without, context: Vec::new() }
    }

    fn with(mut self, context: Vec<(&'static str, Option<String>)>) -> Self {
        self.context.extend(context);
        self
    }
}

impl Need {
    /// Its requests, one by one.
    pub(super) fn asks(&self) -> Vec<Ask> {
        let mut asks = Vec::new();
        for action in &self.actions {
            for resource in &self.resources {
                match &self.narrowing {
                    None => asks.push(ask(action, resource, None)),
                    Some(narrowing) => asks.extend(
                        narrowing
                            .values
                            .iter()
                            .map(|value| ask(action, resource, Some((narrowing.key, value)))),
                    ),
                }
            }
        }
        asks
    }
}

fn ask(action: &Action, resource: &Subject, value: Option<(&'static str, &Value)>) -> Ask {
    let mut request = Request::new(action.name, resource.clone())
        // Endpoints without TLS are not what policies are written for.
        .with("aws:SecureTransport", Subject::exactly("true"));
    for (key, value) in &action.context {
        request = match value {
            Some(value) => request.with(key, Subject::exactly(value)),
            None => request.without(key),
        };
    }
    if let Some((key, value)) = value {
        request = request.with(key, value.is.clone());
    }
    Ask {
        action: action.name,
        resource: resource.clone(),
        value: value.map(|(key, value)| (key, value.is.clone())),
        sent: action.sent,
        without: value.and_then(|(_, value)| value.without).unwrap_or(action.without),
        request,
    }
}

#[cfg(test)]
mod page_tests;
