//! Lists of arguments: where in a text the arguments of an `s3` backend stand.

use std::ops::Range;

use super::syntax::{Block, Document, Entry, Item};
use super::tokens::Kind;
use super::{Form, Refusal};
use crate::value::Value;

const S3: &str = "s3";

/// What kind of place holds the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// The body of a block: each argument on its own line, or the only one on the block's line.
    Body,
    /// An object: also several on a line, with commas.
    Object,
    /// The whole file.
    File,
}

/// The arguments of one backend. The numbers are indexes of tokens.
#[derive(Clone, Debug)]
pub(super) struct ArgumentList {
    pub(super) holder: Holder,
    /// What stands between its brackets.
    pub(super) inside: Range<usize>,
}

impl ArgumentList {
    /// Its bytes, with the lines of its brackets.
    pub(super) fn region(&self, document: &Document<'_>) -> Range<usize> {
        match self.holder {
            Holder::File => 0..document.text.len(),
            Holder::Body | Holder::Object => {
                document.start(self.inside.start.saturating_sub(1))..document.end(self.inside.end)
            }
        }
    }

    /// Whether a line ends in it.
    pub(super) fn has_lines(&self, document: &Document<'_>) -> bool {
        self.holder == Holder::File
            || self.inside.clone().any(|at| document.kind(at) == Some(Kind::Newline))
    }
}

/// The arguments of every `s3` backend in the text.
///
/// # Errors
/// [`Refusal`] if there is one whose arguments are computed.
pub(super) fn lists(document: &Document<'_>, form: Form) -> Result<Vec<ArgumentList>, Refusal> {
    let entries = document.entries(0..document.tokens.len());
    match form {
        Form::BackendConfig => {
            let inside = 0..document.tokens.len();
            Ok(vec![ArgumentList { holder: Holder::File, inside }])
        }
        Form::Terragrunt => terragrunt(document, &entries),
        Form::Terraform | Form::TerraformJson | Form::BackendConfigJson => {
            Ok(terraform(document, &entries))
        }
    }
}

fn body(block: &Block) -> ArgumentList {
    ArgumentList { holder: Holder::Body, inside: block.open + 1..block.close }
}

fn blocks<'a>(entries: &'a [Entry], name: &'a str) -> impl Iterator<Item = &'a Block> {
    entries.iter().filter_map(move |entry| match entry {
        Entry::Block(block) if block.name == name => Some(block),
        Entry::Block(_) | Entry::Argument(_) => None,
    })
}

/// The arguments by that name.
pub(super) fn arguments<'a>(entries: &'a [Entry], name: &'a str) -> impl Iterator<Item = &'a Item> {
    entries.iter().filter_map(move |entry| match entry {
        Entry::Argument(item) if item.name.as_deref() == Some(name) => Some(item),
        Entry::Argument(_) | Entry::Block(_) => None,
    })
}

fn terraform(document: &Document<'_>, entries: &[Entry]) -> Vec<ArgumentList> {
    let mut found = Vec::new();
    for outer in blocks(entries, "terraform") {
        let inner = document.entries(outer.open + 1..outer.close);
        let is_s3 = |block: &&Block| block.labels == [S3];
        found.extend(blocks(&inner, "backend").filter(is_s3).map(body));
    }
    found
}

fn terragrunt(document: &Document<'_>, entries: &[Entry]) -> Result<Vec<ArgumentList>, Refusal> {
    let mut found = Vec::new();
    for block in blocks(entries, "remote_state") {
        found.extend(remote_state(document, block.key, block.open + 1..block.close)?);
    }
    for item in arguments(entries, "remote_state") {
        let inside = document.object(&item.value).ok_or_else(|| {
            Refusal::unseen(document.start(item.key), "`remote_state` is computed")
        })?;
        found.extend(remote_state(document, item.key, inside)?);
    }
    Ok(found)
}

/// The list in one `remote_state`, if that is of kind `s3`.
fn remote_state(
    document: &Document<'_>,
    key: usize,
    inside: Range<usize>,
) -> Result<Option<ArgumentList>, Refusal> {
    let entries = document.entries(inside);
    let refused = |token, reason: &str| Refusal::unseen(document.start(token), reason);
    let Some(kind) = arguments(&entries, "backend").next() else { return Ok(None) };
    match document.value(kind) {
        Ok(Some(Value::Text(kind))) if kind == S3 => {}
        Ok(_) => return Ok(None),
        Err(what) => return Err(refused(kind.key, &format!("the kind of backend {what}"))),
    }
    let items: Vec<_> = arguments(&entries, "config").collect();
    let blocks: Vec<_> = blocks(&entries, "config").collect();
    match (items.as_slice(), blocks.as_slice()) {
        ([item], []) => match document.object(&item.value) {
            Some(inside) => Ok(Some(ArgumentList { holder: Holder::Object, inside })),
            None => Err(refused(item.key, "`config` is computed")),
        },
        ([], [block]) => Ok(Some(body(block))),
        ([], []) => Err(refused(key, "`remote_state` has no `config`")),
        _ => Err(refused(key, "`config` stands there twice")),
    }
}

/// What `generate` writes, as a block or as an attribute: the names and contents.
pub(super) fn generated(document: &Document<'_>) -> Vec<(String, Item)> {
    let entries = document.entries(0..document.tokens.len());
    let mut bodies: Vec<_> = blocks(&entries, "generate")
        .map(|block| (block.labels.concat(), block.open + 1..block.close))
        .collect();
    for inside in arguments(&entries, "generate").filter_map(|item| document.object(&item.value)) {
        bodies.extend(document.entries(inside).into_iter().filter_map(|entry| match entry {
            Entry::Argument(item) => {
                Some((item.name.unwrap_or_default(), document.object(&item.value)?))
            }
            Entry::Block(_) => None,
        }));
    }
    let mut found = Vec::new();
    for (label, inside) in bodies {
        let inner = document.entries(inside);
        found.extend(arguments(&inner, "contents").map(|item| (label.clone(), item.clone())));
    }
    found
}
