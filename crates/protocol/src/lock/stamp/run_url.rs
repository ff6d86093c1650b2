//! Where a CI run can be looked at.

use std::fmt;

/// The longest URL of a run, in bytes.
pub const RUN_URL_SIZE_BYTES_MAX: usize = 1024;

const KEYWORD: &str = "run ";

/// The URL of a CI run: `http` or `https`, printable ASCII without spaces, and no password in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunUrl(String);

/// Why a text is no URL of a run. No message holds the text: there may be a password in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunUrlError {
    /// It does not begin with `http://` or `https://` and a host.
    #[error("the URL of a run begins with https:// or http:// and a host")]
    NotAnUrl,
    /// It is longer than [`RUN_URL_SIZE_BYTES_MAX`].
    #[error("the URL of a run has at most {RUN_URL_SIZE_BYTES_MAX} bytes, not {size_bytes}")]
    TooLong {
        /// Its size.
        size_bytes: usize,
    },
    /// It has a space or a character that is not ASCII.
    #[error("the URL of a run has a character that must be percent-encoded")]
    Character,
    /// It names a user, and maybe a password, which everybody who sees the lock would see.
    #[error("the URL of a run must not name a user or a password")]
    UserInfo,
}

impl RunUrl {
    /// Takes a URL as it stands.
    ///
    /// # Errors
    /// [`RunUrlError`]
    pub fn parse(text: impl Into<String>) -> Result<Self, RunUrlError> {
        let text = text.into();
        let size_bytes = text.len();
        if size_bytes > RUN_URL_SIZE_BYTES_MAX {
            return Err(RunUrlError::TooLong { size_bytes });
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RunUrlError::Character);
        }
        let (_, authority, _) = split(&text).ok_or(RunUrlError::NotAnUrl)?;
        if authority.contains('@') {
            return Err(RunUrlError::UserInfo);
        }
        Ok(Self(text))
    }

    pub(super) fn read_clause(clause: &str) -> Option<Self> {
        Self::parse(clause.strip_prefix(KEYWORD)?).ok()
    }

    pub(super) fn to_clause(&self) -> String {
        format!("{KEYWORD}{}", self.0)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host, and the port if one is named.
    pub fn authority(&self) -> &str {
        split(&self.0).map_or("", |(_, authority, _)| authority)
    }
}

/// Scheme, authority and the rest.
fn split(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let is_web = scheme == "https" || scheme == "http";
    // A backslash is a slash to some readers of URLs, so that they would see another host.
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end)?;
    (is_web && !authority.is_empty()).then_some((scheme, authority, path))
}

impl fmt::Display for RunUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
