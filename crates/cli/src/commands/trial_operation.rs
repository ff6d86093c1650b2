//! What locks say that they are for if they are only taken to try whether they hold.

use statelock_client::protocol::lock::LockInfo;

/// A verb that tries locks on throw-away states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrialOperation {
    /// `migrate verify`
    Verify,
    /// `migrate plan --online`, and `apply`
    Plan,
    /// `doctor`
    Doctor,
}

impl TrialOperation {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Verify, Self::Plan, Self::Doctor];

    /// As it stands in the lock info.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Verify => "migrate verify",
            Self::Plan => "StatelockPlan",
            Self::Doctor => "statelock-doctor",
        }
    }

    /// Whether one of them took this lock.
    pub(crate) fn took(info: &LockInfo) -> bool {
        Self::ALL.iter().any(|operation| operation.text() == info.operation)
    }
}
