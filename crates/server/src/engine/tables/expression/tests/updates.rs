//! What updates make of items.

use super::{item, placeholders};
use crate::engine::tables::expression::UpdateError;
use crate::records::{Item, NumberError};

const VALUES: &str = r#"{
    ":one": {"N": "1"}, ":half": {"N": "0.5"}, ":s": {"S": "new"}, ":l": {"L": [{"S": "z"}]},
    ":ss": {"SS": ["b", "c"]}, ":ns": {"NS": ["1.0"]}, ":bs": {"BS": ["AQ=="]}, ":zero": {"N": "0"},
    ":precise": {"N": "1E-38"}, ":all": {"SS": ["a", "b"]}
}"#;

fn applied(before: &str, text: &str) -> Result<Item, UpdateError> {
    let update = placeholders(&[("#d", "d.e")], VALUES).update(text).unwrap();
    update.applied(&item(before))
}

#[test]
fn values_are_set_from_the_item_before() {
    for (before, text, after) in [
        ("{}", "SET a = :s", r#"{"a": {"S": "new"}}"#),
        (
            r#"{"a": {"N": "1"}}"#,
            "SET a = a + :half, b = a - :one",
            r#"{"a": {"N": "1.5"}, "b": {"N": "0"}}"#,
        ),
        (
            r#"{"a": {"N": "1"}, "b": {"N": "5"}}"#,
            "SET a = b, b = a",
            r#"{"a": {"N": "5"}, "b": {"N": "1"}}"#,
        ),
        ("{}", "SET n = if_not_exists(n, :zero) + :one", r#"{"n": {"N": "1"}}"#),
        (r#"{"n": {"N": "7"}}"#, "SET n = if_not_exists(n, :zero) + :one", r#"{"n": {"N": "8"}}"#),
        (r#"{"n": {"N": "7"}}"#, "SET n = (n - :one)", r#"{"n": {"N": "6"}}"#),
        (
            r#"{"l": {"L": [{"S": "y"}]}}"#,
            "SET l = list_append(l, :l), k = list_append(:l, l)",
            r#"{"l": {"L": [{"S": "y"}, {"S": "z"}]}, "k": {"L": [{"S": "z"}, {"S": "y"}]}}"#,
        ),
        (
            "{}",
            "SET l = list_append(if_not_exists(l, :l), :l)",
            r#"{"l": {"L": [{"S": "z"}, {"S": "z"}]}}"#,
        ),
        (
            r#"{"m": {"M": {}}}"#,
            "SET m.x = :s, m.#d = :one",
            r#"{"m": {"M": {"x": {"S": "new"}, "d.e": {"N": "1"}}}}"#,
        ),
        (
            r#"{"l": {"L": [{"S": "y"}]}}"#,
            "SET l[9] = :one, l[5] = :s, l[0] = :zero",
            r#"{"l": {"L": [{"N": "0"}, {"S": "new"}, {"N": "1"}]}}"#,
        ),
    ] {
        assert_eq!(applied(before, text), Ok(item(after)), "{text}");
    }
}

#[test]
fn attributes_and_members_are_removed() {
    for (before, text, after) in [
        (r#"{"a": {"N": "1"}, "b": {"N": "2"}}"#, "REMOVE a, absent", r#"{"b": {"N": "2"}}"#),
        (
            r#"{"l": {"L": [{"S": "0"}, {"S": "1"}, {"S": "2"}]}}"#,
            "REMOVE l[0], l[2], l[7]",
            r#"{"l": {"L": [{"S": "1"}]}}"#,
        ),
        (r#"{"m": {"M": {"x": {"N": "1"}}}}"#, "REMOVE m.x, m.y", r#"{"m": {"M": {}}}"#),
        (r#"{"s": {"SS": ["a", "b"]}}"#, "DELETE s :ss", r#"{"s": {"SS": ["a"]}}"#),
        (r#"{"s": {"SS": ["a", "b"]}}"#, "DELETE s :all, t :all", "{}"),
        (
            r#"{"s": {"NS": ["1", "2"]}, "b": {"BS": ["AQ=="]}}"#,
            "DELETE s :ns, b :bs",
            r#"{"s": {"NS": ["2"]}}"#,
        ),
    ] {
        assert_eq!(applied(before, text), Ok(item(after)), "{text}");
    }
}

#[test]
fn numbers_and_sets_are_added_to() {
    for (before, text, after) in [
        ("{}", "ADD n :one, s :ss", r#"{"n": {"N": "1"}, "s": {"SS": ["b", "c"]}}"#),
        (
            r#"{"n": {"N": "-1"}, "s": {"SS": ["a"]}}"#,
            "ADD n :half, s :ss",
            r#"{"n": {"N": "-0.5"}, "s": {"SS": ["a", "b", "c"]}}"#,
        ),
        (
            r#"{"m": {"M": {"n": {"N": "2"}}}}"#,
            "ADD m.n :one",
            r#"{"m": {"M": {"n": {"N": "3"}}}}"#,
        ),
        (
            r#"{"b": {"BS": ["Ag=="]}, "s": {"NS": ["1"]}}"#,
            "ADD b :bs, s :ns",
            r#"{"b": {"BS": ["AQ==", "Ag=="]}, "s": {"NS": ["1"]}}"#,
        ),
    ] {
        assert_eq!(applied(before, text), Ok(item(after)), "{text}");
    }
}

#[test]
fn an_update_that_does_not_fit_changes_nothing() {
    for (before, text, error) in [
        ("{}", "SET a = b", UpdateError::NoSuchAttribute),
        ("{}", "SET a = a + :one", UpdateError::NoSuchAttribute),
        (r#"{"a": {"S": "x"}}"#, "SET a = a + :one", UpdateError::OperandType),
        (r#"{"a": {"S": "x"}}"#, "SET a = list_append(a, :l)", UpdateError::OperandType),
        (r#"{"a": {"S": "x"}}"#, "ADD a :one", UpdateError::OperandType),
        (r#"{"a": {"SS": ["x"]}}"#, "ADD a :ns", UpdateError::OperandType),
        (r#"{"a": {"N": "1"}}"#, "DELETE a :ss", UpdateError::OperandType),
        ("{}", "SET a.b = :one", UpdateError::NoSuchParent),
        (r#"{"a": {"S": "x"}}"#, "SET a[0] = :one", UpdateError::NoSuchParent),
        (r#"{"a": {"L": []}}"#, "SET a.b = :one", UpdateError::NoSuchParent),
        ("{}", "REMOVE a.b", UpdateError::NoSuchParent),
        (r#"{"n": {"N": "1"}}"#, "ADD n :precise", UpdateError::Number(NumberError::TooPrecise)),
        (
            r#"{"n": {"N": "9.9E+125"}}"#,
            "SET n = n + n",
            UpdateError::Number(NumberError::Overflow),
        ),
    ] {
        assert_eq!(applied(before, text), Err(error), "{text}");
    }
}

#[test]
fn the_part_that_an_update_is_about_is_shown() {
    let update = placeholders(&[], VALUES).update("SET a = :one, m.x = :s REMOVE l[1]").unwrap();
    let before =
        item(r#"{"a": {"N": "0"}, "z": {"N": "9"}, "l": {"L": [{"S": "p"}, {"S": "q"}]}}"#);
    let touched = item(r#"{"a": {"N": "0"}, "l": {"L": [{"S": "q"}]}}"#);
    assert_eq!(update.touched(&before), touched);
}
