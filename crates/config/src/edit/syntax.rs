//! The arguments and blocks of an HCL text, with the token at which each part begins and ends.

use std::ops::Range;

use super::tokens::{Kind, Token, tokens};
use crate::value::Value;
use crate::written::literal;

/// A text and its tokens.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
}

/// What stands in a body or an object. All numbers are indexes of tokens.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Argument(Item),
    Block(Block),
}

/// An argument of a body, or an item of an object.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its name; `None` if that must be evaluated.
    pub(super) name: Option<String>,
    /// Where its name begins.
    pub(super) key: usize,
    /// The `=`, or the `:` of an object.
    pub(super) separator: usize,
    /// The value, without comments around it.
    pub(super) value: Range<usize>,
    /// The comma that ends it.
    pub(super) comma: Option<usize>,
}

/// A block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) name: String,
    pub(super) labels: Vec<String>,
    pub(super) key: usize,
    pub(super) open: usize,
    pub(super) close: usize,
}

impl Entry {
    /// The last token of it.
    pub(super) fn last(&self) -> usize {
        match self {
            Self::Argument(item) => item.last(),
            Self::Block(block) => block.close,
        }
    }

    /// The first token of it.
    pub(super) fn key(&self) -> usize {
        match self {
            Self::Argument(item) => item.key,
            Self::Block(block) => block.key,
        }
    }
}

impl Item {
    /// Its comma, or the last token of its value.
    pub(super) fn last(&self) -> usize {
        self.comma.unwrap_or(self.value.end.saturating_sub(1))
    }
}

impl<'a> Document<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, tokens: tokens(text) }
    }

    pub(super) fn kind(&self, token: usize) -> Option<Kind> {
        self.tokens.get(token).map(|token| token.kind)
    }

    /// The text of one token.
    pub(super) fn text_of(&self, token: usize) -> &'a str {
        self.tokens.get(token).and_then(|token| self.text.get(token.range())).unwrap_or("")
    }

    /// Where a token begins; the end of the text for one after the last.
    pub(super) fn start(&self, token: usize) -> usize {
        self.tokens.get(token).map_or(self.text.len(), |token| token.start)
    }

    /// Where a token ends.
    pub(super) fn end(&self, token: usize) -> usize {
        self.tokens.get(token).map_or(self.text.len(), |token| token.end)
    }

    /// The bytes of a range of tokens, from the first to the last.
    pub(super) fn bytes(&self, range: &Range<usize>) -> Range<usize> {
        self.start(range.start)..self.end(range.end.saturating_sub(1))
    }

    /// The text of a value.
    pub(super) fn slice(&self, range: &Range<usize>) -> &'a str {
        self.text.get(self.bytes(range)).unwrap_or("")
    }

    /// The fixed value of an item; what it does if it has none.
    pub(super) fn value(&self, item: &Item) -> Result<Option<Value>, &'static str> {
        fixed(self.slice(&item.value))
    }

    /// The entries between the tokens of `range`.
    pub(super) fn entries(&self, range: Range<usize>) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut at = range.start;
        while at < range.end {
            if self.is_trivia(at) || self.kind(at) == Some(Kind::Comma) {
                at += 1;
                continue;
            }
            match self.entry(at, range.end) {
                Some(entry) => {
                    at = entry.last() + 1;
                    entries.push(entry);
                }
                None => at += 1,
            }
        }
        entries
    }

    fn entry(&self, key: usize, end: usize) -> Option<Entry> {
        // A name in parentheses is an expression.
        let is_computed = self.kind(key) == Some(Kind::Open);
        let mut at = if is_computed { self.matching(key)? + 1 } else { key };
        while matches!(self.kind(at)?, Kind::Word | Kind::Quoted | Kind::Comment) {
            at += 1;
        }
        match self.kind(at).filter(|_| at < end)? {
            Kind::Equals | Kind::Colon => {
                let name = if is_computed { None } else { self.name(key) };
                Some(Entry::Argument(self.item(name, key, at, end)))
            }
            Kind::Open if !is_computed => Some(Entry::Block(Block {
                name: self.name(key)?,
                labels: (key + 1..at).filter_map(|label| self.name(label)).collect(),
                key,
                open: at,
                close: self.matching(at)?,
            })),
            Kind::Open
            | Kind::Newline
            | Kind::Comment
            | Kind::Word
            | Kind::Quoted
            | Kind::Heredoc
            | Kind::Close
            | Kind::Comma
            | Kind::Other => None,
        }
    }

    fn item(&self, name: Option<String>, key: usize, separator: usize, end: usize) -> Item {
        let mut depth = 0_usize;
        let mut value = separator + 1..separator + 1;
        let mut is_begun = false;
        let mut comma = None;
        for at in separator + 1..end {
            match self.kind(at) {
                Some(Kind::Comma) if depth == 0 => {
                    comma = Some(at);
                    break;
                }
                Some(Kind::Newline | Kind::Close) if depth == 0 => break,
                Some(Kind::Comment | Kind::Newline) => continue,
                Some(Kind::Open) => depth += 1,
                Some(Kind::Close) => depth -= 1,
                Some(
                    Kind::Word
                    | Kind::Quoted
                    | Kind::Heredoc
                    | Kind::Equals
                    | Kind::Colon
                    | Kind::Comma
                    | Kind::Other,
                )
                | None => {}
            }
            if !is_begun {
                value.start = at;
                is_begun = true;
            }
            value.end = at + 1;
        }
        Item { name, key, separator, value, comma }
    }

    /// The tokens in a value that is an object and nothing else.
    pub(super) fn object(&self, value: &Range<usize>) -> Option<Range<usize>> {
        let is_object = self.text_of(value.start) == "{"
            && self.matching(value.start) == Some(value.end.checked_sub(1)?);
        let inside = value.start + 1..value.end.checked_sub(1)?;
        let first = inside.clone().find(|at| !self.is_trivia(*at));
        let is_loop = first
            .is_some_and(|at| self.text_of(at) == "for" && self.kind(at + 1) == Some(Kind::Word));
        (is_object && !is_loop).then_some(inside)
    }

    /// The bracket that closes the one at `open`.
    pub(super) fn matching(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(at);
                    }
                }
                Kind::Newline
                | Kind::Comment
                | Kind::Word
                | Kind::Quoted
                | Kind::Heredoc
                | Kind::Equals
                | Kind::Colon
                | Kind::Comma
                | Kind::Other => {}
            }
        }
        None
    }

    /// Whether it is a comment or a line end.
    pub(super) fn is_trivia(&self, token: usize) -> bool {
        matches!(self.kind(token), Some(Kind::Newline | Kind::Comment))
    }

    fn name(&self, token: usize) -> Option<String> {
        let text = self.text_of(token);
        match self.kind(token)? {
            Kind::Word => Some(text.to_owned()),
            Kind::Quoted => match fixed(text) {
                Ok(Some(Value::Text(name))) => Some(name),
                Ok(_) | Err(_) => None,
            },
            Kind::Newline
            | Kind::Comment
            | Kind::Heredoc
            | Kind::Open
            | Kind::Close
            | Kind::Equals
            | Kind::Colon
            | Kind::Comma
            | Kind::Other => None,
        }
    }
}

/// The fixed value of an expression.
fn fixed(expression: &str) -> Result<Option<Value>, &'static str> {
    let parsed = hcl_edit::parser::parse_expr(expression).map_err(|_| "cannot be understood")?;
    literal::value(&parsed, expression)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_names_and_values() {
        let text = "a = 1 # c\nb /* x */ = /* y */ [\n 1, # d\n 2\n] /* z */\nc \"l\" m { d = 1 }\n\"e\" : <<E\n}\nE\n(f) = 1, g = {for k, v in x : k => v}\n";
        let document = Document::new(text);
        let found: Vec<_> = document
            .entries(0..document.tokens.len())
            .into_iter()
            .map(|entry| match entry {
                Entry::Argument(item) => {
                    (item.name.unwrap_or_default(), document.slice(&item.value).to_owned())
                }
                Entry::Block(block) => (block.name, block.labels.join(",")),
            })
            .collect();
        let expected = [
            ("a", "1"),
            ("b", "[\n 1, # d\n 2\n]"),
            ("c", "l,m"),
            ("e", "<<E\n}\nE"),
            ("", "1"),
            ("g", "{for k, v in x : k => v}"),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn only_an_object_is_an_object() {
        for (text, expected) in [
            ("x = { a = 1 }", true),
            ("x = {}", true),
            ("x = { for = 1 }", true),
            ("x = { for k, v in y : k => v }", false),
            ("x = merge({ a = 1 }, y)", false),
            ("x = { a = 1 }.a", false),
            ("x = y", false),
        ] {
            let document = Document::new(text);
            let entries = document.entries(0..document.tokens.len());
            let Some(Entry::Argument(item)) = entries.first() else { panic!("an argument") };
            assert_eq!(document.object(&item.value).is_some(), expected, "{text}");
        }
    }
}
