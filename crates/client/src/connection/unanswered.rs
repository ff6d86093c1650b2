//! Where a request went that got no answer: the SDK's errors do not say it, and people need it first.

use std::error::Error as StdError;
use std::fmt;

use aws_sdk_s3::config::endpoint::Params;
use aws_sdk_s3::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextMut,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::{BoxError, ConnectorError};
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::interceptors::context::Error;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

/// An error of the SDK, with the place that did not answer. Kind and causes stay as they were.
#[derive(Debug)]
pub(crate) struct Unanswered {
    /// Scheme, host and port.
    pub(crate) endpoint: String,
    /// Whether the host is a bucket's name before that of an endpoint that was named.
    pub(crate) is_bucket_in_host: bool,
    source: BoxError,
}

impl Unanswered {
    /// The one among the causes of an error.
    pub(crate) fn among<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(found);
            }
            cause = error.source();
        }
        None
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer from {}", self.endpoint)
    }
}

impl StdError for Unanswered {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}

/// Where the attempt that is under way goes.
#[derive(Clone, Debug)]
struct Asked {
    endpoint: String,
    is_bucket_in_host: bool,
}

impl Storable for Asked {
    type Storer = StoreReplace<Self>;
}

/// Puts [`Unanswered`] into each error of a connection, and into each timeout.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamesEndpoint;

impl Intercept for NamesEndpoint {
    fn name(&self) -> &'static str {
        "NamesEndpoint"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(endpoint) = endpoint_of(context.request().uri()) {
            let params = bag.load::<EndpointResolverParams>().and_then(EndpointResolverParams::get);
            let is_bucket_in_host = params.is_some_and(|params| is_in_host(params, &endpoint));
            bag.interceptor_state().store_put(Asked { endpoint, is_bucket_in_host });
        }
        Ok(())
    }

    fn modify_before_attempt_completion(
        &self,
        context: &mut FinalizerInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(asked), Some(Err(error))) =
            (bag.load::<Asked>(), context.output_or_error_mut())
        {
            let unnamed = std::mem::replace(error, OrchestratorError::other("being named"));
            *error = named(unnamed, asked);
        }
        Ok(())
    }
}

/// The same error with its endpoint. What is tried again depends on its kind, so that is kept.
fn named(error: OrchestratorError<Error>, asked: &Asked) -> OrchestratorError<Error> {
    let boxed = |source: OrchestratorError<Error>| -> BoxError {
        let Asked { endpoint, is_bucket_in_host } = asked.clone();
        Box::new(Unanswered { endpoint, is_bucket_in_host, source: source.into() })
    };
    if error.is_timeout_error() {
        return OrchestratorError::timeout(boxed(error));
    }
    let Some(connector) = error.as_connector_error() else { return error };
    let kind = connector.as_other();
    let (is_timeout, is_user, is_io) =
        (connector.is_timeout(), connector.is_user(), connector.is_io());
    let source = boxed(error);
    OrchestratorError::connector(match (is_timeout, is_user, is_io) {
        (true, _, _) => ConnectorError::timeout(source),
        (false, true, _) => ConnectorError::user(source),
        (false, false, true) => ConnectorError::io(source),
        (false, false, false) => ConnectorError::other(source, kind),
    })
}

/// Whether a request goes to the bucket's name before that of the endpoint that was named.
fn is_in_host(params: &Params, asked: &str) -> bool {
    let (Some(bucket), Some(named)) = (params.bucket(), params.endpoint().and_then(endpoint_of))
    else {
        return false;
    };
    named.split_once("://").is_some_and(|(_, host)| {
        asked.split_once("://").is_some_and(|(_, asked)| asked == format!("{bucket}.{host}"))
    })
}

/// Scheme, host and port; neither a name nor a password.
fn endpoint_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next().filter(|host| !host.is_empty())?;
    Some(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use statelock_protocol::store::Refusal;
    use tokio::net::TcpListener;

    use super::*;
    use crate::error::BUCKET_IN_HOST;
    use crate::settings::{ObjectSettings, Secret, StaticCredentials, StoreSettings};
    use crate::transport::failure::{Failed, failed};
    use crate::{Connection, StoreError};

    async fn connected(endpoint: &str) -> Connection {
        connected_with(endpoint, true).await
    }

    async fn connected_with(endpoint: &str, use_path_style: bool) -> Connection {
        let keys = StaticCredentials {
            access_key: "AKIA".to_owned(),
            secret_key: Secret::new("hunter2"),
            token: None,
        };
        let stores = StoreSettings {
            region: Some("us-east-1".to_owned()),
            endpoint_url: Some(endpoint.to_owned()),
            static_credentials: Some(keys),
            use_path_style: Some(use_path_style),
            attempt_timeout: Some(Duration::from_millis(300)),
            ..StoreSettings::default()
        };
        Connection::open(&stores, &ObjectSettings::default()).await.unwrap()
    }

    async fn asked(endpoint: &str) -> [Failed; 2] {
        let connection = connected(endpoint).await;
        let bucket = connection.effects().head_bucket().bucket("b").send().await;
        let table = connection.tables().describe_table().table_name("t").send().await;
        [
            failed("S3", "HeadBucket", &bucket.unwrap_err()),
            failed("DynamoDB", "DescribeTable", &table.unwrap_err()),
        ]
    }

    #[tokio::test]
    async fn nobody_there_is_told_with_the_place() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", closed.local_addr().unwrap());
        drop(closed);
        for failed in asked(&endpoint).await {
            assert_eq!(failed.refusal, Some(Refusal::Unavailable));
            assert_eq!(failed.trouble.endpoint.as_deref(), Some(endpoint.as_str()));
            let said = StoreError::from(failed).to_string();
            let expected = format!(" could not be sent to {endpoint}: ");
            assert!(said.contains(&expected) && said.contains("refused"), "{said}");
        }
    }

    #[tokio::test]
    async fn a_bucket_in_the_name_of_a_host_that_is_not_known_is_told() {
        // Reserved: no name server knows a name below it.
        let endpoint = "http://store.invalid:9000";
        let said = async |path_style| {
            let connection = connected_with(endpoint, path_style).await;
            let sent = connection.effects().head_bucket().bucket("states").send().await;
            let failed = failed("S3", "HeadBucket", &sent.unwrap_err());
            assert_eq!(failed.refusal, Some(Refusal::Unavailable), "nothing was sent");
            StoreError::from(failed).to_string()
        };
        let in_host = said(false).await;
        assert!(in_host.contains(" to http://states.store.invalid:9000: "), "{in_host}");
        assert!(in_host.ends_with(BUCKET_IN_HOST), "{in_host}");
        let in_path = said(true).await;
        assert!(in_path.contains(" to http://store.invalid:9000: "), "{in_path}");
        assert!(!in_path.contains(BUCKET_IN_HOST), "{in_path}");
    }

    #[tokio::test]
    async fn silence_is_told_with_the_place() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        for failed in asked(&endpoint).await {
            assert_eq!(failed.refusal, None, "it may have been received");
            let said = StoreError::from(failed).to_string();
            let expected = format!(" got no answer from {endpoint}: it took too long");
            assert!(said.ends_with(&expected), "{said}");
        }
    }

    #[test]
    fn an_endpoint_has_no_credentials_and_no_path() {
        for (url, endpoint) in [
            ("http://127.0.0.1:9000/b/k?list-type=2", Some("http://127.0.0.1:9000")),
            ("https://you:hunter2@store.example:8443/b", Some("https://store.example:8443")),
            (
                "https://b.s3.eu-west-1.amazonaws.com?x=a@b",
                Some("https://b.s3.eu-west-1.amazonaws.com"),
            ),
            ("http://[::1]:9000/", Some("http://[::1]:9000")),
            ("/b/k", None),
            ("http:///b", None),
        ] {
            assert_eq!(endpoint_of(url).as_deref(), endpoint, "{url}");
        }
    }
}
