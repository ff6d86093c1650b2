//! The grammar of conditions, filters and projections.
//!
//! The next token or two always tell how to go on, so that an error is the position of the first token
//! that fits nowhere.

use winnow::ModalResult;
use winnow::Parser;
use winnow::combinator::{alt, cut_err, delimited, eof, opt, peek, terminated};
use winnow::error::{ErrMode, ParserError};
use winnow::stream::{Stream, TokenSlice};
use winnow::token::any;

use super::token::{Kind, Token, has_redundant_parentheses, syntax_error};
use super::tree::{Call, ConditionTree, Element, OperandTree, Path};
use super::{ExpressionError, ExpressionKind, tokens};

pub(super) type Tokens<'t> = TokenSlice<'t, Token>;
pub(super) type Parsed<T> = ModalResult<T, Misfit>;

/// Where an expression stopped making sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// Tokens from there to the end.
    remaining: usize,
}

impl<'t> ParserError<Tokens<'t>> for Misfit {
    type Inner = Self;

    fn from_input(input: &Tokens<'t>) -> Self {
        Self { remaining: input.eof_offset() }
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

/// Parses a condition or a filter.
pub(super) fn condition(
    kind: ExpressionKind,
    text: &str,
) -> Result<ConditionTree, ExpressionError> {
    let tokens = tokens(kind, text)?;
    let tree = whole(kind, text, &tokens, alternatives)?;
    if has_redundant_parentheses(&tokens) {
        return Err(kind.error("The expression has redundant parentheses;"));
    }
    Ok(tree)
}

/// Parses a projection.
pub(super) fn projection(text: &str) -> Result<Vec<Path>, ExpressionError> {
    let kind = ExpressionKind::Projection;
    let tokens = tokens(kind, text)?;
    whole(kind, text, &tokens, |input: &mut Tokens<'_>| comma_separated(path).parse_next(input))
}

/// Runs a grammar over all tokens.
pub(super) fn whole<'t, T>(
    kind: ExpressionKind,
    text: &str,
    tokens: &'t [Token],
    grammar: impl FnMut(&mut Tokens<'t>) -> Parsed<T>,
) -> Result<T, ExpressionError> {
    let mut input = TokenSlice::new(tokens);
    terminated(grammar, eof).parse_next(&mut input).map_err(|error| {
        let remaining = match error {
            ErrMode::Backtrack(misfit) | ErrMode::Cut(misfit) => misfit.remaining,
            ErrMode::Incomplete(_) => 0,
        };
        kind.error(syntax_error(text, tokens, tokens.len().saturating_sub(remaining)))
    })
}

pub(super) fn sign<'t>(
    sign: &'static str,
) -> impl Parser<Tokens<'t>, &'static str, ErrMode<Misfit>> {
    any.verify(move |token: &Token| token.kind == Kind::Sign(sign)).value(sign)
}

pub(super) fn keyword<'t>(word: &'static str) -> impl Parser<Tokens<'t>, (), ErrMode<Misfit>> {
    any.verify(move |token: &Token| token.kind == Kind::Keyword(word)).void()
}

/// At least one; after a comma there must be another.
pub(super) fn comma_separated<'t, T>(
    item: impl Fn(&mut Tokens<'t>) -> Parsed<T>,
) -> impl Parser<Tokens<'t>, Vec<T>, ErrMode<Misfit>> {
    move |input: &mut Tokens<'t>| {
        let mut items = vec![item(input)?];
        while opt(sign(",")).parse_next(input)?.is_some() {
            items.push(cut_err(&item).parse_next(input)?);
        }
        Ok(items)
    }
}

/// `a OR b OR c`, with the operator that binds least first.
fn alternatives(input: &mut Tokens<'_>) -> Parsed<ConditionTree> {
    let mut left = conjunction(input)?;
    while opt(keyword("OR")).parse_next(input)?.is_some() {
        let right = cut_err(conjunction).parse_next(input)?;
        left = ConditionTree::Or(Box::new(left), Box::new(right));
    }
    Ok(left)
}

fn conjunction(input: &mut Tokens<'_>) -> Parsed<ConditionTree> {
    let mut left = negation(input)?;
    while opt(keyword("AND")).parse_next(input)?.is_some() {
        let right = cut_err(negation).parse_next(input)?;
        left = ConditionTree::And(Box::new(left), Box::new(right));
    }
    Ok(left)
}

fn negation(input: &mut Tokens<'_>) -> Parsed<ConditionTree> {
    if opt(keyword("NOT")).parse_next(input)?.is_some() {
        let inner = cut_err(negation).parse_next(input)?;
        return Ok(ConditionTree::Not(Box::new(inner)));
    }
    simple(input)
}

/// A group, a function that is true or false, or a comparison.
fn simple(input: &mut Tokens<'_>) -> Parsed<ConditionTree> {
    if opt(sign("(")).parse_next(input)?.is_some() {
        return cut_err(terminated(alternatives, sign(")"))).parse_next(input);
    }
    let left = operand(input)?;
    let call = match &left {
        // The one function whose value is compared.
        OperandTree::Call(call) if call.function != "size" => Some(call.clone()),
        OperandTree::Call(_)
        | OperandTree::Path(_)
        | OperandTree::Value(_)
        | OperandTree::Group(_) => None,
    };
    match call {
        Some(call) => Ok(ConditionTree::Call(call)),
        None => comparison(left, input),
    }
}

fn comparison(left: OperandTree, input: &mut Tokens<'_>) -> Parsed<ConditionTree> {
    if opt(keyword("BETWEEN")).parse_next(input)?.is_some() {
        let low = cut_err(terminated(operand, keyword("AND"))).parse_next(input)?;
        let high = cut_err(operand).parse_next(input)?;
        return Ok(ConditionTree::Between(left, low, high));
    }
    if opt(keyword("IN")).parse_next(input)?.is_some() {
        let candidates = delimited(sign("("), comma_separated(operand), sign(")"));
        return Ok(ConditionTree::In(left, cut_err(candidates).parse_next(input)?));
    }
    let comparators = ["=", "<>", "<=", "<", ">=", ">"].map(sign);
    let comparator = alt(comparators).parse_next(input)?;
    let right = cut_err(operand).parse_next(input)?;
    Ok(ConditionTree::Compare(left, comparator, right))
}

/// A path, a value or a function.
pub(super) fn operand(input: &mut Tokens<'_>) -> Parsed<OperandTree> {
    let value = any.verify_map(|token: &Token| match &token.kind {
        Kind::Value(name) => Some(OperandTree::Value(name.clone())),
        Kind::Word(_)
        | Kind::Keyword(_)
        | Kind::Name(_)
        | Kind::Digits(_)
        | Kind::Sign(_)
        | Kind::Unknown => None,
    });
    if let Some(value) = opt(value).parse_next(input)? {
        return Ok(value);
    }
    if opt(peek((word, sign("(")))).parse_next(input)?.is_some() {
        let function = terminated(word, sign("(")).parse_next(input)?;
        let operands =
            cut_err(terminated(comma_separated(operand), sign(")"))).parse_next(input)?;
        return Ok(OperandTree::Call(Call { function, operands }));
    }
    path.map(OperandTree::Path).parse_next(input)
}

/// `a.b[0].c`, where each name may be a placeholder.
pub(super) fn path(input: &mut Tokens<'_>) -> Parsed<Path> {
    let attribute = name(input)?;
    let mut rest = Vec::new();
    loop {
        if opt(sign(".")).parse_next(input)?.is_some() {
            rest.push(Element::Name(cut_err(name).parse_next(input)?));
        } else if opt(sign("[")).parse_next(input)?.is_some() {
            rest.push(Element::Index(cut_err(terminated(index, sign("]"))).parse_next(input)?));
        } else {
            return Ok(Path { attribute, rest });
        }
    }
}

fn word(input: &mut Tokens<'_>) -> Parsed<String> {
    any.verify_map(|token: &Token| match &token.kind {
        Kind::Word(word) => Some(word.clone()),
        Kind::Keyword(_)
        | Kind::Name(_)
        | Kind::Value(_)
        | Kind::Digits(_)
        | Kind::Sign(_)
        | Kind::Unknown => None,
    })
    .parse_next(input)
}

fn name(input: &mut Tokens<'_>) -> Parsed<String> {
    any.verify_map(|token: &Token| match &token.kind {
        Kind::Word(name) | Kind::Name(name) => Some(name.clone()),
        Kind::Keyword(_) | Kind::Value(_) | Kind::Digits(_) | Kind::Sign(_) | Kind::Unknown => None,
    })
    .parse_next(input)
}

fn index(input: &mut Tokens<'_>) -> Parsed<usize> {
    any.verify_map(|token: &Token| match &token.kind {
        Kind::Digits(digits) => digits.parse().ok(),
        Kind::Word(_)
        | Kind::Keyword(_)
        | Kind::Name(_)
        | Kind::Value(_)
        | Kind::Sign(_)
        | Kind::Unknown => None,
    })
    .parse_next(input)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ExpressionKind;
    use super::super::tree::{Call, ConditionTree, Element, OperandTree, Path};
    use super::{condition, projection};

    fn printed(text: &str) -> String {
        condition(ExpressionKind::Condition, text).unwrap().to_string()
    }

    fn refused(text: &str) -> String {
        let error = condition(ExpressionKind::Condition, text).unwrap_err().to_string();
        error.strip_prefix("Invalid ConditionExpression: ").unwrap().to_owned()
    }

    #[test]
    fn operators_bind_as_documented() {
        for (text, meaning) in [
            ("a=:a or b=:b and not c=:c", "a = :a OR b = :b AND NOT c = :c"),
            ("(a = :a OR b = :b) AND c = :c", "(a = :a OR b = :b) AND c = :c"),
            ("(a = :a AND b = :b) OR c = :c", "a = :a AND b = :b OR c = :c"),
            (
                "NOT(attribute_exists(#pk) AND attribute_exists(#sk))",
                "NOT (attribute_exists(#pk) AND attribute_exists(#sk))",
            ),
            ("a between :l and :h and b in (:x,:y)", "a BETWEEN :l AND :h AND b IN (:x, :y)"),
            ("size(a.b[0].#c) >= :n", "size(a.b[0].#c) >= :n"),
            ("NOT NOT a <> :v", "NOT NOT a <> :v"),
        ] {
            assert_eq!(printed(text), meaning, "{text}");
        }
    }

    #[test]
    fn the_first_token_that_fits_nowhere_is_named() {
        for (text, token, near) in [
            ("a = :a AND", "<EOF>", "AND"),
            ("a", "<EOF>", "a"),
            ("a = :a b = :b", "b", ":a b ="),
            ("a == :a", "=", "== :a"),
            ("attribute_exists(a", "<EOF>", "a"),
            ("attribute_exists(a,)", ")", ",)"),
            ("a.1 = :v", "1", ".1 ="),
            ("a[b] = :v", "b", "[b]"),
            ("a = 5", "5", "= 5"),
            ("!a", "!", "!a"),
            ("a in :v", ":v", "in :v"),
            ("a = 'x'", "'", "= 'x"),
            ("  ", "<EOF>", "  "),
            ("(a = :a", "<EOF>", ":a"),
            ("a between :l :h", ":h", ":l :h"),
        ] {
            let wanted = format!("Syntax error; token: \"{token}\", near: \"{near}\"");
            assert_eq!(refused(text), wanted, "{text}");
        }
    }

    #[test]
    fn bounds_are_kept() {
        assert_eq!(refused(""), "The expression can not be empty;");
        assert_eq!(refused("((a = :a))"), "The expression has redundant parentheses;");
        let long = format!("{} = :v", "a".repeat(4096));
        assert_eq!(refused(&long), "Expression size has exceeded the maximum allowed size;");
        let deep = format!("{}a = :v{}", "(b = :v OR ".repeat(65), ")".repeat(65));
        assert!(refused(&deep).contains("nested too deeply"));
        let negated = format!("{}a = :v", "NOT ".repeat(65));
        assert!(refused(&negated).contains("nested too deeply"));
        assert_eq!(
            printed(&deep.replacen("(b = :v OR ", "", 1).replacen(')', "", 1)).len(),
            64 * 12 + 6 - 2
        );
    }

    #[test]
    fn projections_are_lists_of_paths() {
        let paths = projection("LockID, Info, a.b[3]").unwrap();
        let shown: Vec<String> = paths.iter().map(Path::to_string).collect();
        assert_eq!(shown, ["LockID", "Info", "a.b[3]"]);
        let error = projection("a,,b").unwrap_err().to_string();
        assert_eq!(
            error,
            "Invalid ProjectionExpression: Syntax error; token: \",\", near: \",,b\""
        );
    }

    fn paths() -> impl Strategy<Value = Path> {
        let element = prop_oneof![
            "#[a-z]{1,3}|[b-z]_[a-z]{0,2}".prop_map(Element::Name),
            (0_usize..20).prop_map(Element::Index)
        ];
        ("#[a-z0-9]{1,3}|x_[a-z]{0,3}", proptest::collection::vec(element, 0..3))
            .prop_map(|(attribute, rest)| Path { attribute, rest })
    }

    fn operands() -> impl Strategy<Value = OperandTree> {
        prop_oneof![
            paths().prop_map(OperandTree::Path),
            ":[a-z0-9_]{1,4}".prop_map(OperandTree::Value),
            paths().prop_map(|path| OperandTree::Call(Call {
                function: "size".to_owned(),
                operands: vec![OperandTree::Path(path)]
            })),
        ]
    }

    fn conditions() -> impl Strategy<Value = ConditionTree> {
        let comparators = ["=", "<>", "<", "<=", ">", ">="].as_slice();
        let leaf = prop_oneof![
            (operands(), proptest::sample::select(comparators), operands())
                .prop_map(|(a, sign, b)| ConditionTree::Compare(a, sign, b)),
            (operands(), operands(), operands())
                .prop_map(|(a, low, high)| ConditionTree::Between(a, low, high)),
            (operands(), proptest::collection::vec(operands(), 1..4))
                .prop_map(|(a, candidates)| ConditionTree::In(a, candidates)),
            ("[a-z]_[a-z_]{1,6}", proptest::collection::vec(operands(), 1..3))
                .prop_map(|(function, operands)| ConditionTree::Call(Call { function, operands })),
        ];
        leaf.prop_recursive(4, 24, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone())
                    .prop_map(|(a, b)| ConditionTree::And(Box::new(a), Box::new(b))),
                (inner.clone(), inner.clone())
                    .prop_map(|(a, b)| ConditionTree::Or(Box::new(a), Box::new(b))),
                inner.prop_map(|a| ConditionTree::Not(Box::new(a))),
            ]
        })
    }

    proptest! {
        #[test]
        fn printed_conditions_are_read_back(tree in conditions()) {
            let text = tree.to_string();
            prop_assert_eq!(condition(ExpressionKind::Filter, &text).unwrap(), tree);
        }

        #[test]
        fn no_text_makes_the_parser_fail_otherwise_than_with_a_message(text in "([a-c#:.,()\\[\\]=<> 0-9]|AND|OR|NOT|IN|BETWEEN|size| ){0,30}|\\PC{0,30}") {
            if let Err(error) = condition(ExpressionKind::Condition, &text) {
                prop_assert!(error.0.starts_with("Invalid ConditionExpression: "));
            }
            if let Err(error) = projection(&text) {
                prop_assert!(error.0.starts_with("Invalid ProjectionExpression: "));
            }
        }
    }
}
