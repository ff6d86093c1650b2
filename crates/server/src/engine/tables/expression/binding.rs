//! Binds what was written to names and values, and checks what the grammar does not.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::condition::{Comparator, Condition, Operand, order};
use super::key_condition::KeyCondition;
use super::projection::Projection;
use super::reserved::is_reserved;
use super::tree::{Call, ConditionTree, Element, OperandTree, Path};
use super::{ExpressionError, ExpressionKind, Update, grammar, update_binding};
use crate::records::AttributeValue;

const TYPES: [&str; 10] = ["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"];

/// ExpressionAttributeNames and ExpressionAttributeValues, and which of them were used.
#[derive(Clone, Debug, Default)]
pub struct Placeholders {
    names: BTreeMap<String, String>,
    values: BTreeMap<String, AttributeValue>,
    used: BTreeSet<String>,
}

/// A message without the name of the expression.
pub(super) type Why = String;

impl Placeholders {
    /// Takes the two maps of a request; their keys begin with `#` and `:`.
    pub fn new(names: BTreeMap<String, String>, values: BTreeMap<String, AttributeValue>) -> Self {
        Self { names, values, used: BTreeSet::new() }
    }

    /// Reads a condition or a filter.
    ///
    /// # Errors
    /// [`ExpressionError`], as for every expression.
    pub fn condition(
        &mut self,
        kind: ExpressionKind,
        text: &str,
    ) -> Result<Condition, ExpressionError> {
        let tree = grammar::condition(kind, text)?;
        self.bind_condition(&tree).map_err(|why| kind.error(why))
    }

    /// Reads what a query says about keys.
    ///
    /// # Errors
    /// [`ExpressionError`].
    pub fn key_condition(&mut self, text: &str) -> Result<KeyCondition, ExpressionError> {
        let kind = ExpressionKind::KeyCondition;
        let tree = grammar::condition(kind, text)?;
        let condition = self.bind_condition(&tree).map_err(|why| kind.error(why))?;
        KeyCondition::from_condition(condition)
    }

    /// Reads the list of attributes to return.
    ///
    /// # Errors
    /// [`ExpressionError`].
    pub fn projection(&mut self, text: &str) -> Result<Projection, ExpressionError> {
        let kind = ExpressionKind::Projection;
        let paths = grammar::projection(text)?;
        let bound = paths.iter().map(|path| self.path(path)).collect::<Result<Vec<_>, Why>>();
        bound.and_then(Projection::new).map_err(|why| kind.error(why))
    }

    /// Reads an update.
    ///
    /// # Errors
    /// [`ExpressionError`].
    pub fn update(&mut self, text: &str) -> Result<Update, ExpressionError> {
        update_binding::update(self, text)
    }

    /// Refuses names and values that no expression used.
    ///
    /// # Errors
    /// [`ExpressionError`] that lists them.
    pub fn all_used(&self) -> Result<(), ExpressionError> {
        let unused = |keys: Vec<&String>, member: &str| {
            let keys: Vec<&str> = keys
                .into_iter()
                .filter(|key| !self.used.contains(*key))
                .map(String::as_str)
                .collect();
            if keys.is_empty() {
                return Ok(());
            }
            Err(ExpressionError(format!(
                "Value provided in {member} unused in expressions: keys: {{{}}}",
                keys.join(", ")
            )))
        };
        unused(self.names.keys().collect(), "ExpressionAttributeNames")?;
        unused(self.values.keys().collect(), "ExpressionAttributeValues")
    }

    fn name(&mut self, written: &str) -> Result<String, Why> {
        if !written.starts_with('#') {
            if is_reserved(written) {
                return Err(format!(
                    "Attribute name is a reserved keyword; reserved keyword: {written}"
                ));
            }
            return Ok(written.to_owned());
        }
        self.used.insert(written.to_owned());
        self.names.get(written).cloned().ok_or_else(|| {
            format!(
                "An expression attribute name used in the document path is not defined; \
                 attribute name: {written}"
            )
        })
    }

    pub(super) fn path(&mut self, written: &Path) -> Result<Path, Why> {
        let attribute = self.name(&written.attribute)?;
        let rest = written.rest.iter().map(|element| match element {
            Element::Name(name) => self.name(name).map(Element::Name),
            Element::Index(index) => Ok(Element::Index(*index)),
        });
        Ok(Path { attribute, rest: rest.collect::<Result<_, _>>()? })
    }

    pub(super) fn value(&mut self, written: &str) -> Result<AttributeValue, Why> {
        self.used.insert(written.to_owned());
        self.values.get(written).cloned().ok_or_else(|| {
            format!(
                "An expression attribute value used in expression is not defined; \
                 attribute value: {written}"
            )
        })
    }

    fn operand(&mut self, written: &OperandTree) -> Result<Operand, Why> {
        match written {
            OperandTree::Path(path) => self.path(path).map(Operand::Path),
            OperandTree::Value(name) => self.value(name).map(Operand::Value),
            OperandTree::Call(call) if call.function == "size" => {
                let mut operands = self.operands(call, 1)?;
                operand_path(call, operands.pop()).map(Operand::Size)
            }
            OperandTree::Call(call) => Err(misplaced(call)),
            // Conditions have no groups of operands; their grammar makes none.
            OperandTree::Group(sum) => self.operand(&sum.first),
        }
    }

    /// The operands of a function, which must be so many.
    fn operands(&mut self, call: &Call, count: usize) -> Result<Vec<Operand>, Why> {
        let operands: Vec<Operand> =
            call.operands.iter().map(|operand| self.operand(operand)).collect::<Result<_, _>>()?;
        if operands.len() != count {
            return Err(format!(
                "Incorrect number of operands for operator or function; operator or function: {}, \
                 number of operands: {}",
                call.function,
                operands.len()
            ));
        }
        Ok(operands)
    }

    fn bind_condition(&mut self, tree: &ConditionTree) -> Result<Condition, Why> {
        match tree {
            ConditionTree::And(left, right) => {
                Ok(self.bind_condition(left)?.and(self.bind_condition(right)?))
            }
            ConditionTree::Or(left, right) => {
                Ok(self.bind_condition(left)?.or(self.bind_condition(right)?))
            }
            ConditionTree::Not(inner) => Ok(Condition::Not(Box::new(self.bind_condition(inner)?))),
            ConditionTree::Call(call) => self.function(call),
            ConditionTree::In(operand, candidates) => {
                let operand = self.operand(operand)?;
                let candidates: Vec<_> =
                    candidates.iter().map(|each| self.operand(each)).collect::<Result<_, _>>()?;
                distinct("IN", &operand, &candidates)?;
                Ok(Condition::In(operand, candidates))
            }
            ConditionTree::Between(operand, low, high) => {
                let operand = self.operand(operand)?;
                let (low, high) = (self.operand(low)?, self.operand(high)?);
                for bound in [&operand, &low, &high] {
                    in_order("BETWEEN", bound)?;
                }
                bounds(&low, &high)?;
                Ok(Condition::Between(operand, low, high))
            }
            ConditionTree::Compare(left, sign, right) => {
                let (left, right) = (self.operand(left)?, self.operand(right)?);
                let comparator = Comparator::from_sign(sign).unwrap_or(Comparator::Equal);
                if !matches!(comparator, Comparator::Equal | Comparator::NotEqual) {
                    in_order(sign, &left)?;
                    in_order(sign, &right)?;
                }
                distinct(sign, &left, std::slice::from_ref(&right))?;
                Ok(Condition::Compare(left, comparator, right))
            }
        }
    }

    fn function(&mut self, call: &Call) -> Result<Condition, Why> {
        let name = call.function.as_str();
        match name {
            "attribute_exists" | "attribute_not_exists" => {
                let path = operand_path(call, self.operands(call, 1)?.pop())?;
                let exists = name == "attribute_exists";
                Ok(if exists { Condition::Exists(path) } else { Condition::NotExists(path) })
            }
            "attribute_type" | "begins_with" | "contains" => {
                let mut operands = self.operands(call, 2)?;
                let (second, first) = (operands.pop(), operands.pop());
                let (Some(first), Some(second)) = (first, second) else {
                    return Err(misplaced(call));
                };
                two_operands(call, first, second)
            }
            _ => Err(format!("Invalid function name; function: {name}")),
        }
    }
}

fn two_operands(call: &Call, first: Operand, second: Operand) -> Result<Condition, Why> {
    let name = call.function.as_str();
    match name {
        "attribute_type" => {
            let path = operand_path(call, Some(first))?;
            type_name(second).map(|name| Condition::HasType(path, name))
        }
        "begins_with" => {
            for operand in [&first, &second] {
                if let Operand::Value(value) = operand
                    && !matches!(value, AttributeValue::S(_) | AttributeValue::B(_))
                {
                    return Err(wrong_type(name, value.type_name()));
                }
            }
            distinct(name, &first, std::slice::from_ref(&second))?;
            Ok(Condition::BeginsWith(first, second))
        }
        _ => {
            distinct(name, &first, std::slice::from_ref(&second))?;
            Ok(Condition::Contains(first, second))
        }
    }
}

/// The second operand of `attribute_type`.
fn type_name(operand: Operand) -> Result<String, Why> {
    match operand {
        Operand::Value(AttributeValue::S(name)) if TYPES.contains(&name.as_str()) => Ok(name),
        Operand::Value(AttributeValue::S(name)) => Err(format!(
            "Invalid attribute type name found; type: {name}, valid types: {{{}}}",
            TYPES.join(",")
        )),
        Operand::Value(value) => Err(wrong_type("attribute_type", value.type_name())),
        Operand::Path(_) | Operand::Size(_) => {
            Err(wrong_type("attribute_type", "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"))
        }
    }
}

fn misplaced(call: &Call) -> Why {
    let known =
        ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains"];
    if known.contains(&call.function.as_str()) {
        return format!(
            "The function is not allowed to be used this way in an expression; function: {}",
            call.function
        );
    }
    format!("Invalid function name; function: {}", call.function)
}

fn operand_path(call: &Call, operand: Option<Operand>) -> Result<Path, Why> {
    match operand {
        Some(Operand::Path(path)) => Ok(path),
        Some(Operand::Value(_) | Operand::Size(_)) | None => Err(format!(
            "Operator or function requires a document path; operator or function: {}",
            call.function
        )),
    }
}

pub(super) fn wrong_type(operator: &str, type_name: &str) -> Why {
    format!(
        "Incorrect operand type for operator or function; operator or function: {operator}, \
         operand type: {type_name}"
    )
}

/// A value that stands beside `<` and the like must have an order.
fn in_order(operator: &str, operand: &Operand) -> Result<(), Why> {
    match operand {
        Operand::Path(_)
        | Operand::Size(_)
        | Operand::Value(AttributeValue::S(_) | AttributeValue::N(_) | AttributeValue::B(_)) => {
            Ok(())
        }
        Operand::Value(value) => Err(wrong_type(operator, value.type_name())),
    }
}

/// Something is not compared with itself.
fn distinct(operator: &str, first: &Operand, others: &[Operand]) -> Result<(), Why> {
    match first {
        Operand::Path(path) if others.contains(first) => Err(format!(
            "The first operand must be distinct from the remaining operands for this operator or \
             function; operator: {operator}, first operand: {}",
            path.shown()
        )),
        Operand::Path(_) | Operand::Value(_) | Operand::Size(_) => Ok(()),
    }
}

fn bounds(low: &Operand, high: &Operand) -> Result<(), Why> {
    let (Operand::Value(low), Operand::Value(high)) = (low, high) else { return Ok(()) };
    let rule = match order(low, high) {
        Some(Ordering::Less | Ordering::Equal) => return Ok(()),
        Some(Ordering::Greater) => "upper bound to be greater than or equal to lower bound",
        None => "same data type for lower and upper bounds",
    };
    Err(format!(
        "The BETWEEN operator requires {rule}; lower bound operand: AttributeValue: {}, upper \
         bound operand: AttributeValue: {}",
        short(low),
        short(high)
    ))
}

fn short(value: &AttributeValue) -> String {
    let text = match value {
        AttributeValue::S(text) => text.clone(),
        AttributeValue::N(number) => number.to_string(),
        AttributeValue::B(blob) => String::from(blob.clone()),
        AttributeValue::Bool(_)
        | AttributeValue::Null(_)
        | AttributeValue::L(_)
        | AttributeValue::M(_)
        | AttributeValue::StringSet(_)
        | AttributeValue::NumberSet(_)
        | AttributeValue::BlobSet(_) => "...".to_owned(),
    };
    format!("{{{}:{text}}}", value.type_name())
}
