//! How far it is, on stderr, if that is a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use statelock_server::backup::Progress;
use tokio::time::Instant;

/// How often numbers are drawn.
const PAUSE: Duration = Duration::from_millis(250);

/// One line that is drawn over and over.
pub(super) struct ProgressLine {
    is_terminal: bool,
    drawn: Option<(Instant, Discriminant<Progress>)>,
}

impl ProgressLine {
    pub(super) fn new() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), drawn: None }
    }

    pub(super) fn draw(&mut self, progress: Progress) {
        if !self.is_terminal {
            return;
        }
        let now = Instant::now();
        let kind = discriminant(&progress);
        if self.drawn.is_some_and(|(at, of)| of == kind && now.duration_since(at) < PAUSE) {
            return;
        }
        self.drawn = Some((now, kind));
        print(&format!("\r{}\x1b[K", text(progress)));
    }

    /// Takes it away, before something else is printed.
    pub(super) fn clear(&mut self) {
        if self.drawn.take().is_some() {
            print("\r\x1b[K");
        }
    }
}

fn text(progress: Progress) -> String {
    match progress {
        Progress::Copying { done_bytes, total_bytes } => {
            format!("copying: {} of {} MiB", done_bytes >> 20, total_bytes >> 20)
        }
        Progress::Comparing => "computing the SHA-256 of the database".to_owned(),
        Progress::CheckingPages => "checking pages and records".to_owned(),
        Progress::CheckingAudit => "checking the audit log".to_owned(),
        Progress::CheckingBodies { bodies } => format!("checking bodies: {bodies}"),
    }
}

fn print(text: &str) {
    let mut stderr = io::stderr().lock();
    // Nothing is lost when it cannot be drawn.
    stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_has_its_words() {
        let copying = Progress::Copying { done_bytes: 5 << 20, total_bytes: 12 << 20 };
        assert_eq!(text(copying), "copying: 5 of 12 MiB");
        assert_eq!(text(Progress::CheckingBodies { bodies: 7 }), "checking bodies: 7");
    }
}
