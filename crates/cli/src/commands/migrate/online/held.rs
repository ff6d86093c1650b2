//! Whether somebody holds a lock of a backend, in whatever workspace.

use statelock_client::protocol::lock::steps::{Inspection, Looked, StoredLock};
use statelock_client::{StateBackend, Trouble};
use statelock_protocol::state::{StateAddress, WorkspaceName};

use super::super::change::{Obstacle, ObstacleId};
use super::super::workspaces;
use super::not_reached;
use crate::backend::{place_name, whose};
use crate::output::printable;

/// Looks at the lock of each workspace that has a state.
///
/// # Errors
/// The workspaces can not be listed, for another reason than that it is not permitted.
pub(super) async fn look(backend: &StateBackend) -> Result<Vec<Obstacle>, Obstacle> {
    let all = workspaces::of(backend).await;
    let all = all.map_err(|error| not_reached(&printable(&error.cause.to_string())))?;
    let mut found = Vec::new();
    found.extend(all.unlisted.map(|error| unlisted(&printable(&error.cause.to_string()))));
    // The default one may be locked without a state: its first run writes that at its end.
    let default = (!all.names.iter().any(WorkspaceName::is_default)).then(WorkspaceName::default);
    for name in default.into_iter().chain(all.names) {
        let (seen, trouble) = in_workspace(backend, &name).inspect().await;
        found.extend(holder(&seen).map(|lock| held(&name, lock)));
        if let Some(obstacle) = not_looked(&seen, trouble.as_ref()) {
            // The others have the same store: it is said once.
            found.push(obstacle);
            break;
        }
    }
    Ok(found)
}

fn in_workspace(backend: &StateBackend, name: &WorkspaceName) -> StateBackend {
    let address = &backend.settings().address;
    let prefix = address.workspace_key_prefix().clone();
    let base = StateAddress::new(address.bucket().clone(), address.state_key().clone());
    backend.at(base.in_workspace(name.clone(), prefix))
}

fn holder(seen: &Inspection) -> Option<&StoredLock> {
    seen.places.iter().find_map(|(_, looked)| match looked {
        Looked::Found(lock) => Some(lock),
        Looked::Absent | Looked::Refused(_) | Looked::Unknown => None,
    })
}

fn held(workspace: &WorkspaceName, lock: &StoredLock) -> Obstacle {
    let of = if workspace.is_default() {
        String::new()
    } else {
        format!(" of workspace `{}`", printable(workspace.as_str()))
    };
    Obstacle::new(
        ObstacleId::LockHeld,
        format!("the lock{of} is held: {}", whose(Some(lock))),
        "let that end first (`statelock status` shows it): who runs now has the old configuration",
    )
}

/// Other workspaces than the default one may be locked.
fn unlisted(why: &str) -> Obstacle {
    Obstacle::new(
        ObstacleId::LockHeld,
        format!(
            "whether a lock is held in another workspace than `default` is not known, as the workspaces cannot be listed: {why}"
        ),
        "the credentials need s3:ListBucket; or answer for it with --allow lock_held",
    )
}

/// A lock that cannot be looked at may be held.
fn not_looked(seen: &Inspection, trouble: Option<&Trouble>) -> Option<Obstacle> {
    let (place, _) = seen.places.iter().find(|(_, looked)| match looked {
        Looked::Refused(_) | Looked::Unknown => true,
        Looked::Found(_) | Looked::Absent => false,
    })?;
    let why = trouble.map(|trouble| format!(": {}", printable(&trouble.to_string())));
    Some(Obstacle::new(
        ObstacleId::NotReached,
        format!(
            "whether the lock is held cannot be seen in the {}{}",
            place_name(place),
            why.unwrap_or_default()
        ),
        "check that it is there, and credentials, endpoint and network; then try again",
    ))
}
