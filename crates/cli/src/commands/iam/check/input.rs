//! Where policies come from: files, or standard input.

use std::fs::File;
use std::io::{self, Read};

use crate::commands::iam::IamError;
use crate::policy::Policy;

/// No policy of AWS is longer than 20,480 characters; blanks do not count, and the AWS CLI adds some.
const BYTES_MAX: u64 = 1024 * 1024;

/// Reads a policy from a file; `-` is standard input.
pub(super) fn read(name: &str) -> Result<Policy, IamError> {
    let bytes = if name == "-" {
        limited(io::stdin().lock(), "standard input")
            .map_err(|error| error.unwrap_or_else(IamError::Stdin))?
    } else {
        let failed = |source| IamError::File { path: name.into(), source };
        let file = File::open(name).map_err(failed)?;
        limited(file, name).map_err(|error| error.unwrap_or_else(failed))?
    };
    let shown = if name == "-" { "standard input" } else { name };
    let text = String::from_utf8_lossy(&bytes);
    Policy::parse(&text).map_err(|source| IamError::NoPolicy { name: shown.to_owned(), source })
}

/// Why there are no bytes: the system's error, or our own.
enum Unread {
    System(io::Error),
    Ours(IamError),
}

impl Unread {
    fn unwrap_or_else(self, of_system: impl FnOnce(io::Error) -> IamError) -> IamError {
        match self {
            Self::System(error) => of_system(error),
            Self::Ours(error) => error,
        }
    }
}

fn limited(source: impl Read, name: &str) -> Result<Vec<u8>, Unread> {
    let mut bytes = Vec::new();
    source.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(Unread::System)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > BYTES_MAX {
        return Err(Unread::Ours(IamError::TooLong { name: name.to_owned() }));
    }
    Ok(bytes)
}
