//! The environment in which Terraform commands leave the lock to us.
//!
//! Terraform inserts the words of `TF_CLI_ARGS_<subcommand>` right behind the subcommand, then those of
//! `TF_CLI_ARGS`, then come the words of the command line, and of two equal flags the last one counts.
//! So `-lock=false` is set in the first variable, and where the user has a `-lock` in either of them,
//! it is replaced. A `-lock=true` that is typed wins: that command then finds our lock, and fails.

use std::ffi::{OsStr, OsString};

use statelock_protocol::lock::LockId;

use super::words;
use crate::evidence::LOCK_ID_VARIABLE;

/// The subcommands that lock the state of the selected workspace and take `-lock`, with `_` for
/// blanks and hyphens, as Terraform and OpenTofu name their variables. One that does not take
/// the flag would fail with it. `workspace new` and `workspace delete` take it too, but lock
/// *another* workspace's state, which we do not hold.
const SUBCOMMANDS: [&str; 12] = [
    "apply",
    "destroy",
    "import",
    "init",
    "plan",
    "refresh",
    "state_mv",
    "state_push",
    "state_replace_provider",
    "state_rm",
    "taint",
    "untaint",
];
/// What goes in front of the words of every subcommand.
const ALL: &str = "TF_CLI_ARGS";
const NO_LOCK: &str = "-lock=false";

/// The variables to set for a command that runs under the lock with this ID.
pub(super) fn under(
    lock: &LockId,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Vec<(String, OsString)> {
    let mut variables = vec![(LOCK_ID_VARIABLE.to_owned(), OsString::from(lock.as_str()))];
    if let Some(given) = variable(ALL) {
        variables.push((ALL.to_owned(), replaced(&given)));
    }
    for subcommand in SUBCOMMANDS {
        let name = format!("{ALL}_{subcommand}");
        let given = variable(&name).unwrap_or_default();
        variables.push((name, prefixed(&replaced(&given))));
    }
    variables
}

fn prefixed(given: &OsStr) -> OsString {
    let mut value = OsString::from(NO_LOCK);
    if !given.is_empty() {
        value.push(" ");
        value.push(given);
    }
    value
}

/// The line with every `-lock` flag set to false; all other bytes as they are.
fn replaced(given: &OsStr) -> OsString {
    // What is not Unicode has no meaning for Terraform, which is written in Go.
    let Some(line) = given.to_str() else {
        return given.to_owned();
    };
    let mut value = String::new();
    let mut copied = 0;
    for word in words::split(line).into_iter().filter(|word| is_lock_flag(&word.text)) {
        value.push_str(line.get(copied..word.span.start).unwrap_or_default());
        value.push_str(NO_LOCK);
        copied = word.span.end;
    }
    value.push_str(line.get(copied..).unwrap_or_default());
    value.into()
}

/// `-lock`, `--lock`, or either with a value; not `-lock-timeout`.
fn is_lock_flag(word: &str) -> bool {
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    matches!(name, "-lock" | "--lock")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn set(given: &[(&str, &str)]) -> BTreeMap<String, String> {
        let variable = |name: &str| {
            given.iter().find(|(given, _)| *given == name).map(|(_, value)| OsString::from(value))
        };
        let lock = LockId::parse("the-id").unwrap();
        let variables = under(&lock, &variable).into_iter();
        variables.map(|(name, value)| (name, value.into_string().unwrap())).collect()
    }

    #[test]
    fn each_subcommand_that_locks_leaves_it_to_us() {
        let variables = set(&[]);
        assert_eq!(variables["STATELOCK_LOCK_ID"], "the-id");
        assert_eq!(variables["TF_CLI_ARGS_apply"], "-lock=false");
        assert_eq!(variables["TF_CLI_ARGS_state_replace_provider"], "-lock=false");
        assert!(!variables.contains_key("TF_CLI_ARGS"));
        assert!(!variables.contains_key("TF_CLI_ARGS_output"));
        assert!(!variables.contains_key("TF_CLI_ARGS_workspace_new"));
    }

    #[test]
    fn what_the_user_has_set_is_kept_behind_ours() {
        let variables = set(&[("TF_CLI_ARGS_plan", "-var 'a=b c' tfplan ; x")]);
        assert_eq!(variables["TF_CLI_ARGS_plan"], "-lock=false -var 'a=b c' tfplan ; x");
    }

    #[test]
    fn a_lock_flag_of_the_user_is_turned_off_wherever_it_stands() {
        let variables = set(&[
            ("TF_CLI_ARGS", "-no-color \"-lock\"=true -lock-timeout=5s"),
            ("TF_CLI_ARGS_plan", "--lock -input=false -lock=true"),
            ("TF_CLI_ARGS_apply", "-var x=-lock=true"),
        ]);
        assert_eq!(variables["TF_CLI_ARGS"], "-no-color -lock=false -lock-timeout=5s");
        assert_eq!(
            variables["TF_CLI_ARGS_plan"],
            "-lock=false -lock=false -input=false -lock=false"
        );
        assert_eq!(variables["TF_CLI_ARGS_apply"], "-lock=false -var x=-lock=true");
    }
}
