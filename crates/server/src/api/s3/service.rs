//! Puts the framework's service together and names every operation that this server does.

use std::sync::Arc;

use s3s::access::{S3Access, S3AccessContext};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::dto::*;
use s3s::host::{S3Host, VirtualHost};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3ErrorCode, S3Request, S3Response, S3Result};
use tokio::sync::Semaphore;

use super::bucket_settings::{
    acl, answer, encryption, lifecycle, logging, never_set, ownership, policy, public_access,
};
use super::error::s3_error;
use super::{
    S3Api, buckets, checksums, copying, listing, multipart, objects, parts, reading, tagging,
    upload_listing, version_listing,
};
use crate::api::identity::ACCOUNT_ID;
use crate::auth::credentials::Credentials;
use crate::auth::guard::DOCUMENT_BYTES_MAX;
use crate::engine::Engine;

/// What the S3 API needs to know.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// The region that buckets get when their creator names none.
    pub region: String,
    /// Host names under which `BUCKET.NAME` addresses a bucket.
    pub domains: Vec<String>,
    /// Turns of bodies that are received: each takes memory.
    pub intake: Arc<Semaphore>,
}

/// Tells path style from virtual-host style.
#[derive(Clone, Debug)]
pub struct HostRule {
    domains: Vec<String>,
}

impl HostRule {
    /// A rule for these domains.
    pub fn new(domains: Vec<String>) -> Self {
        Self { domains: domains.into_iter().map(|name| name.to_ascii_lowercase()).collect() }
    }

    /// The bucket that a Host header names, if it names one.
    pub fn bucket<'a>(&self, host: &'a str) -> Option<&'a str> {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        self.domains.iter().find_map(|domain| {
            let at = name.len().checked_sub(domain.len())?;
            let (head, tail) = name.split_at_checked(at)?;
            let bucket = head.strip_suffix('.')?;
            (tail.eq_ignore_ascii_case(domain) && !bucket.is_empty()).then_some(bucket)
        })
    }
}

impl S3Host for HostRule {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match self.bucket(host) {
            Some(bucket) => VirtualHost::new(host).with_bucket(bucket.to_ascii_lowercase()),
            None => VirtualHost::new(host),
        })
    }
}

/// Lets the root key do everything, and anonymous requests nothing.
#[derive(Debug)]
struct RootOnly;

#[async_trait::async_trait]
impl S3Access for RootOnly {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(s3_error(S3ErrorCode::AccessDenied, "Access Denied"));
        }
        match checksums::text(context.headers(), "x-amz-expected-bucket-owner") {
            Some(owner) if owner != ACCOUNT_ID => {
                Err(s3_error(S3ErrorCode::AccessDenied, "Access Denied"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The S3 service over an engine.
pub fn build_service(engine: Engine, credentials: Credentials, settings: S3Settings) -> S3Service {
    let api = S3Api { engine, region: settings.region, intake: settings.intake };
    let mut builder = S3ServiceBuilder::new(api);
    let mut config = S3Config::default();
    config.xml_max_body_size = usize::try_from(DOCUMENT_BYTES_MAX).unwrap_or(usize::MAX);
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    builder.set_auth(credentials);
    builder.set_access(RootOnly);
    builder.set_host(HostRule::new(settings.domains));
    builder.build()
}

/// Hands each operation to the function that does it; `noting` is for settings without an effect.
macro_rules! operations {
    ($($name:ident($input:ident) -> $output:ident = $function:path $(, noting $note:path)?;)*) => {
        #[async_trait::async_trait]
        impl S3 for S3Api {
            $(async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                $function(self, request).await.map(|output| answer(output, &[$($note)?]))
            })*

            async fn get_object(
                &self,
                request: S3Request<GetObjectInput>,
            ) -> S3Result<S3Response<GetObjectOutput>> {
                reading::get_object(self, request).await
            }
        }
    };
}

operations! {
    create_bucket(CreateBucketInput) -> CreateBucketOutput = buckets::create;
    head_bucket(HeadBucketInput) -> HeadBucketOutput = buckets::head;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput = buckets::delete;
    list_buckets(ListBucketsInput) -> ListBucketsOutput = buckets::list;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput = buckets::location;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput = buckets::versioning;
    put_bucket_versioning(PutBucketVersioningInput) -> PutBucketVersioningOutput = buckets::set_versioning;
    get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput = tagging::get_bucket;
    put_bucket_tagging(PutBucketTaggingInput) -> PutBucketTaggingOutput = tagging::put_bucket;
    delete_bucket_tagging(DeleteBucketTaggingInput) -> DeleteBucketTaggingOutput = tagging::delete_bucket;
    get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput = encryption::get, noting encryption::NOTE;
    put_bucket_encryption(PutBucketEncryptionInput) -> PutBucketEncryptionOutput = encryption::put, noting encryption::NOTE;
    delete_bucket_encryption(DeleteBucketEncryptionInput) -> DeleteBucketEncryptionOutput = encryption::delete;
    get_public_access_block(GetPublicAccessBlockInput) -> GetPublicAccessBlockOutput = public_access::get;
    put_public_access_block(PutPublicAccessBlockInput) -> PutPublicAccessBlockOutput = public_access::put;
    delete_public_access_block(DeletePublicAccessBlockInput) -> DeletePublicAccessBlockOutput = public_access::delete;
    get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput = policy::get, noting policy::NOTE;
    get_bucket_policy_status(GetBucketPolicyStatusInput) -> GetBucketPolicyStatusOutput = policy::status;
    put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput = policy::put, noting policy::NOTE;
    delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput = policy::delete;
    get_bucket_acl(GetBucketAclInput) -> GetBucketAclOutput = acl::get, noting acl::NOTE;
    put_bucket_acl(PutBucketAclInput) -> PutBucketAclOutput = acl::put, noting acl::NOTE;
    get_bucket_logging(GetBucketLoggingInput) -> GetBucketLoggingOutput = logging::get, noting logging::NOTE;
    put_bucket_logging(PutBucketLoggingInput) -> PutBucketLoggingOutput = logging::put, noting logging::NOTE;
    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput = lifecycle::get, noting lifecycle::NOTE;
    put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput = lifecycle::put, noting lifecycle::NOTE;
    delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput = lifecycle::delete;
    get_bucket_ownership_controls(GetBucketOwnershipControlsInput) -> GetBucketOwnershipControlsOutput = ownership::get;
    put_bucket_ownership_controls(PutBucketOwnershipControlsInput) -> PutBucketOwnershipControlsOutput = ownership::put;
    delete_bucket_ownership_controls(DeleteBucketOwnershipControlsInput) -> DeleteBucketOwnershipControlsOutput = ownership::delete;
    get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput = never_set::get_object_lock;
    put_object_lock_configuration(PutObjectLockConfigurationInput) -> PutObjectLockConfigurationOutput = never_set::put_object_lock;
    get_bucket_request_payment(GetBucketRequestPaymentInput) -> GetBucketRequestPaymentOutput = never_set::get_payer;
    put_bucket_request_payment(PutBucketRequestPaymentInput) -> PutBucketRequestPaymentOutput = never_set::put_payer;
    get_bucket_notification_configuration(GetBucketNotificationConfigurationInput) -> GetBucketNotificationConfigurationOutput = never_set::get_notification;
    put_bucket_notification_configuration(PutBucketNotificationConfigurationInput) -> PutBucketNotificationConfigurationOutput = never_set::put_notification;
    get_bucket_accelerate_configuration(GetBucketAccelerateConfigurationInput) -> GetBucketAccelerateConfigurationOutput = never_set::get_accelerate;
    get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput = never_set::get_cors;
    delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput = never_set::delete_cors;
    get_bucket_website(GetBucketWebsiteInput) -> GetBucketWebsiteOutput = never_set::get_website;
    delete_bucket_website(DeleteBucketWebsiteInput) -> DeleteBucketWebsiteOutput = never_set::delete_website;
    get_bucket_replication(GetBucketReplicationInput) -> GetBucketReplicationOutput = never_set::get_replication;
    delete_bucket_replication(DeleteBucketReplicationInput) -> DeleteBucketReplicationOutput = never_set::delete_replication;
    list_objects(ListObjectsInput) -> ListObjectsOutput = listing::objects_v1;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output = listing::objects_v2;
    list_object_versions(ListObjectVersionsInput) -> ListObjectVersionsOutput = version_listing::versions;
    put_object(PutObjectInput) -> PutObjectOutput = objects::put;
    head_object(HeadObjectInput) -> HeadObjectOutput = reading::head_object;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput = objects::delete;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput = objects::delete_many;
    copy_object(CopyObjectInput) -> CopyObjectOutput = copying::copy;
    get_object_tagging(GetObjectTaggingInput) -> GetObjectTaggingOutput = tagging::get_object;
    put_object_tagging(PutObjectTaggingInput) -> PutObjectTaggingOutput = tagging::put_object;
    delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput = tagging::delete_object;
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput = multipart::create;
    upload_part(UploadPartInput) -> UploadPartOutput = parts::upload_part;
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput = parts::copy_part;
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput = multipart::complete;
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput = multipart::abort;
    list_parts(ListPartsInput) -> ListPartsOutput = upload_listing::parts;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput = upload_listing::uploads;
}

#[cfg(test)]
mod tests {
    use super::HostRule;

    #[test]
    fn a_bucket_before_a_domain_is_virtual_host_style() {
        let rule = HostRule::new(vec!["localhost".to_owned(), "S3.example".to_owned()]);
        assert_eq!(rule.bucket("state.localhost:9000"), Some("state"));
        assert_eq!(rule.bucket("a.b.s3.EXAMPLE"), Some("a.b"));
        for host in
            ["localhost", "localhost:9000", "127.0.0.1:9000", ".localhost", "xlocalhost", "é"]
        {
            assert_eq!(rule.bucket(host), None, "{host}");
        }
    }
}
