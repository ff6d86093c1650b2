//! Removing an argument, with what belongs to it and nothing else.

use std::ops::Range;

use super::Refusal;
use super::added::end_of_line;
use super::alignment::{Splice, spliced};
use super::list::{ArgumentList, Holder, arguments};
use super::syntax::{Document, Entry, Item};
use super::tokens::Kind;
use crate::value::Value;

/// The text without the argument at `path`; `None` if it is not there.
///
/// # Errors
/// [`Refusal`] if it is there twice, or inside a value that is computed.
pub(super) fn removed(
    document: &Document<'_>,
    list: &ArgumentList,
    path: &[&str],
) -> Result<Option<String>, Refusal> {
    Ok(place(document, list, path)?
        .map(|range| spliced(document.text, &[Splice { range, text: String::new() }])))
}

fn place(
    document: &Document<'_>,
    list: &ArgumentList,
    path: &[&str],
) -> Result<Option<Range<usize>>, Refusal> {
    let Some((name, inner)) = path.split_first() else { return Ok(None) };
    let entries = document.entries(list.inside.clone());
    let found: Vec<_> = arguments(&entries, name).collect();
    let item = match found.as_slice() {
        [] => return Ok(None),
        [item] => item,
        [_, second, ..] => {
            let reason = format!("`{name}` is set twice");
            return Err(Refusal::at(document.start(second.key), reason));
        }
    };
    if !inner.is_empty() {
        let Some(inside) = document.object(&item.value) else {
            if let Ok(None | Some(Value::Map(_))) = document.value(item) {
                return Ok(None);
            }
            let reason = format!("`{name}` is no object that is written out");
            return Err(Refusal::at(document.start(item.key), reason));
        };
        let object = ArgumentList { holder: Holder::Object, inside };
        let Some(range) = place(document, &object, inner)? else { return Ok(None) };
        let others = document.entries(object.inside.clone()).len();
        if others > 1 {
            return Ok(Some(range));
        }
    }
    Ok(Some(extent(document, list, &entries, item)))
}

/// The bytes that go with an item.
fn extent(
    document: &Document<'_>,
    list: &ArgumentList,
    entries: &[Entry],
    item: &Item,
) -> Range<usize> {
    let before = first_of_line(document, item.key);
    if let (Some(start), Some(end)) = (before, end_of_line(document, item.last())) {
        return whole_lines(document, start, end);
    }
    if list.holder == Holder::Object {
        return among_others(document, entries, item);
    }
    // A block on one line: nothing is left but its brackets and comments.
    let (inside, next) = (list.inside.clone(), item.last() + 1);
    if inside == (item.key..next) {
        return document.end(inside.start.saturating_sub(1))..document.start(inside.end);
    }
    document.start(item.key)..document.start(next)
}

/// Where the line of a token begins, if only comments stand before it. A comment that began on an earlier
/// line stays, so that its end is where this begins.
fn first_of_line(document: &Document<'_>, token: usize) -> Option<usize> {
    let mut at = token;
    loop {
        let Some(previous) = at.checked_sub(1) else { return Some(0) };
        match document.kind(previous)? {
            Kind::Newline => return Some(document.end(previous)),
            Kind::Comment if document.text_of(previous).contains('\n') => {
                return Some(document.end(previous));
            }
            Kind::Comment => at = previous,
            Kind::Word
            | Kind::Quoted
            | Kind::Heredoc
            | Kind::Open
            | Kind::Close
            | Kind::Equals
            | Kind::Colon
            | Kind::Comma
            | Kind::Other => return None,
        }
    }
}

/// The bytes from `start` to `end` with one line end: the one behind, or, at the end of a file that has
/// none there, the one before.
fn whole_lines(document: &Document<'_>, start: usize, end: usize) -> Range<usize> {
    let begins_line = start == 0 || document.text.get(..start).is_some_and(|t| t.ends_with('\n'));
    if !begins_line {
        return start..end;
    }
    if let Some(newline) = document.tokens.iter().find(|token| token.start == end) {
        return start..newline.end;
    }
    let before = document.tokens.iter().find(|token| token.end == start);
    before.map_or(start, |newline| newline.start)..end
}

/// An item that shares its line with others.
fn among_others(document: &Document<'_>, entries: &[Entry], item: &Item) -> Range<usize> {
    let has_trivia = |range: Range<usize>| range.into_iter().any(|token| document.is_trivia(token));
    let start = document.start(item.key);
    let next = entries.iter().find(|entry| entry.key() > item.last());
    if let Some(next) = next
        && !has_trivia(item.last()..next.key())
    {
        return start..document.start(next.key());
    }
    let end = document.end(item.last());
    let previous = entries.iter().rev().find_map(|entry| match entry {
        Entry::Argument(previous) if previous.key < item.key => Some(previous),
        Entry::Argument(_) | Entry::Block(_) => None,
    });
    match previous {
        Some(previous) if !has_trivia(previous.last()..item.key) => {
            // The comma that is left is the one that was last.
            let kept = if item.comma.is_some() { previous.last() } else { previous.value.end - 1 };
            document.end(kept)..end
        }
        Some(_) | None => {
            let token_before = item.key.saturating_sub(1);
            document.end(token_before).min(start)..end
        }
    }
}
