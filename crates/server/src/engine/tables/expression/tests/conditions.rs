//! What conditions say about items.

use super::super::{ExpressionKind, RangeCondition};
use super::{item, placeholders};

const ITEM: &str = r#"{
    "LockID": {"S": "bkt/key"}, "n": {"N": "10"}, "big": {"N": "1E+30"}, "b": {"B": "AQID"},
    "yes": {"BOOL": true}, "nothing": {"NULL": true}, "words": {"S": "grün 😀"}, "empty": {"S": ""},
    "lst": {"L": [{"S": "a"}, {"M": {"deep": {"N": "7"}}}]},
    "map": {"M": {"x": {"S": "y"}, "dotted.name": {"N": "1"}}},
    "ss": {"SS": ["p", "q"]}, "ns": {"NS": ["1", "2.50"]}, "bs": {"BS": ["AQ=="]}
}"#;
const VALUES: &str = r#"{
    ":key": {"S": "bkt/key"}, ":ten": {"N": "10.0"}, ":nine": {"N": "9"}, ":hundred": {"N": "1e2"},
    ":s10": {"S": "10"}, ":bkt": {"S": "bkt"}, ":zz": {"S": "zz"}, ":b12": {"B": "AQI="},
    ":b23": {"B": "AgM="}, ":b1": {"B": "AQ=="}, ":t": {"BOOL": true}, ":f": {"BOOL": false},
    ":p": {"S": "p"}, ":num": {"N": "2.5"}, ":a": {"S": "a"}, ":typeN": {"S": "N"},
    ":typeNULL": {"S": "NULL"}, ":seven": {"N": "7"}, ":two": {"N": "2"}, ":y": {"S": "y"},
    ":pq": {"SS": ["q", "p"]}, ":null": {"NULL": true}, ":none": {"S": ""}, ":one": {"N": "1"},
    ":list": {"L": [{"S": "a"}, {"M": {"deep": {"N": "7.0"}}}]}
}"#;

/// Only the values that the expression uses: unused ones are refused elsewhere.
fn holds(text: &str) -> bool {
    let names = [("#m", "map"), ("#dotted", "dotted.name")];
    let mut placeholders = placeholders(&names, VALUES);
    let condition = placeholders.condition(ExpressionKind::Condition, text);
    condition.unwrap_or_else(|error| panic!("{text}: {error}")).holds(&item(ITEM))
}

#[test]
fn true_conditions() {
    for text in [
        "LockID = :key",
        "n = :ten",
        "n <> :nine",
        "n <> :s10",
        "absent <> :nine",
        "absent <> another",
        "n > :nine AND n >= :ten AND n < :hundred AND n <= :ten",
        "big > :hundred",
        "n BETWEEN :nine AND :hundred",
        "LockID BETWEEN :bkt AND :zz",
        "n IN (:nine, :ten)",
        "b > :b12 AND b < :b23",
        "yes = :t",
        "nothing = :null",
        "ss = :pq",
        "lst = :list",
        "attribute_exists(LockID)",
        "attribute_exists(nothing)",
        "attribute_exists(lst[1].deep)",
        "attribute_not_exists(absent)",
        "attribute_not_exists(lst[2])",
        "attribute_not_exists(n.inside)",
        "attribute_type(n, :typeN)",
        "attribute_type(nothing, :typeNULL)",
        "begins_with(LockID, :bkt)",
        "begins_with(b, :b12)",
        "begins_with(LockID, :none)",
        "contains(LockID, :y)",
        "contains(b, :b23)",
        "contains(ss, :p)",
        "contains(ns, :num)",
        "contains(bs, :b1)",
        "contains(lst, :a)",
        "size(LockID) = :seven",
        "size(words) = :seven",
        "size(b) > :two AND size(lst) = :two AND size(#m) = :two AND size(ss) = :two",
        "lst[1].deep = :seven",
        "#m.x = :y AND #m.#dotted = :one",
        "NOT attribute_exists(absent)",
        "attribute_exists(absent) OR n = :ten AND yes = :t",
        "NOT (attribute_exists(LockID) AND attribute_exists(absent))",
        ":nine < n",
    ] {
        assert!(holds(text), "{text}");
    }
}

#[test]
fn false_conditions() {
    for text in [
        "LockID = :bkt",
        "n = :s10",
        "n < :s10",
        "absent = :nine",
        "absent = another",
        "absent < :nine",
        "absent BETWEEN :nine AND :ten",
        "n BETWEEN :hundred AND :hundred",
        "absent IN (:nine)",
        "n IN (:s10, absent)",
        "yes = :f",
        "attribute_not_exists(LockID)",
        "attribute_exists(lst[2])",
        "attribute_type(LockID, :typeN)",
        "attribute_type(absent, :typeN)",
        "begins_with(LockID, :y)",
        "begins_with(n, :bkt)",
        "contains(LockID, :ten)",
        "contains(n, :ten)",
        "contains(lst, :y)",
        "contains(absent, :y)",
        "size(n) > :nine",
        "size(absent) < :hundred",
        "NOT attribute_exists(LockID)",
        "(attribute_exists(LockID) OR n = :ten) AND yes = :f",
    ] {
        assert!(!holds(text), "{text}");
    }
}

#[test]
fn an_absent_item_is_an_empty_one() {
    let mut placeholders = placeholders(&[], r#"{":info": {"S": "x"}}"#);
    let mut check = |text| {
        let condition = placeholders.condition(ExpressionKind::Condition, text).unwrap();
        condition.holds(&item("{}"))
    };
    assert!(check("attribute_not_exists(LockID)"), "how Terraform takes a lock");
    assert!(!check("Info = :info"), "how OpenTofu releases one");
}

#[test]
fn key_conditions_are_taken_apart() {
    let mut placeholders = placeholders(
        &[("#r", "range")],
        r#"{":h": {"S": "x"}, ":low": {"N": "1"}, ":high": {"N": "3"}, ":start": {"S": "a"}}"#,
    );
    let mut read = |text| placeholders.key_condition(text).unwrap().attributes;
    let two = item(r#"{"v": {"N": "2"}}"#)["v"].clone();
    for (text, wanted) in [
        ("id = :h AND #r < :high", true),
        ("#r > :high AND id = :h", false),
        ("id = :h AND :low < #r", true),
        ("id = :h AND (#r BETWEEN :low AND :high)", true),
        ("(id = :h) AND (#r >= :high)", false),
    ] {
        let attributes = read(text);
        let (_, range) = attributes.iter().find(|(name, _)| name == "range").unwrap();
        assert_eq!(range.holds(&two), wanted, "{text}");
        assert!(attributes.iter().any(|(name, _)| name == "id"), "{text}");
    }
    let begins = read("id = :h AND begins_with(#r, :start)");
    let abc = item(r#"{"v": {"S": "abc"}}"#)["v"].clone();
    assert!(matches!(&begins[1].1, range @ RangeCondition::BeginsWith(_) if range.holds(&abc)));
}
