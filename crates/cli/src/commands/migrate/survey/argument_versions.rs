//! Arguments that not every version of Terraform and OpenTofu knows.

use statelock_config::{Place, Source, Version};

use super::arguments;
use super::client_version::{KnowsLockfile, LOCKFILE_SINCE};
use super::finding::{Finding, FindingId, Severity};
use super::phase::LockPhase;
use super::unit::Unit;

/// Terraform 1.10 does not take these any more; OpenTofu still does. Each with what replaced it.
const REMOVED: [(&str, &str); 8] = [
    ("role_arn", "assume_role.role_arn"),
    ("session_name", "assume_role.session_name"),
    ("external_id", "assume_role.external_id"),
    ("assume_role_duration_seconds", "assume_role.duration"),
    ("assume_role_policy", "assume_role.policy"),
    ("assume_role_policy_arns", "assume_role.policy_arns"),
    ("assume_role_tags", "assume_role.tags"),
    ("assume_role_transitive_tag_keys", "assume_role.transitive_tag_keys"),
];

/// Since when Terraform, and OpenTofu, know an argument. Those that all versions know are not here.
const SINCE: [(&str, &str); 14] = [
    ("use_lockfile", LOCKFILE_SINCE),
    ("use_path_style", "1.6.0"),
    ("endpoints", "1.6.0"),
    ("assume_role", "1.6.0"),
    ("assume_role_with_web_identity", "1.6.0"),
    ("allowed_account_ids", "1.6.0"),
    ("forbidden_account_ids", "1.6.0"),
    ("custom_ca_bundle", "1.6.0"),
    ("retry_mode", "1.6.0"),
    ("shared_config_files", "1.6.0"),
    ("shared_credentials_files", "1.6.0"),
    ("sts_region", "1.6.0"),
    ("use_fips_endpoint", "1.6.0"),
    ("use_dualstack_endpoint", "1.6.0"),
];

/// What is to be said of them.
pub(super) fn judge(unit: &Unit) -> Vec<Finding> {
    let mut found = removed(unit);
    found.extend(new(unit));
    found.extend(tags(unit));
    found
}

fn place(unit: &Unit, argument: &str) -> Option<Place> {
    match arguments::source(&unit.arguments, &[argument])? {
        Source::Written(place) => Some(place),
        Source::Initialised(_) | Source::CommandLine | Source::Default => Some(unit.place.clone()),
    }
}

fn removed(unit: &Unit) -> Vec<Finding> {
    let set = REMOVED.iter().filter(|(name, _)| unit.arguments.get(name).is_some());
    set.map(|(name, instead)| Finding {
        id: FindingId::RemovedArgument,
        severity: Severity::Caution,
        text: format!("Terraform 1.10 and newer do not know `{name}`, and only they know `use_lockfile`; OpenTofu knows both"),
        action: format!("where Terraform runs, write `{instead}` instead first, which 1.6 and newer know"),
        place: place(unit, name),
    })
    .collect()
}

fn new(unit: &Unit) -> Vec<Finding> {
    let Some(lowest) = &unit.client.lowest else { return Vec::new() };
    // Of units that are to move, this is said of their client anyway.
    let is_told = |name: &str| {
        name == "use_lockfile"
            && (unit.phase != Some(LockPhase::Lockfile)
                || unit.client.knows_lockfile == KnowsLockfile::Never)
    };
    let is_new = |since: &str| Version::parse(since).is_some_and(|since| *lowest < since);
    let set = SINCE.iter().filter(|(name, since)| {
        unit.arguments.get(name).is_some() && !is_told(name) && is_new(since)
    });
    set.map(|(name, since)| Finding {
        id: FindingId::NewArgument,
        severity: Severity::Caution,
        text: format!(
            "`{name}` is known since {since}, and the version constraint `{}` admits {lowest}",
            unit.client.text()
        ),
        action: format!("make the constraint `>= {since}`"),
        place: place(unit, name),
    })
    .collect()
}

fn tags(unit: &Unit) -> Vec<Finding> {
    let set =
        ["state_tags", "lock_tags"].into_iter().filter(|name| unit.arguments.get(name).is_some());
    set.map(|name| Finding {
        id: FindingId::NewArgument,
        severity: Severity::Note,
        text: format!("only OpenTofu 1.11 and newer know `{name}`"),
        action: "run nothing else there".to_owned(),
        place: place(unit, name),
    })
    .collect()
}
