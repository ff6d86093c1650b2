//! What a backend is: which state, which lock mode, and how its stores are reached.
//!
//! The names and meanings are those of Terraform's `s3` backend arguments. Everything that is not set
//! comes from where the AWS SDKs look: environment variables, the shared configuration files, the
//! metadata services of the machine.

mod encryption;
mod secret;

use std::path::PathBuf;
use std::time::Duration;

use statelock_protocol::lock::steps::{ConditionalDelete, LockMode};
use statelock_protocol::state::{StateAddress, StateKey, StateKeyError};
use statelock_protocol::store::BucketName;

pub use encryption::Encryption;
pub use secret::Secret;

/// One backend: the state, how it is locked, and where it is.
#[derive(Clone, Debug)]
pub struct BackendSettings {
    /// Which state.
    pub address: StateAddress,
    /// Through which protocols it is locked.
    pub mode: LockMode,
    /// How the stores are reached.
    pub stores: StoreSettings,
    /// What is sent with each object that is written.
    pub objects: ObjectSettings,
}

/// How S3 and DynamoDB are reached.
#[derive(Clone, Debug, Default)]
pub struct StoreSettings {
    /// `region`.
    pub region: Option<String>,
    /// `profile`.
    pub profile: Option<String>,
    /// `access_key`, `secret_key` and `token`; they win over everything else.
    pub static_credentials: Option<StaticCredentials>,
    /// `shared_config_files`, instead of `~/.aws/config`.
    pub shared_config_files: Vec<PathBuf>,
    /// `shared_credentials_files`, instead of `~/.aws/credentials`.
    pub shared_credentials_files: Vec<PathBuf>,
    /// Where all services are, as `AWS_ENDPOINT_URL`.
    pub endpoint_url: Option<String>,
    /// `endpoints.s3`.
    pub endpoint_s3: Option<String>,
    /// `endpoints.dynamodb`.
    pub endpoint_dynamodb: Option<String>,
    /// `endpoints.sts`.
    pub endpoint_sts: Option<String>,
    /// `sts_region`.
    pub sts_region: Option<String>,
    /// `use_path_style`. By default decided by the endpoint: path style for an IP address.
    pub use_path_style: Option<bool>,
    /// `use_fips_endpoint`.
    pub use_fips_endpoint: Option<bool>,
    /// `use_dualstack_endpoint`.
    pub use_dualstack_endpoint: Option<bool>,
    /// `custom_ca_bundle`, a PEM file, instead of the machine's root certificates.
    pub custom_ca_bundle: Option<PathBuf>,
    /// `http_proxy`, `https_proxy` and `no_proxy`, instead of the variables of these names.
    pub proxy: ProxySettings,
    /// `skip_metadata_api_check`: do not ask the machine's metadata service for credentials.
    pub skip_metadata_api_check: bool,
    /// `assume_role`.
    pub assume_role: Option<AssumeRole>,
    /// `assume_role_with_web_identity`.
    pub web_identity: Option<WebIdentity>,
    /// What is known of the object store; `None` to find out.
    pub conditional_delete: Option<ConditionalDelete>,
    /// How long one attempt of a small request may take.
    pub attempt_timeout: Option<Duration>,
}

/// An access key.
#[derive(Clone, Debug)]
pub struct StaticCredentials {
    /// `access_key`.
    pub access_key: String,
    /// `secret_key`.
    pub secret_key: Secret,
    /// `token`.
    pub token: Option<Secret>,
}

/// Proxies.
#[derive(Clone, Debug, Default)]
pub struct ProxySettings {
    /// For `http` endpoints.
    pub http: Option<String>,
    /// For `https` endpoints.
    pub https: Option<String>,
    /// Which hosts need none, separated by commas.
    pub none_for: Option<String>,
}

/// A role to assume before anything else.
#[derive(Clone, Debug, Default)]
pub struct AssumeRole {
    /// `role_arn`.
    pub role_arn: String,
    /// `session_name`.
    pub session_name: Option<String>,
    /// `external_id`.
    pub external_id: Option<String>,
    /// `policy`, JSON.
    pub policy: Option<String>,
    /// `policy_arns`.
    pub policy_arns: Vec<String>,
    /// `duration`.
    pub duration: Option<Duration>,
    /// `tags`.
    pub tags: Vec<(String, String)>,
}

/// A role to assume by a token of an identity provider.
#[derive(Clone, Debug, Default)]
pub struct WebIdentity {
    /// `role_arn`.
    pub role_arn: String,
    /// `session_name`.
    pub session_name: Option<String>,
    /// `web_identity_token_file`.
    pub token_file: PathBuf,
    /// `policy`, JSON.
    pub policy: Option<String>,
    /// `policy_arns`.
    pub policy_arns: Vec<String>,
}

/// What is sent with each object that is written.
#[derive(Clone, Debug, Default)]
pub struct ObjectSettings {
    /// `encrypt`, with `kms_key_id` or `sse_customer_key`.
    pub encryption: Encryption,
    /// `acl`.
    pub acl: Option<String>,
    /// `state_tags` of OpenTofu.
    pub state_tags: Vec<(String, String)>,
    /// `lock_tags` of OpenTofu.
    pub lock_tags: Vec<(String, String)>,
    /// `skip_s3_checksum`: send no checksums, for stores that refuse them.
    pub skip_checksum: bool,
}

impl BackendSettings {
    /// The default workspace's state under `key`, locked by lockfile; everything else from the environment.
    ///
    /// # Errors
    /// The key is empty, or starts or ends with `/`.
    pub fn lockfile(bucket: &str, key: &str) -> Result<Self, StateKeyError> {
        let address = StateAddress::new(BucketName::new(bucket), StateKey::parse(key)?);
        let (stores, objects) = (StoreSettings::default(), ObjectSettings::default());
        Ok(Self { address, mode: LockMode::Lockfile, stores, objects })
    }
}
