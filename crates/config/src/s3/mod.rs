//! The arguments of an `s3` backend, by name and type.

use std::collections::BTreeMap;

use crate::argument::Arguments;
use crate::error::ConfigError;
use crate::secret::Secret;

pub(crate) use schema::{Type, type_of};

mod legacy;
mod reader;
mod roles;
mod schema;

/// The label of the block.
pub(crate) const KIND: &str = "s3";

/// Every argument that Terraform or OpenTofu knows. `None`: not set; an empty text counts as set, as
/// Terraform has it. Deprecated names are read into the ones that replaced them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each field is the backend argument of that name, documented by Terraform"
)]
pub struct S3Arguments {
    /// Required: not empty.
    pub bucket: String,
    /// Required: the state key, without a `/` at its ends.
    pub key: String,
    pub region: Option<String>,
    pub workspace_key_prefix: Option<String>,
    pub use_lockfile: Option<bool>,
    pub dynamodb_table: Option<String>,
    pub encrypt: Option<bool>,
    pub kms_key_id: Option<String>,
    pub sse_customer_key: Option<Secret>,
    pub acl: Option<String>,
    pub skip_s3_checksum: Option<bool>,
    pub access_key: Option<Secret>,
    pub secret_key: Option<Secret>,
    pub token: Option<Secret>,
    pub profile: Option<String>,
    pub shared_config_files: Option<Vec<String>>,
    pub shared_credentials_files: Option<Vec<String>>,
    pub max_retries: Option<u32>,
    pub retry_mode: Option<String>,
    pub endpoints: Endpoints,
    pub use_path_style: Option<bool>,
    pub sts_region: Option<String>,
    pub skip_credentials_validation: Option<bool>,
    pub skip_requesting_account_id: Option<bool>,
    pub skip_region_validation: Option<bool>,
    pub skip_metadata_api_check: Option<bool>,
    pub allowed_account_ids: Option<Vec<String>>,
    pub forbidden_account_ids: Option<Vec<String>>,
    pub ec2_metadata_service_endpoint: Option<String>,
    pub ec2_metadata_service_endpoint_mode: Option<String>,
    pub custom_ca_bundle: Option<String>,
    /// Not shown by `Debug`: a proxy's URL may hold a password.
    pub http_proxy: Option<Secret>,
    /// Likewise.
    pub https_proxy: Option<Secret>,
    pub no_proxy: Option<String>,
    pub insecure: Option<bool>,
    pub use_fips_endpoint: Option<bool>,
    pub use_dualstack_endpoint: Option<bool>,
    pub assume_role: Option<AssumeRole>,
    pub assume_role_with_web_identity: Option<AssumeRoleWithWebIdentity>,
    /// OpenTofu only.
    pub state_tags: Option<BTreeMap<String, String>>,
    /// OpenTofu only.
    pub lock_tags: Option<BTreeMap<String, String>>,
    /// Names of arguments that are set and that no version known here has.
    pub unknown: Vec<String>,
}

/// The `endpoints` argument: URLs of services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is the URL of the service of that name")]
pub struct Endpoints {
    pub s3: Option<String>,
    pub dynamodb: Option<String>,
    pub iam: Option<String>,
    pub sts: Option<String>,
    pub sso: Option<String>,
}

/// The `assume_role` argument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of that name, documented by Terraform"
)]
pub struct AssumeRole {
    pub role_arn: String,
    /// As Go writes durations: `1h30m`.
    pub duration: Option<String>,
    /// Not shown by `Debug`: some treat it as a password.
    pub external_id: Option<Secret>,
    pub policy: Option<String>,
    pub policy_arns: Option<Vec<String>>,
    pub session_name: Option<String>,
    pub source_identity: Option<String>,
    pub tags: Option<BTreeMap<String, String>>,
    pub transitive_tag_keys: Option<Vec<String>>,
}

/// The `assume_role_with_web_identity` argument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each field is the attribute of that name, documented by Terraform"
)]
pub struct AssumeRoleWithWebIdentity {
    /// OpenTofu takes it from `AWS_ROLE_ARN` if it is not set.
    pub role_arn: Option<String>,
    /// As Go writes durations.
    pub duration: Option<String>,
    pub policy: Option<String>,
    pub policy_arns: Option<Vec<String>>,
    pub session_name: Option<String>,
    pub web_identity_token: Option<Secret>,
    pub web_identity_token_file: Option<String>,
}

impl S3Arguments {
    /// Reads the arguments of an `s3` backend.
    ///
    /// # Errors
    /// [`ConfigError`] if a required argument is missing, a value has the wrong type or cannot make an
    /// address, or two arguments say the same thing.
    pub fn read(arguments: &Arguments) -> Result<Self, ConfigError> {
        reader::read(arguments)
    }
}
