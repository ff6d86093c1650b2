//! Where credentials come from.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{ConfigLoader, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::credential_sources;
use crate::error::ConnectError;
use crate::settings::{AssumeRole, StoreSettings};

/// Tells the SDK's own chain what the settings say.
pub(super) fn configure(
    mut loader: ConfigLoader,
    stores: &StoreSettings,
) -> Result<ConfigLoader, ConnectError> {
    if let Some(profile) = &stores.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(files) = profile_files(stores)? {
        loader = loader.profile_files(files);
    }
    if let Some(key) = &stores.static_credentials {
        let token = key.token.as_ref().map(|token| token.reveal().to_owned());
        let secret = key.secret_key.reveal();
        let fixed = Credentials::new(&key.access_key, secret, token, None, "backend configuration");
        loader = loader.credentials_provider(fixed);
    }
    Ok(loader)
}

/// The shared configuration files, if others than the usual ones are named.
fn profile_files(stores: &StoreSettings) -> Result<Option<EnvConfigFiles>, ConnectError> {
    let (configs, credentials) = (&stores.shared_config_files, &stores.shared_credentials_files);
    if configs.is_empty() && credentials.is_empty() {
        return Ok(None);
    }
    let mut files = EnvConfigFiles::builder();
    for path in configs {
        files = files.with_file(EnvConfigFileKind::Config, readable(path)?);
    }
    for path in credentials {
        files = files.with_file(EnvConfigFileKind::Credentials, readable(path)?);
    }
    files = files.include_default_config_file(configs.is_empty());
    files = files.include_default_credentials_file(credentials.is_empty());
    Ok(Some(files.build()))
}

fn readable(path: &std::path::Path) -> Result<&std::path::Path, ConnectError> {
    match std::fs::File::open(path) {
        Ok(_) => Ok(path),
        Err(source) => Err(ConnectError::File { path: path.display().to_string(), source }),
    }
}

/// Assumes roles, and makes sure that there are credentials before anything is sent.
pub(super) async fn resolved(
    shared: SdkConfig,
    stores: &StoreSettings,
) -> Result<SdkConfig, ConnectError> {
    let files = profile_files(stores)?;
    let shared = match credential_sources::named(stores, &shared, files.as_ref()) {
        Some(provider) => shared.into_builder().credentials_provider(provider).build(),
        None => shared,
    };
    let shared = match &stores.assume_role {
        Some(role) => {
            let provider = assume(role, &shared, stores).await;
            let provider = SharedCredentialsProvider::new(provider);
            shared.into_builder().credentials_provider(provider).build()
        }
        None => shared,
    };
    let Some(provider) = shared.credentials_provider() else {
        return Err(ConnectError::Credentials("none are configured".to_owned()));
    };
    match provider.provide_credentials().await {
        Ok(_) => Ok(shared),
        Err(error) => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(source) = cause {
                text = format!("{text}: {source}");
                cause = source.source();
            }
            // The SDK lists on lines of their own what it tried.
            let line: Vec<_> = text.split_whitespace().collect();
            Err(ConnectError::Credentials(line.join(" ")))
        }
    }
}

async fn assume(
    role: &AssumeRole,
    shared: &SdkConfig,
    stores: &StoreSettings,
) -> AssumeRoleProvider {
    let mut for_sts = shared.clone().into_builder();
    if let Some(endpoint) = &stores.endpoint_sts {
        for_sts = for_sts.endpoint_url(endpoint);
    }
    if let Some(region) = &stores.sts_region {
        for_sts = for_sts.region(aws_config::Region::new(region.clone()));
    }
    let session = role.session_name.clone().unwrap_or_else(|| "statelock".to_owned());
    let mut provider = AssumeRoleProvider::builder(&role.role_arn)
        .configure(&for_sts.build())
        .session_name(session)
        .policy_arns(role.policy_arns.clone())
        .tags(role.tags.clone());
    if let Some(id) = &role.external_id {
        provider = provider.external_id(id);
    }
    if let Some(policy) = &role.policy {
        provider = provider.policy(policy);
    }
    if let Some(duration) = role.duration {
        provider = provider.session_length(duration);
    }
    match shared.credentials_provider() {
        Some(base) => provider.build_from_provider(base).await,
        None => provider.build().await,
    }
}
