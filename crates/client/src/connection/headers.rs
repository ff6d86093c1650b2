//! What goes along with each object that is written, as Terraform and OpenTofu send it.

use aws_sdk_s3::operation::create_multipart_upload::builders::CreateMultipartUploadFluentBuilder;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::types::{ObjectCannedAcl, ServerSideEncryption};

use crate::settings::{Encryption, ObjectSettings};

/// Adds a key of ours (SSE-C) to a call; reads of what was written with it need it too.
///
/// A macro, because the SDK's calls have these setters and no trait in common.
macro_rules! with_customer_key {
    ($call:expr, $objects:expr) => {
        match $objects.encryption.customer_key() {
            Some(customer) => $call
                .sse_customer_algorithm("AES256")
                .sse_customer_key(customer.key)
                .sse_customer_key_md5(customer.key_md5),
            None => $call,
        }
    };
}
pub(crate) use with_customer_key;

/// Adds encryption, ACL and tags to a call that makes an object.
macro_rules! with_settings {
    ($call:expr, $objects:expr, $tags:expr) => {{
        let call = match &$objects.encryption {
            Encryption::Bucket | Encryption::Customer(_) => $call,
            Encryption::Store => $call.server_side_encryption(ServerSideEncryption::Aes256),
            Encryption::Kms(key) => {
                $call.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(key)
            }
            Encryption::KmsDualLayer(key) => {
                $call.server_side_encryption(ServerSideEncryption::AwsKmsDsse).ssekms_key_id(key)
            }
        };
        let acl = $objects.acl.as_deref().map(ObjectCannedAcl::from);
        with_customer_key!(call, $objects).set_acl(acl).set_tagging(tagging($tags))
    }};
}

/// Adds encryption, ACL and tags.
pub(crate) fn of_write(
    call: PutObjectFluentBuilder,
    objects: &ObjectSettings,
    tags: &[(String, String)],
) -> PutObjectFluentBuilder {
    with_settings!(call, objects, tags)
}

/// As [`of_write`], for an object that comes in parts.
pub(crate) fn of_upload(
    call: CreateMultipartUploadFluentBuilder,
    objects: &ObjectSettings,
    tags: &[(String, String)],
) -> CreateMultipartUploadFluentBuilder {
    with_settings!(call, objects, tags)
}

/// Tags as a query string, in order of their names.
pub(crate) fn tagging(tags: &[(String, String)]) -> Option<String> {
    if tags.is_empty() {
        return None;
    }
    let mut sorted: Vec<_> = tags.iter().collect();
    sorted.sort();
    let pairs = sorted.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    Some(pairs.collect::<Vec<_>>().join("&"))
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::tagging;

    #[test]
    fn tags_are_a_query_string_in_order() {
        assert_eq!(tagging(&[]), None);
        let tags = [("z".to_owned(), "a b".to_owned()), ("a".to_owned(), "x=y&".to_owned())];
        assert_eq!(tagging(&tags).as_deref(), Some("a=x%3Dy%26&z=a%20b"));
    }
}
