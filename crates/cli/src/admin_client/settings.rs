//! Which server, and with which access key.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use ureq::http::Uri;

use super::shared_credentials;
use crate::output;

const ENDPOINT_DEFAULT: &str = "http://127.0.0.1:9000";
const PROFILE_DEFAULT: &str = "default";

/// The arguments that say where the server is, for every verb that asks one.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServerArgs {
    /// Where the server is [env: AWS_ENDPOINT_URL] [default: http://127.0.0.1:9000].
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,

    /// Profile in the shared credentials file [env: AWS_PROFILE] [default: default].
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
}

/// Why the arguments or the environment cannot be used. No message holds a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The endpoint is no address of a server.
    #[error("`{0}` is not the URL of a server, such as http://127.0.0.1:9000")]
    Endpoint(String),
    /// One half of an access key is missing.
    #[error("`{0}` is not set, and the other half of the access key is")]
    HalfAKey(&'static str),
    /// The key is not one of a statelock server, and its secret must not be given away.
    #[error("the access key `{0}` is one of AWS; its secret is not sent to another server")]
    KeyOfAws(String),
    /// The shared credentials file cannot be read.
    #[error("could not read the credentials file `{}`", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The shared credentials file has no usable key for the profile.
    #[error("the credentials file `{}` {what}", path.display())]
    NoKey {
        /// Which.
        path: PathBuf,
        /// What is the matter with it.
        what: String,
    },
    /// Nobody knows where the shared credentials file is.
    #[error("there is no access key: no variable names one, and HOME is not set")]
    NoHome,
}

impl SettingsError {
    /// What to do next.
    pub(crate) fn hint(&self) -> Option<&str> {
        match self {
            Self::Endpoint(_) | Self::HalfAKey(_) => None,
            Self::KeyOfAws(_) | Self::Unreadable { .. } | Self::NoKey { .. } | Self::NoHome => {
                Some("set AWS_SHARED_CREDENTIALS_FILE to the server's DIR/credentials")
            }
        }
    }
}

/// An access key. Its secret is in no message.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct AccessKey {
    pub(super) id: String,
    pub(super) secret: String,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Where a server is: scheme, host and port, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    uri: Uri,
}

impl Endpoint {
    fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let is_bare = uri.path().trim_end_matches('/').is_empty() && uri.query().is_none();
        let has_user = uri.authority().is_none_or(|authority| authority.as_str().contains('@'));
        (is_web && is_bare && !has_user).then_some(Self { uri })
    }

    pub(super) fn is_loopback(&self) -> bool {
        let host = self.uri.host().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|ip| ip.is_loopback())
    }

    /// Whether what is sent there can be read on the way.
    pub(super) fn shows_secrets(&self) -> bool {
        self.uri.scheme_str() == Some("http") && !self.is_loopback()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        write!(f, "{scheme}://{}", self.uri.authority().map_or("", |host| host.as_str()))
    }
}

impl ServerArgs {
    /// What the arguments and this process's environment say.
    pub(super) fn settings(&self) -> Result<(Endpoint, AccessKey), SettingsError> {
        self.settings_from(&|name| std::env::var(name).ok())
    }

    fn settings_from(
        &self,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(Endpoint, AccessKey), SettingsError> {
        // An empty variable counts as not set, as AWS clients have it.
        let variable = |name: &str| environment(name).filter(|value| !value.is_empty());
        let url = self.endpoint_url.clone().or_else(|| variable("AWS_ENDPOINT_URL"));
        let url = url.unwrap_or_else(|| ENDPOINT_DEFAULT.to_owned());
        let endpoint = Endpoint::parse(&url).ok_or_else(|| SettingsError::Endpoint(shown(&url)))?;
        let key = self.access_key(&variable)?;
        if is_of_aws(&key.id) {
            return Err(SettingsError::KeyOfAws(key.id));
        }
        Ok((endpoint, key))
    }

    fn access_key(
        &self,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<AccessKey, SettingsError> {
        // A profile that was asked for wins over the variables, as with AWS clients.
        if self.profile.is_none() {
            match (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
                (Some(id), Some(secret)) => return Ok(AccessKey { id, secret }),
                (Some(_), None) => return Err(SettingsError::HalfAKey("AWS_SECRET_ACCESS_KEY")),
                (None, Some(_)) => return Err(SettingsError::HalfAKey("AWS_ACCESS_KEY_ID")),
                (None, None) => {}
            }
        }
        let profile = self.profile.clone().or_else(|| variable("AWS_PROFILE"));
        let beside_home =
            || Some(PathBuf::from(variable("HOME")?).join(".aws").join("credentials"));
        let path = variable("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from).or_else(beside_home);
        let path = path.ok_or(SettingsError::NoHome)?;
        shared_credentials::read(&path, profile.as_deref().unwrap_or(PROFILE_DEFAULT))
    }
}

/// A text that was given as a URL, without what may be a password.
fn shown(url: &str) -> String {
    let secretless = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://...@{host}"),
        (None, Some((_, host))) => format!("...@{host}"),
        (_, None) => url.to_owned(),
    };
    output::printable(&secretless)
}

/// Whether an access key id looks as AWS makes them. A statelock server makes others, and the secret
/// of a forgotten AWS profile must not travel to whoever listens on a port.
fn is_of_aws(id: &str) -> bool {
    let rest = id.strip_prefix("AKIA").or_else(|| id.strip_prefix("ASIA"));
    rest.is_some_and(|rest| {
        rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write as _;

    use super::*;

    fn settings(
        args: (Option<&str>, Option<&str>),
        environment: &[(&str, &str)],
    ) -> Result<(String, String, String), SettingsError> {
        let environment: BTreeMap<_, _> = environment.iter().copied().collect();
        let (url, profile) = args;
        let args = ServerArgs {
            endpoint_url: url.map(str::to_owned),
            profile: profile.map(str::to_owned),
        };
        let (endpoint, key) =
            args.settings_from(&|name| environment.get(name).map(|value| (*value).to_owned()))?;
        Ok((endpoint.to_string(), key.id, key.secret))
    }

    const KEY: [(&str, &str); 2] =
        [("AWS_ACCESS_KEY_ID", "ONE"), ("AWS_SECRET_ACCESS_KEY", "secret-1")];

    #[test]
    fn the_endpoint_is_the_flag_or_the_variable_or_the_default() {
        let endpoint = |flag, variable| {
            let mut environment = KEY.to_vec();
            environment.push(("AWS_ENDPOINT_URL", variable));
            settings((flag, None), &environment).unwrap().0
        };
        assert_eq!(endpoint(None, ""), "http://127.0.0.1:9000");
        assert_eq!(endpoint(None, "https://state.example/"), "https://state.example");
        assert_eq!(endpoint(Some("http://[::1]:81"), "https://state.example"), "http://[::1]:81");
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for url in [
            "127.0.0.1:9000",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://a/?b",
            "http://user:secret@a",
            "a b",
        ] {
            let error = settings((Some(url), None), &KEY).unwrap_err();
            assert!(matches!(error, SettingsError::Endpoint(_)), "{url}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn secrets_show_beyond_this_machine_only() {
        let shows = |url| Endpoint::parse(url).unwrap().shows_secrets();
        assert!(!shows("http://127.0.0.1:9000") && !shows("http://localhost"));
        assert!(!shows("http://[::1]:9000") && !shows("https://state.example"));
        assert!(shows("http://state.example") && shows("http://10.0.0.1:9000"));
        assert!(shows("http://127.0.0.1.example"));
    }

    #[test]
    fn the_key_is_in_the_variables_or_in_the_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let text = "[default]\naws_access_key_id = TWO\naws_secret_access_key = secret-2\n\
                    [other]\naws_access_key_id = THREE\naws_secret_access_key = secret-3\n";
        file.write_all(text.as_bytes()).unwrap();
        let path = ("AWS_SHARED_CREDENTIALS_FILE", file.path().to_str().unwrap());
        let id = |profile, environment: &[_]| settings((None, profile), environment).unwrap().1;

        assert_eq!(id(None, &KEY), "ONE");
        assert_eq!(id(None, &[path]), "TWO");
        assert_eq!(id(None, &[path, ("AWS_PROFILE", "other")]), "THREE");
        assert_eq!(id(Some("other"), &[path, ("AWS_PROFILE", "default")]), "THREE");
        let [one, two] = KEY;
        assert_eq!(id(None, &[path, one, two, ("AWS_PROFILE", "other")]), "ONE");
        assert_eq!(id(Some("other"), &[path, one, two]), "THREE");
    }

    #[test]
    fn a_key_that_cannot_be_used_is_refused_without_its_secret() {
        let [one, two] = KEY;
        let shown =
            |environment: &[_]| settings((None, None), environment).unwrap_err().to_string();
        assert!(shown(&[one]).starts_with("`AWS_SECRET_ACCESS_KEY` is not set"));
        assert!(shown(&[two]).starts_with("`AWS_ACCESS_KEY_ID` is not set"));
        assert!(!shown(&[two]).contains("secret-1"));
        assert!(shown(&[]).contains("HOME is not set"));
        assert!(shown(&[("HOME", "/nonexistent")]).contains("`/nonexistent/.aws/credentials`"));
        for id in ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"] {
            let error = shown(&[("AWS_ACCESS_KEY_ID", id), two]);
            assert!(error.contains("is one of AWS") && !error.contains("secret-1"), "{error}");
        }
        for id in ["AKIA", "SLABCDEFGHIJKLMNOPQR", "AKIAlowercase1234567"] {
            settings((None, None), &[("AWS_ACCESS_KEY_ID", id), two]).unwrap();
        }
    }
}
