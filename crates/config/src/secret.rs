//! What may be shown, and what not.

use std::fmt;

use crate::value::Value;

/// What stands where something is not shown.
pub(crate) const HIDDEN: &str = "(not shown)";

/// Arguments that are no secret in any backend. Every other one may be: a backend that is not known
/// here has its own names for keys and passwords.
const PLAIN: &[&str] = &[
    "acl",
    "address",
    "allowed_account_ids",
    "assume_role",
    "assume_role_with_web_identity",
    "bucket",
    "custom_ca_bundle",
    "duration",
    "dynamodb",
    "dynamodb_endpoint",
    "dynamodb_table",
    "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode",
    "encrypt",
    "endpoint",
    "endpoints",
    "forbidden_account_ids",
    "force_path_style",
    "hostname",
    "http_proxy",
    "https_proxy",
    "iam",
    "iam_endpoint",
    "insecure",
    "key",
    "kms_key_id",
    "lock_address",
    "lock_method",
    "lock_tags",
    "max_retries",
    "name",
    "no_proxy",
    "organization",
    "path",
    "policy_arns",
    "prefix",
    "profile",
    "region",
    "retry_max",
    "retry_mode",
    "retry_wait_max",
    "retry_wait_min",
    "role_arn",
    "s3",
    "session_name",
    "shared_config_files",
    "shared_credentials_file",
    "shared_credentials_files",
    "skip_cert_verification",
    "skip_credentials_validation",
    "skip_metadata_api_check",
    "skip_region_validation",
    "skip_requesting_account_id",
    "skip_s3_checksum",
    "sso",
    "state_tags",
    "sts",
    "sts_endpoint",
    "sts_region",
    "unlock_address",
    "unlock_method",
    "update_method",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
    "use_lockfile",
    "use_path_style",
    "web_identity_token_file",
    "workspace_dir",
    "workspace_key_prefix",
    "workspaces",
];

/// Maps whose names are the user's own, and which hold no secret.
const PLAIN_MAPS: &[&str] = &["lock_tags", "state_tags"];

/// A text that is never shown: not by `Debug`, not in an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for whoever needs it to sign or to encrypt.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// The value of the argument `name` for people, without what may be a secret.
pub(crate) fn shown(name: &str, value: &Value) -> String {
    if !PLAIN.contains(&name) {
        return HIDDEN.to_owned();
    }
    match value {
        Value::Text(text) => format!("`{}`", without_password(text)),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("`{number}`"),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| shown(name, item)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Map(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| {
                    let rule = if PLAIN_MAPS.contains(&name) { name } else { key };
                    format!("{key} = {}", shown(rule, value))
                })
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// A URL may carry a user's name and password before its host, and a token in its query.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let (rest, query) = match rest.split_once(['?', '#']) {
        Some((rest, _)) => (rest, "?…"),
        None => (rest, ""),
    };
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (rest, String::new()),
    };
    // A password may itself hold an `@`; the host comes after the last one.
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}{query}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_secret_says_nothing() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "(not shown)");
        assert_eq!(Secret::new("hunter2").reveal(), "hunter2");
    }

    #[test]
    fn only_plain_arguments_are_shown() {
        let text = Value::text("hunter2");
        assert_eq!(shown("bucket", &text), "`hunter2`");
        for name in
            ["secret_key", "access_key", "token", "sse_customer_key", "password", "conn_str"]
        {
            assert_eq!(shown(name, &text), "(not shown)", "{name}");
        }
    }

    #[test]
    fn a_secret_inside_a_map_is_hidden_and_its_neighbour_is_not() {
        let map = Value::Map(BTreeMap::from([
            ("role_arn".to_owned(), Value::text("arn:aws:iam::1:role/r")),
            ("web_identity_token".to_owned(), Value::text("hunter2")),
        ]));
        assert_eq!(
            shown("assume_role_with_web_identity", &map),
            "{role_arn = `arn:aws:iam::1:role/r`, web_identity_token = (not shown)}"
        );
    }

    #[test]
    fn a_url_loses_its_password_and_its_query() {
        for (url, expected) in [
            ("https://u:p@ss@host:1/x/y@z", "`https://host:1/x/y@z`"),
            ("http://u:p@host", "`http://host`"),
            ("https://host/x?token=hunter2", "`https://host/x?…`"),
            ("https://host", "`https://host`"),
        ] {
            assert_eq!(shown("address", &Value::text(url)), expected);
        }
    }
}
