//! A lock that was not acquired, told to people and to scripts.

use statelock_client::LockError;
use statelock_client::protocol::lock::steps::StoredLock;
use statelock_client::protocol::store::Refusal;

use super::acquire::command;
use crate::commands::CommandError;
use crate::exit_code::ExitCode;

/// Why there is no lock, with all that is known.
#[derive(Debug)]
pub(crate) struct LockFailure {
    error: LockError,
    hint: String,
}

impl LockFailure {
    /// `address` is how the user can name the state again.
    pub(crate) fn new(error: LockError, address: &str) -> Self {
        let hint = lock_error_hint(&error, address);
        Self { error, hint }
    }
}

/// What to do about a lock that was not acquired. `address` is how the user can name the state again.
pub(crate) fn lock_error_hint(error: &LockError, address: &str) -> String {
    match error {
            LockError::Held { holder, .. } => held_hint(holder, address),
            LockError::Refused { refusal, .. } => refused_hint(*refusal).to_owned(),
            LockError::Unstable { .. } => {
                "try again with --wait 1m; if it stays so, the store cannot lock: some keep a deleted lock in the way"
                    .to_owned()
            }
            LockError::Unknown { id, .. } => {
                format!("when the store answers again: {}", command("unlock", address, id.as_str()))
            }
            LockError::NoLockId(_) => "try again".to_owned(),
    }
}

/// The exit code for a lock that was not acquired.
pub(crate) fn lock_error_exit_code(error: &LockError) -> ExitCode {
    match error {
        LockError::Held { .. } => ExitCode::Held,
        LockError::Refused { refusal, .. } => refused_exit_code(*refusal),
        LockError::Unstable { .. } => ExitCode::Unavailable,
        LockError::Unknown { .. } => ExitCode::OutcomeUnknown,
        LockError::NoLockId(_) => ExitCode::Internal,
    }
}

fn held_hint(holder: &StoredLock, address: &str) -> String {
    match holder.id() {
        Some(_) => format!(
            "wait for it with --wait 10m; to see whether its holder still lives: {}",
            command("status", address, "")
        ),
        None => format!("the lock cannot be read; look at it: {}", command("status", address, "")),
    }
}

/// What to do when a store refuses.
pub(crate) fn refused_hint(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NoSuchBucket => "check the bucket's name and the region",
        Refusal::NoSuchTable => "check the table's name and the region",
        Refusal::Denied => {
            "check which credentials are used; locking needs s3:GetObject, s3:PutObject and s3:DeleteObject on KEY.tflock, or \
             dynamodb:GetItem, PutItem and DeleteItem on the lock table; without s3:ListBucket on the bucket a lockfile that is \
             not there looks forbidden too"
        }
        Refusal::Unavailable | Refusal::Conflict => "try again",
        Refusal::Unsupported => "this store has no conditional writes, so it cannot lock",
        Refusal::Invalid | Refusal::NoSuchKey | Refusal::PreconditionFailed => {
            "check bucket, key, region and endpoint"
        }
    }
}

/// The exit code for a store's refusal.
pub(crate) fn refused_exit_code(refusal: Refusal) -> ExitCode {
    match refusal {
        Refusal::NoSuchBucket | Refusal::NoSuchTable | Refusal::NoSuchKey => ExitCode::NotFound,
        Refusal::Denied => ExitCode::NotPermitted,
        Refusal::Unavailable | Refusal::Conflict => ExitCode::Unavailable,
        Refusal::Unsupported => ExitCode::Unsupported,
        Refusal::Invalid => ExitCode::BadInput,
        Refusal::PreconditionFailed => ExitCode::StateConflict,
    }
}

/// Who holds a lock, as Terraform shows it.
pub(crate) fn holder_text(lock: &StoredLock) -> String {
    match lock.info() {
        Ok(info) => info.to_string(),
        Err(error) => format!("Lock Info: not readable: {error}\n"),
    }
}

impl std::fmt::Display for LockFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.error)?;
        match &self.error {
            LockError::Held { facet, holder } => {
                write!(f, " (by {facet})\n{}", holder_text(holder).trim_end())
            }
            LockError::Unknown { seen: Some(holder), .. } => {
                write!(f, "; at the moment another holds it\n{}", holder_text(holder).trim_end())
            }
            LockError::Refused { .. }
            | LockError::Unstable { .. }
            | LockError::Unknown { seen: None, .. }
            | LockError::NoLockId(_) => Ok(()),
        }
    }
}

impl std::error::Error for LockFailure {}

impl CommandError for LockFailure {
    fn exit_code(&self) -> ExitCode {
        lock_error_exit_code(&self.error)
    }

    fn hint(&self) -> Option<&str> {
        Some(&self.hint)
    }
}
