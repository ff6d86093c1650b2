//! Faults of lock tables.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use super::broken::pause;
use super::message::{Kind, Message};
use super::upstream::{ATTEMPTS, Reply, Upstream};
use super::{Before, Shared};

/// Does what is asked, whatever the condition.
pub(super) fn without_condition(message: &Message, upstream: &mut Upstream) -> io::Result<Reply> {
    let mut document = document(message);
    if document.get("ConditionExpression").is_none() {
        return upstream.pass(message);
    }
    if let Some(members) = document.as_object_mut() {
        // DynamoDB refuses names and values that nothing uses.
        for name in ["ConditionExpression", "ExpressionAttributeNames", "ExpressionAttributeValues"]
        {
            members.remove(name);
        }
    }
    let body = document.to_string();
    let mut reply = upstream.pass_with_body(message, body.as_bytes())?;
    for _ in 0..ATTEMPTS {
        if reply.status != 400 {
            break;
        }
        // A careful store keeps a lock from being replaced: it is removed first.
        let (table, key) = (table(&document), json!({ "LockID": lock_id(&document) }));
        let removal = json!({ "TableName": table, "Key": key }).to_string();
        upstream.ask_item("DeleteItem", removal.as_bytes())?;
        reply = upstream.pass_with_body(message, body.as_bytes())?;
    }
    Ok(reply)
}

/// Looks whether the item is there, takes its time, and puts it without the condition if it is not.
pub(super) fn raced(
    message: &Message,
    upstream: &mut Upstream,
    between: Duration,
) -> io::Result<Reply> {
    let document = document(message);
    let condition = document.get("ConditionExpression").and_then(Value::as_str).unwrap_or_default();
    if !condition.starts_with("attribute_not_exists") || is_there(&document, upstream)? {
        return upstream.pass(message); // the store itself says why not
    }
    pause(between);
    without_condition(message, upstream)
}

/// Remembers what was there before each write, and shows it once to another connection.
pub(super) fn stale(
    shared: &Shared,
    message: &Message,
    kind: Kind,
    upstream: &mut Upstream,
) -> io::Result<Reply> {
    let document = document(message);
    match kind {
        Kind::PutItem | Kind::DeleteItem => {
            let before = Reply::from(upstream.ask_item("GetItem", &look(&document))?);
            let reply = upstream.pass(message)?;
            if reply.is_success() {
                let before = Before { writer: upstream.number, reply: before };
                shared.memory().before.insert(place(&document), before);
            }
            Ok(reply)
        }
        Kind::GetItem => match shared.stale(&place(&document), upstream.number) {
            Some(stale) => Ok(stale),
            None => upstream.pass(message),
        },
        Kind::PutObject
        | Kind::DeleteObject
        | Kind::ReadObject
        | Kind::CompleteUpload
        | Kind::ListObjects
        | Kind::Other => upstream.pass(message),
    }
}

fn is_there(document: &Value, upstream: &Upstream) -> io::Result<bool> {
    Ok(upstream.ask_item("GetItem", &look(document))?.text().contains("\"Item\""))
}

/// A request for the item that an operation is about.
fn look(document: &Value) -> Vec<u8> {
    let (table, key) = (table(document), json!({ "LockID": lock_id(document) }));
    json!({ "TableName": table, "Key": key, "ConsistentRead": true }).to_string().into_bytes()
}

/// Where the item is that an operation is about.
fn place(document: &Value) -> String {
    format!("{}/{}", table(document), lock_id(document))
}

fn table(document: &Value) -> &Value {
    document.get("TableName").unwrap_or(&Value::Null)
}

fn lock_id(document: &Value) -> &Value {
    let of = |member: &str| document.get(member).and_then(|value| value.get("LockID"));
    of("Item").or_else(|| of("Key")).unwrap_or(&Value::Null)
}

fn document(message: &Message) -> Value {
    serde_json::from_slice(&message.body).unwrap_or_default()
}
