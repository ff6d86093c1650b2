//! A bucket's ACL. Only the root key ever has access: grants to its account and to S3's log delivery
//! group are stored and shown, and any other is refused.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result};

use super::{change, documents, ownership, settings, unsupported};
use crate::api::identity::ACCOUNT_ID;
use crate::api::s3::error::s3_error;
use crate::api::s3::listing::owner;
use crate::api::s3::{S3Api, sender};
use crate::records::BucketSettings;

/// The setting, as the audit log names it.
const WHAT: &str = "ACL";

/// Sent with every answer about this setting.
pub(in crate::api::s3) const NOTE: &str =
    "only the root key has access; grants are stored and shown only";

const GROUPS: &str = "http://acs.amazonaws.com/groups/";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";
const LOG_DELIVERY_WRITE: &str = "log-delivery-write";
const GRANTS_MAX: usize = 100;

pub(in crate::api::s3) async fn get(
    api: &S3Api,
    request: S3Request<GetBucketAclInput>,
) -> S3Result<GetBucketAclOutput> {
    let grants = grants_of(&settings(api, request.input.bucket).await?)?;
    Ok(GetBucketAclOutput { grants: Some(grants), owner: Some(owner()) })
}

pub(in crate::api::s3) async fn put(
    api: &S3Api,
    request: S3Request<PutBucketAclInput>,
) -> S3Result<PutBucketAclOutput> {
    let sender = sender(&request)?;
    let bucket = request.input.bucket.clone();
    let grants = requested(request.input)?;
    if grants.len() > GRANTS_MAX {
        return Err(malformed());
    }
    grants.iter().try_for_each(check)?;
    let for_others = !is_only_owner(&grants);
    let acl = AccessControlPolicy { grants: Some(grants), owner: Some(owner()) };
    let document = documents::write(&acl)?;
    change(api, bucket, WHAT, sender, move |settings| {
        if for_others && ownership::switches_acls_off(settings)? {
            return Err(s3_error(
                S3ErrorCode::AccessControlListNotSupported,
                "The bucket does not allow ACLs",
            ));
        }
        settings.acl = Some(document.clone());
        Ok(())
    })
    .await?;
    Ok(PutBucketAclOutput {})
}

/// Whether the ACL names nobody but the owner.
pub(super) fn is_owners_only(settings: &BucketSettings) -> S3Result<bool> {
    grants_of(settings).map(|grants| is_only_owner(&grants))
}

fn grants_of(settings: &BucketSettings) -> S3Result<Vec<Grant>> {
    let Some(stored) = &settings.acl else {
        return Ok(vec![owners_grant()]);
    };
    let acl: AccessControlPolicy = documents::read(stored)?;
    Ok(acl.grants.unwrap_or_default())
}

fn is_only_owner(grants: &[Grant]) -> bool {
    *grants == [owners_grant()]
}

fn owners_grant() -> Grant {
    grant(account(ACCOUNT_ID), Permission::FULL_CONTROL)
}

fn grant(grantee: Grantee, permission: &'static str) -> Grant {
    Grant { grantee: Some(grantee), permission: Some(Permission::from_static(permission)) }
}

fn account(id: &str) -> Grantee {
    Grantee { id: Some(id.to_owned()), ..grantee(Type::CANONICAL_USER) }
}

fn group(uri: &str) -> Grantee {
    Grantee { uri: Some(uri.to_owned()), ..grantee(Type::GROUP) }
}

fn grantee(kind: &'static str) -> Grantee {
    let type_ = Type::from_static(kind);
    Grantee { display_name: None, email_address: None, id: None, type_, uri: None }
}

/// What is asked for: by a canned ACL, by grants in headers or by a document.
fn requested(input: PutBucketAclInput) -> S3Result<Vec<Grant>> {
    let headers = [
        (Permission::FULL_CONTROL, input.grant_full_control),
        (Permission::READ, input.grant_read),
        (Permission::READ_ACP, input.grant_read_acp),
        (Permission::WRITE, input.grant_write),
        (Permission::WRITE_ACP, input.grant_write_acp),
    ];
    let granted: Vec<_> =
        headers.iter().filter_map(|(name, text)| Some((*name, text.as_deref()?))).collect();
    match (input.acl, granted.is_empty(), input.access_control_policy) {
        (Some(canned), true, None) => canned_grants(canned.as_str()),
        (None, false, None) => {
            let lists = granted.into_iter().map(|(permission, text)| listed(permission, text));
            Ok(lists.collect::<S3Result<Vec<_>>>()?.concat())
        }
        (None, true, Some(document)) => documented(document),
        (None, true, None) => Err(s3_error(
            S3ErrorCode::MissingSecurityHeader,
            "Your request was missing a required header",
        )),
        (Some(_), false, _) => Err(s3_error(
            S3ErrorCode::InvalidRequest,
            "Specifying both Canned ACLs and Header Grants is not allowed",
        )),
        (Some(_), true, Some(_)) | (None, false, Some(_)) => Err(s3_error(
            S3ErrorCode::UnexpectedContent,
            "This request contains unsupported content",
        )),
    }
}

fn canned_grants(canned: &str) -> S3Result<Vec<Grant>> {
    match canned {
        // The last two are about objects, and mean nothing more for a bucket.
        BucketCannedACL::PRIVATE | "bucket-owner-read" | "bucket-owner-full-control" => {
            Ok(vec![owners_grant()])
        }
        LOG_DELIVERY_WRITE => Ok(vec![
            owners_grant(),
            grant(group(LOG_DELIVERY), Permission::WRITE),
            grant(group(LOG_DELIVERY), Permission::READ_ACP),
        ]),
        BucketCannedACL::PUBLIC_READ
        | BucketCannedACL::PUBLIC_READ_WRITE
        | BucketCannedACL::AUTHENTICATED_READ => Err(public()),
        "aws-exec-read" => Err(other_account()),
        _ => Err(s3_error(
            S3ErrorCode::InvalidArgument,
            "The canned ACL that you specified is not one of S3's.",
        )),
    }
}

fn documented(document: AccessControlPolicy) -> S3Result<Vec<Grant>> {
    let named = document.owner.and_then(|owner| owner.id);
    if named.is_some_and(|id| id != ACCOUNT_ID) {
        return Err(s3_error(S3ErrorCode::AccessDenied, "Access Denied"));
    }
    document.grants.ok_or_else(malformed)
}

/// The grantees of one header: `id="…", uri="…"`.
fn listed(permission: &'static str, text: &str) -> S3Result<Vec<Grant>> {
    let one = |part: &str| {
        let (kind, value) = part.trim().split_once('=')?;
        let value = value.trim().trim_matches('"');
        match kind.trim().to_ascii_lowercase().as_str() {
            "id" => Some(account(value)),
            "uri" => Some(group(value)),
            "emailaddress" => Some(Grantee {
                email_address: Some(value.to_owned()),
                ..grantee(Type::AMAZON_CUSTOMER_BY_EMAIL)
            }),
            _ => None,
        }
    };
    let grants = text.split(',').map(|part| Some(grant(one(part)?, permission)));
    grants
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| s3_error(S3ErrorCode::InvalidArgument, "Argument format not recognized"))
}

fn check(grant: &Grant) -> S3Result<()> {
    const PERMISSIONS: [&str; 5] = [
        Permission::FULL_CONTROL,
        Permission::READ,
        Permission::READ_ACP,
        Permission::WRITE,
        Permission::WRITE_ACP,
    ];
    let permission = grant.permission.as_ref().map(Permission::as_str);
    let grantee = grant.grantee.as_ref().ok_or_else(malformed)?;
    if !permission.is_some_and(|permission| PERMISSIONS.contains(&permission)) {
        return Err(malformed());
    }
    match (grantee.id.as_deref(), grantee.uri.as_deref(), grantee.email_address.as_deref()) {
        (Some(ACCOUNT_ID), None, None) | (None, Some(LOG_DELIVERY), None) => Ok(()),
        (Some(_), None, None) | (None, None, Some(_)) => Err(other_account()),
        (None, Some(uri), None) if uri.starts_with(GROUPS) => Err(public()),
        (None, Some(_), None) => Err(s3_error(S3ErrorCode::InvalidArgument, "Invalid group uri")),
        (None, None, None)
        | (Some(_), Some(_), _)
        | (_, Some(_), Some(_))
        | (Some(_), _, Some(_)) => Err(malformed()),
    }
}

fn public() -> S3Error {
    unsupported("Nothing on this server is public: it takes no ACL that gives access to everyone.")
}

fn other_account() -> S3Error {
    unsupported("This server has one account: it takes no ACL that gives access to another.")
}

fn malformed() -> S3Error {
    s3_error(
        S3ErrorCode::MalformedACLError,
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}
