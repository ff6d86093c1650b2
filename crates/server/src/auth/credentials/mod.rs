//! The root access key of a data directory, and the file clients read it from.
//!
//! `DIR/credentials` is an AWS shared credentials file with the one profile `[default]`, so that
//! `AWS_SHARED_CREDENTIALS_FILE=DIR/credentials` is all a client needs. The file always holds the
//! key that works:
//!
//! - without an explicit key, the first start makes one and writes it, and later starts read it;
//! - an explicit key (`STATELOCK_ROOT_ACCESS_KEY_ID` with `STATELOCK_ROOT_SECRET_ACCESS_KEY`)
//!   replaces the one in the file and stays there when the variables are gone again.
//!
//! The file belongs to the server: mode 0600, written to a temporary file and renamed, refused when
//! others can read it or when it holds anything but the one profile. Call [`Credentials::open`]
//! while holding the data directory, so that two first starts cannot make two keys.

mod error;
mod file;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Error, S3ErrorCode, S3Result};

pub use error::CredentialsError;

/// The environment variable of an explicit access key id.
pub const ACCESS_KEY_ID_VARIABLE: &str = "STATELOCK_ROOT_ACCESS_KEY_ID";
/// The environment variable of an explicit secret access key.
pub const SECRET_ACCESS_KEY_VARIABLE: &str = "STATELOCK_ROOT_SECRET_ACCESS_KEY";
/// The name of the credentials file inside the data directory.
pub const FILE_NAME: &str = "credentials";

/// An access key id and its secret.
///
/// `Debug` shows the id only.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    id: String,
    secret: String,
}

impl AccessKey {
    /// Checks and keeps a key.
    ///
    /// An id is 3 to 128 characters of `A-Z a-z 0-9 . _ - @`: it stands between slashes in a
    /// credential scope and before the colon of Basic authentication. A secret is 8 to 128 printable
    /// ASCII characters without spaces that does not begin with a quote or a comment sign: it stands
    /// in an INI file that many SDKs read, each with its own parser.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::Unusable`] names the half and the rule it breaks, never the secret.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Result<Self, CredentialsError> {
        let (id, secret) = (id.into(), secret.into());
        let id_byte = |b: u8| b.is_ascii_alphanumeric() || b".-_@".contains(&b);
        if !(3..=128).contains(&id.len()) || !id.bytes().all(id_byte) {
            return Err(CredentialsError::Unusable {
                what: "access key id",
                rule: "3 to 128 characters of `A-Z a-z 0-9 . _ - @`",
            });
        }
        let secret_bytes = secret.bytes().all(|b| b.is_ascii_graphic());
        let secret_start = !secret.starts_with(['#', ';', '"', '\'']);
        if !(8..=128).contains(&secret.len()) || !secret_bytes || !secret_start {
            return Err(CredentialsError::Unusable {
                what: "secret access key",
                rule: "8 to 128 printable ASCII characters without spaces, not beginning with `#`, \
                       `;` or a quote",
            });
        }
        Ok(Self { id, secret })
    }

    /// Makes the explicit key of two settings: both or neither. An empty value counts as not set.
    ///
    /// # Errors
    ///
    /// [`CredentialsError::OnlyOne`] when one is missing, and the errors of [`AccessKey::new`].
    pub fn from_settings(
        id: Option<String>,
        secret: Option<String>,
    ) -> Result<Option<Self>, CredentialsError> {
        let set = |value: Option<String>| value.filter(|text| !text.is_empty());
        match (set(id), set(secret)) {
            (Some(id), Some(secret)) => Self::new(id, secret).map(Some),
            (None, None) => Ok(None),
            (Some(_), None) => {
                Err(CredentialsError::OnlyOne { missing: SECRET_ACCESS_KEY_VARIABLE })
            }
            (None, Some(_)) => Err(CredentialsError::OnlyOne { missing: ACCESS_KEY_ID_VARIABLE }),
        }
    }

    /// Makes a new key from the system's randomness: `SL` and 18 base32 characters, and a secret of
    /// 40 URL-safe characters (240 bits).
    ///
    /// # Errors
    ///
    /// [`CredentialsError::Randomness`] when the system has none.
    pub fn generate() -> Result<Self, CredentialsError> {
        const BASE32: [char; 32] = [
            'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q',
            'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7',
        ];
        let mut id_bytes = [0_u8; 18];
        let mut secret_bytes = [0_u8; 30];
        for bytes in [&mut id_bytes[..], &mut secret_bytes[..]] {
            let no_randomness = |error: getrandom::Error| error.to_string();
            getrandom::fill(bytes).map_err(no_randomness).map_err(CredentialsError::Randomness)?;
        }
        // 256 is a multiple of 32, so the low five bits of a random byte are uniform.
        let letters = id_bytes.iter().map(|byte| BASE32[usize::from(byte & 31)]);
        let id = "SL".chars().chain(letters).collect::<String>();
        Self::new(id, URL_SAFE_NO_PAD.encode(secret_bytes))
    }

    /// Whether it looks like one that [`AccessKey::generate`] made.
    pub(crate) fn has_generated_form(&self) -> bool {
        let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        self.id.len() == 20
            && self.id.starts_with("SL")
            && self.secret.len() == 40
            && self.secret.bytes().all(url_safe)
    }

    /// The access key id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The secret access key. Never log it.
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).field("secret", &"[redacted]").finish()
    }
}

/// Where the root access key of this start came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Made by this start and written to the file.
    Generated,
    /// Read from the file of an earlier start.
    Stored,
    /// Given explicitly; the file holds it too.
    Explicit,
}

/// The key in the file of a directory, if there is one.
///
/// # Errors
///
/// A file that cannot be read, that others can read, or that is not what this server writes.
pub(crate) fn stored(dir: &Path) -> Result<Option<AccessKey>, CredentialsError> {
    file::read(&dir.join(FILE_NAME))
}

/// The key in the file of a directory that no server uses, if there is one; and the mode of the file, if
/// others can read it.
///
/// # Errors
///
/// A file that cannot be read, or that is not what this server writes.
pub(crate) fn stored_at_rest(
    dir: &Path,
) -> Result<Option<(AccessKey, Option<u32>)>, CredentialsError> {
    file::read_at_rest(&dir.join(FILE_NAME))
}

/// Writes the key of one directory into the file of another, durably. The key, if there was one.
///
/// # Errors
///
/// Those of [`stored`], and a file that cannot be written.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<Option<AccessKey>, CredentialsError> {
    let Some(key) = stored(from)? else { return Ok(None) };
    file::write(&to.join(FILE_NAME), &key)?;
    Ok(Some(key))
}

/// The access keys that this server knows. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Credentials {
    root: Arc<AccessKey>,
    origin: Origin,
}

impl Credentials {
    /// Opens `dir/credentials`: reads the key, or makes one on the first start, or puts `explicit`
    /// there. `dir` must exist.
    ///
    /// Files are read and written here, so call it at start-up and not inside a request. The crash
    /// of a first start leaves either no file or the whole file.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or written, that others can read, or that is not what this server
    /// writes; each error names the file and what to do.
    pub fn open(dir: &Path, explicit: Option<AccessKey>) -> Result<Self, CredentialsError> {
        let path = dir.join(FILE_NAME);
        let stored = file::read(&path)?;
        let (root, origin) = match (explicit, stored) {
            (Some(explicit), Some(stored)) if explicit == stored => (stored, Origin::Explicit),
            (Some(explicit), _) => {
                file::write(&path, &explicit)?;
                (explicit, Origin::Explicit)
            }
            (None, Some(stored)) => (stored, Origin::Stored),
            (None, None) => {
                let made = AccessKey::generate()?;
                file::write(&path, &made)?;
                (made, Origin::Generated)
            }
        };
        Ok(Self { root: Arc::new(root), origin })
    }

    /// Keeps one explicit key in memory only.
    pub fn in_memory(root: AccessKey) -> Self {
        Self { root: Arc::new(root), origin: Origin::Explicit }
    }

    /// The root access key.
    pub fn root(&self) -> &AccessKey {
        &self.root
    }

    /// Where the root access key came from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// The secret of an access key id, if the id is known. Ids are not secret, so the comparison is
    /// an ordinary one.
    pub fn secret_of(&self, access_key_id: &str) -> Option<&str> {
        (self.root.id == access_key_id).then_some(self.root.secret.as_str())
    }
}

#[async_trait::async_trait]
impl S3Auth for Credentials {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.secret_of(access_key) {
            Some(secret) => Ok(SecretKey::from(secret)),
            None => Err(S3Error::with_message(
                S3ErrorCode::InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records.",
            )),
        }
    }
}

#[cfg(test)]
mod tests;
