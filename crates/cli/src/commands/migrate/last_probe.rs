//! Stores that a probe found not to lock by lockfile: nobody should be moved there unwarned.

use std::collections::BTreeSet;

use statelock_client::protocol::lock::steps::LockMode;
use statelock_protocol::state::WorkspaceName;

use super::session::Session;
use crate::backend::BackendArgs;
use crate::commands::probe::last_probe_warning;
use crate::output;

/// Says of each store of these backends, once, what its last probe found, if that was bad.
pub(super) fn warn(session: &Session) {
    let options = BackendArgs::default();
    let warnings = session.survey.units.iter().filter_map(|unit| {
        let arguments = unit.s3.as_ref().ok()?;
        let workspace = WorkspaceName::default();
        let resolved = options.resolve_arguments(arguments, &unit.directory, workspace).ok()?;
        let mut settings = resolved.settings;
        settings.mode = LockMode::Lockfile;
        last_probe_warning(&settings)
    });
    for warning in warnings.collect::<BTreeSet<_>>() {
        output::warning(&warning);
    }
}
