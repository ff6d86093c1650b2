//! Errors of the library, told to people and to scripts.

use statelock_client::protocol::state::{StateHeader, StateReadError};
use statelock_client::protocol::store::Refusal;
use statelock_client::state::{
    DigestError, ReadError, SerialError, SourceError, StateObject, Stored, WriteError,
};
use statelock_client::{StoreError, Trouble};

use crate::backend::{refused_exit_code, refused_hint};
use crate::commands::CommandError;
use crate::exit_code::ExitCode;
use crate::output;

/// What went wrong with a state, with its exit code and the next step.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct StateFailure {
    message: String,
    code: ExitCode,
    hint: Option<String>,
}

impl StateFailure {
    pub(super) fn new(message: impl Into<String>, code: ExitCode, hint: impl Into<String>) -> Self {
        Self { message: message.into(), code, hint: Some(hint.into()) }
    }

    /// A state that was not read.
    pub(super) fn of_read(error: &ReadError, named: &str, state: &StateObject) -> Self {
        let message = error.to_string();
        match error {
            ReadError::Store(error) => Self::of_store(error),
            ReadError::DigestMismatch { .. } => Self::new(
                format!("the state does not have the digest that the lock table says: {message}"),
                ExitCode::Corrupt,
                format!(
                    "somebody wrote the state without the lock table, or a write stopped half-way. Look at it: statelock \
                     state pull {named} --ignore-digest > state.json; if it is right, this writes its digest: statelock \
                     state push {named} state.json"
                ),
            ),
            ReadError::Changing => Self::new(message, ExitCode::Unavailable, "try again"),
            ReadError::NoSuchVersion(_) => Self::new(
                message,
                ExitCode::NotFound,
                format!("see which there are: statelock state list-versions {named}"),
            ),
            ReadError::DeleteMarker(_) => Self::new(
                message,
                ExitCode::NotFound,
                format!("take the version before it: statelock state list-versions {named}"),
            ),
            ReadError::Sink(source) => Self::new(
                format!("{message} of s3://{}/{}: {source}", state.bucket(), state.key()),
                ExitCode::Unavailable,
                "make room in the directory for temporary files, or name another one in TMPDIR",
            ),
        }
    }

    /// A store that did not do what was asked.
    pub(super) fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Refused { refusal, trouble } => Self::new(
                trouble.to_string(),
                refused_exit_code(*refusal),
                match refusal {
                    Refusal::Denied => {
                        "check which credentials are used; states need s3:GetObject and s3:PutObject, their versions \
                         s3:GetObjectVersion and s3:ListBucketVersions, and digests dynamodb:GetItem and PutItem"
                    }
                    other => refused_hint(*other),
                },
            ),
            StoreError::Unknown(trouble) => Self::new(
                trouble.to_string(),
                ExitCode::Unavailable,
                "check endpoint and network, and try again",
            ),
        }
    }

    /// Bytes that cannot be written as a state.
    pub(super) fn of_source(error: &SourceError, name: &str) -> Self {
        let name = output::printable(name);
        match error {
            SourceError::Header(StateReadError::UnknownVersion { version }) => Self::new(
                format!(
                    "`{name}` is a state of the format version {version}, which is not known here"
                ),
                ExitCode::BadInput,
                "use a newer statelock",
            ),
            SourceError::Header(
                error @ (StateReadError::NotAState { .. }
                | StateReadError::Damaged { .. }
                | StateReadError::SourceFailed { .. }),
            ) => Self::new(
                format!("`{name}` is not a Terraform state: {error}"),
                ExitCode::BadInput,
                "give the file that `statelock state pull` or `terraform state pull` wrote, or errored.tfstate",
            ),
            SourceError::Io(error) => Self::new(
                format!("could not read `{name}`: {error}"),
                ExitCode::BadInput,
                "name a file that exists and may be read, or - for standard input",
            ),
            SourceError::Changed => Self::new(
                format!("`{name}` changed while it was read"),
                ExitCode::BadInput,
                "try again when nobody writes it",
            ),
        }
    }

    /// A serial that cannot be changed.
    pub(super) fn of_serial(error: &SerialError, version: &str) -> Self {
        Self::new(
            format!("version `{version}` cannot be given another serial: {error}"),
            ExitCode::Corrupt,
            "pull it with --version-id, correct it by hand, and push it",
        )
    }

    /// A state that was not written. `offered` is what was to be written.
    pub(super) fn of_write(error: &WriteError, offered: &StateHeader, named: &str) -> Self {
        let message = error.to_string();
        match error {
            WriteError::LockLost(_) => Self::new(
                format!("{message}; nothing was written"),
                ExitCode::NotHeld,
                format!(
                    "somebody removed it; look who, and what was written since: statelock status {named}"
                ),
            ),
            WriteError::LockUnknown { .. } => Self::new(
                format!("{message}; nothing was written"),
                ExitCode::Unavailable,
                "check endpoint and network, and try again",
            ),
            WriteError::Conflict { stored } => Self::new(
                format!(
                    "the state was written by somebody else meanwhile; nothing was replaced\n{}",
                    sides(stored.as_deref(), offered)
                ),
                ExitCode::StateConflict,
                format!(
                    "look at what is stored now, and start from it: statelock state pull {named}"
                ),
            ),
            WriteError::Guarded { .. } => Self::new(
                format!("the server's write guard refused the write: {message}"),
                ExitCode::StateConflict,
                "as the server says",
            ),
            WriteError::Unsupported { .. } => Self::new(
                format!("{message}; nothing was written"),
                ExitCode::Unsupported,
                "with --unfenced it looks right before it writes instead; whoever writes in that moment is overwritten",
            ),
            WriteError::Refused(error) => {
                let failure = Self::of_store(error);
                Self { message: format!("{}; nothing was written", failure.message), ..failure }
            }
            WriteError::Unknown { .. } => Self::new(
                message,
                ExitCode::OutcomeUnknown,
                format!(
                    "when the store answers again, look what is stored: statelock state pull {named}"
                ),
            ),
            WriteError::Source(error) => Self::of_source(error, "the state"),
            WriteError::Digest { written, digest, .. } => Self::new(
                format!(
                    "{message}; clients that use the lock table refuse the state until its digest is there. Stored: serial \
                     {}, lineage {}, ETag {}",
                    offered.serial,
                    output::printable(offered.lineage.as_str()),
                    written.etag
                ),
                ExitCode::OutcomeUnknown,
                digest_hint(digest, named),
            ),
        }
    }

    /// A digest that could not be read, before anything was written.
    pub(super) fn of_unread_digest(trouble: &Trouble) -> Self {
        Self::new(
            format!(
                "the digest in the lock table could not be read: {trouble}; nothing was written"
            ),
            ExitCode::Unavailable,
            "check endpoint, network, and that the credentials allow dynamodb:GetItem of the item that ends in -md5",
        )
    }

    /// A digest that was to be repaired, and was not.
    pub(super) fn of_digest(
        error: &DigestError,
        digest: &statelock_client::protocol::state::Digest,
        named: &str,
    ) -> Self {
        Self::new(
            format!("the state is stored, but not its digest {digest}: {error}"),
            ExitCode::OutcomeUnknown,
            digest_hint(digest, named),
        )
    }
}

fn digest_hint(digest: &statelock_client::protocol::state::Digest, named: &str) -> String {
    format!(
        "to write the digest {digest}, push the same bytes again: statelock state pull {named} --ignore-digest | \
         statelock state push {named} -"
    )
}

/// What is stored and what was offered.
pub(super) fn sides(stored: Option<&Stored>, offered: &StateHeader) -> String {
    let stored = match stored {
        None => "not known".to_owned(),
        Some(Stored::Absent) => "nothing".to_owned(),
        Some(Stored::Empty(_)) => "no bytes".to_owned(),
        Some(Stored::State(read)) => match &read.header {
            Ok(header) => side(header),
            Err(error) => error.to_string(),
        },
    };
    format!("  Stored:  {stored}\n  Offered: {}", side(offered))
}

/// Serial and lineage.
pub(super) fn side(header: &StateHeader) -> String {
    format!("serial {}, lineage {}", header.serial, output::printable(header.lineage.as_str()))
}

impl CommandError for StateFailure {
    fn exit_code(&self) -> ExitCode {
        self.code
    }

    fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}
