//! How a command is told to stop: gently first, harder only when it is asked for again.
//!
//! Terraform ends in order after one SIGINT: it finishes what it has begun and writes its state. A
//! second one makes it give up at once, without its state. So several wishes to stop are one, unless
//! the *same* one is repeated: a CI that sends SIGINT, SIGTERM and SIGHUP one after the other wants one
//! end, and not a lost state.

use crate::backend::StopSignal;

/// Where a wish to stop comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Ctrl-C, or another signal that the command has got itself.
    Keyboard,
    /// SIGINT to us alone.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP.
    HangUp,
    /// The lock is lost.
    LockLost,
}

impl From<StopSignal> for Wish {
    fn from(signal: StopSignal) -> Self {
        match signal {
            StopSignal::Interrupt => Self::Interrupt,
            StopSignal::Terminate => Self::Terminate,
            StopSignal::HangUp => Self::HangUp,
        }
    }
}

impl Wish {
    /// What a signal to us wishes. Without `forwards`, and for Ctrl-C on a shared keyboard, the command has got
    /// it itself.
    pub(super) fn of(caught: StopSignal, forwards: bool, shares_keyboard: bool) -> Self {
        match caught {
            _ if !forwards => Self::Keyboard,
            StopSignal::Interrupt if shares_keyboard => Self::Keyboard,
            StopSignal::Interrupt | StopSignal::Terminate | StopSignal::HangUp => caught.into(),
        }
    }
}

/// What the command is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Nothing: it has been asked, or knows.
    Nothing,
    /// SIGINT.
    Interrupt,
    /// SIGKILL.
    Kill,
}

/// What was wished so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stopping {
    wishes: [u8; 5],
    level: u8,
}

impl Stopping {
    /// Takes a wish, and says what to send for it.
    pub(super) fn wish(&mut self, wish: Wish) -> Sent {
        let count = self.count_mut(wish);
        *count = count.saturating_add(1);
        let level = *count;
        if level <= self.level {
            return Sent::Nothing;
        }
        self.level = level;
        match (wish, level) {
            (Wish::Keyboard, _) => Sent::Nothing,
            (Wish::Interrupt | Wish::Terminate | Wish::HangUp | Wish::LockLost, 1 | 2) => {
                Sent::Interrupt
            }
            (Wish::Interrupt | Wish::Terminate | Wish::HangUp | Wish::LockLost, _) => Sent::Kill,
        }
    }

    /// Whether the command has been told to stop.
    pub(super) fn has_begun(&self) -> bool {
        self.level > 0
    }

    fn count_mut(&mut self, wish: Wish) -> &mut u8 {
        let [keyboard, interrupt, terminate, hang_up, lock_lost] = &mut self.wishes;
        match wish {
            Wish::Keyboard => keyboard,
            Wish::Interrupt => interrupt,
            Wish::Terminate => terminate,
            Wish::HangUp => hang_up,
            Wish::LockLost => lock_lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sent::{Interrupt, Kill, Nothing};
    use super::{Stopping, Wish};

    fn sent(wishes: &[Wish]) -> Vec<super::Sent> {
        let mut stopping = Stopping::default();
        wishes.iter().map(|wish| stopping.wish(*wish)).collect()
    }

    #[test]
    fn one_wish_again_and_again_gets_harder() {
        for wish in [Wish::Interrupt, Wish::Terminate, Wish::HangUp] {
            assert_eq!(sent(&[wish; 4]), [Interrupt, Interrupt, Kill, Kill]);
        }
    }

    #[test]
    fn different_wishes_are_one() {
        let all = [Wish::Interrupt, Wish::Terminate, Wish::HangUp, Wish::LockLost];
        assert_eq!(sent(&all), [Interrupt, Nothing, Nothing, Nothing]);
        let again = [Wish::Interrupt, Wish::Terminate, Wish::Terminate];
        assert_eq!(sent(&again), [Interrupt, Nothing, Interrupt]);
    }

    #[test]
    fn what_the_terminal_sent_is_not_sent_twice() {
        assert_eq!(sent(&[Wish::Keyboard; 3]), [Nothing, Nothing, Nothing]);
        assert_eq!(sent(&[Wish::Keyboard, Wish::Terminate]), [Nothing, Nothing]);
    }

    #[test]
    fn it_is_known_whether_stopping_has_begun() {
        let mut stopping = Stopping::default();
        assert!(!stopping.has_begun());
        stopping.wish(Wish::Keyboard);
        assert!(stopping.has_begun());
    }
}
