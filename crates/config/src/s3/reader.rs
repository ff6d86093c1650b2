//! Reads each argument in its own type.

use std::collections::BTreeMap;

use super::schema::{Type, type_of};
use super::{Endpoints, KIND, S3Arguments, legacy, roles};
use crate::argument::{Arguments, Source};
use crate::error::ConfigError;
use crate::secret::Secret;
use crate::value::Value;

/// Arguments in their own types: of the backend, or of an object in it.
pub(super) struct Reader<'a> {
    values: BTreeMap<String, Value>,
    arguments: &'a Arguments,
}

pub(super) fn read(arguments: &Arguments) -> Result<S3Arguments, ConfigError> {
    let mut reader = Reader { values: BTreeMap::new(), arguments };
    let mut unknown = Vec::new();
    for (name, value) in arguments.iter() {
        match type_of(name) {
            Some(value_type) => {
                let converted = reader.converted(name, value_type, value)?;
                reader.values.insert(name.to_owned(), converted);
            }
            None => unknown.push(name.to_owned()),
        }
    }
    require(&reader)?;
    legacy::check(&reader)?;
    let mut read = plain(&reader)?;
    read.unknown = unknown;
    read.endpoints = endpoints(&reader);
    read.assume_role = roles::assume_role(&reader)?;
    read.assume_role_with_web_identity =
        reader.object("assume_role_with_web_identity").as_ref().map(roles::web_identity);
    Ok(read)
}

fn require(reader: &Reader<'_>) -> Result<(), ConfigError> {
    let missing: Vec<_> =
        ["bucket", "key"].into_iter().filter(|name| !reader.has(name)).map(str::to_owned).collect();
    if !missing.is_empty() {
        return Err(ConfigError::Missing { kind: KIND.to_owned(), arguments: missing });
    }
    for name in ["bucket", "key"] {
        if reader.text(name).is_some_and(|text| text.trim().is_empty()) {
            return Err(reader.bad(name, "must not be empty"));
        }
    }
    for name in ["key", "workspace_key_prefix"] {
        if reader.text(name).is_some_and(|text| text.starts_with('/') || text.ends_with('/')) {
            return Err(reader.bad(name, "must not start or end with `/`"));
        }
    }
    Ok(())
}

fn plain(reader: &Reader<'_>) -> Result<S3Arguments, ConfigError> {
    Ok(S3Arguments {
        bucket: reader.text("bucket").unwrap_or_default(),
        key: reader.text("key").unwrap_or_default(),
        region: reader.text("region"),
        workspace_key_prefix: reader.text("workspace_key_prefix"),
        use_lockfile: reader.bool("use_lockfile"),
        dynamodb_table: reader.text("dynamodb_table"),
        encrypt: reader.bool("encrypt"),
        kms_key_id: reader.text("kms_key_id"),
        sse_customer_key: reader.secret("sse_customer_key"),
        acl: reader.text("acl"),
        skip_s3_checksum: reader.bool("skip_s3_checksum"),
        access_key: reader.secret("access_key"),
        secret_key: reader.secret("secret_key"),
        token: reader.secret("token"),
        profile: reader.text("profile"),
        shared_config_files: reader.texts("shared_config_files"),
        shared_credentials_files: legacy::shared_credentials_files(reader),
        max_retries: reader.count("max_retries")?,
        retry_mode: reader.text("retry_mode"),
        use_path_style: reader.bool("use_path_style").or_else(|| reader.bool("force_path_style")),
        sts_region: reader.text("sts_region"),
        skip_credentials_validation: reader.bool("skip_credentials_validation"),
        skip_requesting_account_id: reader.bool("skip_requesting_account_id"),
        skip_region_validation: reader.bool("skip_region_validation"),
        skip_metadata_api_check: reader.bool("skip_metadata_api_check"),
        allowed_account_ids: reader.texts("allowed_account_ids"),
        forbidden_account_ids: reader.texts("forbidden_account_ids"),
        ec2_metadata_service_endpoint: reader.text("ec2_metadata_service_endpoint"),
        ec2_metadata_service_endpoint_mode: reader.text("ec2_metadata_service_endpoint_mode"),
        custom_ca_bundle: reader.text("custom_ca_bundle"),
        http_proxy: reader.secret("http_proxy"),
        https_proxy: reader.secret("https_proxy"),
        no_proxy: reader.text("no_proxy"),
        insecure: reader.bool("insecure"),
        use_fips_endpoint: reader.bool("use_fips_endpoint"),
        use_dualstack_endpoint: reader.bool("use_dualstack_endpoint"),
        state_tags: reader.text_map("state_tags"),
        lock_tags: reader.text_map("lock_tags"),
        ..S3Arguments::default()
    })
}

fn endpoints(reader: &Reader<'_>) -> Endpoints {
    let object = reader.object("endpoints");
    let endpoint = |name: &str, legacy: Option<&str>| {
        let url = object.as_ref().and_then(|object| object.text(name));
        url.or_else(|| reader.text(legacy?))
    };
    Endpoints {
        s3: endpoint("s3", Some("endpoint")),
        dynamodb: endpoint("dynamodb", Some("dynamodb_endpoint")),
        iam: endpoint("iam", Some("iam_endpoint")),
        sts: endpoint("sts", Some("sts_endpoint")),
        sso: endpoint("sso", None),
    }
}

impl Reader<'_> {
    fn converted(&self, name: &str, value_type: Type, value: &Value) -> Result<Value, ConfigError> {
        value_type.convert(value).map_err(|mismatch| ConfigError::WrongType {
            argument: format!("{name}{}", mismatch.path),
            expected: mismatch.expected,
            found: mismatch.found,
            origin: self.origin(name),
        })
    }

    pub(super) fn bad(&self, name: &str, reason: &'static str) -> ConfigError {
        ConfigError::BadValue { argument: name.to_owned(), reason, origin: self.origin(name) }
    }

    fn origin(&self, name: &str) -> Source {
        self.arguments.source(name).cloned().unwrap_or(Source::Default)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).and_then(content)
    }

    pub(super) fn secret(&self, name: &str) -> Option<Secret> {
        self.text(name).map(Secret::new)
    }

    fn bool(&self, name: &str) -> Option<bool> {
        match self.values.get(name)? {
            Value::Bool(value) => Some(*value),
            Value::Text(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        match self.values.get(name)? {
            Value::List(items) => Some(items.iter().filter_map(content).collect()),
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::Map(_) => None,
        }
    }

    pub(super) fn text_map(&self, name: &str) -> Option<BTreeMap<String, String>> {
        let texts = |(name, value): (&String, &Value)| Some((name.clone(), content(value)?));
        Some(self.entries(name)?.iter().filter_map(texts).collect())
    }

    pub(super) fn count(&self, name: &str) -> Result<Option<u32>, ConfigError> {
        match self.values.get(name) {
            Some(Value::Number(number)) => number
                .as_str()
                .parse()
                .map(Some)
                .map_err(|_| self.bad(name, "must be a whole number, and not negative")),
            Some(Value::Text(_) | Value::Bool(_) | Value::List(_) | Value::Map(_)) | None => {
                Ok(None)
            }
        }
    }

    /// The attributes of an object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Some(Self { values: self.entries(name)?.clone(), arguments: self.arguments })
    }

    fn entries(&self, name: &str) -> Option<&BTreeMap<String, Value>> {
        match self.values.get(name)? {
            Value::Map(entries) => Some(entries),
            Value::Text(_) | Value::Number(_) | Value::Bool(_) | Value::List(_) => None,
        }
    }
}

fn content(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
    }
}
