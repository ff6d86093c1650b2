//! How far a listing is, on stderr, if that is a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use statelock_client::listing::ListingProgress;
use tokio::time::{Instant, Interval, MissedTickBehavior};

/// How often it is drawn.
const PAUSE: Duration = Duration::from_millis(250);

/// One line that is drawn over and over.
pub(super) struct Progress {
    is_terminal: bool,
    is_drawn: bool,
    began: Instant,
    ticks: Interval,
}

impl Progress {
    pub(super) fn new() -> Self {
        let mut ticks = tokio::time::interval(PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let is_terminal = io::stderr().is_terminal();
        Self { is_terminal, is_drawn: false, began: Instant::now(), ticks }
    }

    /// Waits until it should be drawn again: for ever if nobody would see it.
    pub(super) async fn is_due(&mut self) {
        if self.is_terminal {
            self.ticks.tick().await;
        } else {
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn draw(&mut self, progress: &ListingProgress) {
        self.is_drawn = true;
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let pages = progress.pages.saturating_mul(1000) / millis;
        draw(&format!("\r{} objects, {pages} pages/s\x1b[K", progress.objects));
    }

    /// Takes it away, before something else is printed.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            draw("\r\x1b[K");
        }
    }
}

fn draw(text: &str) {
    let mut stderr = io::stderr().lock();
    // Nothing is lost when it cannot be drawn.
    stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()).unwrap_or_default();
}
