//! Who sent a request, as far as a server can tell.
//!
//! Stock clients do not say which lock they hold when they write a state or remove a lock. What they
//! do tell is collected here; each rule that uses it says why the sign is sound.

use std::net::IpAddr;

/// Through which API a request came.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// The S3 API.
    S3,
    /// The DynamoDB API.
    DynamoDb,
    /// Terraform's `http` backend.
    Http,
    /// The admin API.
    Admin,
}

/// Names one accepted connection; never used again while the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// A connection, as the listener knows it when a request arrives on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Which one.
    pub id: ConnectionId,
    /// Its other end.
    pub peer: IpAddr,
    /// When the connection was accepted or the latest answer on it was finished, whichever is later, in
    /// microseconds since the Unix epoch. A client sends its next request on a connection after that.
    pub idle_since_micros: u64,
}

/// Who sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Through which API.
    pub protocol: Protocol,
    /// The access key id whose signature or password was right.
    pub principal: String,
    /// The connection it came on.
    pub connection: Connection,
    /// Whether a proxy says that it stands between (`Forwarded`, `X-Forwarded-For` or `Via`).
    pub proxied: bool,
    /// The `User-Agent`, at most [`Sender::USER_AGENT_CHARS_MAX`] characters of it.
    pub user_agent: String,
    /// The AWS SDK's id of the call (`Amz-Sdk-Invocation-Id`), the same for all its attempts.
    pub invocation: Option<String>,
}

impl Sender {
    /// A longer `User-Agent` is cut.
    pub const USER_AGENT_CHARS_MAX: usize = 256;
    /// An SDK's invocation id has 36; a longer one is not believed, so that what is remembered stays
    /// small.
    pub const INVOCATION_SIZE_BYTES_MAX: usize = 128;

    /// Whether it is Terraform or OpenTofu, on connections that it has for itself.
    pub fn is_stock_client(&self) -> bool {
        !self.proxied && self.says_stock_client()
    }

    /// Whether it says that it is Terraform or OpenTofu. Their `http` backend says only that it is
    /// written in Go.
    pub fn says_stock_client(&self) -> bool {
        let marks: &[&str] = match self.protocol {
            Protocol::S3 | Protocol::DynamoDb => &["Terraform/", "OpenTofu/"],
            Protocol::Http => &["Go-http-client/", "Terraform/", "OpenTofu/"],
            Protocol::Admin => &[],
        };
        marks.iter().any(|mark| self.user_agent.contains(mark))
    }

    /// The part of its `User-Agent` that one client sends with all its requests. AWS SDKs add the service
    /// and the features that a call uses.
    pub fn program(&self) -> &str {
        let ends = [" api/", " ft/", " m/"].iter().filter_map(|mark| self.user_agent.find(mark));
        let end = ends.min().unwrap_or(self.user_agent.len());
        self.user_agent.get(..end).unwrap_or_default()
    }

    /// Reads what a request's headers say about its sender.
    pub fn from_headers(
        protocol: Protocol,
        principal: impl Into<String>,
        connection: Connection,
        headers: &http::HeaderMap,
    ) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let user_agent = text("user-agent").unwrap_or_default();
        let invocation = text("amz-sdk-invocation-id")
            .filter(|id| !id.is_empty() && id.len() <= Self::INVOCATION_SIZE_BYTES_MAX);
        Self {
            protocol,
            principal: principal.into(),
            connection,
            proxied: ["forwarded", "x-forwarded-for", "via"]
                .iter()
                .any(|name| headers.contains_key(*name)),
            user_agent: user_agent.chars().take(Self::USER_AGENT_CHARS_MAX).collect(),
            invocation: invocation.map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{Connection, ConnectionId, Protocol, Sender};

    const TERRAFORM: &str = "APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io) \
                             aws-sdk-go-v2/1.36.0 ua/2.1 os/linux lang/go#1.23.3";

    fn sender(protocol: Protocol, user_agent: &str) -> Sender {
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        let connection = Connection { id: ConnectionId(1), peer, idle_since_micros: 0 };
        let headers: HeaderMap =
            [(http::header::USER_AGENT, user_agent.parse().unwrap())].into_iter().collect();
        Sender::from_headers(protocol, "root", connection, &headers)
    }

    #[test]
    fn a_program_is_the_same_in_all_its_requests() {
        let put = format!("{TERRAFORM} api/s3#1.75.2 ft/s3-transfer m/G,Z");
        let get = format!("{TERRAFORM} api/s3#1.75.2");
        let item = format!("{TERRAFORM} api/dynamodb#1.39.8");
        for user_agent in [put, get, item] {
            assert_eq!(sender(Protocol::S3, &user_agent).program(), TERRAFORM);
        }
        assert_eq!(sender(Protocol::S3, "curl/8").program(), "curl/8");
    }

    #[test]
    fn stock_clients_are_told_from_others_and_not_behind_a_proxy() {
        assert!(sender(Protocol::S3, TERRAFORM).is_stock_client());
        assert!(sender(Protocol::DynamoDb, "APN/1.0 OpenTofu/1.10.2").is_stock_client());
        assert!(sender(Protocol::Http, "Go-http-client/1.1").is_stock_client());
        assert!(!sender(Protocol::S3, "Go-http-client/1.1").is_stock_client());
        assert!(!sender(Protocol::Http, "python-requests/2").is_stock_client());
        let proxied = Sender { proxied: true, ..sender(Protocol::S3, TERRAFORM) };
        assert!(!proxied.is_stock_client());
        assert!(proxied.says_stock_client());
    }
}
