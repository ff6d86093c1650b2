//! Connections to S3 and DynamoDB, with the credentials that AWS clients would use.

pub(crate) mod answer_head;
mod credential_sources;
mod credentials;
pub(crate) mod endpoint_url;
pub(crate) mod headers;
pub(crate) mod http_client;
mod store_kind;
pub(crate) mod unanswered;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::{
    RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient,
};
use statelock_protocol::lock::steps::ConditionalDelete;

use crate::error::ConnectError;
use crate::settings::{Encryption, ObjectSettings, StoreSettings};
use answer_head::Hearing;
use endpoint_url::LeavesOutUser;
use store_kind::StoreKind;
use unanswered::NamesEndpoint;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one attempt of a small request may take. A state server may hold a request for a lock open
/// for 16 seconds, when it is not the first one with its lock ID.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(25);
/// How long a large body may take until the answer to it begins. The SDK ends transfers that stall much earlier.
const READ_TIMEOUT: Duration = Duration::from_mins(10);
/// Attempts of a request that changes nothing.
const READ_ATTEMPTS: u32 = 5;

/// Clients of both services.
#[derive(Clone, Debug)]
pub struct Connection {
    effects: aws_sdk_s3::Client,
    reads: aws_sdk_s3::Client,
    bodies: aws_sdk_s3::Client,
    tables: aws_sdk_dynamodb::Client,
    identity: aws_sdk_sts::Client,
    credentials: Option<SharedCredentialsProvider>,
    region: Option<String>,
    objects: ObjectSettings,
    kind: StoreKind,
    conditional_delete: Option<ConditionalDelete>,
}

impl Connection {
    /// Prepares clients as the settings and the environment say. Credentials are looked up; nothing is
    /// sent to the stores.
    ///
    /// # Errors
    /// [`ConnectError`]
    pub async fn open(
        stores: &StoreSettings,
        objects: &ObjectSettings,
    ) -> Result<Self, ConnectError> {
        let http_client = http_client::of(stores)?;
        let loader = loader(stores)?.http_client(http_client);
        // On the heap: the SDK looks for credentials in many places, and every caller would carry them.
        let shared = Box::pin(loader.load()).await;
        for url in endpoints(stores, &shared) {
            endpoint_url::check(&url)?;
        }
        let region = shared.region().ok_or(ConnectError::NoRegion)?;
        for region in [Some(region.as_ref()), stores.sts_region.as_deref()].into_iter().flatten() {
            if !is_region(region) {
                return Err(ConnectError::Region(region.to_owned()));
            }
        }
        let shared = Box::pin(credentials::resolved(shared, stores)).await?;
        Ok(Self::of(&shared, stores, objects))
    }

    fn of(shared: &SdkConfig, stores: &StoreSettings, objects: &ObjectSettings) -> Self {
        let endpoint = stores.endpoint_s3.is_some() || shared.endpoint_url().is_some();
        let kind = StoreKind::new(endpoint || names_an_endpoint("AWS_ENDPOINT_URL_S3"));
        let attempt = stores.attempt_timeout.unwrap_or(ATTEMPT_TIMEOUT);
        let small = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(attempt)
            .build();
        let large =
            TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(READ_TIMEOUT);
        let s3 = |retries: RetryConfig, timeouts: TimeoutConfig| {
            let config = s3_config(shared, stores).retry_config(retries).timeout_config(timeouts);
            aws_sdk_s3::Client::from_conf(
                config
                    .interceptor(Hearing(kind.clone()))
                    .interceptor(LeavesOutUser)
                    .interceptor(NamesEndpoint)
                    .build(),
            )
        };
        let reading = RetryConfig::standard().with_max_attempts(READ_ATTEMPTS);
        let mut tables = aws_sdk_dynamodb::config::Builder::from(shared)
            .retry_config(RetryConfig::disabled())
            .timeout_config(small.clone())
            .interceptor(LeavesOutUser)
            .interceptor(NamesEndpoint);
        if let Some(endpoint) = &stores.endpoint_dynamodb {
            tables = tables.endpoint_url(endpoint);
        }
        let mut identity = aws_sdk_sts::config::Builder::from(shared)
            .timeout_config(small.clone())
            .interceptor(LeavesOutUser)
            .interceptor(NamesEndpoint);
        if let Some(endpoint) = &stores.endpoint_sts {
            identity = identity.endpoint_url(endpoint);
        }
        if let Some(region) = &stores.sts_region {
            identity = identity.region(Region::new(region.clone()));
        }
        Self {
            effects: s3(RetryConfig::disabled(), small.clone()),
            reads: s3(reading, small),
            bodies: s3(RetryConfig::disabled(), large.build()),
            tables: aws_sdk_dynamodb::Client::from_conf(tables.build()),
            identity: aws_sdk_sts::Client::from_conf(identity.build()),
            credentials: shared.credentials_provider(),
            region: shared.region().map(ToString::to_string),
            objects: objects.clone(),
            kind,
            conditional_delete: stores.conditional_delete,
        }
    }

    /// S3, each call one attempt: for what has an effect, and for what a machine asks.
    pub(crate) fn effects(&self) -> &aws_sdk_s3::Client {
        &self.effects
    }

    /// S3, with repetitions: for what only reads.
    pub(crate) fn reads(&self) -> &aws_sdk_s3::Client {
        &self.reads
    }

    /// S3, each call one attempt, without a limit on its whole time: for large bodies.
    pub(crate) fn bodies(&self) -> &aws_sdk_s3::Client {
        &self.bodies
    }

    /// DynamoDB, each call one attempt.
    pub(crate) fn tables(&self) -> &aws_sdk_dynamodb::Client {
        &self.tables
    }

    /// Clients of S3 and DynamoDB over another HTTP stack, each call one attempt. Credentials are shared.
    pub(crate) fn over(
        &self,
        http_client: &SharedHttpClient,
    ) -> (aws_sdk_s3::Client, aws_sdk_dynamodb::Client) {
        let objects = self.effects.config().to_builder().http_client(http_client.clone());
        let tables = self.tables.config().to_builder().http_client(http_client.clone());
        let tables = aws_sdk_dynamodb::Client::from_conf(tables.build());
        (aws_sdk_s3::Client::from_conf(objects.build()), tables)
    }

    /// The same over another HTTP stack. Credentials are shared.
    pub(crate) fn through(&self, http_client: &SharedHttpClient) -> Self {
        let objects = |client: &aws_sdk_s3::Client| {
            let config = client.config().to_builder().http_client(http_client.clone());
            aws_sdk_s3::Client::from_conf(config.build())
        };
        let (effects, tables) = self.over(http_client);
        let (reads, bodies) = (objects(&self.reads), objects(&self.bodies));
        Self { effects, reads, bodies, tables, ..self.clone() }
    }

    /// Whether the object store is named by an endpoint, so that it may be any store.
    pub(crate) fn is_at_endpoint(&self) -> bool {
        self.kind.is_custom()
    }

    /// STS.
    pub(crate) fn identity(&self) -> &aws_sdk_sts::Client {
        &self.identity
    }

    /// Where credentials come from.
    pub(crate) fn credentials(&self) -> Option<&SharedCredentialsProvider> {
        self.credentials.as_ref()
    }

    /// The region that is asked.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// What goes along with objects.
    pub(crate) fn objects(&self) -> &ObjectSettings {
        &self.objects
    }

    /// The same, with another encryption of what is written.
    pub(crate) fn encrypting(&self, encryption: Encryption) -> Self {
        let objects = ObjectSettings { encryption, ..self.objects.clone() };
        Self { objects, ..self.clone() }
    }

    /// Whether an answer of the object store said that it is a statelock server.
    pub fn is_statelock_server(&self) -> bool {
        self.kind.is_statelock()
    }

    /// What is known of the store's conditional delete by now.
    pub fn conditional_delete(&self) -> ConditionalDelete {
        self.conditional_delete.unwrap_or_else(|| self.kind.conditional_delete())
    }
}

fn loader(stores: &StoreSettings) -> Result<ConfigLoader, ConnectError> {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12());
    if let Ok(name) = AppName::new(concat!("statelock-", env!("CARGO_PKG_VERSION"))) {
        loader = loader.app_name(name);
    }
    if let Some(region) = &stores.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &stores.endpoint_url {
        loader = loader.endpoint_url(endpoint);
    }
    if let Some(fips) = stores.use_fips_endpoint {
        loader = loader.use_fips(fips);
    }
    if let Some(dual_stack) = stores.use_dualstack_endpoint {
        loader = loader.use_dual_stack(dual_stack);
    }
    credentials::configure(loader, stores)
}

fn s3_config(shared: &SdkConfig, stores: &StoreSettings) -> aws_sdk_s3::config::Builder {
    // Checksums only where we ask for them, as many stores refuse those that the SDK adds by itself.
    let mut config = aws_sdk_s3::config::Builder::from(shared)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenSupported);
    if let Some(endpoint) = &stores.endpoint_s3 {
        config = config.endpoint_url(endpoint);
    }
    if let Some(path_style) = stores.use_path_style {
        config = config.force_path_style(path_style);
    }
    config
}

/// The endpoints that are used, as far as settings and environment name them.
fn endpoints(stores: &StoreSettings, shared: &SdkConfig) -> Vec<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
    let is_named = stores.endpoint_url.is_some();
    let of_service = |own: &Option<String>, name: &str| {
        own.clone().or_else(|| if is_named { None } else { variable(name) })
    };
    let services = [
        of_service(&stores.endpoint_s3, "AWS_ENDPOINT_URL_S3"),
        of_service(&stores.endpoint_dynamodb, "AWS_ENDPOINT_URL_DYNAMODB"),
        stores.endpoint_sts.clone(),
        shared.endpoint_url().map(str::to_owned),
        // What is no URL at all is left out there, and used all the same.
        if is_named { None } else { variable("AWS_ENDPOINT_URL") },
    ];
    services.into_iter().flatten().collect()
}

/// Whether this can be a part of a host's name. The SDK says of anything else that a request got no answer.
fn is_region(region: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&region.len()) && region.bytes().all(is_inner) && !region.starts_with('-')
}

/// The SDK reads this variable for itself; here it only matters whether there is one.
fn names_an_endpoint(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_no_part_of_a_host_name_is_no_region() {
        for region in ["us-east-1", "auto", "eu-west-1-local", "X", "main2"] {
            assert!(is_region(region), "{region}");
        }
        let long = "r".repeat(64);
        for region in ["EU West", "", "us-east-1 ", "-x", "a.b", "a/b", "é", "a\nb", &long] {
            assert!(!is_region(region), "{region}");
        }
    }

    #[tokio::test]
    async fn a_region_that_is_none_is_told_before_anything_is_sent() {
        let both = [("EU West", None), ("us-east-1", Some("EU West"))];
        for (region, sts_region) in both {
            let stores = StoreSettings {
                region: Some(region.to_owned()),
                sts_region: sts_region.map(str::to_owned),
                ..StoreSettings::default()
            };
            let opened = Connection::open(&stores, &ObjectSettings::default()).await;
            assert!(matches!(opened, Err(ConnectError::Region(text)) if text == "EU West"));
        }
    }
}
