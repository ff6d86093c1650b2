//! Which API is a request for?
//!
//! `/_statelock/` is ours (no bucket can be named so); everything else goes by the service in the
//! request's SigV4 scope, so that one `AWS_ENDPOINT_URL` serves S3, STS, IAM and DynamoDB.

use http::{HeaderMap, Method, header};

use crate::api::http_backend;
use crate::api::identity::IdentityService;
use crate::metrics::Api;

/// Which API a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Admin,
    S3,
    Identity(IdentityService),
    DynamoDb,
    HttpBackend,
}

/// Decides by path, then by the service of the signature, then by what unsigned forms look like.
pub(super) fn route(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Route {
    if http_backend::serves(path) {
        return Route::HttpBackend;
    }
    if path == "/_statelock" || path.starts_with("/_statelock/") {
        return Route::Admin;
    }
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let service = header.and_then(|value| {
        let credential = value.split_once("Credential=")?.1;
        credential.split([',', ' ']).next()?.split('/').nth_back(1).map(str::to_owned)
    });
    let service = service.or_else(|| {
        let credential =
            query?.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
        let decoded = percent_encoding::percent_decode_str(credential).decode_utf8().ok()?;
        decoded.split('/').nth_back(1).map(str::to_owned)
    });
    match service.as_deref() {
        Some("sts") => Route::Identity(IdentityService::Sts),
        Some("iam") => Route::Identity(IdentityService::Iam),
        Some("dynamodb") => Route::DynamoDb,
        None if headers.contains_key("x-amz-target") => Route::DynamoDb,
        None if is_form(method, path, headers) => Route::Identity(IdentityService::Sts),
        Some(_) | None => Route::S3,
    }
}

fn is_form(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form =
        content_type.is_some_and(|name| name.starts_with("application/x-www-form-urlencoded"));
    method == Method::POST && path == "/" && is_form
}

impl From<Route> for Api {
    fn from(route: Route) -> Self {
        match route {
            Route::Admin => Self::Admin,
            Route::S3 => Self::S3,
            Route::Identity(_) => Self::Identity,
            Route::DynamoDb => Self::DynamoDb,
            Route::HttpBackend => Self::HttpBackend,
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::{IdentityService, Route, route};

    fn routed(path: &str, pairs: &[(&'static str, &'static str)], query: Option<&str>) -> Route {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        route(&Method::POST, path, &headers, query)
    }

    #[test]
    fn the_service_of_the_signature_decides() {
        let signed = |service: &str| -> &'static str {
            let value = format!(
                "AWS4-HMAC-SHA256 Credential=K/20260101/us-east-1/{service}/aws4_request, \
                 SignedHeaders=host, Signature=0"
            );
            Box::leak(value.into_boxed_str())
        };
        let by = |service| routed("/", &[("authorization", signed(service))], None);
        assert_eq!(by("s3"), Route::S3);
        assert_eq!(by("sts"), Route::Identity(IdentityService::Sts));
        assert_eq!(by("iam"), Route::Identity(IdentityService::Iam));
        assert_eq!(by("dynamodb"), Route::DynamoDb);
        assert_eq!(by("ec2"), Route::S3, "and its guard refuses it");
        let query = "X-Amz-Credential=K%2F20260101%2Fus-east-1%2Fsts%2Faws4_request";
        assert_eq!(routed("/", &[], Some(query)), Route::Identity(IdentityService::Sts));
    }

    #[test]
    fn our_own_paths_and_unsigned_forms_are_recognised() {
        assert_eq!(routed("/_statelock/health", &[], None), Route::Admin);
        assert_eq!(routed("/_statelockx", &[], None), Route::S3);
        for path in ["/_statelock/state/b/k", "/_statelock/lock/b/k", "/_statelock/unlock/b/k"] {
            assert_eq!(routed(path, &[], None), Route::HttpBackend, "{path}");
        }
        assert_eq!(routed("/_statelock/states/b/k", &[], None), Route::Admin);
        let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        assert_eq!(routed("/", &form, None), Route::Identity(IdentityService::Sts));
        assert_eq!(routed("/bucket", &form, None), Route::S3);
        assert_eq!(routed("/", &[("authorization", "Basic abc")], None), Route::S3);
    }
}
