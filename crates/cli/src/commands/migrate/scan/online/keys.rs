//! Which unit and which workspace an object key belongs to.

use std::collections::{BTreeMap, BTreeSet};

use statelock_protocol::state::WorkspaceKeyPrefix;

use super::super::super::survey::Unit;

/// The keys of the units of one bucket.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// By state key and workspace key prefix.
    units: BTreeMap<String, Vec<(String, usize)>>,
    prefixes: BTreeSet<String>,
}

impl Keys {
    /// Those of units with their positions.
    pub(super) fn of<'a>(units: impl Iterator<Item = (usize, &'a Unit)>) -> Self {
        let mut keys = Self::default();
        for (index, unit) in units {
            let Ok(s3) = &unit.s3 else { continue };
            let prefix = s3.workspace_key_prefix.clone();
            let prefix =
                prefix.unwrap_or_else(|| WorkspaceKeyPrefix::default().as_str().to_owned());
            keys.add(s3.key.clone(), prefix, index);
        }
        keys
    }

    fn add(&mut self, key: String, prefix: String, index: usize) {
        self.prefixes.insert(prefix.clone());
        self.units.entry(key).or_default().push((prefix, index));
    }

    /// The units that this state belongs to, each with the workspace it is for it.
    pub(super) fn owners(&self, state: &str) -> Vec<(usize, String)> {
        let default = self.units.get(state).into_iter().flatten();
        let mut owners: Vec<_> = default.map(|(_, index)| (*index, "default".to_owned())).collect();
        for prefix in &self.prefixes {
            let rest = match prefix.as_str() {
                "" => Some(state),
                prefix => state.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')),
            };
            let Some((workspace, key)) = rest.and_then(|rest| rest.split_once('/')) else {
                continue;
            };
            if workspace.is_empty() {
                continue;
            }
            let named = self.units.get(key).into_iter().flatten();
            let named = named.filter(|(of_unit, _)| of_unit == prefix);
            owners.extend(named.map(|(_, index)| (*index, workspace.to_owned())));
        }
        owners
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_belongs_to_whoever_would_make_it() {
        let mut keys = Keys::default();
        keys.add("app/x.tfstate".to_owned(), "env:".to_owned(), 0);
        keys.add("app/x.tfstate".to_owned(), "team".to_owned(), 1);
        keys.add("x.tfstate".to_owned(), String::new(), 2);
        let owners = |state| keys.owners(state);
        let one = |index, workspace: &str| vec![(index, workspace.to_owned())];
        assert_eq!(owners("env:/dev/app/x.tfstate"), one(0, "dev"));
        assert_eq!(owners("team/dev/app/x.tfstate"), one(1, "dev"));
        assert_eq!(owners("dev/x.tfstate"), one(2, "dev"));
        let both = [(0, "default".to_owned()), (1, "default".to_owned()), (2, "app".to_owned())];
        assert_eq!(owners("app/x.tfstate"), both);
        assert_eq!(owners("env://app/x.tfstate"), []);
        assert_eq!(owners("env:/dev/other.tfstate"), []);
    }
}
