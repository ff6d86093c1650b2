//! JSON answers.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value};

use crate::records::{AttributeValue, Item};

/// An item as the API writes it.
pub(super) fn item(item: &Item) -> Value {
    Value::Object(item.iter().map(|(name, it)| (name.clone(), attribute_value(it))).collect())
}

fn attribute_value(value: &AttributeValue) -> Value {
    let text = |it: &String| Value::String(it.clone());
    let inner = match value {
        AttributeValue::S(string) => text(string),
        AttributeValue::N(number) => Value::String(number.to_string()),
        AttributeValue::B(blob) => Value::String(blob.clone().into()),
        AttributeValue::Bool(truth) | AttributeValue::Null(truth) => Value::Bool(*truth),
        AttributeValue::L(list) => Value::Array(list.iter().map(attribute_value).collect()),
        AttributeValue::M(map) => item(map),
        AttributeValue::StringSet(set) => Value::Array(set.iter().map(text).collect()),
        AttributeValue::NumberSet(set) => {
            Value::Array(set.iter().map(|number| Value::String(number.to_string())).collect())
        }
        AttributeValue::BlobSet(set) => {
            Value::Array(set.iter().map(|blob| Value::String(blob.clone().into())).collect())
        }
    };
    Value::Object(Map::from_iter([(value.type_name().to_owned(), inner)]))
}

/// The response around a body.
pub(super) fn render(status: StatusCode, body: &Value, request_id: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/x-amz-json-1.0");
    headers.insert(header::CONTENT_TYPE, json);
    // An id that no header can hold is left out.
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
