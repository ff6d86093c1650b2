//! Backend blocks in `.tf` files.

use std::path::Path;

use hcl_edit::structure::{Block, Body};

use super::body::HclFile;
use super::{CLOUD, TerraformBlocks, WrittenBackend, literal};
use crate::error::ConfigError;
use crate::tree::RequiredVersion;
use crate::value::Value;

const TERRAFORM: &str = "terraform";
const BACKEND: &str = "backend";
const REQUIRED_VERSION: &str = "required_version";

/// What the `terraform` blocks of a file say.
///
/// # Errors
/// [`ConfigError`] if the file is no HCL, or a block is malformed.
pub(super) fn blocks(path: &Path, text: &str) -> Result<TerraformBlocks, ConfigError> {
    let file = HclFile::new(path, text);
    let body = file.parse()?;
    let mut found = TerraformBlocks::default();
    for terraform in body.get_blocks(TERRAFORM) {
        if terraform.is_labeled() {
            return Err(file.wrong(&terraform.ident, "a `terraform` block has no label"));
        }
        misplaced_attributes(&file, &terraform.body)?;
        found.required_versions.extend(required_version(&file, &terraform.body));
        for block in terraform.body.blocks() {
            match block.ident.as_str() {
                BACKEND => found.backends.push(backend(&file, block)?),
                CLOUD => found.backends.push(cloud(&file, block)?),
                _ => {}
            }
        }
    }
    Ok(found)
}

fn required_version(file: &HclFile<'_>, body: &Body) -> Option<RequiredVersion> {
    let attribute = body.get_attribute(REQUIRED_VERSION)?;
    match literal::value(&attribute.value, file.text()) {
        Ok(Some(Value::Text(text))) => Some(RequiredVersion { text, place: file.place(attribute) }),
        _ => None,
    }
}

fn misplaced_attributes(file: &HclFile<'_>, body: &Body) -> Result<(), ConfigError> {
    for (name, example) in [(BACKEND, "backend \"s3\" { … }"), (CLOUD, "cloud { … }")] {
        if let Some(attribute) = body.get_attribute(name) {
            let message = format!("`{name}` is a block and no argument: write `{example}`");
            return Err(file.wrong(attribute, message));
        }
    }
    Ok(())
}

fn backend(file: &HclFile<'_>, block: &Block) -> Result<WrittenBackend, ConfigError> {
    match block.labels.as_slice() {
        [label] if !label.as_str().is_empty() => read(file, label.as_str(), block),
        _ => {
            Err(file
                .wrong(&block.ident, "a `backend` block has one label, its type: `backend \"s3\"`"))
        }
    }
}

fn cloud(file: &HclFile<'_>, block: &Block) -> Result<WrittenBackend, ConfigError> {
    if block.is_labeled() {
        return Err(file.wrong(&block.ident, "a `cloud` block has no label"));
    }
    read(file, CLOUD, block)
}

fn read(file: &HclFile<'_>, kind: &str, block: &Block) -> Result<WrittenBackend, ConfigError> {
    let mut unknown = Vec::new();
    let arguments = file.arguments(kind, &block.body, &mut unknown)?;
    Ok(WrittenBackend {
        kind: kind.to_owned(),
        place: file.place(&block.ident),
        arguments,
        unknown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    fn found(text: &str) -> Result<Vec<WrittenBackend>, ConfigError> {
        blocks(Path::new("a.tf"), text).map(|found| found.backends)
    }

    fn only(text: &str) -> WrittenBackend {
        let mut blocks = found(text).expect("blocks");
        assert_eq!(blocks.len(), 1, "{text}");
        blocks.remove(0)
    }

    #[test]
    fn a_block_is_found_between_comments_and_heredocs() {
        let block = only(concat!(
            "# terraform { backend \"s3\" {} }\n/*\nterraform {\n  backend \"s3\" {}\n}\n*/\n",
            "locals {\n  x = <<E\nterraform {\n  backend \"s3\" {}\n}\nE\n}\n",
            "terraform {\n  /* x */ backend /* y */ \"local\" { // z\n    path = /* z */ \"x\" # t\n  }\n}\n"
        ));
        assert_eq!(block.kind, "local");
        assert_eq!(block.place.to_string(), "a.tf:15");
        assert_eq!(block.arguments.get("path"), Some(&Value::text("x")));
        assert_eq!(block.arguments.source("path").expect("source").to_string(), "a.tf:16");
    }

    #[test]
    fn spellings_of_a_block() {
        for text in [
            "terraform {\n backend \"local\" { path=\"x\" }\n}",
            "terraform {\n backend local {\n path=\"x\"\n}\n}",
            "terraform {\n backend \"loc\\u0061l\" {\n path=\"x\"\n}\n}",
            "\u{feff}terraform {\n backend \"local\" {\n path=\"x\"\n}\n}",
            "terraform {\r\n backend \"local\" {\r\n path=\"x\"\r\n}\r\n}\r\n",
            "terraform {\n required_version = \">= 1\"\n}\nterraform {\n backend \"local\" {\n path=\"x\"\n}\n}",
        ] {
            let block = only(text);
            assert_eq!(
                (block.kind.as_str(), block.arguments.get("path")),
                ("local", Some(&Value::text("x"))),
                "{text}"
            );
        }
    }

    #[test]
    fn heredocs_are_read_as_terraform_reads_them() {
        for (text, expected) in [
            ("terraform {\r\n backend \"local\" {\r\npath=<<E\r\nab\r\n E\r\n}\r\n}\r\n", "ab\r\n"),
            (
                "terraform {\n backend \"local\" {\npath = <<-E\n    a\n\n      b\n  \n  E\n}\n}\n",
                "a\n\n  b\n  \n",
            ),
            ("\u{feff}# \u{e9}\nterraform {\n backend \"local\" {\npath = <<E // x\n", ""),
        ] {
            match found(text) {
                Ok(blocks) => assert_eq!(
                    blocks.first().expect("a block").arguments.get("path"),
                    Some(&Value::text(expected)),
                    "{text:?}"
                ),
                Err(error) => assert!(matches!(error, ConfigError::Syntax { .. }), "{text:?}"),
            }
        }
    }

    #[test]
    fn a_cloud_block_keeps_its_workspaces() {
        let block = only(
            "terraform {\n cloud {\n organization = \"o\"\n workspaces {\n name = \"w\"\n}\n}\n}\n",
        );
        assert_eq!(block.kind, "cloud");
        let Some(Value::Map(workspaces)) = block.arguments.get("workspaces") else {
            panic!("a map")
        };
        assert_eq!(workspaces.get("name"), Some(&Value::text("w")));
    }

    #[test]
    fn what_is_not_fixed_is_kept_apart() {
        let block = only("terraform {\n backend \"s3\" {\n bucket = var.b\n key = \"k\"\n}\n}\n");
        assert_eq!(block.unknown.len(), 1);
        let error = ConfigError::from(block.unknown.first().expect("one").clone());
        assert_eq!(
            error.to_string(),
            "the backend argument `bucket` (a.tf:3) refers to a variable or a local value, so it is not known before an init"
        );
        assert_eq!(block.arguments.get("key"), Some(&Value::text("k")));
    }

    #[test]
    fn malformed_blocks_are_refused_with_their_line() {
        for (text, expected) in [
            (
                "terraform {\n backend {}\n}\n",
                "a.tf:2: a `backend` block has one label, its type: `backend \"s3\"`",
            ),
            (
                "terraform {\n backend \"a\" \"b\" {}\n}\n",
                "a.tf:2: a `backend` block has one label, its type: `backend \"s3\"`",
            ),
            (
                "terraform {\n backend \"\" {}\n}\n",
                "a.tf:2: a `backend` block has one label, its type: `backend \"s3\"`",
            ),
            ("\nterraform \"x\" {}\n", "a.tf:2: a `terraform` block has no label"),
            (
                "terraform {\n backend = \"s3\"\n}\n",
                "a.tf:2: `backend` is a block and no argument: write `backend \"s3\" { … }`",
            ),
            ("terraform {\n cloud \"x\" {}\n}\n", "a.tf:2: a `cloud` block has no label"),
            (
                "terraform {\n backend \"s3\" {\n endpoints {\n}\n}\n}\n",
                "a.tf:3: `endpoints` is an argument and no block: write `endpoints = { … }`",
            ),
        ] {
            assert_eq!(found(text).expect_err(text).to_string(), expected);
        }
    }

    #[test]
    fn a_syntax_error_has_its_place_and_shows_no_line() {
        let error = found("terraform {\n backend \"s3\" {\n  secret_key = \"hunter2\n }\n}\n")
            .expect_err("unclosed");
        let text = format!("{error} {error:?}");
        assert!(text.starts_with("syntax error in a.tf:3, column "), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        for text in [
            "terraform {\n",
            "a = 1\nb\n",
            "terraform {\n x = 1\n x = 2\n}\n",
            "\0",
            "terraform { backend \"local\" { path=\"x\" } }\n a",
        ] {
            assert!(matches!(found(text), Err(ConfigError::Syntax { .. })), "{text:?}");
        }
    }
}
