//! The URL of an endpoint. A user name and a password in it are neither sent nor shown.
//!
//! Requests are signed, so no store asks for them. Terraform does not send them either, and works with such a URL;
//! the SDK would sign them as a part of the host, which is not the host that is asked.

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

use crate::error::ConnectError;

/// A URL without the user name and the password that may stand in it. It leads to the same place.
pub fn without_user(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{host}{path}"),
        // A password may hold a `/`, where there should be none: then this is no port, and the host comes later.
        None if !has_port_or_none(authority) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}{host}"),
            None => url.to_owned(),
        },
        None => url.to_owned(),
    }
}

/// The host of a URL without a user; empty if there is none, or something else than a port behind it.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if !has_port_or_none(authority) {
        return "";
    }
    match authority.rsplit_once(':') {
        Some((_, port)) if port.parse::<u16>().is_err() && is_number(port) => "",
        Some((host, port)) if !port.ends_with(']') => host,
        Some(_) | None => authority,
    }
}

/// Whether what comes after the host is a port, or nothing.
fn has_port_or_none(authority: &str) -> bool {
    let after_host = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest);
    let port = after_host.rsplit_once(':').map_or("", |(_, port)| port);
    port.is_empty() || is_number(port)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A text of others in which URLs may be quoted, each [`without_user`].
pub(crate) fn text_without_users(text: &str) -> String {
    let pieces = text.split('`').map(|piece| {
        if piece.contains('@') && !piece.contains(' ') { without_user(piece) } else { piece.into() }
    });
    pieces.collect::<Vec<_>>().join("`")
}

/// Whether requests can be sent there.
///
/// # Errors
/// [`ConnectError::Setting`]
pub(super) fn check(url: &str) -> Result<(), ConnectError> {
    let bare = without_user(url);
    let scheme = bare.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    let is_of_web = matches!(scheme.as_deref(), Some("http" | "https"));
    let is_inner = |c: char| c.is_ascii_graphic() && !"\\^|<>{}\"`".contains(c);
    if is_of_web && !host(&bare).is_empty() && bare.chars().all(is_inner) {
        return Ok(());
    }
    let problem = format!("`{bare}` is no URL such as https://s3.example.com");
    Err(ConnectError::Setting { setting: "endpoint", problem })
}

/// Takes user name and password out of the URL of each request, before it is signed.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeavesOutUser;

impl Intercept for LeavesOutUser {
    fn name(&self) -> &'static str {
        "LeavesOutUser"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if request.uri().contains('@') {
            let bare = without_user(request.uri());
            request.set_uri(bare)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_loses_its_password_and_nothing_else() {
        for (url, bare) in [
            ("https://user:pass@host:9000/a", "https://host:9000/a"),
            ("http://a@b:c@host", "http://host"),
            ("http://user:pa/ss@host:9000", "http://host:9000"),
            ("http://user@[::1]:9000/a", "http://[::1]:9000/a"),
            ("user:hunter2@host:9000", "host:9000"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://[::1]/a@b", "http://[::1]/a@b"),
            ("https://host:443/a@b?c@d", "https://host:443/a@b?c@d"),
            ("host", "host"),
        ] {
            assert_eq!(without_user(url), bare);
        }
    }

    #[test]
    fn a_host_stands_before_its_port() {
        for (url, is) in [
            ("http://h:9000/a:1", "h"),
            ("https://s3.example.com", "s3.example.com"),
            ("http://[::1]:9000", "[::1]"),
            ("http://[::1]", "[::1]"),
            ("http://:9000", ""),
            ("http:///a", ""),
            ("http://h:port", ""),
            ("http://h:99999", ""),
        ] {
            assert_eq!(host(url), is, "{url}");
        }
    }

    #[test]
    fn a_text_loses_the_passwords_of_its_urls() {
        for (text, bare) in [
            ("endpoint `http://u:hun/ter2@h:1` was wrong", "endpoint `http://h:1` was wrong"),
            ("ask you@example.com about `a@b`", "ask you@example.com about `b`"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(text_without_users(text), bare);
        }
    }

    #[test]
    fn what_is_no_endpoint_is_told_without_its_password() {
        for url in [
            "HTTPS://H",
            "http://127.0.0.1:9000",
            "https://u:p@s3.example.com/x",
            "http://[::1]:80",
            "http://u:hun/ter2@h",
        ] {
            assert!(check(url).is_ok(), "{url}");
        }
        for url in
            ["u:hunter2@h:9000", "ftp://u:hunter2@h", "http://u:hunter2@", "http://", "a b", ""]
        {
            let said = check(url).unwrap_err().to_string();
            assert!(said.contains("is no URL such as"), "{said}");
            assert!(!said.contains("hun"), "{said}");
        }
    }
}
