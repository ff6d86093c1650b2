//! The arguments in a block, or in a whole `-backend-config` file.

use std::collections::BTreeMap;
use std::path::Path;

use hcl_edit::Span;
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Attribute, Block, Body, Structure};

use super::{NotLiteral, literal};
use crate::argument::{Arguments, Source};
use crate::error::{ConfigError, Place};
use crate::value::Value;

/// A file's text without a byte order mark, for spans.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HclFile<'a> {
    path: &'a Path,
    text: &'a str,
}

impl<'a> HclFile<'a> {
    pub(crate) fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text: text.strip_prefix('\u{feff}').unwrap_or(text) }
    }

    /// The text that spans are about.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// Parses the whole file.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] with the place; the line itself is not shown, as it may hold a secret.
    pub(crate) fn parse(&self) -> Result<Body, ConfigError> {
        parse_body(self.text).map_err(|error| ConfigError::Syntax {
            place: Place { file: self.path.to_owned(), line: Some(error.location().line()) },
            column: error.location().column(),
            message: error.message().replace('\n', "; "),
        })
    }

    /// That the text is no HCL at a byte of it.
    pub(crate) fn invalid_at(&self, at: usize, message: &str) -> ConfigError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        ConfigError::Syntax {
            place: self.place_at(before),
            column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
            message: message.to_owned(),
        }
    }

    /// That a whole file is one for `-backend-config`.
    ///
    /// # Errors
    /// [`ConfigError::Structure`] if it has a block.
    pub(crate) fn only_arguments(&self, body: &Body) -> Result<(), ConfigError> {
        let Some(block) = body.blocks().next() else { return Ok(()) };
        let name = block.ident.as_str();
        let message =
            format!("a file for -backend-config has arguments only, and no block `{name}`");
        Err(self.wrong(&block.ident, message))
    }

    /// The place of something that was parsed.
    pub(crate) fn place(&self, parsed: &impl Span) -> Place {
        let before = parsed.span().and_then(|span| self.text.get(..span.start));
        before.map_or_else(
            || Place { file: self.path.to_owned(), line: None },
            |before| self.place_at(before),
        )
    }

    /// The place behind the text `before`.
    fn place_at(&self, before: &str) -> Place {
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Place { file: self.path.to_owned(), line: Some(line) }
    }

    /// That something is wrong there.
    pub(crate) fn wrong(&self, parsed: &impl Span, message: impl Into<String>) -> ConfigError {
        ConfigError::Structure { place: self.place(parsed), message: message.into() }
    }

    /// The arguments of a block's body; those without a fixed value are put into `unknown`.
    ///
    /// # Errors
    /// [`ConfigError::Structure`] if an `s3` backend has a nested block: it takes none.
    pub(crate) fn arguments(
        &self,
        kind: &str,
        body: &Body,
        unknown: &mut Vec<NotLiteral>,
    ) -> Result<Arguments, ConfigError> {
        let mut arguments = Arguments::default();
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let name = attribute.key.as_str();
                    match self.value(name, attribute) {
                        Ok(value) => arguments.set(name, value, self.source(attribute)),
                        Err(not_literal) => unknown.push(not_literal),
                    }
                }
                Structure::Block(block) => {
                    let name = block.ident.as_str();
                    if kind == crate::s3::KIND {
                        let message = format!(
                            "`{name}` is an argument and no block: write `{name} = {{ … }}`"
                        );
                        return Err(self.wrong(&block.ident, message));
                    }
                    match self.nested(name, block) {
                        Ok(value) => arguments.set(name, Some(value), self.source(block)),
                        Err(not_literal) => unknown.push(not_literal),
                    }
                }
            }
        }
        Ok(arguments)
    }

    fn source(&self, parsed: &impl Span) -> Source {
        Source::Written(self.place(parsed))
    }

    fn value(&self, argument: &str, attribute: &Attribute) -> Result<Option<Value>, NotLiteral> {
        literal::value(&attribute.value, self.text).map_err(|what| NotLiteral {
            argument: argument.to_owned(),
            place: self.place(attribute),
            what,
        })
    }

    /// A nested block, as `workspaces` of a `cloud` block. Depth is bounded by the parser.
    fn nested(&self, argument: &str, block: &Block) -> Result<Value, NotLiteral> {
        let mut map = BTreeMap::new();
        for structure in &block.body {
            match structure {
                Structure::Attribute(attribute) => {
                    if let Some(value) = self.value(argument, attribute)? {
                        map.insert(attribute.key.as_str().to_owned(), value);
                    }
                }
                Structure::Block(inner) => {
                    map.insert(inner.ident.as_str().to_owned(), self.nested(argument, inner)?);
                }
            }
        }
        Ok(Value::Map(map))
    }
}
