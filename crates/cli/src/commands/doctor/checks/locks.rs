//! The locks that stand: which are not whole, cannot be read, or have no state.

use statelock_client::StoreError;
use statelock_client::listing::{
    ListedLock, ListedState, Listing, ListingFailure, ListingQuery, ListingSelection,
};
use statelock_client::protocol::store::{ObjectKey, Refusal};

use super::holders::{Holder, Standing};
use crate::backend::command;
use crate::commands::doctor::finding::{Findings, Fix, Kind};
use crate::commands::doctor::subject::Subject;
use crate::exit_code::ExitCode;
use crate::output::printable;

static HALF: Kind = Kind::notice(
    "lock-half",
    "a client that looks for the lock in the other place alone is not kept out",
);
static UNREADABLE: Kind = Kind::warning(
    "lock-unreadable",
    ExitCode::Held,
    "it locks like any other, and Terraform can neither show nor force-unlock it",
);
static STATELESS: Kind = Kind::notice(
    "lock-without-state",
    "somebody makes this state for the first time, or it was deleted under its lock: then whoever makes it anew finds it locked",
);
static NOT_LISTED: Kind = Kind::warning(
    "workspaces-not-listed",
    ExitCode::NotPermitted,
    "`terraform workspace list` and `select` fail, and the locks of the other workspaces were not looked at",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 4] =
    [&HALF, &UNREADABLE, &STATELESS, &NOT_LISTED];

/// Looks at all workspaces of the backend; the states that are there.
///
/// # Errors
/// The store stopped to answer.
pub(in crate::commands::doctor) async fn check(
    subject: &Subject,
    findings: &mut Findings,
) -> Result<Vec<ObjectKey>, StoreError> {
    let settings = subject.backend.settings();
    let address = &settings.address;
    let query = ListingQuery {
        bucket: address.bucket().clone(),
        scope: subject.scope(),
        mode: settings.mode.clone(),
        selection: ListingSelection::Objects,
        reads_locks: true,
    };
    let mut listing = Listing::new(subject.backend.connection().clone(), query);
    let (mut states, mut seen) = (Vec::new(), Seen::default());
    loop {
        match listing.next().await {
            Ok(Some(state)) => {
                seen.state(subject, &state, findings);
                if state.object.is_some() {
                    states.push(state.key);
                }
            }
            Ok(None) => break,
            Err(error) => match error.cause {
                ListingFailure::Objects(cause) | ListingFailure::Table(cause)
                    if is_denied(&cause) =>
                {
                    not_listed(subject, &cause, findings);
                    return Ok(states);
                }
                ListingFailure::Objects(cause) | ListingFailure::Table(cause) => return Err(cause),
                odd @ (ListingFailure::OutOfOrder { .. }
                | ListingFailure::NoContinuation
                | ListingFailure::Key(_)) => {
                    let fix = Fix::by_hand(
                        "look at each workspace by itself: statelock status --workspace NAME",
                    );
                    findings.add(&NOT_LISTED, odd.to_string(), fix);
                    return Ok(states);
                }
            },
        }
    }
    if seen.is_bad {
        return Ok(states);
    }
    let text = format!(
        "{} held of {} states; none half, none without its state, none old without a sign of its holder",
        seen.held,
        states.len()
    );
    findings.fine("locks", text);
    Ok(states)
}

fn is_denied(error: &StoreError) -> bool {
    matches!(error, StoreError::Refused { refusal: Refusal::Denied, .. })
}

fn not_listed(subject: &Subject, cause: &StoreError, findings: &mut Findings) {
    let needs = match subject.table {
        None => "s3:ListBucket on the bucket",
        Some(_) => "s3:ListBucket on the bucket, and dynamodb:Scan and GetItem on the lock table",
    };
    let fix = Fix::by_hand(format!("allow {needs}; only doctor and `statelock ls` scan the table"));
    findings.add(&NOT_LISTED, cause.to_string(), fix);
}

/// What was seen so far.
#[derive(Default)]
struct Seen {
    held: u64,
    is_bad: bool,
}

impl Seen {
    /// All locks of a state, or of what may become one.
    fn state(&mut self, subject: &Subject, state: &ListedState, findings: &mut Findings) {
        let place = format!("s3://{}/{}", subject.bucket.name(), state.key);
        let shown = printable(&place);
        let unlock = |id: &str| {
            // The state may be of another workspace than the one that was named.
            let named = Self::naming(subject, &place);
            command("force-unlock", &named, id)
        };
        let mut waits = Vec::new();
        for (number, lock) in state.locks.iter().enumerate() {
            let id = lock.id().map(|id| id.to_string());
            let word = id.as_deref().unwrap_or("unreadable");
            let before = state.locks.iter().take(number);
            // A lock in both places is one.
            if id.is_some() && before.into_iter().any(|other| other.id() == lock.id()) {
                continue;
            }
            let holder = self.lock(lock, state.is_half, (&shown, unlock(word)), findings);
            if matches!(holder, Holder::Unknown | Holder::LongUnknown) {
                waits.push((lock, unlock(word)));
            }
        }
        if state.object.is_some() {
            return;
        }
        for (lock, unlock) in waits {
            self.is_bad = true;
            let evidence =
                format!("there is no state at {shown}, and a lock in the {}", lock.facet);
            let fix = Fix::paste("wait for it; only if its holder is gone, remove it", unlock);
            findings.add(&STATELESS, evidence, fix);
        }
    }

    /// One of them; what is known of its holder.
    fn lock(
        &mut self,
        lock: &ListedLock,
        is_half: bool,
        (shown, unlock): (&str, String),
        findings: &mut Findings,
    ) -> Holder {
        self.held += 1;
        let id = lock.id().map(|id| id.to_string());
        let info = lock.content.stored().and_then(|stored| stored.info().ok());
        let (Some(id), Some(info)) = (id, info) else {
            self.is_bad = true;
            let fix = Fix::paste("look at it, and remove it if nobody is at work", unlock);
            findings.add(&UNREADABLE, format!("the {} of {shown}", lock.facet), fix);
            return Holder::Unknown;
        };
        if is_half {
            self.is_bad = true;
            let evidence = format!(
                "lock {id} of {shown} stands only by {}: {} is a client that locks by that alone, or is \
                 just taking or releasing it, or is gone",
                lock.facet,
                printable(&info.who)
            );
            let fix = Fix::paste(
                "wait for it; only if its holder is gone, remove what is left of it",
                unlock.clone(),
            );
            findings.add(&HALF, evidence, fix);
        }
        let holder = Standing { lock, info: &info, shown, unlock }.check(findings);
        self.is_bad |= matches!(holder, Holder::Gone | Holder::LongUnknown);
        holder
    }

    /// How a state of the same backend is named on the command line.
    fn naming(subject: &Subject, place: &str) -> String {
        let mode = &subject.backend.settings().mode;
        let mut words = vec![crate::shell::quoted(place)];
        if let Some(table) = mode.table() {
            words.push(format!("--dynamodb-table {}", crate::shell::quoted(table.as_str())));
            if subject.uses_lockfile() {
                words.push("--use-lockfile".to_owned());
            }
        }
        words.join(" ")
    }
}
