//! Binds an update to names and values, and checks the types of its operands.

use super::binding::{Placeholders, Why, wrong_type};
use super::projection::no_overlap;
use super::tree::{Call, Clause, OperandTree, Path, SumTree};
use super::update::{SetOperand, SetValue, Update};
use super::{ExpressionError, ExpressionKind, update_grammar};
use crate::records::AttributeValue;

/// Reads an update.
pub(super) fn update(
    placeholders: &mut Placeholders,
    text: &str,
) -> Result<Update, ExpressionError> {
    let clauses = update_grammar::update(text)?;
    let mut update = Update::default();
    let bound = clauses.into_iter().try_for_each(|bound| clause(placeholders, &mut update, bound));
    let paths: Vec<Path> = update.targets().cloned().collect();
    bound.and_then(|()| no_overlap(&paths)).map_err(|why| ExpressionKind::Update.error(why))?;
    Ok(update)
}

fn clause(placeholders: &mut Placeholders, update: &mut Update, clause: Clause) -> Result<(), Why> {
    match clause {
        Clause::Set(assignments) => {
            for (path, value) in assignments {
                update.set.push((placeholders.path(&path)?, sum(placeholders, &value)?));
            }
        }
        Clause::Remove(paths) => {
            for path in paths {
                update.remove.push(placeholders.path(&path)?);
            }
        }
        Clause::Add(actions) => {
            for (path, operand) in actions {
                let (path, value) = (placeholders.path(&path)?, literal(placeholders, &operand)?);
                if !is_set(&value) && !matches!(value, AttributeValue::N(_)) {
                    return Err(wrong_action("ADD", &value));
                }
                update.add.push((path, value));
            }
        }
        Clause::Delete(actions) => {
            for (path, operand) in actions {
                let (path, value) = (placeholders.path(&path)?, literal(placeholders, &operand)?);
                if !is_set(&value) {
                    return Err(wrong_action("DELETE", &value));
                }
                update.delete.push((path, value));
            }
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

fn wrong_action(operator: &str, value: &AttributeValue) -> Why {
    format!(
        "Incorrect operand type for operator or function; operator: {operator}, operand type: {}",
        long_name(value)
    )
}

/// Types as messages about updates write them.
fn long_name(value: &AttributeValue) -> &'static str {
    match value {
        AttributeValue::S(_) => "STRING",
        AttributeValue::N(_) => "NUMBER",
        AttributeValue::B(_) => "BINARY",
        AttributeValue::Bool(_) => "BOOLEAN",
        AttributeValue::Null(_) => "NULL",
        AttributeValue::L(_) => "LIST",
        AttributeValue::M(_) => "MAP",
        AttributeValue::StringSet(_) => "SS",
        AttributeValue::NumberSet(_) => "NS",
        AttributeValue::BlobSet(_) => "BS",
    }
}

/// The operand of ADD and DELETE, which is always a value.
fn literal(placeholders: &mut Placeholders, operand: &OperandTree) -> Result<AttributeValue, Why> {
    match operand {
        OperandTree::Value(name) => placeholders.value(name),
        OperandTree::Path(_) | OperandTree::Call(_) | OperandTree::Group(_) => {
            Err(format!("Syntax error; token: \"{operand}\", near: \"{operand}\""))
        }
    }
}

fn sum(placeholders: &mut Placeholders, written: &SumTree) -> Result<SetValue, Why> {
    let first = operand(placeholders, &written.first)?;
    let Some((sign, second)) = &written.second else { return Ok(SetValue::Operand(first)) };
    let second = operand(placeholders, second)?;
    for operand in [&first, &second] {
        if let SetOperand::Value(value) = operand
            && !matches!(value, AttributeValue::N(_))
        {
            return Err(wrong_type(sign, long_name(value)));
        }
    }
    Ok(if *sign == "+" { SetValue::Plus(first, second) } else { SetValue::Minus(first, second) })
}

fn operand(placeholders: &mut Placeholders, written: &OperandTree) -> Result<SetOperand, Why> {
    match written {
        OperandTree::Path(path) => placeholders.path(path).map(SetOperand::Path),
        OperandTree::Value(name) => placeholders.value(name).map(SetOperand::Value),
        OperandTree::Group(inner) => Ok(SetOperand::Group(Box::new(sum(placeholders, inner)?))),
        OperandTree::Call(call) => function(placeholders, call),
    }
}

fn function(placeholders: &mut Placeholders, call: &Call) -> Result<SetOperand, Why> {
    let name = call.function.as_str();
    if !matches!(name, "if_not_exists" | "list_append") {
        let known = [
            "attribute_exists",
            "attribute_not_exists",
            "attribute_type",
            "begins_with",
            "contains",
            "size",
        ];
        return Err(if known.contains(&name) {
            format!("The function is not allowed in an update expression; function: {name}")
        } else {
            format!("Invalid function name; function: {name}")
        });
    }
    let operands = call.operands.iter().map(|each| operand(placeholders, each));
    let mut operands = operands.collect::<Result<Vec<_>, Why>>()?;
    let count = operands.len();
    let (second, first) = (operands.pop(), operands.pop());
    let (Some(first), Some(second), true) = (first, second, operands.is_empty()) else {
        return Err(format!(
            "Incorrect number of operands for operator or function; operator or function: {name}, \
             number of operands: {count}"
        ));
    };
    if name == "list_append" {
        for operand in [&first, &second] {
            if let SetOperand::Value(value) = operand
                && !matches!(value, AttributeValue::L(_))
            {
                return Err(wrong_type(name, long_name(value)));
            }
        }
        return Ok(SetOperand::ListAppend(Box::new(first), Box::new(second)));
    }
    match first {
        SetOperand::Path(path) => Ok(SetOperand::IfNotExists(path, Box::new(second))),
        SetOperand::Value(_)
        | SetOperand::IfNotExists(..)
        | SetOperand::ListAppend(..)
        | SetOperand::Group(_) => Err(format!(
            "Operator or function requires a document path; operator or function: {name}"
        )),
    }
}
