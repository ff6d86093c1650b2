//! Requests to the object store. Bodies are small here: lockfiles.

use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use statelock_protocol::store::{
    BucketName, ETag, ListedObject, ObjectKey, ObjectRequest, ObjectSuccess, Precondition, Reply,
    StoredObject,
};

use super::failure::{Failed, failed, failed_on_condition};
use crate::connection::Connection;
use crate::connection::headers::with_customer_key;
use crate::error::Trouble;

/// A lockfile has some 200 bytes. What is larger is no lock info, and is not read.
pub(crate) const LOCKFILE_SIZE_BYTES_MAX: u64 = 64 << 10;

pub(super) async fn send(
    connection: &Connection,
    request: ObjectRequest,
) -> (Reply<ObjectSuccess>, Option<Trouble>) {
    let result = match request {
        ObjectRequest::Read { bucket, key } => read(connection, &bucket, &key).await,
        ObjectRequest::Write { bucket, key, body, precondition } => {
            write(connection, (&bucket, &key), (body, &precondition)).await
        }
        ObjectRequest::Delete { bucket, key, precondition } => {
            delete(connection, (&bucket, &key), &precondition).await
        }
        ObjectRequest::List { bucket, prefix, after, limit } => {
            list(connection, (&bucket, prefix), (after, limit)).await
        }
    };
    match result {
        Ok(success) => (Reply::Applied(success), None),
        Err(failed) => failed.reply(),
    }
}

async fn read(
    connection: &Connection,
    bucket: &BucketName,
    key: &ObjectKey,
) -> Result<ObjectSuccess, Failed> {
    let call = connection.effects().get_object().bucket(bucket.as_str()).key(key.as_str());
    let call = with_customer_key!(call, connection.objects());
    let output = call.send().await.map_err(|error| failed("S3", "GetObject", &error))?;
    let etag = ETag::new(output.e_tag().unwrap_or_default());
    let size_bytes = output.content_length().and_then(|size| u64::try_from(size).ok());
    if size_bytes.is_some_and(|size_bytes| size_bytes > LOCKFILE_SIZE_BYTES_MAX) {
        return Ok(ObjectSuccess::Read(StoredObject { body: Vec::new(), etag }));
    }
    let body = output.body.collect().await.map_err(|error| broke_off(&error))?;
    Ok(ObjectSuccess::Read(StoredObject { body: body.to_vec(), etag }))
}

fn broke_off(error: &dyn std::error::Error) -> Failed {
    let trouble = Trouble {
        service: "S3",
        operation: "GetObject",
        endpoint: None,
        status: None,
        code: None,
        message: format!("the body broke off: {error}"),
        request_id: None,
        was_sent: true,
    };
    Failed { refusal: None, trouble }
}

async fn write(
    connection: &Connection,
    (bucket, key): (&BucketName, &ObjectKey),
    (body, precondition): (Vec<u8>, &Precondition),
) -> Result<ObjectSuccess, Failed> {
    let objects = connection.objects();
    let checksum = (!objects.skip_checksum).then(|| STANDARD.encode(Sha256::digest(&body)));
    let call = connection
        .effects()
        .put_object()
        .bucket(bucket.as_str())
        .key(key.as_str())
        .content_type("application/json")
        .body(ByteStream::from(body));
    let call = crate::connection::headers::of_write(call, objects, &objects.lock_tags);
    let call = match precondition {
        Precondition::None => call,
        Precondition::IfAbsent => call.if_none_match("*"),
        Precondition::IfMatch(etag) => call.if_match(etag.quoted()),
    };
    let sent = call.set_checksum_sha256(checksum).send().await;
    let output = sent.map_err(|error| failed("S3", "PutObject", &error))?;
    Ok(ObjectSuccess::Written(ETag::new(output.e_tag().unwrap_or_default())))
}

async fn delete(
    connection: &Connection,
    (bucket, key): (&BucketName, &ObjectKey),
    precondition: &Precondition,
) -> Result<ObjectSuccess, Failed> {
    let call = connection.effects().delete_object().bucket(bucket.as_str()).key(key.as_str());
    let sent = match precondition {
        Precondition::None | Precondition::IfAbsent => {
            call.send().await.map_err(|error| failed("S3", "DeleteObject", &error))
        }
        Precondition::IfMatch(etag) => {
            let sent = call.if_match(etag.quoted()).send().await;
            sent.map_err(|error| failed_on_condition("DeleteObject", "if-match", &error))
        }
    };
    sent.map(|_| ObjectSuccess::Deleted)
}

async fn list(
    connection: &Connection,
    (bucket, prefix): (&BucketName, String),
    (after, limit): (Option<ObjectKey>, usize),
) -> Result<ObjectSuccess, Failed> {
    let output = connection
        .reads()
        .list_objects_v2()
        .bucket(bucket.as_str())
        .prefix(prefix)
        .set_start_after(after.map(|key| key.as_str().to_owned()))
        .max_keys(i32::try_from(limit).unwrap_or(1000))
        .send()
        .await
        .map_err(|error| failed("S3", "ListObjectsV2", &error))?;
    let listed = output.contents.unwrap_or_default().into_iter().map(|object| ListedObject {
        key: ObjectKey::new(object.key.unwrap_or_default()),
        size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        etag: ETag::new(object.e_tag.unwrap_or_default()),
    });
    Ok(ObjectSuccess::Listed(listed.collect()))
}
