//! Basic authentication with the root access key: the id is the user name, the secret the password.
//!
//! For clients that cannot sign: Terraform's `http` backend, the admin API, a browser. The secret
//! travels with each request, readable by whoever can read the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use subtle::ConstantTimeEq as _;

use super::credentials::{AccessKey, Credentials};

/// The value of `WWW-Authenticate` in each 401: it tells a client how to authenticate.
pub const CHALLENGE: &str = "Basic realm=\"statelock\"";

/// Why a request is not taken for the root access key's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BasicError {
    /// It says nothing about who sends it.
    #[error("the request carries no credentials")]
    Missing,
    /// It says so in another way, or in one that cannot be read.
    #[error("the Authorization header is not `Basic` with a base64 of `access key id:secret`")]
    Malformed,
    /// The access key id or its secret is wrong.
    #[error("the access key id or its secret is wrong")]
    Wrong,
}

/// The access key whose id and secret a request carries.
///
/// # Errors
/// [`BasicError`]; the answer is then 401 with [`CHALLENGE`].
pub fn verify<'key>(
    headers: &HeaderMap,
    credentials: &'key Credentials,
) -> Result<&'key AccessKey, BasicError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(BasicError::Missing)?;
    if values.next().is_some() {
        return Err(BasicError::Malformed);
    }
    let (id, secret) = parse(value).ok_or(BasicError::Malformed)?;
    let root = credentials.root();
    // Both halves are always compared, so that the time tells nothing about either.
    let right = root.id().as_bytes().ct_eq(&id) & root.secret().as_bytes().ct_eq(&secret);
    if right.into() { Ok(root) } else { Err(BasicError::Wrong) }
}

fn parse(value: &HeaderValue) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim()).ok()?;
    let colon = decoded.iter().position(|&byte| byte == b':')?;
    let (id, secret) = decoded.split_at_checked(colon)?;
    Some((id.to_vec(), secret.get(1..)?.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials::in_memory(AccessKey::new("ROOT", "se:cret/12345").unwrap())
    }

    fn verified(values: &[&str]) -> Result<String, BasicError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        verify(&headers, &credentials()).map(|key| key.id().to_owned())
    }

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn the_root_key_is_let_in() {
        assert_eq!(verified(&[&basic("ROOT:se:cret/12345")]), Ok("ROOT".to_owned()));
        let lower = basic("ROOT:se:cret/12345").replace("Basic", "bAsIc");
        assert_eq!(verified(&[&lower]), Ok("ROOT".to_owned()));
    }

    #[test]
    fn everybody_else_is_not() {
        for wrong in [
            "ROOT:se:cret/12346",
            "ROOT:se:cret/1234",
            "ROOT:se:cret/123456",
            "ROOT:",
            "root:se:cret/12345",
            "OTHER:se:cret/12345",
            ":",
            ":se:cret/12345",
        ] {
            assert_eq!(verified(&[&basic(wrong)]), Err(BasicError::Wrong), "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_to_be_so() {
        assert_eq!(verified(&[]), Err(BasicError::Missing));
        let right = basic("ROOT:se:cret/12345");
        for malformed in [
            "",
            "Basic",
            "Basic !!!",
            "Bearer abc",
            "AWS4-HMAC-SHA256 Credential=x",
            &basic("ROOT"),
        ] {
            assert_eq!(verified(&[malformed]), Err(BasicError::Malformed), "{malformed}");
        }
        assert_eq!(verified(&[&right, &right]), Err(BasicError::Malformed), "which one?");
    }
}
