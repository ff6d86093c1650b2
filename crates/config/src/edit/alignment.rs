//! Where `terraform fmt` puts the `=` and the comments of lines that follow each other.
//!
//! What it does was found out by trying 1.11.4: in lines without a gap that each hold a whole
//! `name = value`, the `=` stand below each other, one blank after the longest name; so do the `#` and
//! `//` comments after code, whatever the code is. A line of comment alone ends both kinds of group, and a
//! heredoc ends none. Only a block that was aligned in that way before is aligned after an edit.

use std::ops::Range;

use super::syntax::Document;
use super::tokens::{Kind, Token};

/// A replacement of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// The text with all of `splices` made, which do not overlap and are in order.
pub(super) fn spliced(text: &str, splices: &[Splice]) -> String {
    let mut result = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for splice in splices {
        result.push_str(text.get(at..splice.range.start).unwrap_or(""));
        result.push_str(&splice.text);
        at = splice.range.end;
    }
    result.push_str(text.get(at..).unwrap_or(""));
    result
}

/// One line, or several that a heredoc or a comment makes one.
struct Line {
    bytes: Range<usize>,
    /// The gap before the `=`, if the line holds a whole assignment.
    before_equals: Option<Range<usize>>,
    /// Whether one blank stands behind that `=`.
    has_blank_behind: bool,
    /// The gap before the comment at the end.
    before_comment: Option<Range<usize>>,
}

/// What is aligned.
#[derive(Clone, Copy)]
enum Column {
    Equals,
    Comments,
}

impl Line {
    fn gap(&self, column: Column) -> Option<&Range<usize>> {
        match column {
            Column::Equals => self.before_equals.as_ref(),
            Column::Comments => self.before_comment.as_ref(),
        }
    }
}

/// Whether every group that touches `region` is aligned.
pub(super) fn is_aligned(document: &Document<'_>, region: &Range<usize>) -> bool {
    lines(document).iter().filter(|line| touches(line, region)).all(|line| line.has_blank_behind)
        && [Column::Equals, Column::Comments]
            .into_iter()
            .all(|column| corrections(document, region, column).is_empty())
}

/// What has to change so that the `=` of every group that touches `region` are aligned.
pub(super) fn of_equals(document: &Document<'_>, region: &Range<usize>) -> Vec<Splice> {
    corrections(document, region, Column::Equals)
}

/// The same for comments. They depend on the `=`, so those come first.
pub(super) fn of_comments(document: &Document<'_>, region: &Range<usize>) -> Vec<Splice> {
    corrections(document, region, Column::Comments)
}

/// In which column all `=` of the group around the byte `at` stand, if they stand in one and nothing but
/// names stands before them.
pub(super) fn equals_column(document: &Document<'_>, at: usize) -> Option<usize> {
    let lines = lines(document);
    let group = groups(&lines, Column::Equals)
        .into_iter()
        .find(|group| group.iter().any(|line| line.bytes.contains(&at)))?;
    let mut columns = group.iter().map(|line| {
        let gap = line.gap(Column::Equals)?;
        let lead = document.text.get(line.bytes.start..gap.end)?;
        (!lead.contains("/*")).then(|| width(lead))
    });
    let first = columns.next()?;
    columns.all(|column| column == first).then_some(first).flatten()
}

fn corrections(document: &Document<'_>, region: &Range<usize>, column: Column) -> Vec<Splice> {
    let lines = lines(document);
    groups(&lines, column)
        .into_iter()
        .filter(|group| group.iter().any(|line| touches(line, region)))
        .flat_map(|group| in_group(document.text, group, column))
        .collect()
}

fn touches(line: &Line, region: &Range<usize>) -> bool {
    line.bytes.start <= region.end && region.start <= line.bytes.end
}

fn in_group(text: &str, group: &[Line], column: Column) -> Vec<Splice> {
    let measured: Vec<_> = group
        .iter()
        .filter_map(|line| {
            let gap = line.gap(column)?.clone();
            Some((width(text.get(line.bytes.start..gap.start)?), gap))
        })
        .collect();
    let longest = measured.iter().map(|(width, _)| *width).max().unwrap_or(0);
    measured
        .into_iter()
        .map(|(width, range)| Splice { range, text: " ".repeat(longest - width + 1) })
        .filter(|splice| text.get(splice.range.clone()) != Some(splice.text.as_str()))
        .collect()
}

/// The groups of lines that have something in the column.
fn groups(lines: &[Line], column: Column) -> Vec<&[Line]> {
    lines
        .chunk_by(|one, next| one.gap(column).is_some() == next.gap(column).is_some())
        .filter(|group| group.iter().all(|line| line.gap(column).is_some()))
        .collect()
}

fn lines(document: &Document<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    for tokens in document.tokens.split_inclusive(|token| token.kind == Kind::Newline) {
        let end = tokens.last().map_or(start, |token| token.end);
        let is_newline = |token: &Token| token.kind == Kind::Newline;
        let code = match tokens.split_last() {
            Some((last, before)) if is_newline(last) => before,
            _ => tokens,
        };
        lines.push(line(document.text, start..end, code));
        start = end;
    }
    lines
}

fn line(text: &str, bytes: Range<usize>, tokens: &[Token]) -> Line {
    let (comment, code) = match tokens.split_last() {
        Some((last, code)) if !code.is_empty() && is_line_comment(text, *last) => {
            (Some(last), code)
        }
        _ => (None, tokens),
    };
    let before = |token: &Token, all: &[Token]| {
        let previous = all.iter().take_while(|other| other.start < token.start).last();
        previous.map(|previous| previous.end..token.start)
    };
    let equals = code.iter().enumerate().skip(1).find(|(_, token)| token.kind == Kind::Equals);
    let whole = equals.filter(|(at, _)| is_balanced(code.get(*at..).unwrap_or(&[])));
    Line {
        bytes,
        before_equals: whole.and_then(|(_, token)| before(token, code)),
        has_blank_behind: whole.is_none_or(|(_, equals)| is_blank_behind(text, equals.end)),
        before_comment: comment.and_then(|token| before(token, code)),
    }
}

fn is_blank_behind(text: &str, at: usize) -> bool {
    let rest = text.get(at..).and_then(|rest| rest.strip_prefix(' '));
    rest.is_some_and(|rest| !rest.starts_with([' ', '\t']))
}

fn is_line_comment(text: &str, token: Token) -> bool {
    token.kind == Kind::Comment
        && !text.get(token.range()).is_some_and(|comment| comment.starts_with("/*"))
}

fn is_balanced(tokens: &[Token]) -> bool {
    let count = |kind| tokens.iter().filter(|token| token.kind == kind).count();
    count(Kind::Open) == count(Kind::Close)
}

/// How many columns a text takes. Marks that join the letter before them take none.
pub(super) fn width(text: &str) -> usize {
    let joins =
        |c: &char| matches!(*c, '\u{300}'..='\u{36f}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}');
    text.chars().filter(|c| !joins(c)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(text: &str) -> String {
        let document = Document::new(text);
        let first = spliced(text, &of_equals(&document, &(0..text.len())));
        let document = Document::new(&first);
        let splices = of_comments(&document, &(0..first.len()));
        spliced(&first, &splices)
    }

    #[test]
    fn groups_are_aligned_as_fmt_does() {
        let expected = "x { # a\n  a      = <<E\nfoo\nE\n  bcd    = 2 /* c */\n  \u{e9}e\u{301}ghij = {} # z\n  # alone\n  y = {         # one\n    b   = 1     # two\n    \"c\" = [1,2] # three\n    d : 1\n  }\n  z /* x */ = 1\n\n  zzzzz = 1\n} # f\n";
        let squeezed = {
            let mut text = expected.to_owned();
            while text.contains("  =") {
                text = text.replace("  =", " =");
            }
            while text.contains("  #") && text.contains("   #") {
                text = text.replace("   #", " #");
            }
            text.replace("1  #", "1 #")
        };
        assert_ne!(squeezed, expected);
        let one = aligned(&squeezed).replace("\n # alone", "\n  # alone");
        assert_eq!(one, expected);
        assert_eq!(aligned(expected), expected);
        assert!(is_aligned(&Document::new(expected), &(0..expected.len())));
        assert!(!is_aligned(&Document::new(&squeezed), &(0..squeezed.len())));
    }

    #[test]
    fn only_groups_in_the_region_count() {
        let text = "a   = 1\n\nbb = 1\nc  = 2\n\nd   = 1\n";
        let document = Document::new(text);
        assert!(is_aligned(&document, &(9..20)));
        assert!(!is_aligned(&document, &(0..2)));
        assert_eq!(equals_column(&document, 16), Some(3));
        assert_eq!(equals_column(&document, 0), Some(4));
        assert_eq!(equals_column(&Document::new("a = 1\nbb = 2\n"), 0), None);
    }
}
