//! Sources of credentials that the settings name, where they go before the SDK's own order.

use aws_config::SdkConfig;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::{StaticConfiguration, WebIdentityTokenCredentialsProvider};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::env_config::file::EnvConfigFiles;

use crate::settings::{StoreSettings, WebIdentity};

/// What the settings say, as Terraform understands it; `None` if they leave it to the environment.
///
/// A profile that is named there goes before access keys in the environment. The SDK has it the other
/// way around, for it does not tell such a profile from one of `AWS_PROFILE`.
pub(super) fn named(
    stores: &StoreSettings,
    shared: &SdkConfig,
    files: Option<&EnvConfigFiles>,
) -> Option<SharedCredentialsProvider> {
    if stores.static_credentials.is_some() {
        return None;
    }
    let mut config = ProviderConfig::without_region().with_region(shared.region().cloned());
    if let Some(http_client) = shared.http_client() {
        config = config.with_http_client(http_client);
    }
    if let Some(identity) = &stores.web_identity {
        return Some(SharedCredentialsProvider::new(web_identity(identity, &config)));
    }
    let profile = || {
        let mut provider = ProfileFileCredentialsProvider::builder().configure(&config);
        if let Some(files) = files {
            provider = provider.profile_files(files.clone());
        }
        provider
    };
    if let Some(name) = &stores.profile {
        return Some(SharedCredentialsProvider::new(profile().profile_name(name).build()));
    }
    if !stores.skip_metadata_api_check {
        return None;
    }
    let environment = EnvironmentVariableCredentialsProvider::new();
    let from_token = WebIdentityTokenCredentialsProvider::builder().configure(&config).build();
    let container = EcsCredentialsProvider::builder().configure(&config).build();
    let chain = CredentialsProviderChain::first_try("Environment", environment)
        .or_else("Profile", profile().build())
        .or_else("WebIdentityToken", from_token)
        .or_else("EcsContainer", container);
    Some(SharedCredentialsProvider::new(chain))
}

fn web_identity(
    identity: &WebIdentity,
    config: &ProviderConfig,
) -> WebIdentityTokenCredentialsProvider {
    let mut provider = WebIdentityTokenCredentialsProvider::builder()
        .configure(config)
        .static_configuration(StaticConfiguration {
            web_identity_token_file: identity.token_file.clone(),
            role_arn: identity.role_arn.clone(),
            session_name: identity.session_name.clone().unwrap_or_else(|| "statelock".to_owned()),
        });
    if let Some(policy) = &identity.policy {
        provider = provider.policy(policy);
    }
    if !identity.policy_arns.is_empty() {
        provider = provider.policy_arns(identity.policy_arns.clone());
    }
    provider.build()
}
