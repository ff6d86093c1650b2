//! The grammar of updates: `SET`, `REMOVE`, `ADD` and `DELETE`, each at most once.

use winnow::Parser;
use winnow::combinator::{alt, cut_err, opt, terminated};

use super::grammar::{Parsed, Tokens, comma_separated, keyword, operand, path, sign, whole};
use super::tree::{Clause, OperandTree, Path, SumTree};
use super::{ExpressionError, ExpressionKind, tokens};

/// Parses an update.
pub(super) fn update(text: &str) -> Result<Vec<Clause>, ExpressionError> {
    let kind = ExpressionKind::Update;
    let tokens = tokens(kind, text)?;
    let clauses = whole(kind, text, &tokens, clauses)?;
    for (at, clause) in clauses.iter().enumerate() {
        let word = clause.keyword();
        if clauses.iter().take(at).any(|earlier| earlier.keyword() == word) {
            return Err(kind.error(format!(
                "The \"{word}\" section can only be used once in an update expression;"
            )));
        }
    }
    Ok(clauses)
}

fn clauses(input: &mut Tokens<'_>) -> Parsed<Vec<Clause>> {
    let mut clauses = vec![clause(input)?];
    while let Some(next) = opt(clause).parse_next(input)? {
        clauses.push(next);
    }
    Ok(clauses)
}

fn clause(input: &mut Tokens<'_>) -> Parsed<Clause> {
    let words = ["SET", "REMOVE", "ADD", "DELETE"].map(|word| keyword(word).value(word));
    let word = alt(words).parse_next(input)?;
    cut_err(move |input: &mut Tokens<'_>| match word {
        "SET" => comma_separated(assignment).map(Clause::Set).parse_next(input),
        "REMOVE" => comma_separated(path).map(Clause::Remove).parse_next(input),
        "ADD" => comma_separated(action).map(Clause::Add).parse_next(input),
        _ => comma_separated(action).map(Clause::Delete).parse_next(input),
    })
    .parse_next(input)
}

fn assignment(input: &mut Tokens<'_>) -> Parsed<(Path, SumTree)> {
    (terminated(path, sign("=")), sum).parse_next(input)
}

fn action(input: &mut Tokens<'_>) -> Parsed<(Path, OperandTree)> {
    (path, operand).parse_next(input)
}

fn sum(input: &mut Tokens<'_>) -> Parsed<SumTree> {
    let first = term(input)?;
    let signs = alt((sign("+"), sign("-")));
    let second = opt((signs, cut_err(term))).parse_next(input)?;
    Ok(SumTree { first, second })
}

fn term(input: &mut Tokens<'_>) -> Parsed<OperandTree> {
    if opt(sign("(")).parse_next(input)?.is_some() {
        let inner = cut_err(terminated(sum, sign(")"))).parse_next(input)?;
        return Ok(OperandTree::Group(Box::new(inner)));
    }
    operand(input)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::update;

    fn printed(text: &str) -> String {
        let clauses = update(text).unwrap();
        clauses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn clauses_are_read_in_any_order() {
        for (text, meaning) in [
            ("SET #rvn = :new_rvn, #et = :new_et", "SET #rvn = :new_rvn, #et = :new_et"),
            ("remove a, b[1] set c=c+:one", "REMOVE a, b[1] SET c = c + :one"),
            ("ADD n :one DELETE s :gone", "ADD n :one DELETE s :gone"),
            (
                "SET a=if_not_exists(a, :zero)-:one, l=list_append(l, :more)",
                "SET a = if_not_exists(a, :zero) - :one, l = list_append(l, :more)",
            ),
            ("SET a = (b + :c)", "SET a = (b + :c)"),
        ] {
            assert_eq!(printed(text), meaning, "{text}");
            assert_eq!(printed(meaning), meaning, "printed updates are read back");
        }
    }

    #[test]
    fn errors_say_where() {
        for (text, why) in [
            ("", "The expression can not be empty;"),
            (
                "SET a = :a SET b = :b",
                "The \"SET\" section can only be used once in an update expression;",
            ),
            ("a = :a", "Syntax error; token: \"a\", near: \"a =\""),
            ("SET a :a", "Syntax error; token: \":a\", near: \"a :a\""),
            ("SET a = :a,", "Syntax error; token: \"<EOF>\", near: \",\""),
            ("SET a = :a + ", "Syntax error; token: \"<EOF>\", near: \"+\""),
            ("REMOVE :a", "Syntax error; token: \":a\", near: \"REMOVE :a\""),
        ] {
            let error = update(text).unwrap_err().to_string();
            assert_eq!(error, format!("Invalid UpdateExpression: {why}"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_fail_otherwise_than_with_a_message(text in "(SET|ADD|REMOVE|DELETE|[a-c#:.,()=+\\- ]|if_not_exists){0,30}") {
            match update(&text) {
                Ok(clauses) => {
                    let again: Vec<String> = clauses.iter().map(ToString::to_string).collect();
                    prop_assert_eq!(update(&again.join(" ")).unwrap(), clauses);
                }
                Err(error) => prop_assert!(error.0.starts_with("Invalid UpdateExpression: ")),
            }
        }
    }
}
