//! The bytes of the requests, as the protocols have them.

use serde_json::{Value, json};
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::state::Digest;

use crate::history::operation::{Api, Naming, StateValue};
use crate::real_clients::terraform::LOCK_TABLE;
use crate::store_server::BUCKET;

/// A request before it is signed.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) service: Service,
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Which API it is for, and so how it is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    S3,
    DynamoDb,
    Http,
}

/// The id of a call, which an SDK sends with every attempt.
const CALL: &str = "amz-sdk-invocation-id";

/// Takes the lock.
pub(super) fn acquire(facet: Facet, key: &str, info: &str, call: Option<&str>) -> Request {
    let request = match facet {
        Facet::Lockfile => {
            let absent = ("if-none-match".to_owned(), "*".to_owned());
            let body = info.as_bytes().to_vec();
            Request { headers: vec![absent], ..s3("PUT", &lockfile(key), body) }
        }
        Facet::LockTable => dynamodb(
            "PutItem",
            &json!({
                "TableName": LOCK_TABLE,
                "Item": { "LockID": { "S": item(key) }, "Info": { "S": info } },
                "ConditionExpression": "attribute_not_exists(LockID)",
            }),
        ),
        Facet::Http => http("LOCK", key, None, info.as_bytes().to_vec()),
    };
    request.called(call)
}

/// Reads who holds the lock; over `http` nothing does that.
pub(super) fn look(facet: Facet, key: &str) -> Option<Request> {
    match facet {
        Facet::Lockfile => Some(s3("GET", &lockfile(key), Vec::new())),
        Facet::LockTable => Some(get_item(&item(key), "LockID, Info")),
        Facet::Http => None,
    }
}

/// Releases the lock with this lock info.
pub(super) fn release(
    facet: Facet,
    key: &str,
    info: &str,
    naming: Naming,
    call: Option<&str>,
) -> Request {
    let is_named = naming == Naming::Named;
    let request = match facet {
        Facet::Lockfile => {
            let etag = ("if-match".to_owned(), format!("\"{}\"", md5(info.as_bytes())));
            let headers = if is_named { vec![etag] } else { Vec::new() };
            Request { headers, ..s3("DELETE", &lockfile(key), Vec::new()) }
        }
        Facet::LockTable => {
            let mut body = json!({
                "TableName": LOCK_TABLE,
                "Key": { "LockID": { "S": item(key) } },
            });
            if is_named && let Some(fields) = body.as_object_mut() {
                fields.insert("ConditionExpression".to_owned(), json!("Info = :info"));
                let values = json!({ ":info": { "S": info } });
                fields.insert("ExpressionAttributeValues".to_owned(), values);
            }
            dynamodb("DeleteItem", &body)
        }
        Facet::Http => http("UNLOCK", key, None, info.as_bytes().to_vec()),
    };
    request.called(call)
}

/// UNLOCK without a body.
pub(super) fn force_unlock(key: &str) -> Request {
    http("UNLOCK", key, None, Vec::new())
}

pub(super) fn read(through: Api, key: &str) -> Request {
    match through {
        Api::S3 => s3("GET", key, Vec::new()),
        Api::Http => http("GET", key, None, Vec::new()),
    }
}

pub(super) fn read_digest(key: &str) -> Request {
    get_item(&format!("{}-md5", item(key)), "LockID, Digest")
}

pub(super) fn write_s3(key: &str, state: Vec<u8>, call: &str) -> Request {
    s3("PUT", key, state).called(Some(call))
}

/// Whether there is a state, as Terraform asks before it reads one.
pub(super) fn head(key: &str) -> Request {
    s3("HEAD", key, Vec::new())
}

/// Writes the digest of a state into the lock table.
pub(super) fn write_digest(key: &str, digest: &str, call: &str) -> Request {
    let id = format!("{}-md5", item(key));
    let item = json!({ "LockID": { "S": id }, "Digest": { "S": digest } });
    let body = json!({ "TableName": LOCK_TABLE, "Item": item });
    dynamodb("PutItem", &body).called(Some(call))
}

pub(super) fn write_http(key: &str, state: Vec<u8>, claim: Option<&str>) -> Request {
    http("POST", key, claim, state)
}

pub(super) fn delete_s3(key: &str) -> Request {
    s3("DELETE", key, Vec::new())
}

pub(super) fn delete_http(key: &str, claim: Option<&str>) -> Request {
    http("DELETE", key, claim, Vec::new())
}

/// A lock info as Go writes it, so that every facet shows these very bytes.
pub(super) fn lock_info(id: &str, client: u32) -> String {
    format!(
        "{{\"ID\":\"{id}\",\"Operation\":\"OperationTypeApply\",\"Info\":\"\",\
         \"Who\":\"client-{client}@torture\",\"Version\":\"1.11.4\",\
         \"Created\":\"2026-01-02T03:04:05.678901234Z\",\"Path\":\"\"}}"
    )
}

/// A state with an output, so that no other lineage may take its place, and what it counts as.
pub(super) fn state(lineage: &str, serial: u64, mark: &str) -> (Vec<u8>, StateValue) {
    let body = format!(
        "{{\n  \"version\": 4,\n  \"terraform_version\": \"1.11.4\",\n  \"serial\": {serial},\n  \
         \"lineage\": \"{lineage}\",\n  \"outputs\": {{\n    \"mark\": {{\n      \"value\": \"{mark}\",\n      \
         \"type\": \"string\"\n    }}\n  }},\n  \"resources\": [],\n  \"check_results\": null\n}}\n"
    );
    let digest = md5(body.as_bytes());
    (body.into_bytes(), StateValue { lineage: lineage.to_owned(), serial, digest })
}

/// The state that these bytes are; `None` if they are none.
pub(super) fn state_of(body: &[u8]) -> Option<StateValue> {
    let document: Value = serde_json::from_slice(body).ok()?;
    let lineage = document.get("lineage")?.as_str()?.to_owned();
    let serial = document.get("serial")?.as_u64()?;
    Some(StateValue { lineage, serial, digest: md5(body) })
}

/// The text of an attribute of the item in an answer of GetItem.
pub(super) fn attribute(body: &[u8], name: &str) -> Option<String> {
    let document: Value = serde_json::from_slice(body).ok()?;
    Some(document.get("Item")?.get(name)?.get("S")?.as_str()?.to_owned())
}

/// What stands in a lock info in the field for people.
pub(super) fn note_of(info: &str) -> Option<String> {
    let document: Value = serde_json::from_str(info).ok()?;
    Some(document.get("Info")?.as_str()?.to_owned())
}

/// The lock ID in a lock info.
pub(super) fn id_of(info: &str) -> Option<String> {
    let document: Value = serde_json::from_str(info).ok()?;
    Some(document.get("ID")?.as_str()?.to_owned())
}

impl Request {
    pub(super) fn called(mut self, call: Option<&str>) -> Self {
        self.headers.extend(call.map(|call| (CALL.to_owned(), call.to_owned())));
        self
    }
}

fn s3(method: &'static str, key: &str, body: Vec<u8>) -> Request {
    let path = format!("/{BUCKET}/{key}");
    Request { service: Service::S3, method, path, headers: Vec::new(), body }
}

fn dynamodb(operation: &str, body: &Value) -> Request {
    let headers = [
        ("content-type", "application/x-amz-json-1.0".to_owned()),
        ("x-amz-target", format!("DynamoDB_20120810.{operation}")),
    ];
    Request {
        service: Service::DynamoDb,
        method: "POST",
        path: "/".to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        body: body.to_string().into_bytes(),
    }
}

fn http(method: &'static str, key: &str, claim: Option<&str>, body: Vec<u8>) -> Request {
    let query = claim.map(|id| format!("?ID={id}")).unwrap_or_default();
    let path = format!("/_statelock/state/{BUCKET}/{key}{query}");
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Request { service: Service::Http, method, path, headers, body }
}

fn get_item(id: &str, attributes: &str) -> Request {
    let body = json!({
        "ConsistentRead": true,
        "Key": { "LockID": { "S": id } },
        "ProjectionExpression": attributes,
        "TableName": LOCK_TABLE,
    });
    dynamodb("GetItem", &body)
}

fn lockfile(key: &str) -> String {
    format!("{key}.tflock")
}

fn item(key: &str) -> String {
    format!("{BUCKET}/{key}")
}

fn md5(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}
