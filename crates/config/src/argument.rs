//! Backend arguments by name, and where each one comes from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::error::Place;
use crate::secret::shown;
use crate::value::Value;

/// Where an argument, or a whole backend, was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `.terraform/terraform.tfstate`, which `terraform init` wrote.
    Initialised(PathBuf),
    /// A configuration file, or one given with `-backend-config`.
    Written(Place),
    /// `NAME=VALUE` on the command line.
    CommandLine,
    /// Nothing is written: Terraform uses its local backend.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Initialised(path) => write!(f, "{}", path.display()),
            Self::Written(place) => write!(f, "{place}"),
            Self::CommandLine => f.write_str("the command line"),
            Self::Default => f.write_str("Terraform's default"),
        }
    }
}

/// One argument: its value and where it stands.
#[derive(Clone, PartialEq, Eq)]
pub struct Argument {
    /// What it is set to; `None` if somebody set it to `null`, which takes back what was set before.
    pub value: Option<Value>,
    /// Where that stands.
    pub source: Source,
}

/// The arguments of a backend. `Debug` shows only values that cannot be secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Arguments(BTreeMap<String, Argument>);

impl Arguments {
    /// The value of `name`, unless it is not set or `null`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)?.value.as_ref()
    }

    /// Where `name` was set.
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.0.get(name).map(|argument| &argument.source)
    }

    /// Every argument that is set, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().filter_map(|(name, argument)| Some((name.as_str(), argument.value.as_ref()?)))
    }

    /// Sets an argument; the last word counts.
    pub fn set(&mut self, name: impl Into<String>, value: Option<Value>, source: Source) {
        self.0.insert(name.into(), Argument { value, source });
    }

    /// Puts `over` over these: each of its arguments replaces the whole of the one by that name, as
    /// Terraform does, even if it is an object.
    pub fn merge(&mut self, over: Self) {
        self.0.extend(over.0);
    }

    /// The name of every argument that was mentioned, if only with `null`.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Says that all of them stand at `place`.
    pub(crate) fn move_to(&mut self, place: &Place) {
        for argument in self.0.values_mut() {
            argument.source = Source::Written(place.clone());
        }
    }

    /// Whether `name` was mentioned, if only with `null`.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = self.0.iter().map(|(name, argument)| {
            let value =
                argument.value.as_ref().map_or_else(|| "null".to_owned(), |v| shown(name, v));
            (name, format!("{value} from {}", argument.source))
        });
        f.debug_map().entries(entries).finish()
    }
}

impl fmt::Debug for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argument").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_takes_back_what_was_set() {
        let mut arguments = Arguments::default();
        arguments.set("acl", Some(Value::text("private")), Source::CommandLine);
        let mut over = Arguments::default();
        over.set("acl", None, Source::CommandLine);
        arguments.merge(over);
        assert_eq!(arguments.get("acl"), None);
        assert_eq!(arguments.iter().count(), 0);
    }

    #[test]
    fn debug_shows_the_bucket_and_no_secret() {
        let mut arguments = Arguments::default();
        arguments.set("bucket", Some(Value::text("tfstate")), Source::CommandLine);
        arguments.set("secret_key", Some(Value::text("hunter2")), Source::CommandLine);
        let debug = format!("{arguments:?} {:?}", arguments.0);
        assert!(debug.contains("tfstate"), "{debug}");
        assert!(!debug.contains("hunter2"), "{debug}");
    }
}
