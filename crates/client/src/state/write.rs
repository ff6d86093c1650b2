//! The fenced write: what is stored gives way only if it is still what was read, and the lock stands.

use statelock_protocol::state::Digest;
use statelock_protocol::store::{ETag, Refusal};

use super::StateObject;
use super::error::{ReadError, WriteError};
use super::get::get;
use super::multipart::Upload;
use super::put::SendError;
use super::read::Stored;
use super::sink::Discard;
use super::source::StateSource;
use crate::connection::headers::with_customer_key;
use crate::error::{StoreError, Trouble};
use crate::handle::{LockHandle, Standing};
use crate::system;
use crate::transport::failure::{Failed, failed};

/// Attempts at one write.
const ATTEMPTS_MAX: u8 = 6;
/// Looks at the lock before a write, while the stores do not answer.
const LOOKS_MAX: u8 = 4;

/// What must be stored for a write to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// No object (`If-None-Match: *`).
    Absent,
    /// The object with this tag (`If-Match`).
    Stored(ETag),
}

/// How a write is made conditional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fencing {
    /// By the store, at the moment of the write.
    Conditional,
    /// By looking right before the write, for stores that do no conditional writes. Whoever writes
    /// between the look and the write is overwritten.
    LookFirst,
}

/// A state that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The store's tag of it.
    pub etag: ETag,
    /// Its version, in buckets with versions.
    pub version_id: Option<String>,
    /// The MD5 of its bytes.
    pub digest: Digest,
    /// An answer was lost; that it was written is known from reading it back.
    pub was_read_back: bool,
}

/// What reading back after a failure shows.
enum Seen {
    /// Our bytes.
    Ours(Written),
    /// What was there before.
    AsExpected,
    /// Something else.
    Other(Box<Stored>),
    /// Nothing can be seen.
    Unknown(Trouble),
}

/// One write, over all its attempts.
struct Writing<'a> {
    object: &'a StateObject,
    source: &'a StateSource,
    expected: &'a Expected,
    lock: &'a LockHandle,
    fencing: Fencing,
    /// The last trouble of an attempt that may have its effect, or may have it later.
    unanswered: Option<Trouble>,
    /// Parts that the store has already.
    upload: Option<Upload>,
}

impl StateObject {
    /// Replaces what is `expected` by `source`, byte for byte, and writes the digest.
    ///
    /// Needs the lock: `lock` must be of this state. Whether it still stands is looked at right before each
    /// attempt. The write rule (lineage and serial) is not judged here: see
    /// [`judge_write`](statelock_protocol::state::judge_write).
    ///
    /// # Errors
    /// [`WriteError`]. Only `Unknown` leaves open what is stored; after `Digest` the state is stored.
    ///
    /// Dropping the future leaves open whether the state was written, and may leave parts of an upload.
    pub async fn write(
        &self,
        source: &StateSource,
        expected: &Expected,
        lock: &LockHandle,
        fencing: Fencing,
    ) -> Result<Written, WriteError> {
        let (unanswered, upload) = (None, None);
        let mut writing =
            Writing { object: self, source, expected, lock, fencing, unanswered, upload };
        let result = writing.run().await;
        if let Some(upload) = writing.upload.take() {
            upload.abort(self).await;
        }
        let written = result?;
        match self.write_digest(source.digest(), lock).await {
            Ok(()) => Ok(written),
            Err(error) => {
                let (digest, written) = (*source.digest(), Box::new(written));
                Err(WriteError::Digest { written, digest, error })
            }
        }
    }
}

impl Writing<'_> {
    async fn run(&mut self) -> Result<Written, WriteError> {
        let mut attempt = 1;
        loop {
            let failed = match self.attempt().await {
                Ok(written) => {
                    self.upload = None;
                    return Ok(written);
                }
                Err(SendError::Source(error)) => return Err(self.in_doubt(error.into())),
                Err(SendError::Stopped(error)) => return Err(self.in_doubt(*error)),
                Err(SendError::Failed(failed)) => failed,
            };
            if failed.refusal.is_none() {
                self.unanswered = Some(failed.trouble.clone());
            }
            if !(is_worth_repeating(&failed) && self.unanswered.is_none()) {
                if let Some(written) = self.resolve(&failed, attempt).await? {
                    return Ok(written);
                }
            } else if attempt >= ATTEMPTS_MAX {
                return Err(WriteError::Refused(failed.into()));
            }
            system::pause(attempt).await;
            attempt += 1;
        }
    }

    /// Looks at the lock, and sends once.
    async fn attempt(&mut self) -> Result<Written, SendError> {
        if self.source.pieces().len() > 1 && self.upload.is_none() {
            self.look_at_lock().await?;
            self.upload = Some(Upload::begin(self.object, self.source).await?);
        }
        self.look_at_lock().await?;
        let condition = match self.fencing {
            Fencing::Conditional => Some(self.expected),
            Fencing::LookFirst => {
                self.look_at_object().await?;
                None
            }
        };
        let sent = match &self.upload {
            Some(upload) => upload.complete(self.object, self.source, condition).await,
            None => self.object.put(self.source, condition).await,
        };
        if let Err(SendError::Failed(failed)) = &sent
            && must_be_sent_anew(failed)
            && let Some(upload) = self.upload.take()
        {
            upload.abort(self.object).await;
        }
        sent
    }

    async fn look_at_lock(&self) -> Result<(), SendError> {
        let error = match standing_of(self.lock).await {
            Standing::Held => return Ok(()),
            Standing::Lost(places) => WriteError::LockLost(places),
            Standing::Unknown(trouble) => WriteError::LockUnknown { trouble },
        };
        Err(SendError::Stopped(Box::new(error)))
    }

    async fn look_at_object(&self) -> Result<(), SendError> {
        let error = match self.seen().await {
            Seen::AsExpected => return Ok(()),
            Seen::Ours(_) => WriteError::Conflict { stored: None },
            Seen::Other(stored) => WriteError::Conflict { stored: Some(stored) },
            Seen::Unknown(trouble) => WriteError::Refused(StoreError::Unknown(trouble)),
        };
        Err(SendError::Stopped(Box::new(error)))
    }

    /// After a failure that may have had an effect, or that says that something else is stored: what is so.
    /// `None` if nothing was written by now, and it is worth another attempt.
    async fn resolve(
        &mut self,
        failed: &Failed,
        attempt: u8,
    ) -> Result<Option<Written>, WriteError> {
        if self.unanswered.is_none()
            && let Some(error) = final_error(failed)
        {
            return Err(error);
        }
        match self.seen().await {
            Seen::Ours(written) => {
                self.upload = None;
                Ok(Some(written))
            }
            // Ours may have been stored, and replaced by this. And without a condition, what is still on its way
            // would replace this too.
            Seen::Other(stored) => {
                Err(self.in_doubt(WriteError::Conflict { stored: Some(stored) }))
            }
            Seen::Unknown(trouble) if self.unanswered.is_some() => {
                Err(WriteError::Unknown { trouble })
            }
            Seen::Unknown(_) => Err(WriteError::Conflict { stored: None }),
            Seen::AsExpected => {
                let trouble = failed.trouble.clone();
                match final_error(failed) {
                    Some(_) => Err(WriteError::Unknown { trouble }),
                    None if attempt < ATTEMPTS_MAX => Ok(None),
                    None if self.unanswered.is_some() => Err(WriteError::Unknown { trouble }),
                    None => Err(WriteError::Conflict { stored: None }),
                }
            }
        }
    }

    /// Once an attempt was not answered, nothing later can say that nothing was written.
    fn in_doubt(&self, error: WriteError) -> WriteError {
        match &self.unanswered {
            Some(trouble) => WriteError::Unknown { trouble: trouble.clone() },
            None => error,
        }
    }

    async fn seen(&self) -> Seen {
        match (self.object.head().await, self.expected) {
            (Ok(None), Expected::Absent) => return Seen::AsExpected,
            (Ok(Some(etag)), Expected::Stored(expected)) if etag == *expected => {
                return Seen::AsExpected;
            }
            (Ok(_), Expected::Absent | Expected::Stored(_)) => {}
            (Err(error), _) => return Seen::Unknown(error.trouble),
        }
        let stored = match get(self.object, None, &mut Discard).await {
            Ok(read) => Stored::of(read),
            Err(error) => return Seen::Unknown(trouble_of(&error)),
        };
        match &stored {
            Stored::State(read)
                if read.digest == *self.source.digest()
                    && read.size_bytes == self.source.size_bytes() =>
            {
                Seen::Ours(Written {
                    etag: read.etag.clone(),
                    version_id: read.version_id.clone(),
                    digest: read.digest,
                    was_read_back: true,
                })
            }
            Stored::Absent | Stored::Empty(_) | Stored::State(_) => Seen::Other(Box::new(stored)),
        }
    }
}

impl StateObject {
    /// The tag of what is stored.
    async fn head(&self) -> Result<Option<ETag>, Failed> {
        let call = self.connection.reads().head_object();
        let call = call.bucket(self.bucket.as_str()).key(self.key.as_str());
        let call = with_customer_key!(call, self.connection.objects());
        match call.send().await.map_err(|error| failed("S3", "HeadObject", &error)) {
            Ok(output) => Ok(Some(ETag::new(output.e_tag().unwrap_or_default()))),
            Err(error) if error.refusal == Some(Refusal::NoSuchKey) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether the lock stands. Stores that do not answer are asked again.
pub(super) async fn standing_of(lock: &LockHandle) -> Standing {
    let mut looks = 0;
    loop {
        looks += 1;
        let standing = lock.standing().await;
        if !matches!(standing, Standing::Unknown(_)) || looks >= LOOKS_MAX {
            return standing;
        }
        system::pause(looks).await;
    }
}

/// The store says that nothing was done, and that it may do it the next time.
fn is_worth_repeating(failed: &Failed) -> bool {
    match failed.refusal {
        Some(Refusal::Unavailable) => true,
        Some(Refusal::Conflict) => !is_guarded(failed),
        Some(Refusal::NoSuchKey) => is_upload_gone(failed),
        Some(
            Refusal::PreconditionFailed
            | Refusal::NoSuchBucket
            | Refusal::NoSuchTable
            | Refusal::Denied
            | Refusal::Invalid
            | Refusal::Unsupported,
        )
        | None => false,
    }
}

/// The error for a refusal that will be the same each time; `None` for those that what is stored explains.
fn final_error(failed: &Failed) -> Option<WriteError> {
    let trouble = failed.trouble.clone();
    let refusal = failed.refusal?;
    match refusal {
        Refusal::PreconditionFailed | Refusal::NoSuchKey | Refusal::Unavailable => None,
        Refusal::Conflict => is_guarded(failed).then_some(WriteError::Guarded { trouble }),
        Refusal::Unsupported => Some(WriteError::Unsupported { trouble }),
        Refusal::NoSuchBucket | Refusal::NoSuchTable | Refusal::Denied | Refusal::Invalid => {
            Some(WriteError::Refused(StoreError::Refused { refusal, trouble }))
        }
    }
}

/// A state server's write guard judged the write.
fn is_guarded(failed: &Failed) -> bool {
    failed.trouble.code.as_deref() == Some("StateWriteRefused")
}

fn is_upload_gone(failed: &Failed) -> bool {
    failed.trouble.code.as_deref() == Some("NoSuchUpload")
}

/// S3 forgets the parts of an upload that met another write: "ConditionalRequestConflict".
fn must_be_sent_anew(failed: &Failed) -> bool {
    is_upload_gone(failed) || failed.refusal == Some(Refusal::Conflict)
}

fn trouble_of(error: &ReadError) -> Trouble {
    match error {
        ReadError::Store(StoreError::Refused { trouble, .. } | StoreError::Unknown(trouble)) => {
            trouble.clone()
        }
        ReadError::DigestMismatch { .. }
        | ReadError::Changing
        | ReadError::NoSuchVersion(_)
        | ReadError::DeleteMarker(_)
        | ReadError::Sink(_) => Trouble {
            service: "S3",
            operation: "GetObject",
            endpoint: None,
            status: None,
            code: None,
            message: error.to_string(),
            request_id: None,
            was_sent: true,
        },
    }
}
