//! The web address of a CI server: which runs are on it, and whether a token may travel there.

use std::net::IpAddr;

/// Scheme, authority and path of a server, as the environment names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    scheme: String,
    authority: String,
    /// Without a slash at its end.
    path: String,
}

impl Server {
    /// Reads `http://…` or `https://…`; `None` for what names no server.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic());
        let is_bare = !url.contains(['?', '#', '\\', '@']);
        let is_server = is_plain && is_bare && !authority.is_empty();
        let default_port = match scheme.as_str() {
            "https" => ":443",
            "http" => ":80",
            _ => return None,
        };
        let authority = authority.to_ascii_lowercase();
        let authority = authority.strip_suffix(default_port).unwrap_or(&authority).to_owned();
        let path = path.trim_end_matches('/');
        let path = if path.is_empty() { String::new() } else { format!("/{path}") };
        is_server.then_some(Self { scheme, authority, path })
    }

    /// The path of a URL below this server, without a slash at its start; `None` if the URL is
    /// somewhere else. A query or fragment is cut off.
    pub(super) fn path_below<'a>(&self, url: &'a str) -> Option<&'a str> {
        let bare = url.split(['?', '#']).next()?;
        let Self { scheme, authority, .. } = Self::parse(bare)?;
        if (scheme, authority) != (self.scheme.clone(), self.authority.clone()) {
            return None;
        }
        let (_, rest) = bare.split_once("://")?;
        let (_, path) = rest.split_once('/')?;
        let own = self.path.strip_prefix('/').unwrap_or("");
        if own.is_empty() { Some(path) } else { path.strip_prefix(own)?.strip_prefix('/') }
    }

    /// The name or address, without a port.
    fn host(&self) -> &str {
        let authority = self.authority.as_str();
        match authority.rsplit_once(':') {
            // The colons of an IPv6 address stand in brackets.
            Some((host, port)) if !port.ends_with(']') => host,
            Some(_) | None => authority,
        }
    }

    /// Whether it is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.host();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether what is sent there cannot be read on the way.
    pub(super) fn keeps_secrets(&self) -> bool {
        self.scheme == "https" || self.is_loopback()
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Server {
        Server::parse(url).expect(url)
    }

    #[test]
    fn a_server_is_a_bare_address() {
        for (url, shown) in [
            ("https://github.com", "https://github.com"),
            ("HTTPS://GitHub.com:443/", "https://github.com"),
            ("http://[::1]:8080/gitlab/", "http://[::1]:8080/gitlab"),
        ] {
            assert_eq!(server(url).to_string(), shown);
        }
        for url in [
            "",
            "github.com",
            "ftp://a",
            "https://",
            "https:///a",
            "https://u:p@a",
            "https://a?b",
            "https://a#b",
            "https://a\\b",
            "https://a b",
        ] {
            assert_eq!(Server::parse(url), None, "{url}");
        }
    }

    #[test]
    fn runs_are_on_the_server_whose_host_and_path_they_have() {
        let below = |url: &str, run| server(url).path_below(run).map(str::to_owned);
        let github = "https://github.com";
        assert_eq!(below(github, "https://GITHUB.com:443/o/r?x#y").as_deref(), Some("o/r"));
        for run in [
            "http://github.com/o/r",
            "https://github.com.evil.example/o/r",
            "https://evil.example/github.com/o/r",
            "https://github.com:8443/o/r",
            "https://github.com",
            "https://github.com\\@evil.example/o/r",
        ] {
            assert_eq!(below(github, run), None, "{run}");
        }
        let prefixed = "https://a.example/gitlab";
        assert_eq!(below(prefixed, "https://a.example/gitlab/g/p").as_deref(), Some("g/p"));
        assert_eq!(below(prefixed, "https://a.example/gitlabs/g/p"), None);
        assert_eq!(below(prefixed, "https://a.example/g/p"), None);
    }

    #[test]
    fn secrets_are_kept_by_tls_and_by_this_machine() {
        for url in [
            "https://a",
            "http://127.0.0.1:1",
            "http://[::1]:1",
            "http://localhost",
            "http://[::1]",
        ] {
            assert!(server(url).keeps_secrets(), "{url}");
        }
        for url in
            ["http://a", "http://127.0.0.1.example", "http://10.0.0.1:80", "http://[2001::1]:80"]
        {
            assert!(!server(url).keeps_secrets(), "{url}");
        }
    }
}
