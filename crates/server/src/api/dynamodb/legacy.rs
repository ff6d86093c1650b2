//! The members that expressions replaced: Expected, AttributeUpdates, KeyConditions, filters and
//! AttributesToGet. They are turned into what the expressions become.

use serde_json::{Map, Value};

use super::fields::{Fields, list};
use super::refusal::Refusal;
use super::values::attribute_value;
use crate::engine::tables::expression::{
    Comparator, Condition, KeyCondition, Operand, Path, Projection, RangeCondition, SetOperand,
    SetValue, Update,
};
use crate::records::AttributeValue;

const OPERATORS: [&str; 13] = [
    "IN",
    "NULL",
    "BETWEEN",
    "LT",
    "NOT_CONTAINS",
    "EQ",
    "GT",
    "NOT_NULL",
    "NE",
    "LE",
    "BEGINS_WITH",
    "GE",
    "CONTAINS",
];
const INVALID: &str = "One or more parameter values were invalid:";

fn invalid(why: impl std::fmt::Display) -> Refusal {
    Refusal::validation(format!("{INVALID} {why}"))
}

/// Expected, with ConditionalOperator.
pub(super) fn expected(request: &Fields) -> Result<Option<Condition>, Refusal> {
    let conditions = each(request, "Expected", |name, fields| {
        if fields.has("ComparisonOperator") {
            if fields.has("Exists") {
                return Err(invalid(format!(
                    "Exists and ComparisonOperator cannot be used together for Attribute: {name}"
                )));
            }
            return comparison(name, fields);
        }
        if fields.has("AttributeValueList") {
            return Err(invalid(format!(
                "AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}"
            )));
        }
        let value = fields.get("Value").map(attribute_value).transpose()?;
        match (fields.truth("Exists")?, value) {
            (Some(false), None) => Ok(Condition::NotExists(Path::attribute(name))),
            (Some(false), Some(_)) => Err(invalid(format!(
                "Value cannot be used when Exists is false for Attribute: {name}"
            ))),
            (Some(true) | None, Some(value)) => Ok(compare(name, Comparator::Equal, value)),
            (exists, None) => Err(invalid(format!(
                "Value must be provided when Exists is {} for Attribute: {name}",
                exists.map_or_else(|| "null".to_owned(), |exists| exists.to_string())
            ))),
        }
    })?;
    joined(request, conditions)
}

/// QueryFilter or ScanFilter, with ConditionalOperator.
pub(super) fn filter(request: &Fields, member: &str) -> Result<Option<Condition>, Refusal> {
    let conditions = each(request, member, comparison)?;
    joined(request, conditions)
}

/// AttributesToGet.
pub(super) fn attributes_to_get(request: &Fields) -> Result<Option<Projection>, Refusal> {
    let Some(names) = request.list("AttributesToGet")? else { return Ok(None) };
    let names = names.iter().map(|name| super::fields::text(name).map(str::to_owned));
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    for (at, name) in names.iter().enumerate() {
        if names.iter().take(at).any(|earlier| earlier == name) {
            return Err(invalid(format!("Duplicate value in attribute name: {name}")));
        }
    }
    Ok(Some(Projection::attributes(names)))
}

/// KeyConditions.
pub(super) fn key_conditions(request: &Fields) -> Result<Option<KeyCondition>, Refusal> {
    let Some(given) = request.map("KeyConditions")? else { return Ok(None) };
    let mut attributes = Vec::new();
    for (name, condition) in given {
        let fields = Fields::of(condition)?;
        let (operator, mut values) = operator_and_values(name, &fields)?;
        let (second, first) = (values.pop(), values.pop());
        let range = match (operator, first, second) {
            ("BETWEEN", Some(low), Some(high)) => RangeCondition::Between(low, high),
            ("BEGINS_WITH", None, Some(start)) => RangeCondition::BeginsWith(start),
            (operator, None, Some(value)) => match comparator(operator) {
                Some(comparator) if comparator != Comparator::NotEqual => {
                    RangeCondition::Compare(comparator, value)
                }
                Some(_) | None => return Err(not_indexable()),
            },
            _ => return Err(not_indexable()),
        };
        attributes.push((name.clone(), range));
    }
    if attributes.is_empty() || attributes.len() > 2 {
        return Err(Refusal::validation("Conditions can be of length 1 or 2 only"));
    }
    Ok(Some(KeyCondition { attributes }))
}

fn not_indexable() -> Refusal {
    Refusal::validation("Attempted conditional constraint is not an indexable operation")
}

/// AttributeUpdates.
pub(super) fn attribute_updates(request: &Fields) -> Result<Option<Update>, Refusal> {
    let Some(given) = request.map("AttributeUpdates")? else { return Ok(None) };
    let mut update = Update { is_legacy: true, ..Update::default() };
    for (name, change) in given {
        let fields = Fields::of(change)?;
        let action = fields.one_of("Action", &["ADD", "PUT", "DELETE"])?.unwrap_or("PUT");
        let value = fields.get("Value").map(attribute_value).transpose()?;
        attribute_update(&mut update, name, action, value)?;
    }
    Ok(Some(update))
}

fn attribute_update(
    update: &mut Update,
    name: &str,
    action: &str,
    value: Option<AttributeValue>,
) -> Result<(), Refusal> {
    let path = Path::attribute(name);
    let unsupported = |value: &AttributeValue, action: &str| {
        invalid(format!("{action} is not supported for the type {}", value.type_name()))
    };
    match (action, value) {
        ("DELETE", None) => update.remove.push(path),
        (_, None) => {
            return Err(invalid(
                "Only DELETE action is allowed when no attribute value is specified",
            ));
        }
        ("DELETE", Some(value)) => {
            if !is_set(&value) {
                return Err(unsupported(&value, "DELETE action with value"));
            }
            update.delete.push((path, value));
        }
        ("ADD", Some(value @ AttributeValue::L(_))) => {
            let empty = SetOperand::Value(AttributeValue::L(Vec::new()));
            let present = SetOperand::IfNotExists(path.clone(), Box::new(empty));
            let appended =
                SetOperand::ListAppend(Box::new(present), Box::new(SetOperand::Value(value)));
            update.set.push((path, SetValue::Operand(appended)));
        }
        ("ADD", Some(value)) => {
            if !is_set(&value) && !matches!(value, AttributeValue::N(_)) {
                return Err(unsupported(&value, "ADD action"));
            }
            update.add.push((path, value));
        }
        (_, Some(value)) => {
            update.set.push((path, SetValue::Operand(SetOperand::Value(value))));
        }
    }
    Ok(())
}

fn is_set(value: &AttributeValue) -> bool {
    matches!(
        value,
        AttributeValue::StringSet(_) | AttributeValue::NumberSet(_) | AttributeValue::BlobSet(_)
    )
}

fn each(
    request: &Fields,
    member: &str,
    read: impl Fn(&str, &Fields) -> Result<Condition, Refusal>,
) -> Result<Vec<Condition>, Refusal> {
    let empty = Map::new();
    let given = request.map(member)?.unwrap_or(&empty);
    given.iter().map(|(name, condition)| read(name, &Fields::of(condition)?)).collect()
}

fn joined(request: &Fields, conditions: Vec<Condition>) -> Result<Option<Condition>, Refusal> {
    let any = request.one_of("ConditionalOperator", &["OR", "AND"])? == Some("OR");
    if request.has("ConditionalOperator") && conditions.is_empty() {
        return Err(Refusal::validation(
            "ConditionalOperator cannot be used without Filter or Expected",
        ));
    }
    let join = |left: Condition, right| if any { left.or(right) } else { left.and(right) };
    Ok(conditions.into_iter().reduce(join))
}

/// The operator and its values, of which there are as many as it takes.
fn operator_and_values(
    name: &str,
    fields: &Fields,
) -> Result<(&'static str, Vec<AttributeValue>), Refusal> {
    let Some(operator) = fields.one_of("ComparisonOperator", &OPERATORS)? else {
        let path = "comparisonOperator";
        return Err(Refusal::constraints(&[super::fields::missing(path)]));
    };
    let values: Vec<&Value> = match (fields.get("AttributeValueList"), fields.get("Value")) {
        (Some(_), Some(_)) => {
            return Err(invalid(format!(
                "Value and AttributeValueList cannot be used together for Attribute: {name}"
            )));
        }
        (Some(values), None) => list(values)?.iter().collect(),
        (None, Some(value)) => vec![value],
        (None, None) => Vec::new(),
    };
    let values: Vec<AttributeValue> =
        values.into_iter().map(attribute_value).collect::<Result<_, _>>()?;
    let fits = match operator {
        "NULL" | "NOT_NULL" => values.is_empty(),
        "BETWEEN" => values.len() == 2,
        "IN" => !values.is_empty(),
        _ => values.len() == 1,
    };
    if !fits {
        return Err(invalid(format!(
            "Invalid number of argument(s) for the {operator} ComparisonOperator"
        )));
    }
    check_types(operator, &values)?;
    Ok((operator, values))
}

fn check_types(operator: &str, values: &[AttributeValue]) -> Result<(), Refusal> {
    let types: Vec<&str> = values.iter().map(AttributeValue::type_name).collect();
    if types.windows(2).any(|pair| matches!(pair, [a, b] if a != b)) {
        return Err(invalid("AttributeValues inside AttributeValueList must be of same type"));
    }
    let allowed: &[&str] = match operator {
        "EQ" | "NE" => return Ok(()),
        "BEGINS_WITH" => &["S", "B"],
        _ => &["S", "N", "B"],
    };
    match types.iter().find(|name| !allowed.contains(name)) {
        None => Ok(()),
        Some(name) => Err(invalid(format!(
            "ComparisonOperator {operator} is not valid for {name} AttributeValue type"
        ))),
    }
}

fn comparator(operator: &str) -> Option<Comparator> {
    Some(match operator {
        "EQ" => Comparator::Equal,
        "NE" => Comparator::NotEqual,
        "LT" => Comparator::Less,
        "LE" => Comparator::LessOrEqual,
        "GT" => Comparator::Greater,
        "GE" => Comparator::GreaterOrEqual,
        _ => return None,
    })
}

fn compare(name: &str, comparator: Comparator, value: AttributeValue) -> Condition {
    Condition::Compare(Operand::Path(Path::attribute(name)), comparator, Operand::Value(value))
}

fn comparison(name: &str, fields: &Fields) -> Result<Condition, Refusal> {
    let (operator, mut values) = operator_and_values(name, fields)?;
    let path = || Path::attribute(name);
    let attribute = || Operand::Path(path());
    if operator == "IN" {
        let candidates = values.into_iter().map(Operand::Value).collect();
        return Ok(Condition::In(attribute(), candidates));
    }
    let (last, first) = (values.pop(), values.pop());
    Ok(match (operator, first, last) {
        ("NULL", ..) => Condition::NotExists(path()),
        ("BETWEEN", Some(low), Some(high)) => {
            Condition::Between(attribute(), Operand::Value(low), Operand::Value(high))
        }
        ("CONTAINS", _, Some(part)) => Condition::Contains(attribute(), Operand::Value(part)),
        ("NOT_CONTAINS", _, Some(part)) => {
            let contains = Condition::Contains(attribute(), Operand::Value(part));
            Condition::Exists(path()).and(Condition::Not(Box::new(contains)))
        }
        ("BEGINS_WITH", _, Some(start)) => {
            Condition::BeginsWith(attribute(), Operand::Value(start))
        }
        (operator, _, Some(value)) => {
            compare(name, comparator(operator).unwrap_or(Comparator::Equal), value)
        }
        // NOT_NULL: every other operator has a value here.
        (_, _, None) => Condition::Exists(path()),
    })
}
