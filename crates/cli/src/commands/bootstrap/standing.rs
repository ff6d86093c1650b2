//! How a setting stands to what is wanted, and what follows from it.

use serde::Serialize;

/// What there is to make, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    Bucket,
    Ownership,
    PublicAccess,
    Versioning,
    Encryption,
    TlsOnly,
    OldVersions,
    LockTable,
    Billing,
    DeletionProtection,
    PointInTimeRecovery,
}

impl Step {
    /// For people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Ownership => "object ownership",
            Self::PublicAccess => "public access block",
            Self::Versioning => "versioning",
            Self::Encryption => "default encryption",
            Self::TlsOnly => "TLS only",
            Self::OldVersions => "old versions",
            Self::LockTable => "lock table",
            Self::Billing => "billing",
            Self::DeletionProtection => "deletion protection",
            Self::PointInTimeRecovery => "point-in-time recovery",
        }
    }
}

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// As wanted, or stricter, in these words.
    AsWanted(String),
    /// Nothing is set.
    NotSet,
    /// Something else is set, in these words.
    Different(String),
    /// Something else is set, in these words, and setting ours beside it would not change that.
    Fixed(String),
    /// It cannot be set at all, and why.
    Impossible(String),
    /// It is not wanted here, and why.
    NotHere(String),
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// Nothing is to be done.
    Already(String),
    /// Set it; what is different goes, in these words.
    Set { replaced: Option<String> },
    /// Leave it, although it is different.
    Keep(String),
    /// Leave it out.
    LeaveOut(String),
    /// It fails.
    Fail(String),
}

impl Standing {
    /// What is set by somebody is changed only if that is asked for.
    pub(super) fn course(self, changes_existing: bool) -> Course {
        match self {
            Self::AsWanted(is) => Course::Already(is),
            Self::NotSet => Course::Set { replaced: None },
            Self::Different(is) if changes_existing => Course::Set { replaced: Some(is) },
            Self::Different(is) | Self::Fixed(is) => Course::Keep(is),
            Self::Impossible(why) => Course::Fail(why),
            Self::NotHere(why) => Course::LeaveOut(why),
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ending {
    Done,
    WouldDo,
    Already,
    KeptDifferent,
    LeftOut,
    Failed,
}

impl Ending {
    /// For people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::WouldDo => "would do",
            Self::Already => "already so",
            Self::KeptDifferent => "kept",
            Self::LeftOut => "left out",
            Self::Failed => "failed",
        }
    }
}

/// A step that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Ended {
    pub(super) step: Step,
    pub(super) ending: Ending,
    /// What it is about: what was set, what is there instead, or why not.
    pub(super) text: String,
    /// What the store says that it shows without doing it.
    pub(super) not_applied: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_set_is_changed_only_if_that_is_asked_for() {
        let different = || Standing::Different("off".to_owned());
        assert_eq!(different().course(false), Course::Keep("off".to_owned()));
        assert_eq!(different().course(true), Course::Set { replaced: Some("off".to_owned()) });
        let fixed = Standing::Fixed("off".to_owned()).course(true);
        assert_eq!(fixed, Course::Keep("off".to_owned()));
        assert_eq!(Standing::NotSet.course(false), Course::Set { replaced: None });
        let as_wanted = Standing::AsWanted("on".to_owned()).course(true);
        assert_eq!(as_wanted, Course::Already("on".to_owned()));
    }
}
