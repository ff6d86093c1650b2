//! `remote_state { backend = "s3", config = { … } }`.

use hcl_edit::Span;
use hcl_edit::expr::{Expression, Object};

use super::evaluation::{Scope, key_of};
use crate::argument::{Arguments, Source};
use crate::error::ConfigError;
use crate::tree::ModuleBackend;
use crate::value::Value;
use crate::written::NotLiteral;

/// What terragrunt keeps to itself, for making the bucket and the table.
const OWN: &[&str] = &[
    "accesslogging_bucket_name",
    "accesslogging_bucket_tags",
    "accesslogging_target_object_partition_date_source",
    "accesslogging_target_prefix",
    "bucket_sse_algorithm",
    "bucket_sse_kms_key_id",
    "disable_aws_client_checksums",
    "disable_bucket_update",
    "dynamodb_table_tags",
    "enable_lock_table_ssencryption",
    "s3_bucket_tags",
    "skip_bucket_accesslogging",
    "skip_bucket_enforced_tls",
    "skip_bucket_public_access_blocking",
    "skip_bucket_root_access",
    "skip_bucket_ssencryption",
    "skip_bucket_versioning",
];
/// An old name, and the backend's.
const LOCK_TABLE: (&str, &str) = ("lock_table", "dynamodb_table");

/// The backend of a file's `remote_state`, if it has one.
///
/// # Errors
/// [`ConfigError::Structure`] if it has one, and cannot be known.
pub(super) fn backend(scope: &Scope<'_>) -> Result<Option<ModuleBackend>, ConfigError> {
    let file = scope.source.file();
    let Some(block) = scope.source.blocks("remote_state").next() else { return Ok(None) };
    let kind = match block.body.get_attribute("backend").map(|kind| scope.value(&kind.value)) {
        Some(Ok(Some(Value::Text(kind)))) => kind,
        Some(Err(what)) => {
            let message = format!("which backend this is is not known: `backend` {what}");
            return Err(file.wrong(&block.ident, message));
        }
        Some(Ok(_)) | None => {
            return Err(file.wrong(&block.ident, "`remote_state` names no `backend`"));
        }
    };
    let mut backend = ModuleBackend {
        kind,
        place: file.place(&block.ident),
        completed_by: Vec::new(),
        arguments: Arguments::default(),
        expressions: Vec::new(),
    };
    match block.body.get_attribute("config").map(|config| (config, &config.value)) {
        None => {}
        Some((_, Expression::Object(config))) => read_config(scope, config, &mut backend),
        Some((attribute, _)) => backend.expressions.push(NotLiteral {
            argument: "config".to_owned(),
            place: file.place(attribute),
            what: "is computed",
        }),
    }
    Ok(Some(backend))
}

fn read_config(scope: &Scope<'_>, config: &Object, backend: &mut ModuleBackend) {
    let file = scope.source.file();
    for (key, value) in config {
        let Some(name) = key_of(key, &file).filter(|name| !OWN.contains(&name.as_str())) else {
            continue;
        };
        let name = if name == LOCK_TABLE.0 { LOCK_TABLE.1.to_owned() } else { name };
        let place = match key.span() {
            Some(_) => file.place(key),
            None => file.place(value.expr()),
        };
        match scope.value(value.expr()) {
            Ok(value) => backend.arguments.set(name, value, Source::Written(place)),
            Err(what) => backend.expressions.push(NotLiteral { argument: name, place, what }),
        }
    }
}
