//! Requests that the API reads, without a server around it.

use serde_json::{Value, json};

use super::fields::Fields;
use super::refusal::Refusal;
use super::{answer, descriptions, legacy, table_name, values};
use crate::records::Item;

fn item(json: &Value) -> Item {
    values::item(json).unwrap()
}

fn fields(json: &Value) -> Fields {
    Fields::of(json).unwrap()
}

fn message(refusal: &Refusal) -> String {
    let body = refusal.render("id").into_body();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let text = body.get("message").or_else(|| body.get("Message"));
    text.and_then(Value::as_str).unwrap().to_owned()
}

#[test]
fn tables_are_named_by_name_or_arn() {
    assert_eq!(table_name("terraform-locks").unwrap(), "terraform-locks");
    let arn = descriptions::arn("terraform-locks", "eu-west-1");
    assert_eq!(arn, "arn:aws:dynamodb:eu-west-1:000000000000:table/terraform-locks");
    assert_eq!(table_name(&arn).unwrap(), "terraform-locks");
    for bad in ["", "ab", "a b c", "table/x", "arn:aws:s3:::x", &"a".repeat(256)] {
        assert!(table_name(bad).is_err(), "{bad}");
    }
}

#[test]
fn items_are_written_as_they_are_read() {
    let json = json!({
        "s": {"S": "ü"}, "n": {"N": "1.5"}, "b": {"B": "AQI="}, "t": {"BOOL": false},
        "z": {"NULL": true}, "l": {"L": [{"M": {"x": {"S": ""}}}]}, "ss": {"SS": ["a", "b"]},
        "ns": {"NS": ["1", "2"]}, "bs": {"BS": ["AQ=="]},
    });
    assert_eq!(answer::item(&item(&json)), json);
    assert_eq!(answer::item(&item(&json!({"v": {"S": "x", "N": null}}))), json!({"v": {"S": "x"}}));
}

#[test]
fn nesting_is_bounded_at_32_levels() {
    let nested =
        |levels: usize| (0..levels).fold(json!({"S": "x"}), |inner, _| json!({"L": [inner]}));
    assert!(values::attribute_value(&nested(32)).is_ok());
    let refusal = values::attribute_value(&nested(33)).unwrap_err();
    assert_eq!(message(&refusal), "Nesting Levels have exceeded supported limits");
}

#[test]
fn expected_is_a_condition() {
    let held = item(&json!({"LockID": {"S": "a"}, "v": {"N": "2"}, "s": {"S": "xyz"}}));
    for (expected, wanted) in [
        (json!({"LockID": {"Exists": false}}), false),
        (json!({"absent": {"Exists": false}}), true),
        (json!({"v": {"Value": {"N": "2.0"}}}), true),
        (json!({"v": {"Value": {"N": "3"}, "Exists": true}}), false),
        (json!({"v": {"ComparisonOperator": "LT", "AttributeValueList": [{"N": "3"}]}}), true),
        (
            json!({"v": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "2"}, {"N": "2"}]}}),
            true,
        ),
        (
            json!({"v": {"ComparisonOperator": "IN", "AttributeValueList": [{"N": "1"}, {"N": "2"}]}}),
            true,
        ),
        (json!({"v": {"ComparisonOperator": "NE", "Value": {"N": "2"}}}), false),
        (json!({"absent": {"ComparisonOperator": "NULL"}}), true),
        (json!({"v": {"ComparisonOperator": "NOT_NULL"}}), true),
        (
            json!({"s": {"ComparisonOperator": "CONTAINS", "AttributeValueList": [{"S": "y"}]}}),
            true,
        ),
        (
            json!({"s": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [{"S": "y"}]}}),
            false,
        ),
        (
            json!({"absent": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [{"S": "y"}]}}),
            false,
        ),
        (
            json!({"s": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"S": "x"}]}}),
            true,
        ),
        (json!({"v": {"Value": {"N": "2"}}, "absent": {"ComparisonOperator": "NOT_NULL"}}), false),
    ] {
        let condition = legacy::expected(&fields(&json!({"Expected": expected}))).unwrap().unwrap();
        assert_eq!(condition.holds(&held), wanted, "{expected}");
    }
    let either = json!({
        "Expected": {"v": {"Value": {"N": "2"}}, "absent": {"ComparisonOperator": "NOT_NULL"}},
        "ConditionalOperator": "OR",
    });
    assert!(legacy::expected(&fields(&either)).unwrap().unwrap().holds(&held));
    assert_eq!(legacy::expected(&fields(&json!({}))).unwrap(), None);
}

#[test]
fn expected_that_means_nothing_is_refused() {
    for (condition, why) in [
        (json!({}), "Value must be provided when Exists is null for Attribute: a"),
        (json!({"Exists": true}), "Value must be provided when Exists is true for Attribute: a"),
        (
            json!({"Exists": false, "Value": {"S": "x"}}),
            "Value cannot be used when Exists is false for Attribute: a",
        ),
        (
            json!({"Exists": true, "ComparisonOperator": "EQ", "Value": {"S": "x"}}),
            "Exists and ComparisonOperator cannot be used together for Attribute: a",
        ),
        (
            json!({"AttributeValueList": [{"S": "x"}]}),
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
        ),
        (
            json!({"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"S": "x"}]}),
            "Invalid number of argument(s) for the BETWEEN ComparisonOperator",
        ),
        (
            json!({"ComparisonOperator": "IN", "AttributeValueList": [{"S": "x"}, {"N": "1"}]}),
            "AttributeValues inside AttributeValueList must be of same type",
        ),
        (
            json!({"ComparisonOperator": "LT", "AttributeValueList": [{"BOOL": true}]}),
            "ComparisonOperator LT is not valid for BOOL AttributeValue type",
        ),
    ] {
        let request = fields(&json!({"Expected": {"a": condition}}));
        let refusal = legacy::expected(&request).unwrap_err();
        assert_eq!(message(&refusal), format!("One or more parameter values were invalid: {why}"));
    }
}

#[test]
fn attribute_updates_are_an_update() {
    let before = item(
        &json!({"n": {"N": "1"}, "gone": {"S": "x"}, "s": {"SS": ["a", "b"]}, "l": {"L": []}}),
    );
    let request = fields(&json!({"AttributeUpdates": {
        "n": {"Action": "ADD", "Value": {"N": "2"}}, "new": {"Value": {"S": "y"}}, "gone": {"Action": "DELETE"},
        "s": {"Action": "DELETE", "Value": {"SS": ["a"]}}, "l": {"Action": "ADD", "Value": {"L": [{"S": "z"}]}},
    }}));
    let update = legacy::attribute_updates(&request).unwrap().unwrap();
    let after = item(
        &json!({"n": {"N": "3"}, "new": {"S": "y"}, "s": {"SS": ["b"]}, "l": {"L": [{"S": "z"}]}}),
    );
    assert_eq!(update.applied(&before), Ok(after));
    let wrong = update.applied(&item(&json!({"n": {"S": "x"}}))).unwrap_err();
    assert_eq!(wrong.to_string(), "Type mismatch for attribute to update");
}

#[test]
fn times_are_seconds_with_milliseconds() {
    assert_eq!(descriptions::seconds(1_700_000_000_123_456).to_string(), "1700000000.123");
    assert_eq!(descriptions::seconds(5_000_000).to_string(), "5.0");
}
