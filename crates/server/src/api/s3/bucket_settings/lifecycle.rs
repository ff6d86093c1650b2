//! Lifecycle rules: checked, stored and shown. Nothing is removed or moved by them, so what is kept is
//! always more than was asked, never less.

use std::collections::BTreeSet;

use s3s::dto::*;
use s3s::{S3ErrorCode, S3Request, S3Result};

use super::{change, documents, malformed_xml, settings};
use crate::api::s3::error::s3_error;
use crate::api::s3::{S3Api, sender};

/// The setting, as the audit log names it.
const WHAT: &str = "lifecycle";

/// Sent with every answer about this setting.
pub(in crate::api::s3) const NOTE: &str =
    "nothing is expired, aborted or moved; the rules are stored and shown only";

const RULES_MAX: usize = 1000;
const RULE_ID_CHARS_MAX: usize = 255;

pub(in crate::api::s3) async fn get(
    api: &S3Api,
    request: S3Request<GetBucketLifecycleConfigurationInput>,
) -> S3Result<GetBucketLifecycleConfigurationOutput> {
    let stored = settings(api, request.input.bucket).await?;
    let document = stored.lifecycle.ok_or_else(|| {
        s3_error(
            S3ErrorCode::NoSuchLifecycleConfiguration,
            "The lifecycle configuration does not exist",
        )
    })?;
    let configuration: BucketLifecycleConfiguration = documents::read(&document)?;
    let minimum = stored.lifecycle_minimum_size.map(TransitionDefaultMinimumObjectSize::from);
    Ok(GetBucketLifecycleConfigurationOutput {
        rules: Some(configuration.rules),
        transition_default_minimum_object_size: minimum,
    })
}

pub(in crate::api::s3) async fn put(
    api: &S3Api,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> S3Result<PutBucketLifecycleConfigurationOutput> {
    let sender = sender(&request)?;
    let input = request.input;
    let bucket = input.bucket;
    let configuration = input.lifecycle_configuration.ok_or_else(malformed_xml)?;
    check(&configuration.rules)?;
    let minimum = minimum_size(input.transition_default_minimum_object_size.as_ref())?;
    let document = documents::write(&configuration)?;
    let shown = minimum.clone();
    change(api, bucket.clone(), WHAT, sender, move |settings| {
        settings.lifecycle = Some(document.clone());
        settings.lifecycle_minimum_size = Some(minimum.as_str().to_owned());
        Ok(())
    })
    .await?;
    tracing::warn!(%bucket, "lifecycle rules were set, and {NOTE}");
    Ok(PutBucketLifecycleConfigurationOutput {
        transition_default_minimum_object_size: Some(shown),
    })
}

pub(in crate::api::s3) async fn delete(
    api: &S3Api,
    request: S3Request<DeleteBucketLifecycleInput>,
) -> S3Result<DeleteBucketLifecycleOutput> {
    let sender = sender(&request)?;
    change(api, request.input.bucket, WHAT, sender, |settings| {
        settings.lifecycle = None;
        settings.lifecycle_minimum_size = None;
        Ok(())
    })
    .await?;
    Ok(DeleteBucketLifecycleOutput {})
}

fn minimum_size(
    asked: Option<&TransitionDefaultMinimumObjectSize>,
) -> S3Result<TransitionDefaultMinimumObjectSize> {
    type Minimum = TransitionDefaultMinimumObjectSize;
    match asked.map(Minimum::as_str) {
        None | Some(Minimum::ALL_STORAGE_CLASSES_128K) => {
            Ok(Minimum::from_static(Minimum::ALL_STORAGE_CLASSES_128K))
        }
        Some(Minimum::VARIES_BY_STORAGE_CLASS) => {
            Ok(Minimum::from_static(Minimum::VARIES_BY_STORAGE_CLASS))
        }
        Some(_) => Err(invalid("Invalid x-amz-transition-default-minimum-object-size header")),
    }
}

fn check(rules: &[LifecycleRule]) -> S3Result<()> {
    if rules.is_empty() || rules.len() > RULES_MAX {
        return Err(malformed_xml());
    }
    let mut ids = BTreeSet::new();
    for rule in rules {
        check_rule(rule)?;
        if let Some(id) = rule.id.as_deref()
            && (id.chars().count() > RULE_ID_CHARS_MAX || !ids.insert(id))
        {
            return Err(invalid(
                "Rule ID must be unique and have at most 255 characters. Found another for the \
                 same ID, or a longer one.",
            ));
        }
    }
    Ok(())
}

fn check_rule(rule: &LifecycleRule) -> S3Result<()> {
    let status = rule.status.as_str();
    let is_known = [ExpirationStatus::ENABLED, ExpirationStatus::DISABLED].contains(&status);
    // A rule has one of the two, and S3's schema wants it.
    let is_selected_once = rule.filter.is_some() != rule.prefix.is_some();
    if !is_known || !is_selected_once {
        return Err(malformed_xml());
    }
    let does_something = rule.abort_incomplete_multipart_upload.is_some()
        || rule.expiration.is_some()
        || rule.noncurrent_version_expiration.is_some()
        || rule.noncurrent_version_transitions.as_ref().is_some_and(|some| !some.is_empty())
        || rule.transitions.as_ref().is_some_and(|some| !some.is_empty());
    if does_something {
        return Ok(());
    }
    Err(s3_error(
        S3ErrorCode::InvalidRequest,
        "At least one action needs to be specified in a rule",
    ))
}

fn invalid(message: &str) -> s3s::S3Error {
    s3_error(S3ErrorCode::InvalidArgument, message)
}
