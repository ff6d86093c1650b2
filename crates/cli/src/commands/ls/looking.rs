//! A listing whose holders are looked at while it goes on.

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use statelock_client::Connection;
use statelock_client::StoreError;
use statelock_client::listing::{
    Listing, ListingError, ListingProgress, ListingQuery, LockContent, TableSummary,
};
use tokio::task::JoinError;

use super::error::LsError;
use super::holder::{Looks, Seen};

/// States that are looked at at a time.
const AHEAD_MAX: usize = 16;

/// A listing, in order, with all that is to be said of each state.
pub(super) struct Looking {
    listing: Listing,
    looks: Looks,
    ahead: FuturesOrdered<BoxFuture<'static, Result<Seen, JoinError>>>,
    end: Option<Result<(), ListingError>>,
    unread: Option<(u64, StoreError)>,
}

impl Looking {
    pub(super) fn new(connection: Connection, query: ListingQuery, looks: Looks) -> Self {
        let listing = Listing::new(connection, query);
        Self { listing, looks, ahead: FuturesOrdered::new(), end: None, unread: None }
    }

    pub(super) fn progress(&self) -> &ListingProgress {
        self.listing.progress()
    }

    pub(super) fn table(&self) -> Option<&TableSummary> {
        self.listing.table()
    }

    /// Locks that the store did not let us read, if there are any.
    pub(super) fn unread(&self) -> Result<(), LsError> {
        match self.unread.clone() {
            Some((count, first)) => Err(LsError::Unread { count, first: Box::new(first) }),
            None => Ok(()),
        }
    }

    /// The next state. May be dropped at any time, and asked again.
    pub(super) async fn next(&mut self) -> Result<Option<Seen>, LsError> {
        loop {
            if self.end.is_some() || self.ahead.len() >= AHEAD_MAX {
                return match (self.ahead.next().await, &self.end) {
                    (Some(seen), _) => seen.map(Some).map_err(LsError::Evidence),
                    (None, Some(Err(error))) => Err(error.clone().into()),
                    (None, Some(Ok(())) | None) => Ok(None),
                };
            }
            tokio::select! {
                biased;
                Some(seen) = self.ahead.next() => return seen.map(Some).map_err(LsError::Evidence),
                state = self.listing.next() => match state {
                    Ok(Some(state)) => {
                        for lock in &state.locks {
                            if let LockContent::Failed(error) = &lock.content {
                                self.unread.get_or_insert_with(|| (0, error.clone())).0 += 1;
                            }
                        }
                        self.ahead.push_back(Box::pin(Seen::of(state, self.looks)));
                    }
                    Ok(None) => self.end = Some(Ok(())),
                    Err(error) => self.end = Some(Err(error)),
                }
            }
        }
    }
}
