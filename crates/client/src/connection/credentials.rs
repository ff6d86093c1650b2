//! Where credentials come from.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{ConfigLoader, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::credential_sources;
use super::endpoint_url::without_user;
use crate::error::ConnectError;
use crate::settings::{AssumeRole, StoreSettings};

/// How the SDK begins if no place had any.
const NONE_IN_CHAIN: &str = "no credentials found in chain";
const PROFILE_VARIABLE: &str = "AWS_PROFILE";

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
        Err(error) => Err(ConnectError::Credentials(why_none(&error, stores))),
    }
}

/// Why there are no credentials, on one line.
fn why_none(error: &CredentialsError, stores: &StoreSettings) -> String {
    let mut causes = vec![error.to_string()];
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        causes.push(source.to_string());
        cause = source.source();
    }
    // Each place that has none is listed with its own reason, on many lines.
    if causes.iter().any(|cause| cause.starts_with(NONE_IN_CHAIN)) {
        let of_variable = || std::env::var(PROFILE_VARIABLE).ok().filter(|name| !name.is_empty());
        let profile = stores.profile.clone().or_else(of_variable);
        return nowhere(profile.as_deref().unwrap_or("default"));
    }
    // "The credential provider was not enabled": the next cause says why.
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) && causes.len() > 1 {
        causes.remove(0);
    }
    let text = causes.join(": ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn nowhere(profile: &str) -> String {
    format!(
        "there are none in the environment, none in the profile `{profile}` of the shared files, and this machine has \
         no role"
    )
}

async fn assume(
    role: &AssumeRole,
    shared: &SdkConfig,
    stores: &StoreSettings,
) -> AssumeRoleProvider {
    let mut for_sts = shared.clone().into_builder();
    if let Some(endpoint) = &stores.endpoint_sts {
        for_sts = for_sts.endpoint_url(without_user(endpoint));
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
