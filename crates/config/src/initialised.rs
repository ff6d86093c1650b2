//! `.terraform/terraform.tfstate`: which backend the last `terraform init` set up.
//!
//! ```json
//! {"version": 3, "terraform_version": "1.11.4",
//!  "backend": {"type": "s3", "config": {"bucket": "b", "acl": null, …}, "hash": 3659705226}}
//! ```
//!
//! Every argument of the backend is there, those that are not set as `null`. Without `backend` the
//! backend was unset. Versions before 1.9 wrote `serial`, `lineage` and `modules` as well, which mean
//! nothing here.

use std::path::{Path, PathBuf};

use crate::argument::{Arguments, Source};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::json::Json;
use crate::value::Number;

const VERSION: &str = "3";
const DATA_DIRECTORY: &str = ".terraform";
const DATA_DIRECTORY_VARIABLE: &str = "TF_DATA_DIR";
const STATE_FILE: &str = "terraform.tfstate";

/// Where `terraform init` keeps what it sets up: a path relative to the working directory, or absolute.
#[derive(Clone, Debug)]
pub(crate) struct DataDirectory(PathBuf);

impl DataDirectory {
    /// The one that `environment` asks for.
    pub(crate) fn of_environment(environment: &dyn Environment) -> Self {
        let path = environment.filled_variable(DATA_DIRECTORY_VARIABLE);
        Self(path.map_or_else(|| PathBuf::from(DATA_DIRECTORY), PathBuf::from))
    }

    /// As [`Self::of_environment`]; `None` if it is absolute, as it is the same for every directory then.
    pub(crate) fn below_each(environment: &dyn Environment) -> Option<Self> {
        Some(Self::of_environment(environment)).filter(|data| data.0.is_relative())
    }

    /// The data directory of a working directory.
    pub(crate) fn of(&self, directory: &Path) -> PathBuf {
        directory.join(&self.0)
    }

    /// The file that names the backend of a working directory.
    pub(crate) fn state_file(&self, directory: &Path) -> PathBuf {
        self.of(directory).join(STATE_FILE)
    }
}

/// The backend of an initialised directory.
#[derive(Debug)]
pub(crate) struct InitialisedBackend {
    pub(crate) kind: String,
    pub(crate) arguments: Arguments,
    /// Of the block as it was written then: Terraform's way to see that it was edited since.
    pub(crate) hash: Option<Number>,
    pub(crate) path: PathBuf,
    /// The names of all arguments, those that are `null` included, and of their attributes.
    pub(crate) config: Json,
}

/// Reads the file; `None` if it does not exist or names no backend.
///
/// # Errors
/// [`ConfigError`] if it exists and is not what `terraform init` writes. There is no falling back to
/// the `.tf` files then: they may name another state.
pub(crate) fn read(path: &Path) -> Result<Option<InitialisedBackend>, ConfigError> {
    if !crate::text_file::exists(path)? {
        return Ok(None);
    }
    let damaged = |reason: &str| ConfigError::DamagedInitialisation {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let text = crate::text_file::read(path).map_err(|error| match error {
        ConfigError::NotUtf8 { .. } => damaged("it is not UTF-8"),
        ConfigError::NotAFile(_) => damaged("it is not a regular file"),
        ConfigError::TooLarge { .. } => damaged("it is far too large"),
        other => other,
    })?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Option<InitialisedBackend>, ConfigError> {
    let damaged =
        |reason: String| ConfigError::DamagedInitialisation { path: path.to_owned(), reason };
    if text.trim().is_empty() {
        return Err(damaged("it is empty".to_owned()));
    }
    let document = Json::parse(text).map_err(|error| {
        let what = if error.is_eof() { "it ends too early" } else { "it is no JSON" };
        damaged(format!("{what} (line {}, column {})", error.line(), error.column()))
    })?;
    check_version(path, &document)?;
    match (document.member("backend"), document.member("state_store")) {
        (None | Some(Json::Null), None | Some(Json::Null)) => Ok(None),
        (None | Some(Json::Null), Some(_)) => Err(ConfigError::UnknownInitialisation {
            path: path.to_owned(),
            reason: "names a state store of a provider".to_owned(),
        }),
        (Some(backend), _) => backend_of(path, backend).map(Some),
    }
}

fn check_version(path: &Path, document: &Json) -> Result<(), ConfigError> {
    let damaged =
        |reason: String| ConfigError::DamagedInitialisation { path: path.to_owned(), reason };
    if !matches!(document, Json::Object(_)) {
        return Err(damaged(format!("it is {}, not an object", document.kind())));
    }
    match document.member("version") {
        Some(Json::Number(Some(version))) if version.as_str() == VERSION => Ok(()),
        Some(Json::Number(Some(version))) => Err(ConfigError::UnknownInitialisation {
            path: path.to_owned(),
            reason: format!("has the format version {version}"),
        }),
        Some(other) => Err(damaged(format!("its `version` is {}", other.kind()))),
        None => Err(damaged("it has no `version`".to_owned())),
    }
}

fn backend_of(path: &Path, backend: &Json) -> Result<InitialisedBackend, ConfigError> {
    let damaged =
        |reason: String| ConfigError::DamagedInitialisation { path: path.to_owned(), reason };
    if !matches!(backend, Json::Object(_)) {
        return Err(damaged(format!("its `backend` is {}", backend.kind())));
    }
    let kind = match backend.member("type") {
        Some(Json::Text(kind)) if !kind.is_empty() => kind.clone(),
        _ => return Err(damaged("its `backend` names no type".to_owned())),
    };
    let Some(config @ Json::Object(members)) = backend.member("config") else {
        return Err(damaged("its `backend` has no arguments".to_owned()));
    };
    let mut arguments = Arguments::default();
    for (name, value) in members {
        if arguments.mentions(name) {
            return Err(damaged(format!("the argument `{name}` stands there twice")));
        }
        let value = value
            .to_value()
            .map_err(|unfit| damaged(format!("the argument `{name}` {}", unfit.reason())))?;
        arguments.set(name, value, Source::Initialised(path.to_owned()));
    }
    let hash = match backend.member("hash") {
        Some(Json::Number(hash)) => hash.clone(),
        None | Some(Json::Null) => None,
        Some(other) => return Err(damaged(format!("its `hash` is {}", other.kind()))),
    };
    Ok(InitialisedBackend { kind, arguments, hash, path: path.to_owned(), config: config.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    const GOOD: &str = r#"{"version": 3, "terraform_version": "1.11.4",
        "backend": {"type": "s3", "config": {"bucket": "b", "acl": null}, "hash": 5}}"#;

    fn read_text(text: &str) -> Result<Option<InitialisedBackend>, ConfigError> {
        parse(Path::new("T"), text)
    }

    #[test]
    fn null_is_not_set() {
        let backend = read_text(GOOD).expect("good").expect("a backend");
        assert_eq!(backend.kind, "s3");
        assert_eq!(backend.arguments.get("bucket"), Some(&Value::text("b")));
        assert_eq!(backend.arguments.get("acl"), None);
        assert_eq!(backend.hash, Some(5_u64.into()));
    }

    #[test]
    fn without_a_backend_it_was_unset() {
        let unset = include_str!("../tests/config/initialised/unset.json");
        for text in
            [unset, r#"{"version": 3, "backend": null}"#, r#"{"version": 3, "state_store": null}"#]
        {
            assert!(read_text(text).expect("good").is_none(), "{text}");
        }
    }

    #[test]
    fn the_files_of_older_versions_are_read() {
        let old = r#"{"version": 3, "serial": 1, "lineage": "abc",
            "backend": {"type": "local", "config": {"path": null}, "hash": 666019178},
            "modules": [{"path": ["root"], "outputs": {}, "resources": {}, "depends_on": []}]}"#;
        assert_eq!(read_text(old).expect("good").expect("a backend").kind, "local");
    }

    #[test]
    fn every_damage_is_told_apart() {
        let broken = |from: &str, to: &str| {
            assert!(GOOD.contains(from), "{from}");
            GOOD.replace(from, to)
        };
        for (text, expected) in [
            (String::new(), "it is empty"),
            (" \n".to_owned(), "it is empty"),
            (GOOD.get(..60).expect("a part").to_owned(), "it ends too early"),
            ("[]".to_owned(), "it is a list, not an object"),
            ("null".to_owned(), "it is null, not an object"),
            ("{}".to_owned(), "it has no `version`"),
            (broken("\"version\": 3", "\"version\": \"3\""), "its `version` is a text"),
            (format!("{GOOD}x"), "it is no JSON"),
            (format!("\u{feff}{GOOD}"), "it is no JSON"),
            (
                broken("{\"type\": \"s3\"", "[{\"type\": \"s3\"").replace("5}}", "5}]}"),
                "its `backend` is a list",
            ),
            (broken("\"s3\"", "null"), "its `backend` names no type"),
            (broken("\"s3\"", "\"\""), "its `backend` names no type"),
            (
                broken("{\"bucket\": \"b\", \"acl\": null}", "null"),
                "its `backend` has no arguments",
            ),
            (broken("{\"bucket\": \"b\", \"acl\": null}", "[]"), "its `backend` has no arguments"),
            (broken("\"acl\"", "\"bucket\""), "the argument `bucket` stands there twice"),
            (broken("\"b\"", "[null]"), "the argument `bucket` has `null` in a list"),
            (broken("\"hash\": 5", "\"hash\": \"5\""), "its `hash` is a text"),
        ] {
            let error = read_text(&text).expect_err(&text);
            let message = error.to_string();
            let without_place = message.split(" (line ").next().expect("a message");
            assert_eq!(without_place, format!("`T` is damaged: {expected}"), "{text}");
            assert!(error.hint().contains("terraform init"), "{}", error.hint());
        }
    }

    #[test]
    fn what_a_later_version_may_write_is_refused_by_name() {
        for (text, expected) in [
            (
                GOOD.replace("\"version\": 3", "\"version\": 4"),
                "`T` has the format version 4, which is not supported",
            ),
            (
                r#"{"version": 3, "state_store": {"type": "x"}}"#.to_owned(),
                "`T` names a state store of a provider, which is not supported",
            ),
        ] {
            assert_eq!(read_text(&text).expect_err("refused").to_string(), expected);
        }
    }

    #[test]
    fn files_that_cannot_be_read_are_damaged_and_never_absent() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("terraform.tfstate");
        assert!(read(&path).expect("absent").is_none());
        std::fs::write(&path, b"{\"version\": 3, \"x\": \"\xff\"}").expect("write");
        assert!(read(&path).expect_err("refused").to_string().ends_with("it is not UTF-8"));
        std::fs::remove_file(&path).expect("remove");
        std::fs::create_dir(&path).expect("directory");
        assert!(
            read(&path).expect_err("refused").to_string().ends_with("it is not a regular file")
        );
    }
}
