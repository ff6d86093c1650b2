//! What was found out about an operation, and by what.

use std::collections::BTreeMap;
use std::fmt;

use super::operation::Operation;

/// How a store does an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// As it should, every time it was tried.
    Enforced,
    /// It says that it does not: it refuses what it should do.
    Rejected,
    /// It accepts the request, and does not do what that says.
    Ignored,
    /// As it should alone, and not among others.
    Racy,
    /// Answers were lost, a permission is missing, or it was not tried.
    NotKnown,
}

impl Verdict {
    /// Its name for programs. Never changes.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Rejected => "rejected",
            Self::Ignored => "ignored",
            Self::Racy => "racy",
            Self::NotKnown => "not_known",
        }
    }

    /// Whether it is shown that the store does not do the operation as it should.
    pub const fn is_bad(self) -> bool {
        match self {
            Self::Rejected | Self::Ignored | Self::Racy => true,
            Self::Enforced | Self::NotKnown => false,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotKnown => "not known",
            Self::Enforced | Self::Rejected | Self::Ignored | Self::Racy => self.id(),
        })
    }
}

/// A verdict with what it is based on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// About what.
    pub operation: Operation,
    /// The verdict.
    pub verdict: Verdict,
    /// What was asked and answered, one after the other.
    pub steps: Vec<TriedStep>,
    /// What was asked at once.
    pub rounds: Option<Rounds>,
    /// How often it was looked, where one look says little.
    pub samples: Option<Samples>,
    /// What else there is to say, such as why it is not known.
    pub note: Option<String>,
}

/// One request, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedStep {
    /// What was asked.
    pub request: String,
    /// Whether it was to be done.
    pub due: Due,
    /// What the store said.
    pub answer: String,
    /// What stood there afterwards; empty if that says nothing.
    pub found: String,
    /// What this one step says.
    pub verdict: Verdict,
}

/// What is to become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// It is to be done.
    Done,
    /// It is to be refused.
    Refused,
    /// Stores may differ.
    Either,
}

impl Due {
    /// Its name for programs.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Either => "either",
        }
    }
}

/// What came of rounds of writers at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rounds {
    /// Writers in each round.
    pub writers: usize,
    /// How many were told in each round that they won.
    pub winners: Vec<usize>,
    /// Which answers there were, and how many.
    pub answers: BTreeMap<String, u64>,
    /// Rounds in which one more was told so who came when it was decided.
    pub late_winners: usize,
    /// Rounds after which another's bytes stood there than those of the one winner, or none.
    pub wrong_bytes: usize,
    /// Rounds that show nothing, because answers were lost.
    pub undecided: usize,
}

/// What came of many looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// Looks that showed what is there.
    pub right: u64,
    /// Looks that showed what was there before.
    pub stale: u64,
    /// Looks that were not answered, and those for which nothing could be written or deleted first.
    pub unanswered: u64,
}
