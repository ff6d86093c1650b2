//! The arguments of a configured `s3` backend, as the client takes them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use statelock_client::{
    AssumeRole, Encryption, ObjectSettings, ProxySettings, Secret, StaticCredentials,
    StoreSettings, WebIdentity,
};
use statelock_config::S3Arguments;

use super::BackendError;
use super::args::customer_key;
use crate::span;

/// How the stores are reached and what is sent along, with what is not as configured.
pub(super) struct Configured {
    pub(super) stores: StoreSettings,
    pub(super) objects: ObjectSettings,
    pub(super) warnings: Vec<String>,
}

/// Takes every argument that matters here. Files are looked for as Terraform does, which runs in
/// `directory`. `max_retries` and `retry_mode` mean nothing here, nor does what Terraform skips: nothing
/// is checked before it is used.
///
/// # Errors
/// [`BackendError::Argument`]: something that would be less safe than it is configured.
pub(super) fn settings(
    arguments: &S3Arguments,
    directory: &Path,
) -> Result<Configured, BackendError> {
    if arguments.insecure == Some(true) {
        let problem = "certificates are always verified here; name the root certificate of the store's own \
                       authority with custom_ca_bundle or --custom-ca-bundle";
        return Err(BackendError::Argument("insecure", problem.to_owned()));
    }
    let file = |text: &str| path(text, directory);
    let files = |texts: &Option<Vec<String>>| -> Vec<PathBuf> {
        texts.iter().flatten().map(|text| file(text)).collect()
    };
    let endpoints = &arguments.endpoints;
    let stores = StoreSettings {
        region: filled(arguments.region.as_ref()),
        profile: filled(arguments.profile.as_ref()),
        static_credentials: static_credentials(arguments)?,
        shared_config_files: files(&arguments.shared_config_files),
        shared_credentials_files: files(&arguments.shared_credentials_files),
        endpoint_url: None,
        endpoint_s3: endpoint(endpoints.s3.as_ref(), ["AWS_ENDPOINT_URL_S3", "AWS_S3_ENDPOINT"]),
        endpoint_dynamodb: endpoint(
            endpoints.dynamodb.as_ref(),
            ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_DYNAMODB_ENDPOINT"],
        ),
        endpoint_sts: endpoint(
            endpoints.sts.as_ref(),
            ["AWS_ENDPOINT_URL_STS", "AWS_STS_ENDPOINT"],
        ),
        sts_region: filled(arguments.sts_region.as_ref()),
        use_path_style: arguments.use_path_style,
        use_fips_endpoint: arguments.use_fips_endpoint,
        use_dualstack_endpoint: arguments.use_dualstack_endpoint,
        custom_ca_bundle: filled(arguments.custom_ca_bundle.as_ref()).map(|text| file(&text)),
        proxy: proxy(arguments),
        skip_metadata_api_check: arguments.skip_metadata_api_check.unwrap_or(false),
        assume_role: assume_role(arguments)?,
        web_identity: web_identity(arguments, &file)?,
        ..StoreSettings::default()
    };
    let tags = |tags: &Option<BTreeMap<String, String>>| tags.clone().unwrap_or_default();
    let objects = ObjectSettings {
        encryption: encryption(arguments)?,
        acl: filled(arguments.acl.as_ref()),
        state_tags: tags(&arguments.state_tags).into_iter().collect(),
        lock_tags: tags(&arguments.lock_tags).into_iter().collect(),
        skip_checksum: arguments.skip_s3_checksum.unwrap_or(false),
    };
    Ok(Configured { stores, objects, warnings: warnings(arguments) })
}

fn filled(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// A path as Terraform reads it: variables and `~` are expanded, and it is relative to the directory in
/// which Terraform runs.
fn path(text: &str, directory: &Path) -> PathBuf {
    let home = || std::env::var_os("HOME").map(PathBuf::from);
    let expanded = expand_variables(text, |name| std::env::var(name).ok());
    let below_home = expanded.strip_prefix("~/").and_then(|rest| Some(home()?.join(rest)));
    directory.join(below_home.unwrap_or_else(|| PathBuf::from(expanded)))
}

/// Replaces `$NAME` and `${NAME}`; one that is not set is replaced by nothing.
fn expand_variables(text: &str, variable: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let in_braces = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (name, tail) = in_braces.unwrap_or_else(|| {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
            after.split_at_checked(end).unwrap_or((after, ""))
        });
        if name.is_empty() {
            expanded.push('$');
        }
        expanded.push_str(&variable(name).unwrap_or_default());
        rest = tail;
    }
    expanded + rest
}

/// The endpoint of one service. The second variable is an old name that only Terraform reads; the first
/// one the SDK reads by itself.
fn endpoint(configured: Option<&String>, [name, old_name]: [&str; 2]) -> Option<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let old = || if variable(name).is_some() { None } else { variable(old_name) };
    filled(configured).or_else(old).map(|url| {
        let is_whole = url.contains("://");
        if is_whole { url } else { format!("https://{url}") }
    })
}

fn static_credentials(arguments: &S3Arguments) -> Result<Option<StaticCredentials>, BackendError> {
    let text = |secret: &Option<statelock_config::Secret>| {
        secret.as_ref().map(|secret| secret.reveal().to_owned()).filter(|text| !text.is_empty())
    };
    let alone = |missing| {
        Err(BackendError::Argument(missing, "it is not set, but its other half is".to_owned()))
    };
    match (text(&arguments.access_key), text(&arguments.secret_key)) {
        (Some(access_key), Some(secret)) => Ok(Some(StaticCredentials {
            access_key,
            secret_key: Secret::new(secret),
            token: text(&arguments.token).map(Secret::new),
        })),
        (Some(_), None) => alone("secret_key"),
        (None, Some(_)) => alone("access_key"),
        (None, None) => Ok(None),
    }
}

/// Terraform takes the proxy for `http` for `https` as well, unless there is one for that.
fn proxy(arguments: &S3Arguments) -> ProxySettings {
    let url = |secret: &Option<statelock_config::Secret>| {
        secret.as_ref().map(|secret| secret.reveal().to_owned()).filter(|text| !text.is_empty())
    };
    let (http, https) = (url(&arguments.http_proxy), url(&arguments.https_proxy));
    ProxySettings {
        https: https.or_else(|| http.clone()),
        http,
        none_for: filled(arguments.no_proxy.as_ref()),
    }
}

/// Terraform asks for no encryption unless `encrypt` is set, whatever else is.
fn encryption(arguments: &S3Arguments) -> Result<Encryption, BackendError> {
    if arguments.encrypt != Some(true) {
        return Ok(Encryption::Bucket);
    }
    let configured = arguments.sse_customer_key.as_ref().map(|key| key.reveal().to_owned());
    let own = configured.filter(|key| !key.is_empty()).map(Secret::new).or_else(customer_key);
    match (filled(arguments.kms_key_id.as_ref()), own) {
        (Some(_), Some(_)) => {
            let problem = "it cannot be used together with a key of your own (`sse_customer_key` or \
                           AWS_SSE_CUSTOMER_KEY)";
            Err(BackendError::Argument("kms_key_id", problem.to_owned()))
        }
        (Some(key), None) => Ok(Encryption::Kms(key)),
        (None, Some(key)) => Ok(Encryption::Customer(key)),
        (None, None) => Ok(Encryption::Store),
    }
}

fn assume_role(arguments: &S3Arguments) -> Result<Option<AssumeRole>, BackendError> {
    let Some(role) = &arguments.assume_role else { return Ok(None) };
    let duration = match filled(role.duration.as_ref()) {
        Some(text) => Some(go_duration(&text).ok_or_else(|| {
            let problem = format!("`{text}` is not a duration such as 1h or 1h30m");
            BackendError::Argument("assume_role.duration", problem)
        })?),
        None => None,
    };
    Ok(Some(AssumeRole {
        role_arn: role.role_arn.clone(),
        session_name: filled(role.session_name.as_ref()),
        external_id: role.external_id.as_ref().map(|id| id.reveal().to_owned()),
        policy: filled(role.policy.as_ref()),
        policy_arns: role.policy_arns.clone().unwrap_or_default(),
        duration,
        tags: role.tags.clone().unwrap_or_default().into_iter().collect(),
    }))
}

/// As Go writes durations, in hours, minutes and whole seconds.
fn go_duration(text: &str) -> Option<Duration> {
    let is_go = !text.contains(['d', 'w']);
    span::seconds(text).filter(|_| is_go).map(Duration::from_secs)
}

fn web_identity(
    arguments: &S3Arguments,
    file: &dyn Fn(&str) -> PathBuf,
) -> Result<Option<WebIdentity>, BackendError> {
    let Some(identity) = &arguments.assume_role_with_web_identity else { return Ok(None) };
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let lacks =
        |problem: &str| BackendError::Argument("assume_role_with_web_identity", problem.to_owned());
    let token_file = filled(identity.web_identity_token_file.as_ref()).map(|text| file(&text));
    let token_file =
        token_file.or_else(|| variable("AWS_WEB_IDENTITY_TOKEN_FILE").map(PathBuf::from));
    if token_file.is_none() && identity.web_identity_token.is_some() {
        return Err(lacks(
            "a `web_identity_token` is not taken here; put the token into a file and name that as \
             web_identity_token_file",
        ));
    }
    Ok(Some(WebIdentity {
        role_arn: filled(identity.role_arn.as_ref())
            .or_else(|| variable("AWS_ROLE_ARN"))
            .ok_or_else(|| lacks("it has no `role_arn`"))?,
        session_name: filled(identity.session_name.as_ref())
            .or_else(|| variable("AWS_ROLE_SESSION_NAME")),
        token_file: token_file.ok_or_else(|| lacks("it has no `web_identity_token_file`"))?,
        policy: filled(identity.policy.as_ref()),
        policy_arns: identity.policy_arns.clone().unwrap_or_default(),
    }))
}

/// What is configured and has no effect here.
fn warnings(arguments: &S3Arguments) -> Vec<String> {
    let role = arguments.assume_role.as_ref();
    let no_effect = [
        (
            arguments.allowed_account_ids.is_some() || arguments.forbidden_account_ids.is_some(),
            "whether the account is one of `allowed_account_ids` or `forbidden_account_ids` is not checked here",
        ),
        (
            role.is_some_and(|role| role.source_identity.is_some()),
            "`assume_role.source_identity` is not sent here",
        ),
        (
            role.is_some_and(|role| role.transitive_tag_keys.is_some()),
            "`assume_role.transitive_tag_keys` is not sent here",
        ),
        (
            arguments.assume_role_with_web_identity.is_some() && arguments.endpoints.sts.is_some(),
            "`endpoints.sts` is not used for a web identity here; set AWS_ENDPOINT_URL_STS",
        ),
        (
            arguments.endpoints.sso.is_some(),
            "`endpoints.sso` is not used here; set AWS_ENDPOINT_URL_SSO",
        ),
        (
            arguments.ec2_metadata_service_endpoint.is_some()
                || arguments.ec2_metadata_service_endpoint_mode.is_some(),
            "`ec2_metadata_service_endpoint` is not used here; set AWS_EC2_METADATA_SERVICE_ENDPOINT",
        ),
    ];
    let told = no_effect.iter().filter(|(is_set, _)| *is_set).map(|(_, text)| (*text).to_owned());
    let unknown = arguments
        .unknown
        .iter()
        .map(|name| format!("the backend argument `{name}` is not known here, and has no effect"));
    told.chain(unknown).collect()
}

#[cfg(test)]
#[path = "s3_arguments_tests.rs"]
mod tests;
