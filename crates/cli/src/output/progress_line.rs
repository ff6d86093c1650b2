//! How far something is: one line on standard error that is drawn over and over, if that is a terminal.
//!
//! Whatever else is printed through `output` takes it away first.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How often numbers are drawn.
const PAUSE: Duration = Duration::from_millis(250);
/// Back to the begin of the line, and nothing after it.
const ERASE: &str = "\r\x1b[K";

/// Whether there is one on the terminal, of which there is one for the whole process. It changes while standard error
/// is locked.
static IS_DRAWN: AtomicBool = AtomicBool::new(false);

/// One line. `S` is what tells its steps apart: of a step the first text is drawn, and then some; of the next one the
/// first again. It is taken away when it is dropped.
#[derive(Debug)]
pub(crate) struct ProgressLine<S> {
    is_shown: bool,
    drawn: Option<(Instant, S)>,
}

impl<S: PartialEq> ProgressLine<S> {
    /// Shows nothing unless it is `wanted` and standard error is a terminal that can take a line away again.
    pub(crate) fn new(wanted: bool) -> Self {
        let is_able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let is_shown = wanted && is_able && io::stderr().is_terminal();
        Self { is_shown, drawn: None }
    }

    /// Waits until it should be drawn again: for ever if nobody would see it. May be dropped, and asked again.
    pub(crate) async fn is_due(&self) {
        match &self.drawn {
            _ if !self.is_shown => std::future::pending().await,
            None => {}
            Some((at, _)) => tokio::time::sleep_until(*at + PAUSE).await,
        }
    }

    /// Draws a text of this step, if it is time.
    pub(crate) fn draw(&mut self, step: S, text: impl FnOnce() -> String) {
        if !self.is_shown {
            return;
        }
        let now = Instant::now();
        let is_early = |(at, of): &(Instant, S)| *of == step && now.duration_since(*at) < PAUSE;
        if self.drawn.as_ref().is_some_and(is_early) {
            return;
        }
        self.drawn = Some((now, step));
        let mut stderr = io::stderr().lock();
        IS_DRAWN.store(true, Ordering::SeqCst);
        print(&mut stderr, &line(&text()));
    }
}

impl<S> Drop for ProgressLine<S> {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            erase();
        }
    }
}

/// Takes the line away, if there is one.
pub(crate) fn erase() {
    let mut stderr = io::stderr().lock();
    if IS_DRAWN.swap(false, Ordering::SeqCst) {
        print(&mut stderr, ERASE);
    }
}

/// A text in place of what stood on the line. What is wider than the terminal is cut off there: a second row would stay.
fn line(text: &str) -> String {
    format!("\r\x1b[?7l{text}\x1b[K\x1b[?7h")
}

fn print(stderr: &mut io::StderrLock<'_>, text: &str) {
    // Nothing is lost when it cannot be drawn.
    stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_replaces_what_stood_there_and_has_one_row() {
        assert_eq!(line("copying"), "\r\x1b[?7lcopying\x1b[K\x1b[?7h");
    }

    #[test]
    fn what_is_not_wanted_is_not_drawn() {
        let mut unwanted = ProgressLine::new(false);
        unwanted.draw(1, || unreachable!("nothing is drawn"));
        assert!(unwanted.drawn.is_none());
    }
}
