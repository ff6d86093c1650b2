//! Where a probe goes: bucket, endpoints, and the addresses of their names.

use std::net::IpAddr;

use statelock_client::probe::GivenAddresses;
use statelock_client::without_user;

/// A bucket, and what keys in it begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: String,
    pub(super) prefix: String,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { bucket, prefix } = self;
        if prefix.is_empty() {
            write!(f, "s3://{bucket}")
        } else {
            write!(f, "s3://{bucket}/{prefix}")
        }
    }
}

/// Addresses of a host name, as they are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) name: String,
    pub(super) addresses: Vec<IpAddr>,
}

impl std::fmt::Display for Resolved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let addresses: Vec<_> = self.addresses.iter().map(ToString::to_string).collect();
        write!(f, "{}:{}", self.name, addresses.join(","))
    }
}

/// Understands an address.
pub(super) fn place(text: &str) -> Result<Place, String> {
    let form = "not of the form s3://BUCKET[/PREFIX]";
    let rest = text.strip_prefix("s3://").ok_or(form)?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    if bucket.is_empty() || prefix.starts_with('/') {
        return Err(form.to_owned());
    }
    Ok(Place { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

/// The URL of an endpoint, without a user in it. Whether it is one at all is said later: here the whole of it would be
/// shown, with the password.
#[expect(clippy::unnecessary_wraps, reason = "a value parser may fail; this one does so later")]
pub(super) fn url(text: &str) -> Result<String, String> {
    Ok(without_user(text.trim_end_matches('/')))
}

/// Understands `NAME:ADDRESS[,ADDRESS]…`.
pub(super) fn resolved(text: &str) -> Result<Resolved, String> {
    let form = "not of the form NAME:ADDRESS[,ADDRESS], such as s3.example.com:10.0.0.1,10.0.0.2";
    let (name, addresses) = text.split_once(':').ok_or(form)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    // A number would be taken for an address, which is not looked up at all.
    if name.is_empty() || !name.chars().all(is_name) || name.parse::<IpAddr>().is_ok() {
        return Err(form.to_owned());
    }
    let parsed = |address: &str| {
        let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        bare.unwrap_or(address).parse().map_err(|_| format!("`{address}` is not an IP address"))
    };
    let addresses = addresses.split(',').map(parsed).collect::<Result<_, _>>()?;
    Ok(Resolved { name: name.to_owned(), addresses })
}

/// All that are given.
pub(super) fn given(all: &[Resolved]) -> GivenAddresses {
    let mut given = GivenAddresses::default();
    for Resolved { name, addresses } in all {
        given.add(name, addresses.iter().copied());
    }
    given
}

/// The first name that is no host of these URLs, nor the end of one.
pub(super) fn unused<'a>(all: &'a [Resolved], urls: &[&str]) -> Option<&'a str> {
    let hosts: Vec<_> = urls.iter().map(|url| host(url).to_ascii_lowercase()).collect();
    let is_used = |name: &str| {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let below = format!(".{name}");
        hosts.iter().any(|host| *host == name || host.ends_with(&below))
    };
    all.iter().map(|one| one.name.as_str()).find(|name| !is_used(name))
}

fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_bucket_and_perhaps_a_prefix() {
        let shown = |text: &str| place(text).map(|place| place.to_string());
        assert_eq!(shown("s3://b").as_deref(), Ok("s3://b"));
        assert_eq!(shown("s3://b/").as_deref(), Ok("s3://b"));
        assert_eq!(shown("s3://b/team/a/").as_deref(), Ok("s3://b/team/a"));
        for text in ["b", "s3://", "s3:///a", "https://b", "s3://b//a"] {
            assert!(shown(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_endpoint_is_known_without_its_user() {
        assert_eq!(url("http://127.0.0.1:9000/").as_deref(), Ok("http://127.0.0.1:9000"));
        assert_eq!(url("http://you:hunter2@h:9000/").as_deref(), Ok("http://h:9000"));
        assert_eq!(url("you:hunter2@h:9000").as_deref(), Ok("h:9000"));
    }

    #[test]
    fn a_name_has_addresses_of_both_kinds() {
        let shown = |text: &str| resolved(text).map(|resolved| resolved.to_string());
        assert_eq!(shown("s3.example.com:10.0.0.1").as_deref(), Ok("s3.example.com:10.0.0.1"));
        assert_eq!(shown("localhost:127.0.0.1,[::1]").as_deref(), Ok("localhost:127.0.0.1,::1"));
        assert_eq!(shown("h:::1").as_deref(), Ok("h:::1"));
        for text in
            ["h", "h:", ":10.0.0.1", "h:10.0.0.1,", "h:name", "10.0.0.1:10.0.0.2", "a b:::1"]
        {
            assert!(resolved(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_that_is_asked_for_nowhere_is_found() {
        let all: Vec<_> = ["S3.example.com:10.0.0.1", "other:10.0.0.1"]
            .into_iter()
            .map(|text| resolved(text).unwrap())
            .collect();
        let first = |urls: &[&str]| unused(&all, urls).map(str::to_owned);
        assert_eq!(first(&["https://s3.example.com:443/x"]).as_deref(), Some("other"));
        assert_eq!(first(&["http://s3.Example.com", "http://a.other:9000"]), None);
        assert_eq!(first(&["http://as3.example.com"]).as_deref(), Some("S3.example.com"));
    }
}
