//! How far a listing is, in words.

use std::time::Duration;

use statelock_client::listing::ListingProgress;

pub(super) fn text(progress: &ListingProgress, took: Duration) -> String {
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
    let pages = progress.pages.saturating_mul(1000) / millis;
    format!("{} objects, {pages} pages/s", progress.objects)
}
