//! Who holds the locks that stand, as far as that can be seen from here.

use statelock_client::listing::ListedLock;
use statelock_protocol::lock::LockInfo;
use statelock_protocol::lock::evidence::{Evidence, Life};
use statelock_server::SystemClock;
use statelock_server::engine::Clock as _;

use crate::commands::doctor::finding::{Findings, Fix, Kind};
use crate::evidence::{self, Observers};
use crate::exit_code::ExitCode;
use crate::output::printable;
use crate::span;

static ORPHANED: Kind = Kind::warning(
    "lock-orphaned",
    ExitCode::Held,
    "nobody can plan or apply this state until somebody removes the lock",
);
static UNKNOWN: Kind = Kind::notice(
    "lock-holder-unknown",
    "nobody else can plan or apply this state meanwhile, and whether its holder is still at work cannot be seen from here",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 2] = [&ORPHANED, &UNKNOWN];

/// From this age on a lock of somebody unknown is worth a word. Most applies are over by then; that one is not
/// proves nothing.
const OLD_MIN_SECONDS: u64 = 60 * 60;

/// What is known of a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// Certainly there.
    Alive,
    /// Certainly gone, and that was said.
    Gone,
    /// Nothing can be told, for so long that this was said.
    LongUnknown,
    /// Nothing can be told.
    Unknown,
}

/// A lock that stands.
pub(super) struct Standing<'a> {
    pub(super) lock: &'a ListedLock,
    pub(super) info: &'a LockInfo,
    /// The state, for people.
    pub(super) shown: &'a str,
    /// What removes the lock.
    pub(super) unlock: String,
}

impl Standing<'_> {
    /// Looks for its holder.
    pub(super) fn check(self, findings: &mut Findings) -> Holder {
        let evidence = evidence::of(self.info, &Observers::of_this_process());
        match &evidence.life {
            Life::Alive { .. } => Holder::Alive,
            Life::Dead { proof } => {
                let seen = format!("{}: {}", self.taken(), printable(proof));
                findings.add(&ORPHANED, seen, Fix::paste("remove it", self.unlock));
                Holder::Gone
            }
            Life::Unknown { why } => {
                let age = self.age_seconds(now_seconds());
                if age.is_some_and(|age| age < OLD_MIN_SECONDS) {
                    return Holder::Unknown;
                }
                findings.add(&UNKNOWN, self.long_held(age, why, &evidence), self.patience());
                Holder::LongUnknown
            }
        }
    }

    /// By the holder's clock, else by the store's; `None` if neither says a time.
    fn age_seconds(&self, now: i64) -> Option<u64> {
        // A lock info without a time has the zero of Go, long before there were such locks.
        let created = Some(self.info.created.unix_seconds()).filter(|seconds| *seconds > 0);
        let since = created.or(self.lock.written_unix_seconds)?;
        Some(u64::try_from(now.saturating_sub(since)).unwrap_or_default())
    }

    fn taken(&self) -> String {
        format!("lock {} of {}, taken by {}", self.info.id, self.shown, printable(&self.info.who))
    }

    fn long_held(&self, age: Option<u64>, why: &str, evidence: &Evidence) -> String {
        let since = match age {
            Some(age) => format!("{} ago", span::shown(age)),
            None => "at a time that it does not say".to_owned(),
        };
        let remarks: Vec<_> = std::iter::once(why).chain(evidence.remarks()).collect();
        format!(
            "{} for {} {since}: {}",
            self.taken(),
            printable(&self.info.operation),
            printable(&remarks.join("; "))
        )
    }

    fn patience(self) -> Fix {
        let what = "ask its holder, or look where it ran: an old lock may belong to a long apply. Only if nobody is at \
                    work any more, remove it";
        Fix::paste(what, self.unlock)
    }
}

fn now_seconds() -> i64 {
    i64::try_from(SystemClock.now_micros() / 1_000_000).unwrap_or(i64::MAX)
}
