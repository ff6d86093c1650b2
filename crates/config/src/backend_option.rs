//! `--backend-config FILE` and `--backend-config NAME=VALUE`, as `terraform init` takes them.

use std::path::{Path, PathBuf};

use crate::argument::{Arguments, Source};
use crate::error::ConfigError;
use crate::s3::{self, Type};
use crate::value::Value;
use crate::written::body::HclFile;
use crate::written::{json_file, literal};

/// One `--backend-config`. `Debug` shows no value.
#[derive(Clone, PartialEq, Eq)]
pub enum BackendOption {
    /// A file of arguments.
    File(PathBuf),
    /// One argument.
    Argument {
        /// Its name.
        name: String,
        /// Its value as text; what that means depends on the argument's type.
        text: String,
    },
}

impl std::fmt::Debug for BackendOption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Argument { name, .. } => f.debug_tuple("Argument").field(name).finish(),
        }
    }
}

impl BackendOption {
    /// Reads what stands behind `--backend-config`: a file, unless there is a `=` in it.
    pub fn parse(option: &str) -> Self {
        match option.split_once('=') {
            Some((name, text)) => Self::Argument { name: name.to_owned(), text: text.to_owned() },
            None => Self::File(PathBuf::from(option)),
        }
    }

    /// The arguments it sets in a backend of `kind`.
    ///
    /// # Errors
    /// [`ConfigError`] if the file cannot be read, or a value does not fit its argument.
    pub(crate) fn arguments(&self, kind: &str) -> Result<Arguments, ConfigError> {
        match self {
            Self::File(path) => Arguments::read_file(path),
            Self::Argument { name, text } => {
                let value = value_of(kind, name, text).map_err(|reason| {
                    ConfigError::BackendOption { argument: name.clone(), reason }
                })?;
                let mut arguments = Arguments::default();
                arguments.set(name, value, Source::CommandLine);
                Ok(arguments)
            }
        }
    }
}

impl Arguments {
    /// The arguments in a file for `-backend-config`, which has no blocks: HCL, or JSON if its name
    /// ends with `.json`.
    ///
    /// # Errors
    /// [`ConfigError`] if it cannot be read, is no such file, or has a value that must be evaluated.
    pub fn read_file(path: &Path) -> Result<Self, ConfigError> {
        let text = crate::text_file::read(path)?;
        if path.extension().is_some_and(|extension| extension == "json") {
            return json_file::arguments(path, &text);
        }
        let file = HclFile::new(path, &text);
        let body = file.parse()?;
        file.only_arguments(&body)?;
        let mut unknown = Vec::new();
        let arguments = file.arguments("", &body, &mut unknown)?;
        match unknown.into_iter().next() {
            Some(unknown) => Err(unknown.into()),
            None => Ok(arguments),
        }
    }
}

/// A text argument is taken as it is, quotes included; a bool or a number must be one; anything else is
/// an expression. Of a backend that is not known here every argument is taken as a text.
pub(crate) fn value_of(kind: &str, name: &str, text: &str) -> Result<Option<Value>, String> {
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err("this is no name of an argument".to_owned());
    }
    if kind != s3::KIND {
        return Ok(Some(Value::text(text)));
    }
    let value_type = s3::type_of(name).ok_or("an s3 backend has no such argument")?;
    match value_type {
        Type::Text => Ok(Some(Value::text(text))),
        Type::Bool | Type::Number => match value_type.convert(&Value::text(text)) {
            Ok(value) => Ok(Some(value)),
            Err(mismatch) => Err(format!("it must be {}", mismatch.expected)),
        },
        Type::Texts | Type::TextMap | Type::Object(_) => {
            let expression = hcl_edit::parser::parse_expr(text.trim())
                .map_err(|error| format!("syntax error in column {}", error.location().column()))?;
            literal::value(&expression, text.trim()).map_err(|what| format!("it {what}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(option: &str) -> Result<Option<Value>, String> {
        let BackendOption::Argument { name, text } = BackendOption::parse(option) else {
            panic!("{option} is a file")
        };
        value_of("s3", &name, &text)
    }

    #[test]
    fn without_an_equals_sign_it_is_a_file() {
        assert_eq!(
            BackendOption::parse("prod.tfbackend"),
            BackendOption::File("prod.tfbackend".into())
        );
        assert!(matches!(BackendOption::parse("a=b"), BackendOption::Argument { .. }));
    }

    #[test]
    fn values_are_read_by_the_arguments_type() {
        let list = |items: &[&str]| Value::List(items.iter().map(Value::text).collect());
        for (option, expected) in [
            ("acl=x", Value::text("x")),
            ("acl=\"x\"", Value::text("\"x\"")),
            ("acl=[1]", Value::text("[1]")),
            ("acl=null", Value::text("null")),
            ("acl=", Value::text("")),
            ("acl= x ", Value::text(" x ")),
            ("acl=a=b", Value::text("a=b")),
            ("acl=$${x}", Value::text("$${x}")),
            ("acl=${1+1}", Value::text("${1+1}")),
            ("encrypt=true", Value::Bool(true)),
            ("max_retries=3", Value::Number(3_u64.into())),
            ("allowed_account_ids=[\"1\"]", list(&["1"])),
        ] {
            assert_eq!(value(option), Ok(Some(expected)), "{option}");
        }
        assert!(matches!(value("endpoints={s3=\"http://h\"}"), Ok(Some(Value::Map(_)))));
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        for (option, expected) in [
            ("encrypt=yes", "it must be `true` or `false`"),
            ("encrypt=\"true\"", "it must be `true` or `false`"),
            ("encrypt=", "it must be `true` or `false`"),
            ("max_retries=\"3\"", "it must be a number"),
            ("nosuch=1", "an s3 backend has no such argument"),
            ("endpoints.iam=x", "an s3 backend has no such argument"),
            (" acl=x", "this is no name of an argument"),
            ("=x", "this is no name of an argument"),
            ("allowed_account_ids=[var.x]", "it refers to a variable or a local value"),
            ("allowed_account_ids=[", "syntax error in column 2"),
        ] {
            assert_eq!(value(option), Err(expected.to_owned()), "{option}");
        }
    }

    #[test]
    fn an_option_with_a_secret_shows_its_name_only() {
        let option = BackendOption::parse("secret_key=hunter2");
        assert_eq!(format!("{option:?}"), "Argument(\"secret_key\")");
    }
}
