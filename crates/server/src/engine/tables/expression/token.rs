//! Words and signs of an expression, and the message about the one that does not fit.

use winnow::Parser;
use winnow::combinator::{alt, opt, preceded, repeat};
use winnow::error::ContextError;
use winnow::stream::LocatingSlice;
use winnow::token::{any, one_of, take_while};

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An attribute or function name.
    Word(String),
    /// A word that the grammar uses, in capitals.
    Keyword(&'static str),
    /// `#name`, with its sign.
    Name(String),
    /// `:value`, with its sign.
    Value(String),
    /// Digits, which only stand between brackets.
    Digits(String),
    /// A sign or pair of signs.
    Sign(&'static str),
    /// A character that no expression has.
    Unknown,
}

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The bytes of the expression that it takes.
    pub(super) span: std::ops::Range<usize>,
}

type Text<'a> = LocatingSlice<&'a str>;
type Lexed<T> = Result<T, ContextError>;

const KEYWORDS: [&str; 9] = ["AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"];
/// Pairs first: the longest sign is taken.
const SIGNS: [&str; 14] = ["<>", "<=", ">=", "<", ">", "=", "+", "-", "(", ")", "[", "]", ".", ","];

/// Cuts `text` into tokens. What is no token becomes [`Kind::Unknown`], for the grammar to refuse.
pub(super) fn tokenize(text: &str) -> Vec<Token> {
    let mut rest = LocatingSlice::new(text);
    let lexed: Lexed<Vec<Token>> = repeat(0.., preceded(blanks, token)).parse_next(&mut rest);
    lexed.unwrap_or_default()
}

fn blanks(text: &mut Text<'_>) -> Lexed<()> {
    take_while(0.., |c: char| c.is_ascii_whitespace()).void().parse_next(text)
}

fn token(text: &mut Text<'_>) -> Lexed<Token> {
    alt((name, value, sign, digits, word, any.value(Kind::Unknown)))
        .with_span()
        .map(|(kind, span)| Token { kind, span })
        .parse_next(text)
}

fn letters<'a>(text: &mut Text<'a>) -> Lexed<&'a str> {
    take_while(1.., |c: char| c.is_ascii_alphanumeric() || c == '_').parse_next(text)
}

fn name(text: &mut Text<'_>) -> Lexed<Kind> {
    preceded('#', letters).map(|name| Kind::Name(format!("#{name}"))).parse_next(text)
}

fn value(text: &mut Text<'_>) -> Lexed<Kind> {
    preceded(':', letters).map(|name| Kind::Value(format!(":{name}"))).parse_next(text)
}

fn sign(text: &mut Text<'_>) -> Lexed<Kind> {
    let found = SIGNS.iter().find(|sign| text.starts_with(**sign));
    match found {
        Some(sign) => winnow::token::literal(*sign).value(Kind::Sign(sign)).parse_next(text),
        None => Err(ContextError::new()),
    }
}

/// A number that begins with zero is that zero alone.
fn digits(text: &mut Text<'_>) -> Lexed<Kind> {
    let zero = one_of('0').void();
    let other = (one_of('1'..='9'), take_while(0.., |c: char| c.is_ascii_digit())).void();
    alt((zero, other)).take().map(|digits: &str| Kind::Digits(digits.to_owned())).parse_next(text)
}

fn word(text: &mut Text<'_>) -> Lexed<Kind> {
    let first = one_of(|c: char| c.is_ascii_alphabetic() || c == '_');
    let whole = (first, opt(letters)).take().parse_next(text)?;
    let keyword = KEYWORDS.iter().find(|keyword| keyword.eq_ignore_ascii_case(whole));
    Ok(match keyword {
        Some(keyword) => Kind::Keyword(keyword),
        None => Kind::Word(whole.to_owned()),
    })
}

/// How deeply parentheses and negations are nested.
pub(super) fn nesting(tokens: &[Token]) -> usize {
    let (mut deepest, mut depth, mut negations) = (0_usize, 0_usize, 0_usize);
    for token in tokens {
        match token.kind {
            Kind::Sign("(") => depth = depth.saturating_add(1),
            Kind::Sign(")") => depth = depth.saturating_sub(1),
            Kind::Keyword("NOT") => negations = negations.saturating_add(1),
            Kind::Word(_)
            | Kind::Keyword(_)
            | Kind::Name(_)
            | Kind::Value(_)
            | Kind::Digits(_)
            | Kind::Sign(_)
            | Kind::Unknown => negations = 0,
        }
        deepest = deepest.max(depth.saturating_add(negations));
    }
    deepest
}

/// Whether a pair of parentheses holds nothing but another pair.
pub(super) fn has_redundant_parentheses(tokens: &[Token]) -> bool {
    let mut open = Vec::new();
    let mut closed_before: Option<(usize, usize)> = None;
    for (at, token) in tokens.iter().enumerate() {
        if token.kind == Kind::Sign("(") {
            open.push(at);
        } else if token.kind == Kind::Sign(")") {
            let Some(opened) = open.pop() else { return false };
            let inner_opened = closed_before.filter(|(_, closed)| closed.saturating_add(1) == at);
            if inner_opened.is_some_and(|(inner, _)| inner == opened.saturating_add(1)) {
                return true;
            }
            closed_before = Some((opened, at));
        }
    }
    false
}

/// Says which token does not fit, and what stands around it.
pub(super) fn syntax_error(text: &str, tokens: &[Token], at: usize) -> String {
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    let Some(token) = tokens.get(at) else {
        let near = before.map_or(text, |last| part(last.span.start, last.span.end));
        return format!("Syntax error; token: \"<EOF>\", near: \"{near}\"");
    };
    let from = before.unwrap_or(token).span.start;
    let to = tokens.get(at.saturating_add(1)).unwrap_or(token).span.end;
    let offending = part(token.span.start, token.span.end);
    format!("Syntax error; token: \"{offending}\", near: \"{}\"", part(from, to))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, has_redundant_parentheses, nesting, tokenize};

    fn texts(expression: &str) -> Vec<&str> {
        let text = |span: &std::ops::Range<usize>| expression.get(span.clone()).unwrap();
        tokenize(expression).iter().map(|token| text(&token.span)).collect()
    }

    #[test]
    fn words_and_signs_are_told_apart() {
        let text = "a.b[10]<>:v AND\t#n>=size(c)";
        let tokens =
            ["a", ".", "b", "[", "10", "]", "<>", ":v", "AND", "#n", ">=", "size", "(", "c", ")"];
        assert_eq!(texts(text), tokens);
        assert_eq!(tokenize("between")[0].kind, Kind::Keyword("BETWEEN"));
        assert_eq!(texts("l[00]"), ["l", "[", "0", "0", "]"]);
        assert_eq!(texts("a ! é"), ["a", "!", "é"]);
        assert_eq!(tokenize("# :"), tokenize("# :"));
        assert_eq!(tokenize("#")[0].kind, Kind::Unknown);
    }

    #[test]
    fn nesting_and_redundant_parentheses_are_counted() {
        assert_eq!(nesting(&tokenize("NOT NOT (a = b) OR (c)")), 3);
        for (text, redundant) in [
            ("(a)", false),
            ("((a))", true),
            ("((a) AND (b))", false),
            ("(f(a))", false),
            ("(f((a)))", true),
            ("a AND ((b))", true),
            ("((a)", false),
            (")", false),
        ] {
            assert_eq!(has_redundant_parentheses(&tokenize(text)), redundant, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut_whole(text in "\\PC{0,40}") {
            let kept: String = texts(&text).concat();
            let visible: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            prop_assert_eq!(kept, visible);
        }
    }
}
