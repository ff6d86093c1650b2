//! Which arguments a change of phase sets and removes, and where.

use std::path::PathBuf;

use statelock_config::edit::{ArgumentChange, ByHand, NewValue};

use super::super::survey::{FileRole, LockPhase, Site, Unit};

/// What is to be changed in one place.
#[derive(Debug)]
pub(super) struct Wanted {
    /// The file, as the survey names it.
    pub(super) file: PathBuf,
    /// What it is.
    pub(super) role: FileRole,
    /// The change; `None`: only kept bytes can be restored.
    pub(super) change: Option<ArgumentChange>,
}

/// The changes that bring a unit from one phase to another.
///
/// # Errors
/// Every place that only people can change.
pub(super) fn of_unit(
    unit: &Unit,
    from: LockPhase,
    to: LockPhase,
    table: Option<&str>,
) -> Result<Vec<Wanted>, Vec<ByHand>> {
    let lockfile = unit.sites.lockfile_site();
    let mut all: Vec<(Site, ArgumentChange)> = Vec::new();
    if to.has_lockfile() && !from.has_lockfile() {
        all.push((lockfile.clone(), set("use_lockfile", NewValue::Bool(true), "dynamodb_table")));
    }
    if !to.has_lockfile() && from.has_lockfile() {
        all.push((lockfile.clone(), ArgumentChange::Remove { path: &["use_lockfile"] }));
    }
    if from.has_table() && !to.has_table() {
        for argument in &unit.sites.of_table {
            all.push((argument.site.clone(), ArgumentChange::Remove { path: argument.path }));
        }
    }
    if let (true, false, Some(table)) = (to.has_table(), from.has_table(), table) {
        all.push((lockfile, super::back::set_table(table)));
    }
    let (mut wanted, mut by_hand) = (Vec::new(), Vec::new());
    for (site, change) in all {
        match site.file() {
            Some((file, role)) => {
                wanted.push(Wanted { file: file.to_owned(), role, change: Some(change) });
            }
            None => by_hand.push(by_people(&site, &change)),
        }
    }
    if by_hand.is_empty() { Ok(wanted) } else { Err(by_hand) }
}

fn set(name: &'static str, value: NewValue, after: &'static str) -> ArgumentChange {
    ArgumentChange::Set { name, value, after }
}

fn by_people(site: &Site, change: &ArgumentChange) -> ByHand {
    let (name, what) = match change {
        ArgumentChange::Set { name, value: NewValue::Bool(value), .. } => {
            ((*name).to_owned(), format!("write `-backend-config={name}={value}`"))
        }
        ArgumentChange::Set { name, value: NewValue::Text(text), .. } => {
            ((*name).to_owned(), format!("write `-backend-config={name}={text}`"))
        }
        ArgumentChange::Remove { path } => {
            let name = path.join(".");
            (name.clone(), format!("remove `-backend-config={name}=…`"))
        }
    };
    let (reason, change) = match site {
        Site::Script(_) => (format!("`{name}` is given on a command line"), what),
        Site::Init(_) | Site::File { .. } => (
            format!(
                "`{name}` is known only from the last `terraform init`; where it is given was not found"
            ),
            format!("{what}, wherever `terraform init` gets its arguments"),
        ),
    };
    ByHand { place: site.place(), reason, change }
}
