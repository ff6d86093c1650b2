//! Exit codes: an interface that scripts rely on. `docs/errors.md` explains each.

use std::process;

/// How a command ended, other than well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// A bug.
    Internal,
    /// An argument, a setting or a file is wrong.
    BadInput,
    /// Something that is needed is not there or not free now.
    Unavailable,
    /// The server does not let this access key do that.
    NotPermitted,
    /// Stored data is damaged.
    Corrupt,
}

impl ExitCode {
    /// The number that the process ends with. clap itself ends with 2 for bad arguments.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::BadInput => 2,
            Self::Unavailable => 8,
            Self::NotPermitted => 9,
            Self::Corrupt => 11,
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
            ExitCode::Unavailable,
            ExitCode::NotPermitted,
            ExitCode::Corrupt,
        ];
        assert_eq!(all.map(ExitCode::number), [1, 2, 8, 9, 11]);
    }
}
