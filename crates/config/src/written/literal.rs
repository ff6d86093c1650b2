//! Fixed values: what an expression is without any evaluation of a configuration.

use std::collections::BTreeMap;
use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object, ObjectKey, UnaryOperator};
use hcl_edit::template::{Element, Strip};

use super::heredoc;
use crate::value::{Number, Value, normalised};

/// Why an expression has no fixed value: the end of a sentence about its argument.
type NotFixed = &'static str;

const VARIABLE: NotFixed = "refers to a variable or a local value";
const CALL: NotFixed = "calls a function";
const COMPUTED: NotFixed = "is computed";
const LARGE: NotFixed = "has a number with more digits than are kept (write it as a text)";
const NULL: NotFixed = "has `null` where a value must be";

/// The value of `expression`; `None` for `null`. `source` is the text that it was parsed from.
pub(crate) fn value(expression: &Expression, source: &str) -> Result<Option<Value>, NotFixed> {
    Ok(Some(match expression {
        Expression::Null(_) => return Ok(None),
        Expression::Bool(value) => Value::Bool(*value.value()),
        Expression::Number(number) => Value::Number(number_of(number.value())?),
        Expression::String(text) => Value::text(text.value()),
        Expression::Array(items) => Value::List(
            items.iter().map(|item| value(item, source)?.ok_or(NULL)).collect::<Result<_, _>>()?,
        ),
        Expression::Object(object) => Value::Map(object_of(object, source)?),
        Expression::StringTemplate(template) => {
            Value::text(template.iter().map(|e| element(e, source)).collect::<Result<String, _>>()?)
        }
        Expression::HeredocTemplate(template) => {
            if !template.template.iter().all(Element::is_literal) {
                return Err(COMPUTED);
            }
            let text = template.span().and_then(|span| heredoc_source(source, span));
            Value::text(text.and_then(heredoc::text).ok_or(COMPUTED)?)
        }
        Expression::Parenthesis(inner) => return value(inner.inner(), source),
        Expression::UnaryOp(operation) => {
            let inner = value(&operation.expr, source)?;
            match (operation.operator.value(), inner) {
                (UnaryOperator::Neg, Some(Value::Number(number))) => {
                    Value::Number(Number::parse(&format!("-{number}")).ok_or(LARGE)?)
                }
                (UnaryOperator::Not, Some(Value::Bool(value))) => Value::Bool(!value),
                (UnaryOperator::Neg | UnaryOperator::Not, _) => return Err(COMPUTED),
            }
        }
        Expression::Variable(_) => return Err(VARIABLE),
        Expression::Traversal(traversal) => {
            let is_variable = matches!(traversal.expr, Expression::Variable(_));
            return Err(if is_variable { VARIABLE } else { COMPUTED });
        }
        Expression::FuncCall(_) => return Err(CALL),
        Expression::Conditional(_) | Expression::BinaryOp(_) | Expression::ForExpr(_) => {
            return Err(COMPUTED);
        }
    }))
}

/// A heredoc ends with its delimiter; the parser's span may reach over the line's end.
fn heredoc_source(source: &str, span: Range<usize>) -> Option<&str> {
    let text = source.get(span)?.trim_end();
    // Comments may stand before it.
    text.get(text.find("<<")?..)
}

fn element(element: &Element, source: &str) -> Result<String, NotFixed> {
    match element {
        Element::Literal(text) => Ok(text.value().clone()),
        Element::Interpolation(inner) if inner.strip == Strip::None => {
            match value(&inner.expr, source)?.ok_or(NULL)? {
                Value::Text(text) => Ok(text),
                Value::Bool(value) => Ok(value.to_string()),
                Value::Number(number) => Ok(number.to_string()),
                Value::List(_) | Value::Map(_) => Err(COMPUTED),
            }
        }
        Element::Interpolation(_) | Element::Directive(_) => Err(COMPUTED),
    }
}

fn object_of(object: &Object, source: &str) -> Result<BTreeMap<String, Value>, NotFixed> {
    let mut map = BTreeMap::new();
    for (key, item) in object {
        let name = match key {
            ObjectKey::Ident(name) => normalised(name.as_str()),
            ObjectKey::Expression(expression) => match value(expression, source)?.ok_or(NULL)? {
                Value::Text(text) => text,
                Value::Bool(value) => value.to_string(),
                Value::Number(number) => number.to_string(),
                Value::List(_) | Value::Map(_) => return Err(COMPUTED),
            },
        };
        match value(item.expr(), source)? {
            // The later of two equal names counts, and `null` takes the earlier one back.
            Some(item) => map.insert(name, item),
            None => map.remove(&name),
        };
    }
    Ok(map)
}

fn number_of(number: &hcl_edit::Number) -> Result<Number, NotFixed> {
    number
        .as_u64()
        .map(Number::from)
        .or_else(|| number.as_i64().map(Number::from))
        .or_else(|| number.as_f64().and_then(Number::from_float))
        .ok_or(LARGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Result<Option<Value>, NotFixed> {
        let expression = hcl_edit::parser::parse_expr(source).expect("an expression");
        value(&expression, source)
    }

    #[test]
    fn fixed_values_are_read() {
        let number = |text| Value::Number(Number::parse(text).expect("number"));
        for (source, expected) in [
            (r#""x""#, Value::text("x")),
            (
                r#""a\"\\\n\t\u00e9\U0001F600$${x}%%{y}$5%""#,
                Value::text("a\"\\\n\t\u{e9}\u{1F600}${x}%{y}$5%"),
            ),
            (r#""${"x"}""#, Value::text("x")),
            (r#""a${1}${true}""#, Value::text("a1true")),
            (r#"(("x"))"#, Value::text("x")),
            ("\"e\u{301}\"", Value::text("\u{e9}")),
            ("true", Value::Bool(true)),
            ("!true", Value::Bool(false)),
            ("5", number("5")),
            ("-1", number("-1")),
            ("1.50", number("1.5")),
            ("1e3", number("1000")),
            (r#"["a", 1]"#, Value::List(vec![Value::text("a"), number("1")])),
            (
                r#"{a = "1", "b c" = 2, (true) : "x", n = null}"#,
                Value::Map(BTreeMap::from([
                    ("a".into(), Value::text("1")),
                    ("b c".into(), number("2")),
                    ("true".into(), Value::text("x")),
                ])),
            ),
        ] {
            // Compared as texts too, because a failure shows no content otherwise.
            assert_eq!(read(source), Ok(Some(expected)), "{source}");
        }
        assert_eq!(read("null"), Ok(None));
    }

    #[test]
    fn what_must_be_evaluated_says_what_it_does() {
        for (source, expected) in [
            ("var.x", VARIABLE),
            ("x", VARIABLE),
            (r#""${local.x}""#, VARIABLE),
            ("path.module", VARIABLE),
            (r#"["a", var.x]"#, VARIABLE),
            ("{a = var.x}", VARIABLE),
            (r#"lower("X")"#, CALL),
            ("1 + 1", COMPUTED),
            (r#"true ? "a" : "b""#, COMPUTED),
            (r#"["a"][0]"#, COMPUTED),
            (r#"[for x in ["a"]: x]"#, COMPUTED),
            (r#""%{if true}x%{endif}""#, COMPUTED),
            (r#""a ${~ "b" ~} c""#, COMPUTED),
            ("[null]", NULL),
            ("100000000000000000000000", LARGE),
        ] {
            assert_eq!(read(source), Err(expected), "{source}");
        }
    }
}
