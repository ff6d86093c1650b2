//! Why there is no usable root access key. Every text names the subject and the next step.

use std::io;
use std::path::PathBuf;

use super::{ACCESS_KEY_ID_VARIABLE, SECRET_ACCESS_KEY_VARIABLE};

/// Why there is no usable root access key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// One of the two settings is missing.
    #[error(
        "`{missing}` is not set; set both `{ACCESS_KEY_ID_VARIABLE}` and \
         `{SECRET_ACCESS_KEY_VARIABLE}`, or neither to have a key made"
    )]
    OnlyOne {
        /// The variable that is not set.
        missing: &'static str,
    },
    /// A key that clients could not use.
    #[error("the {what} cannot be used; it must be {rule}")]
    Unusable {
        /// Which half of the key.
        what: &'static str,
        /// What is allowed.
        rule: &'static str,
    },
    /// The file is readable or writable by other users.
    #[error("`{}` has mode {mode:04o}: others can use the key; run `chmod 600` on it", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file is not what this server writes.
    #[error(
        "`{}` {what}; it must hold the one profile `[default]` with `aws_access_key_id` and \
         `aws_secret_access_key`: correct it, or delete it to have a new key made",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with the line where there is one. Never a value.
        what: String,
    },
    /// The file system refused.
    #[error("could not {action} `{}`", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no random bytes. Its error is text: the type is an error only with `std`.
    #[error("could not make an access key: no random bytes from the system: {0}")]
    Randomness(String),
}
