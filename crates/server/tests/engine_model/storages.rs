//! Storages that do unpleasant but legal things.

use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use statelock_server::storage::memory::MemoryStorage;
use statelock_server::storage::{ReadJob, Storage, StorageError, Transaction, Verdict, WriteJob};

type Interruption = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// Over a memory storage: something happens right after the next read, and before its reader goes
/// on; or the next write commits and does not know it; or every write job runs twice.
#[derive(Default)]
pub(crate) struct Unpleasant {
    inner: MemoryStorage,
    after_read: Mutex<Option<Interruption>>,
    outcome_unknown: Mutex<bool>,
    twice: bool,
}

impl Unpleasant {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// An engine may run a job again, each time on a fresh transaction.
    pub(crate) fn running_twice() -> Arc<Self> {
        Arc::new(Self { twice: true, ..Self::default() })
    }

    pub(crate) fn after_next_read(&self, interruption: Interruption) {
        *self.after_read.lock().unwrap() = Some(interruption);
    }

    pub(crate) fn forget_next_outcome(&self) {
        *self.outcome_unknown.lock().unwrap() = true;
    }
}

impl Storage for Unpleasant {
    fn write(&self, mut job: WriteJob) -> BoxFuture<'_, Result<(), StorageError>> {
        async move {
            if self.twice {
                let job = Arc::new(Mutex::new(job));
                let first = Arc::clone(&job);
                let discarded = move |transaction: &mut dyn Transaction| {
                    (first.lock().unwrap())(transaction).map(|_| Verdict::Discard)
                };
                drop(self.inner.write(Box::new(discarded)).await);
                let again =
                    move |transaction: &mut dyn Transaction| (job.lock().unwrap())(transaction);
                return self.inner.write(Box::new(again)).await;
            }
            self.inner.write(Box::new(move |transaction| job(transaction))).await?;
            if std::mem::take(&mut *self.outcome_unknown.lock().unwrap()) {
                return Err(StorageError::OutcomeUnknown("for a test".to_owned()));
            }
            Ok(())
        }
        .boxed()
    }

    fn read(&self, job: ReadJob) -> BoxFuture<'_, Result<(), StorageError>> {
        async move {
            self.inner.read(job).await?;
            let interruption = self.after_read.lock().unwrap().take();
            if let Some(interruption) = interruption {
                interruption().await;
            }
            Ok(())
        }
        .boxed()
    }

    fn close(&self) -> BoxFuture<'_, Result<(), StorageError>> {
        self.inner.close()
    }
}
