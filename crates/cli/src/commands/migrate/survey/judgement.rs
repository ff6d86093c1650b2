//! What is to be said of a unit by itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use statelock_client::without_user;
use statelock_config::tree::FileOrigin;
use statelock_config::{ConfigError, Place};

use super::client_version::{KnowsLockfile, LOCKFILE_SINCE};
use super::finding::{Finding, FindingId, Severity};
use super::phase::LockPhase;
use super::site::Site;
use super::unit::Unit;
use super::{argument_versions, arguments, initialised};

/// Adds it.
pub(super) fn judge(unit: &mut Unit, origins: &BTreeMap<PathBuf, FileOrigin>) {
    let rules = [
        bad_argument,
        phase_unknown,
        incomplete,
        unlocked,
        client,
        by_hand,
        table_unknown,
        unknown_argument,
        argument_versions::judge,
        other_store,
    ];
    let mut found: Vec<_> = rules.iter().flat_map(|rule| rule(unit)).collect();
    found.extend(strange_files(unit, origins));
    unit.findings.extend(found);
}

/// Whether there is still something to be changed.
fn is_to_move(unit: &Unit) -> bool {
    unit.phase != Some(LockPhase::Lockfile)
}

fn finding(
    (id, severity): (FindingId, Severity),
    place: Option<Place>,
    text: String,
    action: impl Into<String>,
) -> Vec<Finding> {
    vec![Finding { id, severity, text, action: action.into(), place }]
}

fn bad_argument(unit: &Unit) -> Vec<Finding> {
    match &unit.s3 {
        Ok(_) | Err(ConfigError::Missing { .. }) => Vec::new(),
        Err(error) => finding(
            (FindingId::BadArgument, Severity::Blocker),
            Some(unit.place.clone()),
            error.to_string(),
            error.hint(),
        ),
    }
}

fn phase_unknown(unit: &Unit) -> Vec<Finding> {
    let open = unit.expressions.iter().find(|one| one.argument == "use_lockfile");
    match open {
        Some(open) if unit.phase.is_none() => finding(
            (FindingId::PhaseUnknown, Severity::Blocker),
            Some(open.place.clone()),
            format!("`use_lockfile` {}, so it is not known how the state is locked", open.what),
            "write `use_lockfile = true` or `false` there",
        ),
        Some(_) | None => Vec::new(),
    }
}

fn incomplete(unit: &Unit) -> Vec<Finding> {
    let Err(ConfigError::Missing { arguments: missing, .. }) = &unit.s3 else { return Vec::new() };
    let names: Vec<_> = missing.iter().map(|name| format!("`{name}`")).collect();
    finding(
        (FindingId::Incomplete, Severity::Caution),
        Some(unit.place.clone()),
        format!("{} of the backend stand in no file that was found", names.join(" and ")),
        "find out what `terraform init` is given with -backend-config, and check there too whether `dynamodb_table` \
         or `use_lockfile` is set; run `terraform init` and scan again to see it",
    )
}

fn unlocked(unit: &Unit) -> Vec<Finding> {
    if unit.phase != Some(LockPhase::Unlocked) {
        return Vec::new();
    }
    finding(
        (FindingId::Unlocked, Severity::Caution),
        Some(unit.place.clone()),
        "nobody locks this state: two runs at once lose what one of them did".to_owned(),
        "set `use_lockfile = true`; there is no lock table to move from",
    )
}

fn client(unit: &Unit) -> Vec<Finding> {
    if !is_to_move(unit) && unit.client.knows_lockfile != KnowsLockfile::Never {
        return Vec::new();
    }
    let place = unit.client.constraints.first().map(|one| one.place.clone());
    let constraints = unit.client.text();
    match unit.client.knows_lockfile {
        KnowsLockfile::Always => Vec::new(),
        KnowsLockfile::Never => finding(
            (FindingId::OldClient, Severity::Blocker),
            place,
            format!(
                "the version constraint `{constraints}` admits no client that knows `use_lockfile`"
            ),
            format!(
                "move to Terraform or OpenTofu {LOCKFILE_SINCE} or newer first, and change the constraint"
            ),
        ),
        KnowsLockfile::Sometimes => finding(
            (FindingId::ClientMayBeOld, Severity::Caution),
            place,
            format!(
                "the version constraint `{constraints}` admits clients that fail with `Unsupported argument` on \
                     `use_lockfile`"
            ),
            format!("make it `>= {LOCKFILE_SINCE}` once all run that"),
        ),
        KnowsLockfile::Unconstrained => finding(
            (FindingId::ClientMayBeOld, Severity::Caution),
            Some(unit.place.clone()),
            "no version constraint keeps out clients that do not know `use_lockfile`".to_owned(),
            format!("add `required_version = \">= {LOCKFILE_SINCE}\"` once all run that"),
        ),
        KnowsLockfile::Unreadable => finding(
            (FindingId::ClientMayBeOld, Severity::Caution),
            place,
            format!("the version constraint `{constraints}` could not be understood"),
            format!("check that it admits only {LOCKFILE_SINCE} or newer"),
        ),
    }
}

/// Adds what is to be said of the last init in each directory. With several backends in one that is about the one
/// with which it is initialised; if that is none of them, it is said once.
pub(super) fn judge_inits(units: &mut [Unit]) {
    let mut from = 0;
    while let Some(first) = units.get(from) {
        let directory = first.directory.clone();
        let rest = units.get_mut(from..).unwrap_or_default();
        let count = rest.iter().take_while(|unit| unit.directory == directory).count();
        let of_directory = rest.get_mut(..count).unwrap_or_default();
        if let Some((index, finding)) = initialised_otherwise(of_directory)
            && let Some(unit) = of_directory.get_mut(index)
        {
            unit.findings.push(finding);
        }
        from += count.max(1);
    }
}

fn initialised_otherwise(units: &[Unit]) -> Option<(usize, Finding)> {
    let (_, others) = units.split_first()?;
    let mut meant: Vec<_> =
        units.iter().enumerate().filter(|(_, unit)| unit.has_initialised_state()).collect();
    if others.is_empty() {
        meant = units.iter().enumerate().collect();
    }
    let (index, unit) = *meant.first().or(units.iter().enumerate().next().as_ref())?;
    let initialised = unit.initialised.as_ref()?;
    if meant.iter().any(|(_, unit)| unit.is_initialised()) {
        return None;
    }
    let (text, action) = if meant.is_empty() {
        (
            format!("the last `terraform init` here was with none of its {} backends", units.len()),
            "run `terraform init -reconfigure` with the -backend-config of the one that is meant"
                .to_owned(),
        )
    } else {
        let differences = initialised::differences(unit, initialised);
        let names: Vec<_> = differences.iter().map(|name| format!("`{name}`")).collect();
        (
            format!("the last `terraform init` here had another {}", names.join(", ")),
            "run `terraform init -reconfigure`, or find out with which -backend-config it is run"
                .to_owned(),
        )
    };
    let (id, severity) = (FindingId::InitialisedOtherwise, Severity::Caution);
    let place = Some(unit.place.clone());
    Some((index, Finding { id, severity, text, action, place }))
}

fn by_hand(unit: &Unit) -> Vec<Finding> {
    if !is_to_move(unit) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let named = unit.sites.of_table.iter().map(|one| (one.path.join("."), &one.site));
    let lockfile = unit.sites.use_lockfile.iter().map(|site| ("use_lockfile".to_owned(), site));
    for (argument, site) in named.chain(lockfile) {
        let (place, text) = match site {
            Site::File { .. } => continue,
            Site::Script(place) => {
                (place.clone(), format!("`{argument}` is given on a command line in {place}"))
            }
            Site::Init(file) => (
                Place { file: file.clone(), line: None },
                format!(
                    "`{argument}` is known only from the last `terraform init`; where it is given was not found"
                ),
            ),
        };
        let action = "change it by hand where `terraform init` gets its -backend-config";
        found.extend(finding((FindingId::ByHand, Severity::Caution), Some(place), text, action));
    }
    found
}

fn table_unknown(unit: &Unit) -> Vec<Finding> {
    let open = unit.expressions.iter().find(|one| one.argument == "dynamodb_table");
    match open {
        Some(open) if unit.table.is_none() => finding(
            (FindingId::TableUnknown, Severity::Caution),
            Some(open.place.clone()),
            format!("`dynamodb_table` {}, so it is not known which table it is", open.what),
            "before the table is retired, check that this is not the one",
        ),
        Some(_) | None => Vec::new(),
    }
}

fn unknown_argument(unit: &Unit) -> Vec<Finding> {
    let Ok(s3) = &unit.s3 else { return Vec::new() };
    let one = |name: &String| Finding {
        id: FindingId::UnknownArgument,
        severity: Severity::Caution,
        text: format!("no version of the s3 backend knows `{name}`: `terraform init` fails on it"),
        action: "remove it, or correct its name".to_owned(),
        place: arguments::source(&unit.arguments, &[name]).and_then(|source| match source {
            statelock_config::Source::Written(place) => Some(place),
            statelock_config::Source::Initialised(_)
            | statelock_config::Source::CommandLine
            | statelock_config::Source::Default => None,
        }),
    };
    s3.unknown.iter().map(one).collect()
}

fn other_store(unit: &Unit) -> Vec<Finding> {
    let Ok(s3) = &unit.s3 else { return Vec::new() };
    let Some(endpoint) = s3.endpoints.s3.as_ref().filter(|url| !is_aws(url)) else {
        return Vec::new();
    };
    if !is_to_move(unit) {
        return Vec::new();
    }
    finding(
        (FindingId::OtherStore, Severity::Caution),
        Some(unit.place.clone()),
        format!(
            "the store at `{}` is not AWS: not every S3-compatible store really locks by `use_lockfile`",
            without_user(endpoint)
        ),
        "let `statelock migrate verify` prove it in the dual phase, before the table goes",
    )
}

/// Files to be changed that are not simply files of the scanned directories.
fn strange_files(unit: &Unit, origins: &BTreeMap<PathBuf, FileOrigin>) -> Vec<Finding> {
    if !is_to_move(unit) {
        return Vec::new();
    }
    let files = unit.touched_files();
    let strange = files.iter().filter_map(|file| Some((file, origins.get(file)?)));
    strange.flat_map(|(file, origin)| strange_file(file, origin)).collect()
}

fn strange_file(file: &Path, origin: &FileOrigin) -> Vec<Finding> {
    let shown = file.display();
    let (text, action) = match origin {
        // A change reaches the file that it stands for.
        FileOrigin::Link { .. } => return Vec::new(),
        FileOrigin::Outside { target } => (
            format!("`{shown}` is `{}`, outside of what was scanned", target.display()),
            "scan the directory it is in, too, or change it by hand",
        ),
        FileOrigin::Ignored => (
            format!("git ignores `{shown}`: what is changed in it reaches nobody else"),
            "change what it is made from",
        ),
    };
    let place = Place { file: file.to_owned(), line: None };
    finding((FindingId::ByHand, Severity::Caution), Some(place), text, action)
}

fn is_aws(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|suffix| host.ends_with(suffix))
}
