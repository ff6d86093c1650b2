//! What a working directory's backend is, how sure that is, and where the two places disagree.

use std::fmt;

use crate::argument::{Arguments, Source};
use crate::error::{ConfigError, Place};
use crate::fingerprint;
use crate::initialised::InitialisedBackend;
use crate::s3;
use crate::secret::shown;
use crate::value::Value;
use crate::written::{NotLiteral, WrittenBackend};

/// The backend of a working directory.
#[derive(Clone, Debug)]
pub struct ConfiguredBackend {
    /// `s3`, `http`, `local`, …; `cloud` for a `cloud` block.
    pub kind: String,
    /// Its arguments. Environment variables that Terraform reads besides are not among them.
    pub arguments: Arguments,
    /// Where the backend as a whole was found.
    pub source: Source,
    /// Whether this is all of it.
    pub completeness: Completeness,
    /// What the caller should tell the user.
    pub warnings: Vec<Warning>,
}

impl ConfiguredBackend {
    /// Whether no required argument is missing.
    pub fn is_complete(&self) -> bool {
        match self.completeness {
            Completeness::Initialised | Completeness::Written => true,
            Completeness::Partial { .. } => false,
        }
    }

    /// The backend, if nothing is missing.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] for a partial configuration.
    pub fn complete(self) -> Result<Self, ConfigError> {
        match self.completeness {
            Completeness::Initialised | Completeness::Written => Ok(self),
            Completeness::Partial { missing } => {
                Err(ConfigError::Missing { kind: self.kind, arguments: missing })
            }
        }
    }
}

/// Whether the arguments are all there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// `terraform init` wrote them all down.
    Initialised,
    /// The configuration has all that are required. An init with `-backend-config` could still change them.
    Written,
    /// The configuration lacks required ones: they are given to `terraform init` with `-backend-config`.
    Partial {
        /// Their names.
        missing: Vec<String>,
    },
}

/// Something about the configuration that the user should know. The message is `Display`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// An argument was edited since the last init. What was initialised counts.
    Disagreement {
        /// The argument.
        argument: String,
        /// The initialised value as shown to people; secrets are not.
        initialised: String,
        /// The written one, likewise.
        written: String,
        /// Where it is written.
        place: Source,
    },
    /// The backend block is of another type now. What was initialised counts.
    OtherKind {
        /// The initialised type.
        initialised: String,
        /// The written one.
        written: String,
        /// Where the block is.
        place: Place,
    },
    /// The configuration has no backend block any more. What was initialised counts.
    BlockGone {
        /// The initialised type.
        initialised: String,
    },
    /// The configuration files could not be compared with what was initialised.
    NotCompared {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disagreement { argument, initialised, written, place } => write!(
                f,
                "`{argument}` is {written} in {place}, but was {initialised} at the last init, which is used; \
                 `terraform init` takes the change over"
            ),
            Self::OtherKind { initialised, written, place } => write!(
                f,
                "the backend is `{written}` in {place}, but was `{initialised}` at the last init, which is used; \
                 `terraform init` takes the change over"
            ),
            Self::BlockGone { initialised } => write!(
                f,
                "the configuration has no backend block, but the last init set up `{initialised}`, which is used; \
                 `terraform init` takes the change over"
            ),
            Self::NotCompared { reason } => write!(
                f,
                "the configuration could not be compared with the last init, which is used: {reason}"
            ),
        }
    }
}

/// The backend of an initialised directory, compared with what is written there now, or with the
/// reason why that cannot be read.
pub(crate) fn of_initialised(
    initialised: InitialisedBackend,
    written: Result<Option<WrittenBackend>, String>,
) -> ConfiguredBackend {
    let warnings = match written {
        Err(reason) => vec![Warning::NotCompared { reason }],
        Ok(None) => vec![Warning::BlockGone { initialised: initialised.kind.clone() }],
        Ok(Some(written)) if written.kind != initialised.kind => vec![Warning::OtherKind {
            initialised: initialised.kind.clone(),
            written: written.kind,
            place: written.place,
        }],
        Ok(Some(written)) => disagreements(&initialised, &written),
    };
    ConfiguredBackend {
        kind: initialised.kind,
        arguments: initialised.arguments,
        source: Source::Initialised(initialised.path),
        completeness: Completeness::Initialised,
        warnings,
    }
}

fn disagreements(initialised: &InitialisedBackend, written: &WrittenBackend) -> Vec<Warning> {
    // The block is as it was at the last init: where values differ, -backend-config made them so.
    let hash = fingerprint::of(&written.kind, &written.arguments, &initialised.config);
    if written.unknown.is_empty() && hash.is_some() && hash == initialised.hash {
        return Vec::new();
    }
    let mut warnings = Vec::new();
    for (name, value) in written.arguments.iter() {
        let was = initialised.arguments.get(name);
        if was.is_some_and(|was| mean_the_same(&written.kind, name, was, value)) {
            continue;
        }
        let Some(place) = written.arguments.source(name) else { continue };
        warnings.push(Warning::Disagreement {
            argument: name.to_owned(),
            initialised: was.map_or_else(|| "not set".to_owned(), |was| shown(name, was)),
            written: shown(name, value),
            place: place.clone(),
        });
    }
    warnings
}

fn mean_the_same(kind: &str, name: &str, one: &Value, other: &Value) -> bool {
    let value_type = if kind == s3::KIND { s3::type_of(name) } else { None };
    match value_type.map(|value_type| (value_type.convert(one), value_type.convert(other))) {
        Some((Ok(one), Ok(other))) => one == other,
        Some(_) => one == other,
        None => one == other || as_text(one).is_some_and(|one| Some(one) == as_text(other)),
    }
}

/// Where the type is not known, `5` and `"5"` may be the same.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::List(_) | Value::Map(_) => None,
    }
}

/// The backend of a directory that was not initialised, or of which something else is wanted than was
/// initialised: the block as written, with `over` over it.
///
/// # Errors
/// [`ConfigError::NotLiteral`] if an argument must be evaluated first and `over` does not give it.
pub(crate) fn of_written(
    written: WrittenBackend,
    over: Arguments,
    has_variable: impl Fn(&str) -> bool,
) -> Result<ConfiguredBackend, ConfigError> {
    let is_open = |unknown: &NotLiteral| !over.mentions(&unknown.argument);
    if let Some(unknown) = written.unknown.into_iter().find(is_open) {
        return Err(unknown.into());
    }
    let mut arguments = written.arguments;
    arguments.merge(over);
    let missing: Vec<_> = required(&written.kind)
        .iter()
        .filter(|(name, variable)| {
            arguments.get(name).is_none() && !variable.is_some_and(&has_variable)
        })
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let completeness =
        if missing.is_empty() { Completeness::Written } else { Completeness::Partial { missing } };
    Ok(ConfiguredBackend {
        kind: written.kind,
        arguments,
        source: Source::Written(written.place),
        completeness,
        warnings: Vec::new(),
    })
}

/// What Terraform uses if nothing is configured.
pub(crate) fn local() -> ConfiguredBackend {
    ConfiguredBackend {
        kind: "local".to_owned(),
        arguments: Arguments::default(),
        source: Source::Default,
        completeness: Completeness::Written,
        warnings: Vec::new(),
    }
}

/// Required arguments, each with the environment variable that can stand for it.
fn required(kind: &str) -> &'static [(&'static str, Option<&'static str>)] {
    match kind {
        s3::KIND => &[("bucket", None), ("key", None)],
        "http" => &[("address", Some("TF_HTTP_ADDRESS"))],
        _ => &[],
    }
}
