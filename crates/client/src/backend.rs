//! One state's backend: the entry to everything.

use std::time::Duration;

use statelock_protocol::lock::steps::{
    Acquire, AcquireOutcome, Inspect, Inspection, LockMark, LockMode, Place, Places, Release,
    StoredLock, Unanswered,
};
use statelock_protocol::lock::unified::Facet;
use statelock_protocol::lock::{LockId, LockInfo};
use statelock_protocol::state::StateAddress;
use statelock_protocol::store::Refusal;

use crate::connection::Connection;
use crate::drive::drive;
use crate::error::{ConnectError, Trouble};
use crate::handle::{LockHandle, ReleaseReport};
use crate::settings::BackendSettings;
use crate::system;

/// The longest pause between two attempts of a waiting client.
const WAIT_REPEATS_MAX: u8 = 6;

/// A state in S3, and its lock.
#[derive(Clone, Debug)]
pub struct StateBackend {
    settings: BackendSettings,
    connection: Connection,
    places: Places,
}

/// What a lock says about who takes it.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// What for, such as `OperationTypeApply`, or any word of your own.
    pub operation: String,
    /// Free text. Terraform shows it to whoever is refused.
    pub info: String,
    /// `user@host`.
    pub who: String,
    /// The version of the program that locks.
    pub version: String,
}

/// What happens on the way to a lock.
#[derive(Clone, Copy, Debug)]
pub enum LockEvent<'a> {
    /// An attempt under this lock ID begins. The ID of the attempt before is not there and cannot come,
    /// if it is another one.
    Attempt(&'a LockId),
    /// It is tried again after a pause; this lock stands in the way, if that is known.
    Waiting(Option<&'a StoredLock>),
}

/// Why a lock was not acquired.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another holds it. Nothing of ours is left.
    #[error("the lock is held")]
    Held {
        /// Through what.
        facet: Facet,
        /// By whom.
        holder: Box<StoredLock>,
    },
    /// The store refused, or could not be reached. Nothing of ours is left.
    #[error("the store does not let us take the lock{}", because(trouble.as_deref()))]
    Refused {
        /// The kind.
        refusal: Refusal,
        /// What it said.
        trouble: Option<Box<Trouble>>,
    },
    /// The store refuses to make a lock, again and again, and shows none. Nothing of ours is left.
    #[error("the store refuses to make a lock although it shows none")]
    Unstable {
        /// Which store.
        facet: Facet,
    },
    /// A lock with our ID may be there, or may still come. Release it by its ID later.
    #[error("whether lock {id} was taken is not known{}", because(trouble.as_deref()))]
    Unknown {
        /// Our lock ID.
        id: LockId,
        /// Another's lock, if one was seen.
        seen: Option<Box<StoredLock>>,
        /// The last trouble.
        trouble: Option<Box<Trouble>>,
    },
    /// The operating system gave no random bytes for a lock ID. Nothing was sent.
    #[error("could not make a lock ID")]
    NoLockId(#[source] std::io::Error),
}

fn because(trouble: Option<&Trouble>) -> String {
    trouble.map(|trouble| format!(": {trouble}")).unwrap_or_default()
}

impl StateBackend {
    /// Prepares the connection. Nothing is sent to the stores.
    ///
    /// # Errors
    /// [`ConnectError`]: no region, no credentials, a setting that cannot be used.
    pub async fn connect(settings: BackendSettings) -> Result<Self, ConnectError> {
        let connection = Connection::open(&settings.stores, &settings.objects).await?;
        let places = Places::of(&settings.address, &settings.mode);
        Ok(Self { settings, connection, places })
    }

    /// What it was made of.
    pub fn settings(&self) -> &BackendSettings {
        &self.settings
    }

    /// The connection, for what is about more than one state.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The same state over the same connection, with its lock in other places.
    #[must_use]
    pub fn in_mode(&self, mode: LockMode) -> Self {
        let places = Places::of(&self.settings.address, &mode);
        let settings = BackendSettings { mode, ..self.settings.clone() };
        Self { settings, connection: self.connection.clone(), places }
    }

    /// Another state over the same connection, locked in the same mode.
    #[must_use]
    pub fn at(&self, address: StateAddress) -> Self {
        let places = Places::of(&address, &self.settings.mode);
        let settings = BackendSettings { address, ..self.settings.clone() };
        Self { settings, connection: self.connection.clone(), places }
    }

    /// Reads who holds the lock, in each place. Changes nothing; may be dropped at any time.
    pub async fn inspect(&self) -> (Inspection, Option<Trouble>) {
        drive(&self.connection, &mut Inspect::new(&self.places)).await
    }

    /// Takes the lock, and while another holds it, tries again until `wait` is over.
    ///
    /// `waiting` is called before each pause with whose lock stands, if that is known.
    ///
    /// # Errors
    /// [`LockError`]. Only `Unknown` may leave a lock.
    ///
    /// Dropping the future may leave a lock with an ID that nobody knows: let it end, and release.
    pub async fn lock(
        &self,
        claim: &Claim,
        wait: Duration,
        waiting: &mut (dyn FnMut(Option<&StoredLock>) + Send),
    ) -> Result<LockHandle, LockError> {
        self.lock_unless(claim, wait, waiting, std::future::pending()).await
    }

    /// As [`StateBackend::lock`], and does not wait any longer once `stop` is ready. That ends with why the
    /// lock was not acquired until then; a lock that came at the last moment is returned all the same.
    ///
    /// # Errors
    /// [`LockError`]. Only `Unknown` may leave a lock.
    pub async fn lock_unless(
        &self,
        claim: &Claim,
        wait: Duration,
        waiting: &mut (dyn FnMut(Option<&StoredLock>) + Send),
        stop: impl Future<Output = ()>,
    ) -> Result<LockHandle, LockError> {
        let mut event = |event: LockEvent<'_>| match event {
            LockEvent::Attempt(_) => {}
            LockEvent::Waiting(holder) => waiting(holder),
        };
        self.lock_until(claim, wait, &mut event, stop).await
    }

    /// As [`Self::lock_unless`], and tells under which ID it tries, so that a lock can be released whatever becomes
    /// of this.
    ///
    /// When `stop` is ready, waiting ends: an attempt that was begun is brought to its end, and no other one
    /// is made. The lock may be acquired nevertheless.
    ///
    /// # Errors
    /// [`LockError`]. Only `Unknown` may leave a lock.
    ///
    /// Dropping the future may leave a lock: release it by the ID that was told last.
    pub async fn lock_until(
        &self,
        claim: &Claim,
        wait: Duration,
        event: &mut (dyn FnMut(LockEvent<'_>) + Send),
        stop: impl Future<Output = ()>,
    ) -> Result<LockHandle, LockError> {
        let mut stop = std::pin::pin!(stop);
        let mut info = self.lock_info(claim).map_err(LockError::NoLockId)?;
        let conditional = self.connection.conditional_delete();
        let mut acquire = Acquire::new(self.places.clone(), &info, conditional);
        let deadline = tokio::time::Instant::now().checked_add(wait);
        let mut repeat = 0;
        loop {
            event(LockEvent::Attempt(&info.id));
            let (outcome, trouble) = drive(&self.connection, &mut acquire).await;
            let (error, unanswered) = match self.judge(&info, (outcome, trouble)) {
                Ok(handle) => return Ok(handle),
                Err(refused) => refused,
            };
            repeat = WAIT_REPEATS_MAX.min(repeat + 1);
            let pause = system::backoff(repeat);
            let ends =
                deadline.is_some_and(|deadline| tokio::time::Instant::now() + pause > deadline);
            if ends || !is_worth_waiting(&error) {
                return Err(error);
            }
            event(LockEvent::Waiting(seen_by(&error)));
            // Between two attempts nothing of ours is on its way, unless the error says so.
            tokio::select! {
                biased;
                () = &mut stop => return Err(error),
                () = tokio::time::sleep(pause) => {}
            }
            acquire = match acquire.again(unanswered) {
                Some(again) => again,
                None if unanswered.is_none() => {
                    info = self.lock_info(claim).map_err(LockError::NoLockId)?;
                    Acquire::new(self.places.clone(), &info, conditional)
                }
                // A lock of ours may be there: another ID would only wait for it.
                None => return Err(error),
            };
        }
    }

    fn judge(
        &self,
        info: &LockInfo,
        (outcome, trouble): (AcquireOutcome, Option<Trouble>),
    ) -> Result<LockHandle, (LockError, Unanswered)> {
        let nothing = Unanswered::default();
        let trouble = trouble.map(Box::new);
        match outcome {
            AcquireOutcome::Acquired(acquired) => {
                let (connection, places) = (self.connection.clone(), self.places.clone());
                Ok(LockHandle { connection, places, info: info.clone(), acquired })
            }
            AcquireOutcome::Held { facet, holder } => {
                Err((LockError::Held { facet, holder: Box::new(holder) }, nothing))
            }
            AcquireOutcome::Refused { refusal, .. } => {
                Err((LockError::Refused { refusal, trouble }, nothing))
            }
            AcquireOutcome::Unstable { facet } => Err((LockError::Unstable { facet }, nothing)),
            AcquireOutcome::Unknown { seen, unanswered, .. } => {
                let (id, seen) = (info.id.clone(), seen.map(Box::new));
                Err((LockError::Unknown { id, seen, trouble }, unanswered))
            }
        }
    }

    /// Releases the lock with this ID, wherever it is (P4).
    ///
    /// Dropping the future may leave it, or a half of it; call it again then.
    pub async fn unlock(&self, id: &LockId) -> ReleaseReport {
        let conditional = self.connection.conditional_delete();
        self.remove(&mut Release::by_id(&self.places, id, conditional)).await
    }

    /// Removes exactly the locks that an inspection showed, on condition that they are still those.
    ///
    /// Dropping the future may leave some of them; inspect again then.
    pub async fn force_unlock(
        &self,
        seen: impl IntoIterator<Item = (Place, LockMark)>,
    ) -> ReleaseReport {
        let conditional = self.connection.conditional_delete();
        self.remove(&mut Release::seen(seen, conditional)).await
    }

    async fn remove(&self, release: &mut Release) -> ReleaseReport {
        let (released, trouble) = drive(&self.connection, release).await;
        ReleaseReport { released, trouble, removed_late: false }
    }

    fn lock_info(&self, claim: &Claim) -> Result<LockInfo, std::io::Error> {
        Ok(LockInfo {
            id: system::new_lock_id()?,
            operation: claim.operation.clone(),
            info: claim.info.clone(),
            who: claim.who.clone(),
            version: claim.version.clone(),
            created: system::now(),
            path: self.settings.address.lock_table_lock_key().as_str().to_owned(),
        })
    }
}

/// Whether the same attempt may succeed later.
fn is_worth_waiting(error: &LockError) -> bool {
    match error {
        LockError::Held { .. } | LockError::Unstable { .. } | LockError::Unknown { .. } => true,
        LockError::Refused { refusal, .. } => {
            matches!(refusal, Refusal::Unavailable | Refusal::Conflict)
        }
        LockError::NoLockId(_) => false,
    }
}

fn seen_by(error: &LockError) -> Option<&StoredLock> {
    match error {
        LockError::Held { holder, .. } => Some(holder),
        LockError::Unknown { seen, .. } => seen.as_deref(),
        LockError::Refused { .. } | LockError::Unstable { .. } | LockError::NoLockId(_) => None,
    }
}
