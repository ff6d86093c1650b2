//! Deprecated names, and arguments that exclude each other.

use super::reader::Reader;
use crate::error::ConfigError;

/// Old names with the attribute of `endpoints` that replaced them.
const ENDPOINTS: &[(&str, &str)] = &[
    ("endpoint", "s3"),
    ("dynamodb_endpoint", "dynamodb"),
    ("iam_endpoint", "iam"),
    ("sts_endpoint", "sts"),
];

/// Pairs of which Terraform refuses both.
const EXCLUSIVE: &[(&str, &str)] = &[
    ("force_path_style", "use_path_style"),
    ("shared_credentials_file", "shared_credentials_files"),
    ("allowed_account_ids", "forbidden_account_ids"),
];

/// Refuses what says one thing twice.
///
/// # Errors
/// [`ConfigError::Conflict`].
pub(super) fn check(reader: &Reader<'_>) -> Result<(), ConfigError> {
    let conflict = |first: &str, second: String| {
        Err(ConfigError::Conflict { first: first.to_owned(), second })
    };
    let endpoints = reader.object("endpoints");
    for (old, new) in ENDPOINTS {
        if reader.has(old) && endpoints.as_ref().is_some_and(|endpoints| endpoints.has(new)) {
            return conflict(old, format!("endpoints.{new}"));
        }
    }
    for (first, second) in EXCLUSIVE {
        if reader.has(first) && reader.has(second) {
            return conflict(first, (*second).to_owned());
        }
    }
    // OpenTofu takes both if one of them is empty.
    let is_filled = |name| reader.text(name).is_some_and(|text| !text.is_empty());
    if is_filled("kms_key_id") && is_filled("sse_customer_key") {
        return conflict("kms_key_id", "sse_customer_key".to_owned());
    }
    Ok(())
}

/// `shared_credentials_files`, or the one file of the old name.
pub(super) fn shared_credentials_files(reader: &Reader<'_>) -> Option<Vec<String>> {
    reader
        .texts("shared_credentials_files")
        .or_else(|| reader.text("shared_credentials_file").map(|file| vec![file]))
}
