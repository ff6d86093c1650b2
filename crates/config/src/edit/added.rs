//! Setting an argument: another value where it stands, or a new line.

use super::alignment::{Splice, equals_column, spliced, width};
use super::list::{ArgumentList, Holder, arguments};
use super::syntax::{Document, Entry, Item};
use super::tokens::Kind;
use super::{NewValue, Refusal};

/// What one step of an indentation is where nothing shows another.
const INDENTATION: &str = "  ";

/// An argument to be set.
pub(super) struct Setting<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a NewValue,
    pub(super) after: &'a str,
}

/// What has to be done next.
pub(super) enum Step {
    /// It is as it should be.
    Nothing,
    /// The text with the argument.
    Done(String),
    /// The text with a block that was on one line opened up: look at it again.
    Opened(String),
}

/// The next step to set an argument.
///
/// # Errors
/// [`Refusal`] if its value is an expression, or it stands there twice or as a block.
pub(super) fn set(
    document: &Document<'_>,
    list: &ArgumentList,
    setting: &Setting<'_>,
) -> Result<Step, Refusal> {
    let entries = document.entries(list.inside.clone());
    let found: Vec<_> = arguments(&entries, setting.name).collect();
    if let [item] = found.as_slice() {
        return replaced(document, item, setting);
    }
    if let Some(second) = found.get(1) {
        let reason = format!("`{}` is set twice", setting.name);
        return Err(Refusal::at(document.start(second.key), reason));
    }
    if list.holder == Holder::Body && !list.has_lines(document) {
        return Ok(Step::Opened(opened(document, list)));
    }
    let anchor = arguments(&entries, setting.after).last();
    let key = anchor.map(|item| item.key).or_else(|| entries.last().map(Entry::key));
    let anchor = entries.iter().find(|entry| Some(entry.key()) == key);
    let splice = match anchor {
        Some(anchor) => behind(document, list, anchor, setting),
        None => into_empty(document, list, setting),
    };
    Ok(Step::Done(spliced(document.text, &[splice])))
}

fn replaced(document: &Document<'_>, item: &Item, setting: &Setting<'_>) -> Result<Step, Refusal> {
    match document.value(item) {
        Ok(value) if setting.value.is(value.as_ref()) => Ok(Step::Nothing),
        Ok(_) => {
            let splice =
                Splice { range: document.bytes(&item.value), text: setting.value.as_hcl() };
            Ok(Step::Done(spliced(document.text, &[splice])))
        }
        Err(what) => {
            let reason = format!("`{}` {what}", setting.name);
            Err(Refusal::at(document.start(item.key), reason))
        }
    }
}

/// The text with a block on one line opened up. What stands in it keeps its bytes.
fn opened(document: &Document<'_>, list: &ArgumentList) -> String {
    let range = document.end(list.inside.start.saturating_sub(1))..document.start(list.inside.end);
    let newline = newline_at(document, range.start);
    let outer = indentation(document.text, range.start);
    let inside = document.text.get(range.clone()).unwrap_or("").trim_matches([' ', '\t']);
    let text = if inside.is_empty() {
        format!("{newline}{outer}")
    } else {
        format!("{newline}{outer}{}{inside}{newline}{outer}", step(outer))
    };
    spliced(document.text, &[Splice { range, text }])
}

fn behind(
    document: &Document<'_>,
    list: &ArgumentList,
    anchor: &Entry,
    setting: &Setting<'_>,
) -> Splice {
    let look = match (anchor, list.holder) {
        (Entry::Argument(item), Holder::Object) => Look::of(document, item, setting.name),
        (Entry::Argument(_) | Entry::Block(_), _) => Look::plain(setting.name),
    };
    let value = setting.value.as_hcl();
    let Some(at) = end_of_line(document, anchor.last()) else {
        // Something follows on the line: only an object has room for more there.
        let at = match anchor {
            Entry::Argument(item) => document.bytes(&item.value).end,
            Entry::Block(block) => document.end(block.close),
        };
        let separator = look.separator.as_deref().unwrap_or(" = ");
        return Splice { range: at..at, text: format!(", {}{separator}{value}", look.key) };
    };
    let start = document.start(anchor.key());
    let indentation = indentation(document.text, start);
    let separator = look.separator.unwrap_or_else(|| {
        let used = width(indentation) + width(&look.key);
        let column = equals_column(document, start).unwrap_or(used);
        format!("{}= ", " ".repeat(column.saturating_sub(used).max(1)))
    });
    let (newline, key, comma) = (newline_at(document, at), look.key, look.comma);
    let text = format!("{newline}{indentation}{key}{separator}{value}{comma}");
    Splice { range: at..at, text }
}

/// How an argument looks.
struct Look {
    key: String,
    /// What stands between name and value, unless that is a plain ` = `.
    separator: Option<String>,
    comma: &'static str,
}

impl Look {
    fn plain(name: &str) -> Self {
        Self { key: name.to_owned(), separator: None, comma: "" }
    }

    /// Like an item of an object: with its quotes, its colon and its comma.
    fn of(document: &Document<'_>, item: &Item, name: &str) -> Self {
        let is_quoted = document.kind(item.key) == Some(Kind::Quoted);
        let before = document.end(item.separator.saturating_sub(1));
        let text = document.text.get(before..document.start(item.value.start)).unwrap_or("");
        let is_copied = document.kind(item.separator) == Some(Kind::Colon)
            && text.chars().all(|c| matches!(c, ' ' | ':'));
        Self {
            key: if is_quoted { format!("\"{name}\"") } else { name.to_owned() },
            separator: is_copied.then(|| text.to_owned()),
            comma: if item.comma.is_some() { "," } else { "" },
        }
    }
}

fn into_empty(document: &Document<'_>, list: &ArgumentList, setting: &Setting<'_>) -> Splice {
    let argument = format!("{} = {}", setting.name, setting.value.as_hcl());
    let close = document.start(list.inside.end);
    let insert = |at: usize, text: String| Splice { range: at..at, text };
    match list.holder {
        Holder::File => {
            let newline = newline_at(document, close);
            let is_open = !document.text.is_empty() && !document.text.ends_with('\n');
            let text = if is_open { format!("{newline}{argument}") } else { argument + newline };
            insert(close, text)
        }
        Holder::Object if !list.has_lines(document) => {
            let open = document.end(list.inside.start.saturating_sub(1));
            let inside = document.text.get(open..close).unwrap_or("").trim_matches([' ', '\t']);
            let text = format!(" {inside}{}{argument} ", if inside.is_empty() { "" } else { " " });
            Splice { range: open..close, text }
        }
        Holder::Body | Holder::Object => {
            let outer = indentation(document.text, close);
            let newline = newline_at(document, document.end(list.inside.start.saturating_sub(1)));
            let line = line_start(document.text, close);
            insert(line, format!("{outer}{}{argument}{newline}", step(outer)))
        }
    }
}

/// Where the line of a token ends, if only comments follow on it.
pub(super) fn end_of_line(document: &Document<'_>, token: usize) -> Option<usize> {
    let mut at = token + 1;
    while document.kind(at) == Some(Kind::Comment) {
        at += 1;
    }
    match document.kind(at) {
        Some(Kind::Newline) => Some(document.start(at)),
        None => Some(document.end(at.saturating_sub(1))),
        Some(_) => None,
    }
}

/// The line end that counts at a byte: the next one, else the last one, else `\n`.
fn newline_at(document: &Document<'_>, at: usize) -> &'static str {
    let mut newlines = document.tokens.iter().filter(|token| token.kind == Kind::Newline);
    let next = newlines.clone().find(|token| token.start >= at).or_else(|| newlines.next_back());
    if next.is_some_and(|token| token.end - token.start == 2) { "\r\n" } else { "\n" }
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

/// The blanks with which the line of a byte begins.
fn indentation(text: &str, at: usize) -> &str {
    let line = text.get(line_start(text, at)..).unwrap_or("");
    let length = line.find(|c| !matches!(c, ' ' | '\t')).unwrap_or(line.len());
    line.get(..length).unwrap_or("")
}

fn step(outer: &str) -> &'static str {
    if outer.starts_with('\t') { "\t" } else { INDENTATION }
}
