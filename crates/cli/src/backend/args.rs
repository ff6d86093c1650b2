//! The options that name a backend.

use std::path::PathBuf;

use clap::Args;
use statelock_client::protocol::lock::steps::LockMode;
use statelock_client::protocol::store::TableName;
use statelock_client::{BackendSettings, Encryption, ObjectSettings, Secret, StoreSettings};
use statelock_protocol::state::{WorkspaceKeyPrefix, WorkspaceName};

use super::{BackendError, Resolved};
use crate::address;

/// Options with the names of the arguments of Terraform's `s3` backend.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Backend")]
pub(crate) struct BackendArgs {
    /// Workspace, if it is not the one that is selected.
    #[arg(long, value_name = "NAME", value_parser = address::workspace)]
    workspace: Option<WorkspaceName>,

    /// What the keys of named workspaces start with [default: env:].
    #[arg(long, value_name = "PREFIX", value_parser = address::workspace_key_prefix)]
    workspace_key_prefix: Option<WorkspaceKeyPrefix>,

    /// Lock by lockfile, `KEY.tflock` beside the state. The default, unless there is a lock table.
    #[arg(long)]
    use_lockfile: bool,

    /// Lock by this DynamoDB table; with --use-lockfile by both.
    #[arg(long, value_name = "TABLE")]
    dynamodb_table: Option<String>,

    /// Region of bucket and table [env: AWS_REGION].
    #[arg(long, value_name = "REGION")]
    region: Option<String>,

    /// Profile in the shared configuration files [env: AWS_PROFILE].
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Where S3 and DynamoDB are, if not at AWS [env: AWS_ENDPOINT_URL].
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,

    /// Name the bucket in the path of a URL, not in its host.
    #[arg(long)]
    use_path_style: bool,

    /// Root certificates, PEM [env: AWS_CA_BUNDLE].
    #[arg(long, value_name = "FILE")]
    custom_ca_bundle: Option<PathBuf>,

    /// Ask the store to encrypt what is written.
    #[arg(long)]
    encrypt: bool,

    /// With this KMS key; needs --encrypt. A key of your own goes into AWS_SSE_CUSTOMER_KEY.
    #[arg(long, value_name = "KEY", requires = "encrypt")]
    kms_key_id: Option<String>,

    /// Canned ACL of what is written.
    #[arg(long, value_name = "ACL")]
    acl: Option<String>,

    /// Send no checksums, for stores that refuse them.
    #[arg(long)]
    skip_s3_checksum: bool,
}

impl BackendArgs {
    /// The backend of an address: `s3://BUCKET/KEY`.
    ///
    /// # Errors
    /// The address or an option cannot be used.
    pub(crate) fn resolve(&self, address: Option<&str>) -> Result<Resolved, BackendError> {
        let text = address.unwrap_or(".");
        let settings = self.of_url(text)?;
        Ok(Resolved { settings, warnings: Vec::new() })
    }

    fn of_url(&self, text: &str) -> Result<BackendSettings, BackendError> {
        let parsed = address::backend_address(text);
        let parsed = parsed.map_err(|problem| BackendError::Address(text.to_owned(), problem))?;
        let address =
            parsed.in_workspace(self.workspace.clone(), self.workspace_key_prefix.clone());
        let mode = self.mode().unwrap_or(LockMode::Lockfile);
        Ok(BackendSettings { address, mode, stores: self.stores(), objects: self.objects() })
    }

    /// The lock mode that the options name, if they name one.
    fn mode(&self) -> Option<LockMode> {
        let table = self.dynamodb_table.as_deref().map(TableName::new);
        match (table, self.use_lockfile) {
            (None, false) => None,
            (None, true) => Some(LockMode::Lockfile),
            (Some(table), false) => Some(LockMode::LockTable(table)),
            (Some(table), true) => Some(LockMode::Dual(table)),
        }
    }

    /// How the stores are reached, for verbs that are about more than one state.
    pub(crate) fn stores(&self) -> StoreSettings {
        StoreSettings {
            region: self.region.clone(),
            profile: self.profile.clone(),
            endpoint_url: self.endpoint_url.clone(),
            use_path_style: self.use_path_style.then_some(true),
            custom_ca_bundle: self.custom_ca_bundle.clone(),
            ..StoreSettings::default()
        }
    }

    fn objects(&self) -> ObjectSettings {
        let customer_key = std::env::var("AWS_SSE_CUSTOMER_KEY").ok().filter(|key| !key.is_empty());
        let encryption = match (self.encrypt, &self.kms_key_id, customer_key) {
            (false, _, _) => Encryption::Bucket,
            (true, Some(key), _) => Encryption::Kms(key.clone()),
            (true, None, Some(key)) => Encryption::Customer(Secret::new(key)),
            (true, None, None) => Encryption::Store,
        };
        let (acl, skip_checksum) = (self.acl.clone(), self.skip_s3_checksum);
        ObjectSettings { encryption, acl, skip_checksum, ..ObjectSettings::default() }
    }
}
