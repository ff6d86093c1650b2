//! Signals that ask a verb to stop while it changes files: they are noted, and looked for between two steps, so that no step is
//! left half done and what was done can be said.

use std::io;

use tokio::sync::watch::{Receiver, Sender, channel};

use crate::backend::{StopSignal, StopSignals};

/// The last signal that came, and how many came until then.
type Noted = Option<(StopSignal, u32)>;

/// Whether the verb was asked to stop.
#[derive(Clone, Debug)]
pub(super) struct StopNotice {
    noted: Receiver<Noted>,
}

impl StopNotice {
    /// Notes signals from now on, in a thread of its own that ends with the process.
    ///
    /// # Errors
    /// The system does not let signals be caught, or gives no thread.
    pub(super) fn of_signals() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let mut signals = {
            let _entered = runtime.enter();
            StopSignals::catch()?
        };
        let (sender, noted) = channel(None);
        let name = "stop-signals".to_owned();
        std::thread::Builder::new().name(name).spawn(move || {
            runtime.block_on(async {
                loop {
                    note(&sender, signals.next().await);
                }
            });
        })?;
        Ok(Self { noted })
    }

    /// The signal, if one has come.
    pub(super) fn seen(&self) -> Option<StopSignal> {
        self.noted.borrow().map(|(signal, _)| signal)
    }

    /// The next signal after the first `known` ones. Never ends if none comes. May be dropped at any time.
    pub(super) async fn after(&self, known: u32) -> StopSignal {
        let mut noted = self.noted.clone();
        let is_next = |noted: &Noted| noted.is_some_and(|(_, count)| count > known);
        let found = noted.wait_for(is_next).await.ok().and_then(|noted| *noted);
        match found {
            Some((signal, _)) => signal,
            // Nobody can send one any more.
            None => std::future::pending().await,
        }
    }

    /// How many have come.
    pub(super) fn count(&self) -> u32 {
        self.noted.borrow().map_or(0, |(_, count)| count)
    }

    /// One that a test sends signals to.
    #[cfg(test)]
    pub(super) fn of_test() -> (impl Fn(StopSignal), Self) {
        let (sender, noted) = channel(None);
        (move |signal| note(&sender, signal), Self { noted })
    }

    /// One to which no signal ever comes.
    #[cfg(test)]
    pub(super) fn never() -> Self {
        Self { noted: channel(None).1 }
    }
}

fn note(sender: &Sender<Noted>, signal: StopSignal) {
    sender.send_modify(|noted| {
        let count = noted.map_or(0, |(_, count)| count);
        *noted = Some((signal, count.saturating_add(1)));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_signal_is_noted_and_awaited_once() {
        let (send, notice) = StopNotice::of_test();
        assert_eq!((notice.seen(), notice.count()), (None, 0));
        send(StopSignal::Interrupt);
        assert_eq!(notice.after(0).await, StopSignal::Interrupt);
        let next = notice.after(notice.count());
        send(StopSignal::Terminate);
        assert_eq!(next.await, StopSignal::Terminate);
        assert_eq!((notice.seen(), notice.count()), (Some(StopSignal::Terminate), 2));
    }
}
