//! Whether the bucket keeps versions, in words.

use statelock_client::probe::ProbeReport;
use statelock_client::state::Versioning;

/// Whether endpoints, or addresses of one, say different things.
pub(super) fn differ(report: &ProbeReport) -> bool {
    let mut all = report.places.iter().map(|place| place.versioning);
    let first = all.next();
    all.any(|one| Some(one) != first)
}

/// For people.
pub(super) fn told(versioning: Option<Versioning>) -> &'static str {
    match versioning {
        Some(Versioning::Enabled) => "keeps versions",
        Some(Versioning::Suspended) => "keeps old versions, and no new ones",
        Some(Versioning::Off) => "keeps no versions",
        None => "whether it keeps versions is not known",
    }
}

/// For programs.
pub(super) fn id(versioning: Option<Versioning>) -> &'static str {
    match versioning {
        Some(Versioning::Enabled) => "enabled",
        Some(Versioning::Suspended) => "suspended",
        Some(Versioning::Off) => "off",
        None => "not_known",
    }
}
