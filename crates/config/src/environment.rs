//! The environment variables that Terraform reads here, behind a port.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Where environment variables come from.
pub trait Environment {
    /// The variable's value, if it is set.
    fn variable(&self, name: &str) -> Option<OsString>;

    /// As [`Self::variable`], and an empty one counts as not set, as Terraform has it.
    fn filled_variable(&self, name: &str) -> Option<OsString> {
        self.variable(name).filter(|value| !value.is_empty())
    }
}

/// The environment of this process.
#[derive(Clone, Copy, Debug)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }
}

/// An environment made up of a few variables.
impl Environment for BTreeMap<String, String> {
    fn variable(&self, name: &str) -> Option<OsString> {
        self.get(name).map(OsString::from)
    }
}
