//! The roles that a backend assumes.

use super::reader::Reader;
use super::{AssumeRole, AssumeRoleWithWebIdentity};
use crate::error::ConfigError;

/// The arguments beside `assume_role` that OpenTofu still takes, and Terraform took before 1.10.
const FLAT: &[&str] = &[
    "role_arn",
    "session_name",
    "external_id",
    "assume_role_duration_seconds",
    "assume_role_policy",
    "assume_role_policy_arns",
    "assume_role_tags",
    "assume_role_transitive_tag_keys",
];

/// The role, from the object or from the flat arguments.
///
/// # Errors
/// [`ConfigError`] if both are there, or the object has no role.
pub(super) fn assume_role(reader: &Reader<'_>) -> Result<Option<AssumeRole>, ConfigError> {
    let flat = FLAT.iter().find(|name| reader.has(name));
    match (reader.object("assume_role"), flat) {
        (Some(_), Some(flat)) => Err(ConfigError::Conflict {
            first: "assume_role".to_owned(),
            second: (*flat).to_owned(),
        }),
        (Some(object), None) => nested(&object).map(Some),
        // Without a role the other flat arguments mean nothing.
        (None, Some(_)) => flat_role(reader),
        (None, None) => Ok(None),
    }
}

fn nested(object: &Reader<'_>) -> Result<AssumeRole, ConfigError> {
    Ok(AssumeRole {
        role_arn: object
            .text("role_arn")
            .ok_or_else(|| object.bad("assume_role", "must have a `role_arn`"))?,
        duration: object.text("duration"),
        external_id: object.secret("external_id"),
        policy: object.text("policy"),
        policy_arns: object.texts("policy_arns"),
        session_name: object.text("session_name"),
        source_identity: object.text("source_identity"),
        tags: object.text_map("tags"),
        transitive_tag_keys: object.texts("transitive_tag_keys"),
    })
}

fn flat_role(reader: &Reader<'_>) -> Result<Option<AssumeRole>, ConfigError> {
    let Some(role_arn) = reader.text("role_arn").filter(|role| !role.is_empty()) else {
        return Ok(None);
    };
    Ok(Some(AssumeRole {
        role_arn,
        duration: reader
            .count("assume_role_duration_seconds")?
            .map(|seconds| format!("{seconds}s")),
        external_id: reader.secret("external_id"),
        policy: reader.text("assume_role_policy"),
        policy_arns: reader.texts("assume_role_policy_arns"),
        session_name: reader.text("session_name"),
        source_identity: None,
        tags: reader.text_map("assume_role_tags"),
        transitive_tag_keys: reader.texts("assume_role_transitive_tag_keys"),
    }))
}

/// The role of a token.
pub(super) fn web_identity(object: &Reader<'_>) -> AssumeRoleWithWebIdentity {
    AssumeRoleWithWebIdentity {
        role_arn: object.text("role_arn"),
        duration: object.text("duration"),
        policy: object.text("policy"),
        policy_arns: object.texts("policy_arns"),
        session_name: object.text("session_name"),
        web_identity_token: object.secret("web_identity_token"),
        web_identity_token_file: object.text("web_identity_token_file"),
    }
}
