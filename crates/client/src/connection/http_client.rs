//! The HTTP stack: TLS with the right root certificates, and proxies.

use std::fs;
use std::path::PathBuf;

use aws_sdk_s3::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::dns::SharedDnsResolver;

use crate::error::ConnectError;
use crate::settings::{ProxySettings, StoreSettings};

pub(super) fn of(stores: &StoreSettings) -> Result<SharedHttpClient, ConnectError> {
    resolving(stores, None)
}

/// As [`of`], with addresses that are looked up in another way, if there is one.
pub(crate) fn resolving(
    stores: &StoreSettings,
    resolver: Option<SharedDnsResolver>,
) -> Result<SharedHttpClient, ConnectError> {
    let context = TlsContext::builder().with_trust_store(trust_store(stores)?).build();
    let context = context.map_err(|error| ConnectError::Setting {
        setting: "custom_ca_bundle",
        problem: error.to_string(),
    })?;
    let proxy = proxy(&stores.proxy)?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context.clone())
            .proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        match &resolver {
            Some(resolver) => connector.build_with_resolver(resolver.clone()),
            None => connector.build(),
        }
    }))
}

fn trust_store(stores: &StoreSettings) -> Result<TrustStore, ConnectError> {
    let from_environment = || std::env::var_os("AWS_CA_BUNDLE").filter(|path| !path.is_empty());
    let path = stores.custom_ca_bundle.clone().or_else(|| from_environment().map(PathBuf::from));
    let Some(path) = path else {
        return Ok(TrustStore::default());
    };
    let shown = path.display().to_string();
    let pem =
        fs::read(path).map_err(|source| ConnectError::File { path: shown.clone(), source })?;
    if !pem.windows(10).any(|text| text == b"-----BEGIN") {
        let problem = format!("{shown} has no certificate in PEM form");
        return Err(ConnectError::Setting { setting: "custom_ca_bundle", problem });
    }
    Ok(TrustStore::empty().with_pem_certificate(pem))
}

fn proxy(settings: &ProxySettings) -> Result<ProxyConfig, ConnectError> {
    let bad = |setting| {
        move |error: &dyn std::fmt::Display| ConnectError::Setting {
            setting,
            problem: error.to_string(),
        }
    };
    let proxy = match (&settings.https, &settings.http) {
        (None, None) => return Ok(ProxyConfig::from_env()),
        (Some(https), Some(http)) if https == http => {
            ProxyConfig::all(https).map_err(|error| bad("https_proxy")(&error))?
        }
        // One connection has one proxy setting; endpoints of both kinds in one run are not known.
        (Some(https), _) => {
            ProxyConfig::https(https).map_err(|error| bad("https_proxy")(&error))?
        }
        (None, Some(http)) => ProxyConfig::http(http).map_err(|error| bad("http_proxy")(&error))?,
    };
    Ok(match &settings.none_for {
        Some(hosts) => proxy.no_proxy(hosts),
        None => proxy,
    })
}
