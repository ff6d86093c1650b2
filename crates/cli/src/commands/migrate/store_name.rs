//! Where the stores of a backend are, in words.

use statelock_client::{StateBackend, StoreSettings, without_user};

/// A service of a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// The buckets.
    S3,
    /// The lock tables.
    DynamoDb,
}

/// The endpoint that files, options or the environment name, without a user in it; `None` for that of AWS.
pub(super) fn endpoint(stores: &StoreSettings, service: Service) -> Option<String> {
    let (own, variable) = match service {
        Service::S3 => (&stores.endpoint_s3, "AWS_ENDPOINT_URL_S3"),
        Service::DynamoDb => (&stores.endpoint_dynamodb, "AWS_ENDPOINT_URL_DYNAMODB"),
    };
    let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let given = own.clone().or_else(|| stores.endpoint_url.clone());
    let given = given.or_else(|| of(variable)).or_else(|| of("AWS_ENDPOINT_URL"));
    given.map(|url| without_user(&url))
}

/// The endpoint, else the account at AWS.
pub(super) async fn of(backend: &StateBackend, service: Service) -> String {
    if let Some(endpoint) = endpoint(&backend.settings().stores, service) {
        return endpoint;
    }
    // Who may not ask for it, or not be told, has the same store all the same.
    match Box::pin(backend.connection().caller_identity()).await {
        Ok(identity) => format!("{ACCOUNT}{}", identity.account),
        Err(_) => AWS.to_owned(),
    }
}

/// Whether a store of that name may be the one with this endpoint. Accounts are not told apart: which one it is, only
/// its store can say.
pub(super) fn may_be(name: &str, endpoint: Option<&str>) -> bool {
    match endpoint {
        Some(endpoint) => in_one_form(name) == in_one_form(endpoint),
        None => name == AWS || name.starts_with(ACCOUNT),
    }
}

fn in_one_form(url: &str) -> String {
    without_user(url.trim_end_matches('/'))
}

/// An account that is not known.
const AWS: &str = "AWS";
/// What is before the number of an account.
const ACCOUNT: &str = "account ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_no_account() {
        let local = Some("http://127.0.0.1:9000");
        assert!(may_be("account 123456789012", None) && may_be("AWS", None));
        assert!(may_be("http://127.0.0.1:9000/", local));
        assert!(may_be("http://user:hunter2@127.0.0.1:9000", local), "of an earlier record");
        assert!(!may_be("http://127.0.0.1:9000", None));
        assert!(!may_be("account 123456789012", local) && !may_be("", None));
    }

    #[test]
    fn each_service_may_have_its_own_endpoint() {
        let text = |url: &str| Some(url.to_owned());
        let mut stores =
            StoreSettings { endpoint_url: text("http://both"), ..StoreSettings::default() };
        assert_eq!(endpoint(&stores, Service::DynamoDb), text("http://both"));
        stores.endpoint_dynamodb = text("http://user:hunter2@tables");
        assert_eq!(endpoint(&stores, Service::DynamoDb), text("http://tables"));
        assert_eq!(endpoint(&stores, Service::S3), text("http://both"));
    }
}
