//! Every state and every lock of a bucket, or of a part of it, without holding all of it in memory.
//!
//! The pages of the bucket's listing go by in the order of their keys, the next one always on its way. Each
//! state is joined with its lockfile and with its item in the lock table, which is scanned before. Only
//! lockfiles that were found are read, sixteen at a time.
//!
//! Lines come in the order of the bucket: a state stands where its object does, a lockfile without a state where
//! the lockfile does, and an item without either where its state would.

mod entry;
mod error;
mod join;
mod pages;
mod query;
mod reading;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use statelock_protocol::state::{is_lockfile_key, lockfile_key_of};
use statelock_protocol::store::{BucketName, ObjectKey};

pub use entry::{ListedLock, ListedObject, ListedState, LockContent};
pub use error::{ListingError, ListingFailure, ListingProgress};
pub use query::{ListingQuery, ListingScope, ListingSelection};
pub use table::TableSummary;

use crate::connection::Connection;
use join::Join;
use pages::{Page, Pages};
use reading::LockReader;

/// Lines that may be ahead of the one that is given out: locks among them are being read.
const AHEAD_MAX: usize = 1024;

/// A listing that goes on.
///
/// ```no_run
/// # async fn example(connection: statelock_client::Connection) -> Result<(), statelock_client::listing::ListingError> {
/// use statelock_client::listing::{Listing, ListingQuery, ListingSelection};
/// use statelock_client::protocol::store::BucketName;
///
/// let mut query = ListingQuery::prefix(BucketName::new("my-bucket"), "network/");
/// query.selection = ListingSelection::Locked;
/// let mut listing = Listing::new(connection, query);
/// while let Some(state) = listing.next().await? {
///     let ids: Vec<_> = state.locks.iter().filter_map(|lock| lock.id()).collect();
///     println!("{} is locked by {ids:?}", state.key);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # What is guaranteed
/// A lock that was there before the listing began, and is until it ends, is shown. A listing that could not be
/// finished ends with an error. At most about three pages of objects, and the locks of the table, are in memory.
///
/// # What is not
/// It is no snapshot: what changes meanwhile may be shown as it was, or as it is.
pub struct Listing {
    connection: Connection,
    query: ListingQuery,
    reader: Arc<LockReader>,
    pages: Pages,
    stage: Stage,
    ahead: FuturesOrdered<BoxFuture<'static, Result<ListedState, ListingFailure>>>,
    progress: ListingProgress,
    summary: Option<TableSummary>,
}

/// How far it is.
enum Stage {
    /// Nothing was sent.
    Begun,
    /// Objects are listed.
    Joining(Join),
    /// No object will come any more; what is ahead has to be given out.
    Ending(Join),
    /// The same, and then this error.
    Failing(ListingFailure),
    /// Everything was given out.
    Over,
}

impl Listing {
    /// Prepares a listing; nothing is sent before [`Self::next`]. It has to run inside a tokio runtime.
    pub fn new(connection: Connection, query: ListingQuery) -> Self {
        let prefix = query.scope.listed_prefix();
        let pages = Pages::new(connection.clone(), query.bucket.clone(), prefix);
        let place = (query.bucket.clone(), query.mode.clone());
        let reader = Arc::new(LockReader::new(connection.clone(), place, query.reads_locks));
        let (progress, ahead) = (ListingProgress::default(), FuturesOrdered::new());
        let (stage, summary) = (Stage::Begun, None);
        Self { connection, query, reader, pages, stage, ahead, progress, summary }
    }

    /// How far it has come.
    pub fn progress(&self) -> &ListingProgress {
        &self.progress
    }

    /// What the lock table held, once it was scanned.
    pub fn table(&self) -> Option<&TableSummary> {
        self.summary.as_ref()
    }

    /// The next line, or `None` after the last one.
    ///
    /// May be dropped at any time, and asked again.
    ///
    /// # Errors
    /// [`ListingError`], after the lines that are known. Nothing comes after it.
    pub async fn next(&mut self) -> Result<Option<ListedState>, ListingError> {
        loop {
            if let Some(line) = self.step().await {
                match line {
                    Ok(state) if self.is_gone(&state) => {}
                    Ok(state) => return Ok(Some(state)),
                    Err(failure) => self.stage = Stage::Failing(failure),
                }
            }
            match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Over => return Ok(None),
                Stage::Failing(cause) if self.ahead.is_empty() => {
                    return Err(ListingError { progress: self.progress.clone(), cause });
                }
                stage => self.stage = stage,
            }
        }
    }

    /// A lock that was released before it could be read leaves nothing worth a line.
    fn is_gone(&self, state: &ListedState) -> bool {
        let is_lockfile = is_lockfile_key(&state.key);
        let shows = self.query.selection.shows(state.key.as_str(), false, is_lockfile);
        !state.is_locked() && (state.object.is_none() || !shows)
    }

    /// Does what comes next; gives out a line if there is one.
    async fn step(&mut self) -> Option<Result<ListedState, ListingFailure>> {
        match &mut self.stage {
            Stage::Begun => {
                self.stage = match self.begin().await {
                    Ok(join) => Stage::Joining(join),
                    Err(failure) => Stage::Failing(failure),
                };
                None
            }
            Stage::Joining(join) => {
                read_ahead(&self.reader, join, &mut self.ahead);
                if self.ahead.len() >= AHEAD_MAX {
                    return self.ahead.next().await;
                }
                if let Some(overdue) = join.overdue() {
                    match look_up(&self.connection, &self.query.bucket, overdue).await {
                        Ok(lockfile) => join.looked_up(lockfile),
                        Err(failure) => self.stage = Stage::Failing(failure),
                    }
                    return None;
                }
                tokio::select! {
                    biased;
                    Some(line) = self.ahead.next() => Some(line),
                    page = self.pages.next() => {
                        self.turn(page);
                        None
                    }
                }
            }
            Stage::Ending(join) => {
                read_ahead(&self.reader, join, &mut self.ahead);
                let line = self.ahead.next().await;
                if line.is_none() {
                    self.stage = Stage::Over;
                }
                line
            }
            Stage::Failing(_) => self.ahead.next().await,
            Stage::Over => None,
        }
    }

    /// Takes a page of the listing, or its end.
    fn turn(&mut self, page: Option<Result<Page, ListingFailure>>) {
        let Stage::Joining(mut join) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return;
        };
        let taken = match page {
            Some(page) => page.and_then(|page| self.take(page, &mut join)).map(|()| join),
            None => return self.stage = ended(join),
        };
        self.stage = taken.map_or_else(Stage::Failing, Stage::Joining);
    }

    fn take(&mut self, page: Page, join: &mut Join) -> Result<(), ListingFailure> {
        self.progress.pages += 1;
        for (key, object) in page {
            join.listed(key.clone(), object)?;
            self.progress.objects += 1;
            self.progress.last_key = Some(key);
        }
        Ok(())
    }

    /// Scans the table, and looks at the state that does not stand with the others.
    async fn begin(&mut self) -> Result<Join, ListingFailure> {
        let ListingQuery { bucket, scope, mode, selection, reads_locks } = self.query.clone();
        let mut items = BTreeMap::new();
        if let Some(table) = mode.table().filter(|_| reads_locks) {
            let scanned = table::scan(&self.connection, table, (&bucket, &scope)).await;
            let (locks, summary) = scanned.map_err(ListingFailure::Table)?;
            items = locks;
            self.summary = Some(summary);
        }
        let apart = scope.apart();
        let item = apart.as_ref().and_then(|apart| items.remove(apart.as_str()));
        let mut join = Join::new(scope, selection, items);
        if let Some(apart) = apart {
            let key = apart.as_str().to_owned();
            let object = pages::object(&self.connection, &bucket, &key).await?;
            let lockfile = look_up(&self.connection, &bucket, &key).await?;
            join.begin_with(key, (object, lockfile), item);
        }
        Ok(join)
    }
}

/// No object comes any more.
fn ended(mut join: Join) -> Stage {
    join.end();
    Stage::Ending(join)
}

/// The lockfile of a state, by the listing.
async fn look_up(
    connection: &Connection,
    bucket: &BucketName,
    state: &str,
) -> Result<Option<ListedObject>, ListingFailure> {
    let key = lockfile_key_of(&ObjectKey::new(state));
    pages::object(connection, bucket, key.as_str()).await
}

/// Starts to complete the lines that are known, as far as there is room.
fn read_ahead(
    reader: &Arc<LockReader>,
    join: &mut Join,
    ahead: &mut FuturesOrdered<BoxFuture<'static, Result<ListedState, ListingFailure>>>,
) {
    while ahead.len() < AHEAD_MAX {
        let Some(joined) = join.pop() else { return };
        let reader = Arc::clone(reader);
        ahead.push_back(Box::pin(async move { reader.complete(joined).await }));
    }
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { query, progress, .. } = self;
        f.debug_struct("Listing")
            .field("query", query)
            .field("progress", progress)
            .finish_non_exhaustive()
    }
}
