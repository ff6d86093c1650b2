//! What a proof found wrong, told so that somebody can act on it.

use serde::{Serialize, Serializer};
use statelock_client::listing::ListingFailure;
use statelock_client::proof::{Fault, Tried};
use statelock_client::protocol::lock::steps::StoredLock;
use statelock_client::protocol::store::Refusal;
use statelock_client::state::ReadError;
use statelock_client::{ReleaseReport, StoreError, Trouble};

use super::super::record::RecordError;
use crate::backend::{
    BackendError, Verdict, command, lock_error_exit_code, lock_error_hint, place_name,
    refused_exit_code, refused_hint, removal_lines, verdict, whose,
};
use crate::commands::CommandError as _;
use crate::exit_code::ExitCode;
use crate::output;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    /// What should be: a sentence without a full stop, like the next two.
    pub(super) expected: String,
    /// What is.
    pub(super) found: String,
    /// What to do.
    pub(super) action: String,
    /// How `verify` ends because of it.
    #[serde(rename = "exit_code", serialize_with = "number")]
    pub(super) code: ExitCode,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field")]
fn number<S: Serializer>(code: &ExitCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u8(code.number())
}

/// What to do about a store that lets two clients hold one lock.
const NO_LOCK: &str = "do not rely on this store's locks: it does not keep clients out. If it is in front of another store, \
                       look whether it passes on the headers If-None-Match and If-Match";
/// What to do where nothing was heard.
const TRY_AGAIN: &str = "try again; what is left of a proof, the next one removes";

impl Problem {
    fn new(
        expected: impl Into<String>,
        found: impl Into<String>,
        (action, code): (impl Into<String>, ExitCode),
    ) -> Self {
        let found = output::printable(&found.into());
        Self { expected: expected.into(), found, action: action.into(), code }
    }

    /// A backend that cannot be used.
    pub(super) fn of_backend(error: &BackendError) -> Self {
        let mut found = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            found = format!("{found}: {source}");
            cause = source.source();
        }
        let action = error.hint().unwrap_or("correct it");
        Self::new("the backend can be used as it is configured", found, (action, error.exit_code()))
    }

    /// What is not known before a store is asked.
    pub(super) fn of_configuration(found: impl Into<String>, action: impl Into<String>) -> Self {
        let expected = "the files say where the state is, and how it is locked";
        Self::new(expected, found, (action, ExitCode::BadInput))
    }

    /// A listing that ended for a reason of its own.
    pub(super) fn of_listing(expected: &str, error: &ListingFailure) -> Self {
        match error {
            ListingFailure::Objects(error) | ListingFailure::Table(error) => {
                Self::of_store(expected, error)
            }
            ListingFailure::OutOfOrder { .. }
            | ListingFailure::NoContinuation
            | ListingFailure::Key(_) => {
                let action = "name the workspace with --workspace, one at a time";
                Self::new(expected, error.to_string(), (action, ExitCode::Unsupported))
            }
        }
    }

    /// A proof that could not be noted.
    pub(super) fn of_record(error: &RecordError) -> Self {
        let mut found = error.to_string();
        if let Some(source) = std::error::Error::source(error) {
            found = format!("{found}: {source}");
        }
        let expected = "that it is verified is noted in the record";
        Self::new(expected, found, (error.hint(), error.exit_code()))
    }

    /// No name for a throw-away state.
    pub(super) fn of_random(error: &std::io::Error) -> Self {
        let expected = "the operating system has random bytes for a name";
        Self::new(expected, error.to_string(), ("try again", ExitCode::Internal))
    }

    /// A signal came before everything was tried.
    pub(super) fn of_stop() -> Self {
        let expected = "every workspace is tried";
        let found = "a signal ended it before; nothing is left locked";
        Self::new(expected, found, ("run it again", ExitCode::Interrupted))
    }

    /// A store that did not do what only reads.
    pub(super) fn of_store(expected: &str, error: &StoreError) -> Self {
        match error {
            StoreError::Refused { refusal, trouble } => {
                Self::of_refusal(expected, Some(*refusal), Some(trouble))
            }
            StoreError::Unknown(trouble) => Self::of_refusal(expected, None, Some(trouble)),
        }
    }

    fn of_refusal(expected: &str, refusal: Option<Refusal>, trouble: Option<&Trouble>) -> Self {
        let found = trouble.map_or_else(|| "no answer".to_owned(), ToString::to_string);
        match refusal {
            Some(refusal) => {
                Self::new(expected, found, (refused_hint(refusal), refused_exit_code(refusal)))
            }
            None => Self::new(expected, found, (TRY_AGAIN, ExitCode::Unavailable)),
        }
    }

    /// A state that was not read, or does not have its digest.
    pub(super) fn of_state(error: &ReadError, named: &str) -> Self {
        let expected = "the state has the digest that the lock table says";
        match error {
            ReadError::Store(error) => Self::of_store(expected, error),
            ReadError::DigestMismatch { .. } => {
                let action = format!(
                    "look at it: {} > state.json; if it is right, this writes its digest: {}",
                    command("state pull --ignore-digest", named, ""),
                    command("state push", named, "state.json")
                );
                Self::new(expected, error.to_string(), (action, ExitCode::Corrupt))
            }
            ReadError::Changing
            | ReadError::NoSuchVersion(_)
            | ReadError::DeleteMarker(_)
            | ReadError::Sink(_) => {
                Self::new(expected, error.to_string(), (TRY_AGAIN, ExitCode::Unavailable))
            }
        }
    }

    /// A step that was in vain. `named` is how the user can name the state that was locked.
    pub(super) fn of_fault(tried: &Tried, fault: &Fault, named: &str) -> Self {
        let expected = text(tried);
        match fault {
            Fault::Held(lock) => Self::new(
                expected,
                whose(Some(lock)),
                (
                    format!("wait for it, and try again: {}", command("wait", named, "")),
                    ExitCode::Held,
                ),
            ),
            Fault::NotLooked { refusal, trouble } => {
                Self::of_refusal(&expected, *refusal, trouble.as_ref())
            }
            Fault::NotTaken(error) | Fault::NotShutOut(error) => {
                let told = (lock_error_hint(error, named), lock_error_exit_code(error));
                Self::new(expected, error.to_string(), told)
            }
            Fault::NotShown => {
                Self::new(expected, "there is no lock", (NO_LOCK, ExitCode::Unsupported))
            }
            Fault::ShowsAnother(lock) => {
                Self::new(expected, whose(Some(lock)), (NO_LOCK, ExitCode::Unsupported))
            }
            Fault::LetIn { id, is_released } => {
                let found = format!("it was given the lock {id}, while another was held");
                let left =
                    || format!("; remove its lock: {}", command("unlock", named, id.as_str()));
                let left = if *is_released { String::new() } else { left() };
                Self::new(expected, found, (format!("{NO_LOCK}{left}"), ExitCode::Unsupported))
            }
            Fault::WasGone(report) => {
                let action = "look who removed it: a rule or a job that deletes lock objects breaks every run";
                Self::new(expected, told(report), (action, ExitCode::NotHeld))
            }
            Fault::NotReleased(report) => {
                let code = match verdict(report) {
                    Verdict::Refused(refusal) => {
                        let action = refused_hint(refusal);
                        return Self::new(
                            expected,
                            told(report),
                            (action, refused_exit_code(refusal)),
                        );
                    }
                    Verdict::Unknown | Verdict::Removed | Verdict::NotThere => {
                        ExitCode::OutcomeUnknown
                    }
                };
                Self::new(expected, told(report), (TRY_AGAIN, code))
            }
            Fault::Left(lock) => Self::left(expected, lock),
        }
    }

    fn left(expected: String, lock: &StoredLock) -> Self {
        Self::new(expected, whose(Some(lock)), (TRY_AGAIN, ExitCode::OutcomeUnknown))
    }
}

fn told(report: &ReleaseReport) -> String {
    let mut lines = removal_lines(report);
    lines.extend(report.trouble.as_ref().map(ToString::to_string));
    lines.join("; ")
}

/// What a step proves.
pub(super) fn text(tried: &Tried) -> String {
    match tried {
        Tried::Free => "nobody holds the lock".to_owned(),
        Tried::Taken => "the lock can be taken".to_owned(),
        Tried::Shown(place) => format!("it is in the {}, with its ID", place_name(place)),
        Tried::ShutOut(mode) => {
            format!("it is refused to a client that locks by {}", crate::backend::by(mode))
        }
        Tried::Released => "it stands until it is released".to_owned(),
        Tried::Gone => "nothing of it is left".to_owned(),
    }
}

/// A step's name for programs.
pub(super) fn name(tried: &Tried) -> &'static str {
    match tried {
        Tried::Free => "free",
        Tried::Taken => "taken",
        Tried::Shown(_) => "shown",
        Tried::ShutOut(_) => "refused_to_others",
        Tried::Released => "released",
        Tried::Gone => "nothing_left",
    }
}

/// The worse of two ends: that a store does not lock at all is worse than that it could not be asked.
pub(super) fn worse(one: ExitCode, other: ExitCode) -> ExitCode {
    if rank(one) >= rank(other) { one } else { other }
}

fn rank(code: ExitCode) -> u8 {
    match code {
        ExitCode::HungUp | ExitCode::Interrupted | ExitCode::Terminated => 0,
        ExitCode::Held => 1,
        ExitCode::BadInput => 2,
        ExitCode::NotFound => 3,
        ExitCode::Unavailable => 4,
        ExitCode::NotPermitted => 5,
        ExitCode::StateConflict => 6,
        ExitCode::NotHeld => 7,
        ExitCode::OutcomeUnknown => 8,
        ExitCode::Corrupt => 9,
        ExitCode::Unsupported => 10,
        ExitCode::Internal => 11,
    }
}

#[cfg(test)]
mod tests {
    use statelock_client::protocol::lock::LockId;
    use statelock_client::protocol::lock::steps::LockMode;

    use super::*;

    #[test]
    fn a_second_holder_is_the_worst_that_a_store_can_do() {
        let id = LockId::parse("an-id").unwrap();
        let fault = Fault::LetIn { id, is_released: false };
        let problem = Problem::of_fault(&Tried::ShutOut(LockMode::Lockfile), &fault, "s3://b/k");
        assert_eq!(problem.code, ExitCode::Unsupported);
        assert_eq!(problem.expected, "it is refused to a client that locks by lockfile");
        assert!(problem.found.contains("an-id"), "{problem:?}");
        assert!(problem.action.ends_with("statelock unlock s3://b/k an-id"), "{problem:?}");
        assert_eq!(worse(ExitCode::Unsupported, ExitCode::Corrupt), ExitCode::Unsupported);
        assert_eq!(worse(ExitCode::Held, ExitCode::NotPermitted), ExitCode::NotPermitted);
        assert_eq!(worse(ExitCode::Unavailable, ExitCode::Held), ExitCode::Unavailable);
    }

    #[test]
    fn what_a_store_refuses_has_its_own_next_step() {
        let fault = Fault::NotLooked { refusal: Some(Refusal::NoSuchTable), trouble: None };
        let problem = Problem::of_fault(&Tried::Free, &fault, "x");
        assert_eq!(problem.code, ExitCode::NotFound);
        assert_eq!(problem.action, "check the table's name and the region");
        let silent = Fault::NotLooked { refusal: None, trouble: None };
        assert_eq!(Problem::of_fault(&Tried::Free, &silent, "x").code, ExitCode::Unavailable);
    }
}
