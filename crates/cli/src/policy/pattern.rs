//! Patterns of policies, and what they are held against.
//!
//! A pattern has `*` (any text) and `?` (any character). A subject is the name of an object, or of many: an
//! open part stands for any text, as the names of all workspaces. So there are three outcomes: the
//! pattern takes in all of the subject, a part of it, or nothing.

use std::fmt::Write as _;

/// What a pattern takes in of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Matched {
    /// Nothing.
    None,
    /// Something, and not all; or it depends on a policy variable.
    Part,
    /// All.
    Whole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    One(char),
    AnyOne,
    AnyText,
    /// A policy variable, whose text the service knows.
    Variable,
}

/// A text of a policy, as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// As it is written.
    text: String,
    pieces: Vec<Piece>,
}

/// How the special characters of a text are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// `*` and `?` are special.
    pub(crate) wildcards: bool,
    /// `${…}` is a policy variable: in policies of the version 2012-10-17.
    pub(crate) variables: bool,
}

impl Pattern {
    /// Reads a text.
    pub(crate) fn read(text: &str, reading: Reading) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            if let Some((piece, after)) = reading.variables.then(|| variable(rest)).flatten() {
                pieces.push(piece);
                rest = after;
                continue;
            }
            pieces.push(match next {
                '*' if reading.wildcards => Piece::AnyText,
                '?' if reading.wildcards => Piece::AnyOne,
                other => Piece::One(other),
            });
            rest = rest.strip_prefix(next).unwrap_or_default();
        }
        Self { text: text.to_owned(), pieces }
    }

    /// The pattern that takes in just this.
    pub(crate) fn of_subject(subject: &Subject) -> Self {
        Self::read(&subject.as_pattern(), Reading { wildcards: true, variables: true })
    }

    /// Whether it takes in an action; those know no capitals.
    pub(crate) fn takes_in_action(&self, action: &str) -> bool {
        self.without_case().matches(&Subject::exactly(action).lower()) == Matched::Whole
    }

    /// As it is written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it takes in more than one text.
    pub(crate) fn is_open(&self) -> bool {
        self.pieces.iter().any(|piece| !matches!(piece, Piece::One(_)))
    }

    /// Whether what it takes in hangs on something that only the service knows.
    pub(crate) fn has_variable(&self) -> bool {
        self.pieces.contains(&Piece::Variable)
    }

    /// The same without a difference between capitals and small letters.
    pub(super) fn without_case(&self) -> Self {
        let lower = |piece: &Piece| match piece {
            Piece::One(c) => Piece::One(c.to_ascii_lowercase()),
            other @ (Piece::AnyOne | Piece::AnyText | Piece::Variable) => *other,
        };
        Self { text: self.text.clone(), pieces: self.pieces.iter().map(lower).collect() }
    }

    /// All that it takes in, as a subject of another pattern.
    pub(crate) fn as_subject(&self) -> Subject {
        let part = |piece: &Piece| match piece {
            Piece::One(c) => Part::One(*c),
            Piece::AnyOne | Piece::AnyText | Piece::Variable => Part::Open,
        };
        Subject { parts: self.pieces.iter().map(part).collect() }
    }

    /// What it takes in of a subject.
    pub(crate) fn matches(&self, subject: &Subject) -> Matched {
        let Some((pieces, parts)) = without_ends(&self.pieces, &subject.parts) else {
            return Matched::None;
        };
        if takes(pieces, parts, Question::Whole) {
            Matched::Whole
        } else if takes(pieces, parts, Question::Any) {
            Matched::Part
        } else {
            Matched::None
        }
    }

    /// As [`Self::matches`] for ARNs: a `*` does not reach over the colons before the resource.
    pub(crate) fn matches_arn(&self, subject: &Subject) -> Matched {
        if self.pieces == [Piece::AnyText] {
            return Matched::Whole;
        }
        let (ours, theirs) = (
            arn_sections(&self.pieces, |p| *p == Piece::One(':')),
            arn_sections(&subject.parts, |p| *p == Part::One(':')),
        );
        // What has fewer sections is no ARN; the service would refuse the policy.
        if ours.len() != ARN_SECTIONS || theirs.len() != ARN_SECTIONS {
            return self.matches(subject);
        }
        let each = ours.iter().zip(theirs).map(|(pattern, subject)| {
            let pattern = Self { text: String::new(), pieces: pattern.to_vec() };
            pattern.matches(&Subject { parts: subject.to_vec() })
        });
        each.min().unwrap_or(Matched::None)
    }
}

/// `arn:partition:service:region:account:resource`
const ARN_SECTIONS: usize = 6;

fn arn_sections<T>(items: &[T], is_colon: impl Fn(&T) -> bool) -> Vec<&[T]> {
    items.splitn(ARN_SECTIONS, is_colon).collect()
}

/// A policy variable at the beginning of a text, and what follows it.
fn variable(text: &str) -> Option<(Piece, &str)> {
    let (name, after) = text.strip_prefix("${")?.split_once('}')?;
    let piece = match name {
        "*" | "?" | "$" => Piece::One(name.chars().next()?),
        _ => Piece::Variable,
    };
    Some((piece, after))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    One(char),
    Open,
}

/// A text, or all texts that have its parts in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    parts: Vec<Part>,
}

impl Subject {
    /// Just this text.
    pub(crate) fn exactly(text: &str) -> Self {
        Self { parts: text.chars().map(Part::One).collect() }
    }

    /// Followed by a part that is open.
    #[must_use]
    pub(crate) fn then_any(mut self) -> Self {
        self.parts.push(Part::Open);
        self
    }

    /// Followed by a text.
    #[must_use]
    pub(crate) fn then(mut self, text: &str) -> Self {
        self.parts.extend(text.chars().map(Part::One));
        self
    }

    /// Followed by another.
    #[must_use]
    pub(crate) fn then_all(mut self, other: &Self) -> Self {
        self.parts.extend_from_slice(&other.parts);
        self
    }

    /// What stands before the last of these characters; `None` without one.
    pub(crate) fn before_last(&self, character: char) -> Option<Self> {
        let index = self.parts.iter().rposition(|part| *part == Part::One(character))?;
        Some(Self { parts: self.parts.get(..index)?.to_vec() })
    }

    /// Whether it stands for more than one text.
    pub(crate) fn is_open(&self) -> bool {
        self.parts.contains(&Part::Open)
    }

    /// For people: an open part is `*`, and nothing is escaped.
    pub(crate) fn shown(&self) -> String {
        self.written(|c, text| text.push(c))
    }

    /// As a pattern of a policy that takes in just this. A `*`, `?` or `$` of a name is written as a
    /// policy variable.
    pub(crate) fn as_pattern(&self) -> String {
        self.written(|c, text| match c {
            '*' | '?' | '$' => write!(text, "${{{c}}}").unwrap_or_default(),
            other => text.push(other),
        })
    }

    fn written(&self, one: impl Fn(char, &mut String)) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::One(c) => one(*c, &mut text),
                Part::Open => text.push('*'),
            }
        }
        text
    }

    /// The same without a difference between capitals and small letters.
    pub(super) fn lower(&self) -> Self {
        let lower = |part: &Part| match part {
            Part::One(c) => Part::One(c.to_ascii_lowercase()),
            Part::Open => Part::Open,
        };
        Self { parts: self.parts.iter().map(lower).collect() }
    }
}

/// What is left after the plain characters at both ends, which most comparisons are decided by; `None` if they
/// differ.
fn without_ends<'a>(
    mut pieces: &'a [Piece],
    mut parts: &'a [Part],
) -> Option<(&'a [Piece], &'a [Part])> {
    while let ([Piece::One(wanted), pieces_left @ ..], [Part::One(is), parts_left @ ..]) =
        (pieces, parts)
    {
        if wanted != is {
            return None;
        }
        (pieces, parts) = (pieces_left, parts_left);
    }
    while let ([pieces_left @ .., Piece::One(wanted)], [parts_left @ .., Part::One(is)]) =
        (pieces, parts)
    {
        if wanted != is {
            return None;
        }
        (pieces, parts) = (pieces_left, parts_left);
    }
    Some((pieces, parts))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Question {
    /// Does the pattern take in every text of the subject?
    Whole,
    /// Is there a text that belongs to both?
    Any,
}

/// One row of a table per piece: which beginnings of the subject the pieces so far can take in.
fn takes(pieces: &[Piece], parts: &[Part], question: Question) -> bool {
    let mut row = vec![false; parts.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    if question == Question::Any {
        open_ahead(&mut row, parts);
    }
    for piece in pieces {
        row = after(*piece, &row, parts, question);
    }
    row.last().copied().unwrap_or(false)
}

/// The row after one more piece. `row[i]` says whether the first `i` parts can be taken in; where the
/// question is [`Question::Any`], an open part may also be nothing, or more of what was already taken.
fn after(piece: Piece, row: &[bool], parts: &[Part], question: Question) -> Vec<bool> {
    let mut next = Vec::with_capacity(row.len());
    let spans = match piece {
        Piece::AnyText => true,
        Piece::Variable => question == Question::Any,
        Piece::One(_) | Piece::AnyOne => false,
    };
    let mut reached = false;
    for (index, was) in row.iter().enumerate() {
        let before = index.checked_sub(1);
        let was_before = before.and_then(|i| row.get(i)).copied().unwrap_or(false);
        let part = before.and_then(|i| parts.get(i));
        let one = match (piece, part) {
            (Piece::One(wanted), Some(Part::One(is))) => was_before && wanted == *is,
            (Piece::AnyOne, Some(Part::One(_))) => was_before,
            // An open part gives one character and stays open: `was` keeps it for the next piece.
            (Piece::One(_) | Piece::AnyOne, Some(Part::Open)) => {
                question == Question::Any && (was_before || *was)
            }
            (Piece::AnyText | Piece::Variable, _) | (_, None) => false,
        };
        reached = spans && (reached || *was);
        next.push(one || reached);
    }
    if question == Question::Any {
        open_ahead(&mut next, parts);
    }
    next
}

/// An open part may be nothing: what was reached before it is reached after it, too.
fn open_ahead(row: &mut [bool], parts: &[Part]) {
    let mut before = false;
    for (index, reached) in row.iter_mut().enumerate() {
        let part = index.checked_sub(1).and_then(|i| parts.get(i));
        *reached |= before && part == Some(&Part::Open);
        before = *reached;
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
