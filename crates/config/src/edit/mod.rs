//! Changes of backend arguments that leave every other byte of a file as it is.

use crate::error::Place;

/// A change of one argument of every `s3` backend in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentChange {
    /// Sets it: replaces its value where it stands, else adds it on a line of its own.
    Set {
        /// The argument.
        name: &'static str,
        /// Its value.
        value: NewValue,
        /// The argument after which it is added; at the end of the block if that is not there.
        after: &'static str,
    },
    /// Removes it, with its line if nothing else stands there, and nothing if it is not there.
    Remove {
        /// The argument, or the path of an attribute in it: `["endpoints", "dynamodb"]`.
        path: &'static [&'static str],
    },
}

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewValue {
    /// `true` or `false`.
    Bool(bool),
    /// A text, which is written quoted and escaped.
    Text(String),
}

/// Why a file is not changed, and what its owner has to change there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// Where.
    pub place: Place,
    /// Why it is not done: the end of a sentence about the place.
    pub reason: String,
    /// The exact change.
    pub change: String,
}
