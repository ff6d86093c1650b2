//! The options that name a backend.

use std::path::{Path, PathBuf};

use clap::Args;
use statelock_client::protocol::lock::steps::LockMode;
use statelock_client::protocol::store::TableName;
use statelock_client::{
    BackendSettings, Encryption, ObjectSettings, Secret, StoreSettings, without_user,
};
use statelock_config::{BackendOption, S3Arguments};
use statelock_protocol::state::{WorkspaceKeyPrefix, WorkspaceName};

use super::{BackendError, Resolved, directory};
use crate::address;
use crate::shell::quoted;

/// Options with the names of the arguments of Terraform's `s3` backend.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Backend")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct BackendArgs {
    /// Workspace, if it is not the one that is selected.
    #[arg(long, value_name = "NAME", value_parser = address::workspace)]
    pub(super) workspace: Option<WorkspaceName>,

    /// What the keys of named workspaces start with [default: env:].
    #[arg(long, value_name = "PREFIX", value_parser = address::workspace_key_prefix)]
    pub(super) workspace_key_prefix: Option<WorkspaceKeyPrefix>,

    /// Complete a directory's partial configuration, as for `terraform init`. May be repeated.
    #[arg(long, value_name = "FILE|NAME=VALUE", value_parser = backend_option)]
    pub(super) backend_config: Vec<BackendOption>,

    /// Lock by lockfile, `KEY.tflock` beside the state. The default, unless there is a lock table.
    #[arg(long)]
    pub(super) use_lockfile: bool,

    /// Lock by this DynamoDB table; with --use-lockfile by both.
    #[arg(long, value_name = "TABLE")]
    pub(super) dynamodb_table: Option<String>,

    /// Region of bucket and table [env: AWS_REGION].
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,

    /// Profile in the shared configuration files [env: AWS_PROFILE].
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,

    /// Where S3 and DynamoDB are, if not at AWS [env: AWS_ENDPOINT_URL]. A user and a password in it are not sent.
    #[arg(long, value_name = "URL")]
    pub(super) endpoint_url: Option<String>,

    /// Name the bucket in the path of a URL, not in its host.
    #[arg(long)]
    pub(super) use_path_style: bool,

    /// Root certificates, PEM [env: AWS_CA_BUNDLE].
    #[arg(long, value_name = "FILE")]
    pub(super) custom_ca_bundle: Option<PathBuf>,

    /// Ask the store to encrypt what is written.
    #[arg(long)]
    pub(super) encrypt: bool,

    /// With this KMS key; needs --encrypt. A key of your own goes into AWS_SSE_CUSTOMER_KEY.
    #[arg(long, value_name = "KEY", requires = "encrypt")]
    pub(super) kms_key_id: Option<String>,

    /// Canned ACL of what is written.
    #[arg(long, value_name = "ACL")]
    pub(super) acl: Option<String>,

    /// Send no checksums, for stores that refuse them.
    #[arg(long)]
    pub(super) skip_s3_checksum: bool,
}

impl BackendArgs {
    /// The backend of an address: `s3://BUCKET/KEY`, or a directory in which Terraform runs. Without one:
    /// the working directory.
    ///
    /// # Errors
    /// The address, the configuration or an option cannot be used.
    pub(crate) fn resolve(&self, address: Option<&str>) -> Result<Resolved, BackendError> {
        let text = address.unwrap_or(".");
        let (settings, warnings) = if text.starts_with("s3://") {
            (self.of_url(text)?, Vec::new())
        } else if text.contains("://") {
            let problem = "not of the form s3://BUCKET/KEY".to_owned();
            return Err(BackendError::Address(text.to_owned(), problem));
        } else {
            directory::settings(text.as_ref(), self)?
        };
        Ok(Resolved { settings, warnings, named: self.naming(address) })
    }

    /// The backend of arguments that were read already, of a root module in `directory`. The options for
    /// stores go before them, as everywhere; the workspace is said here.
    ///
    /// # Errors
    /// The arguments or an option cannot be used.
    pub(crate) fn resolve_arguments(
        &self,
        arguments: &S3Arguments,
        directory: &Path,
        workspace: WorkspaceName,
    ) -> Result<Resolved, BackendError> {
        let (settings, warnings) = directory::of_arguments(arguments, directory, workspace, self)?;
        Ok(Resolved { settings, warnings, named: self.naming(directory.to_str()) })
    }

    fn of_url(&self, text: &str) -> Result<BackendSettings, BackendError> {
        if !self.backend_config.is_empty() {
            return Err(BackendError::OptionWithUrl);
        }
        let parsed = address::backend_address(text);
        let parsed = parsed.map_err(|problem| BackendError::Address(text.to_owned(), problem))?;
        let address =
            parsed.in_workspace(self.workspace.clone(), self.workspace_key_prefix.clone());
        let mode = self.mode().unwrap_or(LockMode::Lockfile);
        let objects = self.objects(ObjectSettings::default());
        Ok(BackendSettings { address, mode, stores: self.stores(), objects })
    }

    /// The lock mode that the options name, if they name one.
    pub(super) fn mode(&self) -> Option<LockMode> {
        mode(self.use_lockfile, self.dynamodb_table.as_deref())
    }

    /// The lock table that an option names.
    pub(crate) fn table(&self) -> Option<TableName> {
        self.dynamodb_table.as_ref().map(TableName::new)
    }

    /// The same options, without those that say how states are locked.
    pub(crate) fn without_mode(&self) -> Self {
        Self { use_lockfile: false, dynamodb_table: None, ..self.clone() }
    }

    /// No option but a workspace.
    pub(crate) fn of_workspace(workspace: Option<WorkspaceName>) -> Self {
        Self { workspace, ..Self::default() }
    }

    /// The workspace that an option names.
    pub(crate) fn workspace(&self) -> Option<&WorkspaceName> {
        self.workspace.as_ref()
    }

    /// The region that an option names.
    pub(crate) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Whether the options are about one workspace.
    pub(crate) fn names_a_workspace(&self) -> bool {
        self.workspace.is_some() || self.workspace_key_prefix.is_some()
    }

    /// How the stores are reached, for verbs that are about more than one state.
    pub(crate) fn stores(&self) -> StoreSettings {
        self.stores_over(StoreSettings::default())
    }

    /// What the options say of how the stores are reached goes before what `configured` says.
    pub(super) fn stores_over(&self, configured: StoreSettings) -> StoreSettings {
        let mut stores = configured;
        if self.profile.is_some() {
            stores.static_credentials = None;
        }
        if self.endpoint_url.is_some() {
            (stores.endpoint_s3, stores.endpoint_dynamodb, stores.endpoint_sts) =
                (None, None, None);
        }
        StoreSettings {
            region: self.region.clone().or(stores.region),
            profile: self.profile.clone().or(stores.profile),
            endpoint_url: self.endpoint_url.clone().or(stores.endpoint_url),
            use_path_style: self.use_path_style.then_some(true).or(stores.use_path_style),
            custom_ca_bundle: self.custom_ca_bundle.clone().or(stores.custom_ca_bundle),
            ..stores
        }
    }

    /// What the options say of written objects goes before what `configured` says.
    pub(super) fn objects(&self, configured: ObjectSettings) -> ObjectSettings {
        let encryption = match (self.encrypt, &self.kms_key_id, customer_key()) {
            (false, _, _) => configured.encryption,
            (true, Some(key), _) => Encryption::Kms(key.clone()),
            (true, None, Some(key)) => Encryption::Customer(key),
            (true, None, None) => match configured.encryption {
                Encryption::Bucket => Encryption::Store,
                encryption @ (Encryption::Store
                | Encryption::Kms(_)
                | Encryption::KmsDualLayer(_)
                | Encryption::Customer(_)) => encryption,
            },
        };
        ObjectSettings {
            encryption,
            acl: self.acl.clone().or(configured.acl),
            skip_checksum: self.skip_s3_checksum || configured.skip_checksum,
            ..configured
        }
    }

    /// The words by which the same backend can be named again on a command line.
    fn naming(&self, address: Option<&str>) -> String {
        let option = |name: &str, value: Option<&str>| {
            value.map(|value| format!("--{name} {}", quoted(value)))
        };
        let flag = |is_set: bool, name: &str| is_set.then(|| format!("--{name}"));
        let prefix = self.workspace_key_prefix.as_ref().map(WorkspaceKeyPrefix::as_str);
        let which = [
            address.map(quoted),
            option("workspace", self.workspace.as_ref().map(WorkspaceName::as_str)),
            option("workspace-key-prefix", prefix),
        ];
        let configuration = self.backend_config.iter().map(|one| match one {
            BackendOption::File(path) => option("backend-config", path.to_str()),
            // Its value may be a secret.
            BackendOption::Argument { name, .. } => {
                option("backend-config", Some(&format!("{name}=…")))
            }
        });
        let endpoint_url = self.endpoint_url.as_deref().map(without_user);
        let ca_bundle = self.custom_ca_bundle.as_deref().and_then(|path| path.to_str());
        let how = [
            option("dynamodb-table", self.dynamodb_table.as_deref()),
            flag(self.use_lockfile, "use-lockfile"),
            option("region", self.region.as_deref()),
            option("profile", self.profile.as_deref()),
            option("endpoint-url", endpoint_url.as_deref()),
            option("custom-ca-bundle", ca_bundle),
            flag(self.use_path_style, "use-path-style"),
            // A customer's key goes along with reads too.
            flag(self.encrypt && self.kms_key_id.is_none(), "encrypt"),
        ];
        let words: Vec<_> = which.into_iter().chain(configuration).chain(how).flatten().collect();
        words.join(" ")
    }
}

/// The lock mode of two arguments; `None` if they name none.
pub(super) fn mode(use_lockfile: bool, table: Option<&str>) -> Option<LockMode> {
    match (table.map(TableName::new), use_lockfile) {
        (None, false) => None,
        (None, true) => Some(LockMode::Lockfile),
        (Some(table), false) => Some(LockMode::LockTable(table)),
        (Some(table), true) => Some(LockMode::Dual(table)),
    }
}

/// The user's own key, which Terraform takes from the environment as well.
pub(super) fn customer_key() -> Option<Secret> {
    let key = std::env::var("AWS_SSE_CUSTOMER_KEY").ok();
    key.filter(|key| !key.is_empty()).map(Secret::new)
}

#[expect(clippy::unnecessary_wraps, reason = "a value parser may fail; this one does so later")]
fn backend_option(text: &str) -> Result<BackendOption, String> {
    Ok(BackendOption::parse(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(mode: (bool, Option<&str>)) -> BackendArgs {
        BackendArgs {
            use_lockfile: mode.0,
            dynamodb_table: mode.1.map(str::to_owned),
            ..BackendArgs::default()
        }
    }

    #[test]
    fn an_address_with_options_can_be_named_again() {
        let named = |args: &BackendArgs, address| args.resolve(Some(address)).unwrap().named;
        assert_eq!(named(&args((false, None)), "s3://b/k"), "s3://b/k");
        let dual = args((true, Some("locks")));
        assert_eq!(
            named(&dual, "s3://b/a b"),
            "'s3://b/a b' --dynamodb-table locks --use-lockfile"
        );
        let secret = BackendOption::parse("secret_key=hunter2");
        let with_secret = BackendArgs { backend_config: vec![secret], ..args((false, None)) };
        assert_eq!(with_secret.naming(None), "--backend-config secret_key=…");
    }

    #[test]
    fn the_options_name_a_lock_mode() {
        let shown = |pair| args(pair).mode().map(|mode| mode.to_string());
        assert_eq!(shown((false, None)), None);
        assert_eq!(shown((true, None)).as_deref(), Some("lockfile"));
        assert_eq!(shown((false, Some("t"))).as_deref(), Some("lock_table"));
        assert_eq!(shown((true, Some("t"))).as_deref(), Some("dual"));
    }

    #[test]
    fn other_schemes_are_no_directories() {
        for text in ["gs://b/k", "https://h/k"] {
            let error = args((false, None)).resolve(Some(text)).unwrap_err();
            assert!(matches!(error, BackendError::Address(..)), "{text}: {error}");
        }
    }

    #[test]
    fn a_profile_on_the_command_line_goes_before_configured_keys() {
        let configured = StoreSettings {
            static_credentials: Some(statelock_client::StaticCredentials {
                access_key: "AKIA".to_owned(),
                secret_key: Secret::new("s"),
                token: None,
            }),
            endpoint_s3: Some("https://configured".to_owned()),
            region: Some("eu-west-1".to_owned()),
            ..StoreSettings::default()
        };
        let options = BackendArgs {
            profile: Some("ops".to_owned()),
            endpoint_url: Some("http://127.0.0.1:9000".to_owned()),
            ..BackendArgs::default()
        };
        let stores = options.stores_over(configured);
        assert!(stores.static_credentials.is_none());
        assert_eq!(stores.endpoint_s3, None);
        assert_eq!(stores.endpoint_url.as_deref(), Some("http://127.0.0.1:9000"));
        assert_eq!(stores.region.as_deref(), Some("eu-west-1"));
    }
}
