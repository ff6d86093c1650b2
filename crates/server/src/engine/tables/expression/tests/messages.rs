//! What is said of expressions that mean nothing.

use super::super::ExpressionKind;
use super::placeholders;

const VALUES: &str = r#"{
    ":n": {"N": "1"}, ":m": {"N": "2"}, ":s": {"S": "x"}, ":t": {"BOOL": true},
    ":ss": {"SS": ["a"]}, ":l": {"L": []}, ":type": {"S": "X"}
}"#;

#[test]
fn conditions() {
    for (text, why) in [
        ("name = :s", "Attribute name is a reserved keyword; reserved keyword: name"),
        ("a.Status = :s", "Attribute name is a reserved keyword; reserved keyword: Status"),
        (
            "#b = :s",
            "An expression attribute name used in the document path is not defined; attribute name: #b",
        ),
        (
            "a = :x",
            "An expression attribute value used in expression is not defined; attribute value: :x",
        ),
        ("foo(a)", "Invalid function name; function: foo"),
        ("a = foo(b)", "Invalid function name; function: foo"),
        ("ATTRIBUTE_EXISTS(a)", "Invalid function name; function: ATTRIBUTE_EXISTS"),
        (
            "a = attribute_exists(b)",
            "The function is not allowed to be used this way in an expression; function: attribute_exists",
        ),
        (
            "attribute_exists(a, b)",
            "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
        ),
        (
            "contains(a)",
            "Incorrect number of operands for operator or function; operator or function: contains, number of operands: 1",
        ),
        (
            "attribute_exists(:s)",
            "Operator or function requires a document path; operator or function: attribute_exists",
        ),
        (
            "size(:s) = :n",
            "Operator or function requires a document path; operator or function: size",
        ),
        (
            "a < :t",
            "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
        ),
        (
            "begins_with(a, :n)",
            "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
        ),
        (
            "attribute_type(a, :type)",
            "Invalid attribute type name found; type: X, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "a.b = a.b",
            "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a, b]",
        ),
        (
            "a BETWEEN :m AND :n",
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}",
        ),
        (
            "a BETWEEN :n AND :s",
            "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:x}",
        ),
    ] {
        let mut placeholders = placeholders(&[], VALUES);
        let error = placeholders.condition(ExpressionKind::Filter, text).unwrap_err();
        assert_eq!(error.0, format!("Invalid FilterExpression: {why}"), "{text}");
    }
}

#[test]
fn updates() {
    for (text, why) in [
        ("SET ttl = :n", "Attribute name is a reserved keyword; reserved keyword: ttl"),
        ("SET a = b(c)", "Invalid function name; function: b"),
        ("SET a = size(b)", "The function is not allowed in an update expression; function: size"),
        (
            "SET a = if_not_exists(:n, :n)",
            "Operator or function requires a document path; operator or function: if_not_exists",
        ),
        (
            "SET a = if_not_exists(a)",
            "Incorrect number of operands for operator or function; operator or function: if_not_exists, number of operands: 1",
        ),
        (
            "SET a = list_append(a, b, c)",
            "Incorrect number of operands for operator or function; operator or function: list_append, number of operands: 3",
        ),
        (
            "SET a = list_append(a, :s)",
            "Incorrect operand type for operator or function; operator or function: list_append, operand type: STRING",
        ),
        (
            "SET a = a + :s",
            "Incorrect operand type for operator or function; operator or function: +, operand type: STRING",
        ),
        (
            "ADD a :s",
            "Incorrect operand type for operator or function; operator: ADD, operand type: STRING",
        ),
        (
            "DELETE a :n",
            "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER",
        ),
        (
            "SET a = :n REMOVE a.b",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]",
        ),
        (
            "SET a[1] = :n, a[1] = :m",
            "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a, [1]], path two: [a, [1]]",
        ),
    ] {
        let mut placeholders = placeholders(&[], VALUES);
        let error = placeholders.update(text).unwrap_err();
        assert_eq!(error.0, format!("Invalid UpdateExpression: {why}"), "{text}");
    }
}

#[test]
fn key_conditions() {
    let nested = "KeyConditionExpressions cannot contain nested operations";
    for (text, why) in [
        ("a = :s OR b = :n", "Invalid operator used in KeyConditionExpression: OR"),
        ("NOT a = :s", "Invalid operator used in KeyConditionExpression: NOT"),
        ("a <> :s", "Invalid operator used in KeyConditionExpression: <>"),
        ("a IN (:s)", "Invalid operator used in KeyConditionExpression: IN"),
        (
            "attribute_exists(a)",
            "Invalid operator used in KeyConditionExpression: attribute_exists",
        ),
        ("contains(a, :s)", "Invalid operator used in KeyConditionExpression: contains"),
        ("size(a) = :n", nested),
        ("a.b = :s", "KeyConditionExpressions cannot have conditions on nested attributes"),
        ("a = :s AND a > :n", "KeyConditionExpressions must only contain one condition per key"),
        (
            "a = b",
            "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
        ),
        (":s = :n", "Invalid condition in KeyConditionExpression: No key attribute specified"),
    ] {
        let mut placeholders = placeholders(&[], VALUES);
        let error = placeholders.key_condition(text).unwrap_err();
        assert_eq!(error.0, format!("Invalid KeyConditionExpression: {why}"), "{text}");
    }
}

#[test]
fn unused_placeholders_are_listed() {
    let names = [("#a", "a"), ("#b", "b"), ("#c", "c")];
    let mut given = placeholders(&names, r#"{":x": {"S": "x"}, ":y": {"S": "y"}}"#);
    given.condition(ExpressionKind::Condition, "#b = :x").unwrap();
    let said = "unused in expressions: keys: {#a, #c}";
    let error = given.all_used().unwrap_err().0;
    assert_eq!(error, format!("Value provided in ExpressionAttributeNames {said}"));
    given.projection("#a, #c").unwrap();
    let error = given.all_used().unwrap_err().0;
    let said = "unused in expressions: keys: {:y}";
    assert_eq!(error, format!("Value provided in ExpressionAttributeValues {said}"));
    given.update("SET d = :y").unwrap();
    assert_eq!(given.all_used(), Ok(()));
}
