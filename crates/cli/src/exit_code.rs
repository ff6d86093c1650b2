//! Exit codes: an interface that scripts rely on. `docs/errors.md` explains each.

use std::process;

/// How a command ended, other than well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// A bug.
    Internal,
    /// An argument, a setting or a file is wrong.
    BadInput,
    /// Somebody else holds the lock.
    Held,
    /// Nobody holds the lock, or somebody else than was said.
    NotHeld,
    /// The state is not the one that the command was about, or the write rule refuses the write.
    StateConflict,
    /// What was asked for is not there.
    NotFound,
    /// The answer was lost, and reading back did not show what became of the request.
    OutcomeUnknown,
    /// Something that is needed is not there or not free now.
    Unavailable,
    /// The server or the store does not let these credentials do that.
    NotPermitted,
    /// The store cannot do what is needed.
    Unsupported,
    /// Stored data is damaged.
    Corrupt,
    /// SIGHUP ended it, and nothing is left behind; as a shell tells it.
    HungUp,
    /// SIGINT did.
    Interrupted,
    /// SIGTERM did.
    Terminated,
}

impl ExitCode {
    /// The number that the process ends with. clap itself ends with 2 for bad arguments.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::BadInput => 2,
            Self::Held => 3,
            Self::NotHeld => 4,
            Self::StateConflict => 5,
            Self::NotFound => 6,
            Self::OutcomeUnknown => 7,
            Self::Unavailable => 8,
            Self::NotPermitted => 9,
            Self::Unsupported => 10,
            Self::Corrupt => 11,
            Self::HungUp => 129,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}

#[cfg(test)]
mod tests {
    use super::ExitCode;

    #[test]
    fn numbers_never_change() {
        let all = [
            ExitCode::Internal,
            ExitCode::BadInput,
            ExitCode::Held,
            ExitCode::NotHeld,
            ExitCode::StateConflict,
            ExitCode::NotFound,
            ExitCode::OutcomeUnknown,
            ExitCode::Unavailable,
            ExitCode::NotPermitted,
            ExitCode::Unsupported,
            ExitCode::Corrupt,
            ExitCode::HungUp,
            ExitCode::Interrupted,
            ExitCode::Terminated,
        ];
        let numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 129, 130, 143];
        assert_eq!(all.map(ExitCode::number), numbers);
    }
}
