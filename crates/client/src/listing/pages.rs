//! The pages of a bucket's listing, the next one always on its way.

use std::sync::Arc;

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::{EncodingType, Object};
use percent_encoding::percent_decode;
use statelock_protocol::store::{BucketName, ETag};
use tokio::task::{JoinError, JoinSet};

use super::entry::ListedObject;
use super::error::ListingFailure;
use crate::connection::Connection;
use crate::error::{StoreError, Trouble};
use crate::transport::asked_pages::AskedPages;
use crate::transport::failure::failed;

/// One page of objects, in the order of their keys.
pub(super) type Page = Vec<(String, ListedObject)>;

/// The pages under a prefix. While one is looked at, the next is being fetched.
#[derive(Debug)]
pub(super) struct Pages {
    place: Arc<(Connection, BucketName, String)>,
    /// At most one request; dropped with the listing.
    request: JoinSet<Result<ListObjectsV2Output, StoreError>>,
    token: Option<String>,
    asked: AskedPages<String>,
    is_begun: bool,
}

impl Pages {
    /// The first request is sent when the first page is asked for.
    pub(super) fn new(connection: Connection, bucket: BucketName, prefix: String) -> Self {
        let place = Arc::new((connection, bucket, prefix));
        let (request, asked) = (JoinSet::new(), AskedPages::default());
        Self { place, request, token: None, asked, is_begun: false }
    }

    /// The next page; `None` after the last one. May be dropped at any time, and asked again.
    pub(super) async fn next(&mut self) -> Option<Result<Page, ListingFailure>> {
        if !self.is_begun {
            self.is_begun = true;
            self.request_page();
        }
        let output = match self.request.join_next().await? {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Some(Err(ListingFailure::Objects(error))),
            Err(error) => return Some(Err(ListingFailure::Objects(aborted(&error)))),
        };
        Some(self.read(output))
    }

    fn read(&mut self, output: ListObjectsV2Output) -> Result<Page, ListingFailure> {
        let is_encoded = output.encoding_type() == Some(&EncodingType::Url);
        let token = output.next_continuation_token.filter(|token| !token.is_empty());
        if token.is_some() || output.is_truncated == Some(true) {
            // A store that repeats itself would be asked for ever.
            if !token.clone().is_some_and(|token| self.asked.is_new(token)) {
                return Err(ListingFailure::NoContinuation);
            }
            self.token = token;
            self.request_page();
        }
        let objects = output.contents.unwrap_or_default();
        objects.into_iter().map(|object| listed(object, is_encoded)).collect()
    }

    fn request_page(&mut self) {
        let (place, token) = (Arc::clone(&self.place), self.token.clone());
        self.request.spawn(async move {
            let (connection, bucket, prefix) = &*place;
            let sent = connection
                .reads()
                .list_objects_v2()
                .bucket(bucket.as_str())
                .prefix(prefix)
                .encoding_type(EncodingType::Url)
                .set_continuation_token(token)
                .send();
            sent.await.map_err(|error| failed("S3", "ListObjectsV2", &error).into())
        });
    }
}

fn aborted(error: &JoinError) -> StoreError {
    StoreError::Unknown(Trouble {
        service: "S3",
        operation: "ListObjectsV2",
        endpoint: None,
        status: None,
        code: None,
        message: error.to_string(),
        request_id: None,
        was_sent: true,
    })
}

/// The object with exactly this key, by the listing: that needs no right beyond listing.
pub(super) async fn object(
    connection: &Connection,
    bucket: &BucketName,
    key: &str,
) -> Result<Option<ListedObject>, ListingFailure> {
    let sent = connection
        .reads()
        .list_objects_v2()
        .bucket(bucket.as_str())
        .prefix(key)
        .max_keys(1)
        .encoding_type(EncodingType::Url)
        .send();
    let refused = |error| ListingFailure::Objects(failed("S3", "ListObjectsV2", &error).into());
    let output = sent.await.map_err(refused)?;
    let is_encoded = output.encoding_type() == Some(&EncodingType::Url);
    // Nothing that starts with the key stands before the key itself.
    match output.contents.unwrap_or_default().into_iter().next() {
        Some(first) => {
            let (found, object) = listed(first, is_encoded)?;
            Ok((found == key).then_some(object))
        }
        None => Ok(None),
    }
}

/// Keys are asked for in URL encoding, as XML cannot carry every character; some stores do not do it.
fn listed(object: Object, is_encoded: bool) -> Result<(String, ListedObject), ListingFailure> {
    let key = object.key.unwrap_or_default();
    let key = if is_encoded { decoded(&key).ok_or(ListingFailure::Key(key))? } else { key };
    let size_bytes = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    let etag = ETag::new(object.e_tag.unwrap_or_default());
    let last_modified_unix_seconds = object.last_modified.map(|moment| moment.secs());
    Ok((key, ListedObject { size_bytes, etag, last_modified_unix_seconds }))
}

/// As in a form: `+` is a space.
fn decoded(key: &str) -> Option<String> {
    let spaced = key.replace('+', " ");
    percent_decode(spaced.as_bytes()).decode_utf8().ok().map(String::from)
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn keys_are_decoded_as_in_a_form() {
        let same = |sent, meant: &str| assert_eq!(decoded(sent).as_deref(), Some(meant), "{sent}");
        same("env%3A/dev/a+b%2Bc.tfstate", "env:/dev/a b+c.tfstate");
        same("%E6%97%A5%E6%9C%AC%2525", "日本%25");
        same("a%01b", "a\u{1}b");
        assert_eq!(decoded("%FF"), None);
    }
}
