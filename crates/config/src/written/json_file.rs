//! Backend blocks in `.tf.json` files.
//!
//! Texts there are taken as they are: Terraform does not look for `${…}` in a backend's JSON. A name
//! `//` is a comment. Lines are not known.

use std::path::Path;

use super::{CLOUD, TerraformBlocks, WrittenBackend};
use crate::argument::{Arguments, Source};
use crate::error::{ConfigError, Place};
use crate::json::Json;
use crate::tree::RequiredVersion;

const COMMENT: &str = "//";

/// What the `terraform` blocks of a file say.
///
/// # Errors
/// [`ConfigError`] if the file is no JSON, or a block is malformed.
pub(super) fn blocks(path: &Path, text: &str) -> Result<TerraformBlocks, ConfigError> {
    let file = JsonFile { path };
    let document = file.parse(text)?;
    let mut found = TerraformBlocks::default();
    for root in file.bodies("the file", &document)? {
        for terraform in named(root, "terraform") {
            for body in file.bodies("`terraform`", terraform)? {
                file.collect(body, &mut found)?;
            }
        }
    }
    Ok(found)
}

/// The arguments in a `-backend-config` file that is JSON.
///
/// # Errors
/// [`ConfigError`] if the file is no JSON object, or a value is none of an argument.
pub(crate) fn arguments(path: &Path, text: &str) -> Result<Arguments, ConfigError> {
    let file = JsonFile { path };
    match file.parse(text)? {
        Json::Object(members) => file.arguments(&members),
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_)) => {
            Err(file.wrong(format!("the file must be an object, not {}", other.kind())))
        }
    }
}

fn named<'a>(members: &'a [(String, Json)], wanted: &'a str) -> impl Iterator<Item = &'a Json> {
    members.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value)
}

#[derive(Clone, Copy)]
struct JsonFile<'a> {
    path: &'a Path,
}

impl JsonFile<'_> {
    fn place(self) -> Place {
        Place { file: self.path.to_owned(), line: None }
    }

    fn wrong(self, message: String) -> ConfigError {
        ConfigError::Structure { place: self.place(), message }
    }

    fn parse(self, text: &str) -> Result<Json, ConfigError> {
        Json::parse(text).map_err(|error| ConfigError::Syntax {
            place: Place { file: self.path.to_owned(), line: Some(error.line()) },
            column: error.column(),
            message: if error.is_eof() { "the file ends too early" } else { "this is no JSON" }
                .to_owned(),
        })
    }

    /// A body is an object; several of them stand in a list.
    fn bodies<'a>(
        self,
        what: &str,
        value: &'a Json,
    ) -> Result<Vec<&'a [(String, Json)]>, ConfigError> {
        match value {
            Json::Object(members) => Ok(vec![members]),
            Json::List(items) => {
                let bodies: Result<Vec<_>, _> =
                    items.iter().map(|item| self.bodies(what, item)).collect();
                Ok(bodies?.concat())
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) => {
                Err(self.wrong(format!("{what} must be an object, not {}", value.kind())))
            }
        }
    }

    fn collect(
        self,
        terraform: &[(String, Json)],
        found: &mut TerraformBlocks,
    ) -> Result<(), ConfigError> {
        for (name, value) in terraform {
            if let ("required_version", Json::Text(text)) = (name.as_str(), value) {
                let (text, place) = (text.clone(), self.place());
                found.required_versions.push(RequiredVersion { text, place });
            }
            if name == CLOUD {
                for members in self.bodies("`cloud`", value)? {
                    found.backends.push(self.block(CLOUD, members)?);
                }
            }
            if name == "backend" {
                for labels in self.bodies("`backend`", value)? {
                    for (kind, value) in labels.iter().filter(|(kind, _)| kind != COMMENT) {
                        for members in self.bodies("a backend", value)? {
                            found.backends.push(self.block(kind, members)?);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn block(self, kind: &str, members: &[(String, Json)]) -> Result<WrittenBackend, ConfigError> {
        let arguments = self.arguments(members)?;
        Ok(WrittenBackend {
            kind: kind.to_owned(),
            place: self.place(),
            arguments,
            unknown: Vec::new(),
        })
    }

    fn arguments(self, members: &[(String, Json)]) -> Result<Arguments, ConfigError> {
        let mut arguments = Arguments::default();
        for (name, value) in members.iter().filter(|(name, _)| name != COMMENT) {
            if arguments.mentions(name) {
                return Err(self.wrong(format!("`{name}` is set twice")));
            }
            let value = value
                .to_value()
                .map_err(|unfit| self.wrong(format!("`{name}` {}", unfit.reason())))?;
            arguments.set(name, value, Source::Written(self.place()));
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn found(text: &str) -> Result<Vec<WrittenBackend>, ConfigError> {
        blocks(Path::new("a.tf.json"), text).map(|found| found.backends)
    }

    #[test]
    fn every_spelling_that_terraform_takes() {
        for text in [
            r#"{"terraform":{"backend":{"local":{"path":"j"}}}}"#,
            r#"{"terraform":[{"backend":[{"local":{"path":"j"}}]}]}"#,
            r#"{"terraform":[{"backend":{"local":[{"path":"j"}]}}]}"#,
            r#"[{"terraform":{"backend":{"local":{"path":"j"}}}}]"#,
            r#"{"//":"c","terraform":{"//":"c","backend":{"local":{"//":"c","path":"j"}}}}"#,
            r#"{"terraform":{"backend":{"local":{"path":"j"}}},"terraform":{"required_version":">1"}}"#,
        ] {
            let blocks = found(text).expect(text);
            let [block] = blocks.as_slice() else { panic!("one block in {text}") };
            assert_eq!(
                (block.kind.as_str(), block.arguments.get("path")),
                ("local", Some(&Value::text("j"))),
                "{text}"
            );
        }
    }

    #[test]
    fn texts_are_taken_as_they_are() {
        let blocks =
            found(r#"{"terraform":{"backend":{"local":{"path":"j$${1+1}%%{x \u00e9${1}"}}}}"#)
                .expect("blocks");
        let block = blocks.first().expect("a block");
        assert_eq!(block.arguments.get("path"), Some(&Value::text("j$${1+1}%%{x \u{e9}${1}")));
    }

    #[test]
    fn two_backends_are_two_blocks() {
        for text in [
            r#"{"terraform":{"backend":{"local":[{"path":"j"},{"path":"k"}]}}}"#,
            r#"{"terraform":{"backend":{"local":{"path":"j"},"s3":{"bucket":"k"}}}}"#,
            r#"{"terraform":{"backend":{"local":{}},"cloud":{}}}"#,
        ] {
            assert_eq!(found(text).expect(text).len(), 2, "{text}");
        }
    }

    #[test]
    fn malformed_files_are_refused() {
        for (text, expected) in [
            (
                r#"{"terraform":{"backend":null}}"#,
                "a.tf.json: `backend` must be an object, not null",
            ),
            (
                r#"{"terraform":{"backend":{"local":"x"}}}"#,
                "a.tf.json: a backend must be an object, not a text",
            ),
            (
                r#"{"terraform":{"backend":{"local":{"path":"j","path":"k"}}}}"#,
                "a.tf.json: `path` is set twice",
            ),
            (
                r#"{"terraform":{"backend":{"s3":{"allowed_account_ids":[null]}}}}"#,
                "a.tf.json: `allowed_account_ids` has `null` in a list",
            ),
            (
                "{\n\"secret_key\": \"hunter2\"",
                "syntax error in a.tf.json:2, column 23: the file ends too early",
            ),
            (
                "{\n\"secret_key\" \"hunter2\"}",
                "syntax error in a.tf.json:2, column 14: this is no JSON",
            ),
            ("\u{feff}{}", "syntax error in a.tf.json:1, column 1: this is no JSON"),
            ("", "syntax error in a.tf.json:1, column 0: the file ends too early"),
        ] {
            assert_eq!(found(text).expect_err(text).to_string(), expected);
        }
    }
}
