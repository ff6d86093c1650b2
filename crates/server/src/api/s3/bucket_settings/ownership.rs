//! Object ownership. Everything belongs to the root key's account, so any rule is kept; the strictest
//! one switches ACLs off, as on S3.

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::{acl, change, documents, malformed_xml, settings};
use crate::api::s3::error::s3_error;
use crate::api::s3::{S3Api, sender};
use crate::records::BucketSettings;

/// The setting, as the audit log names it.
const WHAT: &str = "ownership controls";

pub(in crate::api::s3) async fn get(
    api: &S3Api,
    request: S3Request<GetBucketOwnershipControlsInput>,
) -> S3Result<GetBucketOwnershipControlsOutput> {
    let stored = settings(api, request.input.bucket).await?.ownership.ok_or_else(|| {
        s3_error(
            S3ErrorCode::OwnershipControlsNotFoundError,
            "The bucket ownership controls were not found",
        )
    })?;
    Ok(GetBucketOwnershipControlsOutput { ownership_controls: Some(documents::read(&stored)?) })
}

pub(in crate::api::s3) async fn put(
    api: &S3Api,
    request: S3Request<PutBucketOwnershipControlsInput>,
) -> S3Result<PutBucketOwnershipControlsOutput> {
    let sender = sender(&request)?;
    let PutBucketOwnershipControlsInput { bucket, ownership_controls, .. } = request.input;
    let [rule] = ownership_controls.rules.as_slice() else {
        return Err(malformed_xml());
    };
    let document = document(&rule.object_ownership).ok_or_else(malformed_xml)??;
    let enforced = is_enforced(&rule.object_ownership);
    change(api, bucket, WHAT, sender, move |settings| {
        if enforced && !acl::is_owners_only(settings)? {
            return Err(s3_error(
                S3ErrorCode::InvalidBucketAclWithObjectOwnership,
                "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
            ));
        }
        settings.ownership = Some(document.clone());
        Ok(())
    })
    .await?;
    Ok(PutBucketOwnershipControlsOutput {})
}

pub(in crate::api::s3) async fn delete(
    api: &S3Api,
    request: S3Request<DeleteBucketOwnershipControlsInput>,
) -> S3Result<DeleteBucketOwnershipControlsOutput> {
    let sender = sender(&request)?;
    change(api, request.input.bucket, WHAT, sender, |settings| {
        settings.ownership = None;
        Ok(())
    })
    .await?;
    Ok(DeleteBucketOwnershipControlsOutput {})
}

/// The settings of a bucket that is made with this header.
pub(in crate::api::s3) fn of_new_bucket(
    ownership: Option<&ObjectOwnership>,
) -> S3Result<BucketSettings> {
    let refused = |ownership: &ObjectOwnership| {
        let message = format!("Invalid x-amz-object-ownership header: {}", ownership.as_str());
        s3_error(S3ErrorCode::InvalidArgument, message)
    };
    let kept = |ownership| document(ownership).ok_or_else(|| refused(ownership))?;
    Ok(BucketSettings { ownership: ownership.map(kept).transpose()?, ..Default::default() })
}

/// Whether ACLs are switched off.
pub(super) fn switches_acls_off(settings: &BucketSettings) -> S3Result<bool> {
    let Some(stored) = &settings.ownership else {
        return Ok(false);
    };
    let controls: OwnershipControls = documents::read(stored)?;
    Ok(controls.rules.iter().any(|rule| is_enforced(&rule.object_ownership)))
}

fn is_enforced(ownership: &ObjectOwnership) -> bool {
    ownership.as_str() == ObjectOwnership::BUCKET_OWNER_ENFORCED
}

/// The document of one rule; none if S3 has no such rule.
fn document(ownership: &ObjectOwnership) -> Option<S3Result<String>> {
    const RULES: [&str; 3] = [
        ObjectOwnership::BUCKET_OWNER_ENFORCED,
        ObjectOwnership::BUCKET_OWNER_PREFERRED,
        ObjectOwnership::OBJECT_WRITER,
    ];
    let rule = OwnershipControlsRule { object_ownership: ownership.clone() };
    RULES
        .contains(&ownership.as_str())
        .then(|| documents::write(&OwnershipControls { rules: vec![rule] }))
}
