//! The states of all workspaces: whether each is one, has its digest, and how many versions of locks it drags along.

use statelock_client::protocol::state::lockfile_key_of;
use statelock_client::protocol::store::ObjectKey;
use statelock_client::state::{DigestCheck, Discard, ReadError, Stored, StoredDigest, VersionKind};
use statelock_client::{StateBackend, StoreError};

use super::digests::{self, Place};
use crate::backend::command;
use crate::commands::doctor::finding::{Findings, Fix, Kind};
use crate::commands::doctor::subject::Subject;
use crate::commands::migrate::prices::RegionPrices;
use crate::exit_code::ExitCode;
use crate::output::printable;

/// From so many versions and delete markers of one lockfile on it is worth a word.
const PILE_MIN: u64 = 100;
/// Beyond this the counting costs more than the result is worth.
const PILE_MAX: u64 = 100_000;

static DAMAGED: Kind = Kind::critical(
    "state-damaged",
    ExitCode::Corrupt,
    "Terraform cannot read it: no plan and no apply",
);
static NOT_READ: Kind = Kind::warning(
    "state-not-readable",
    ExitCode::NotPermitted,
    "no plan and no apply with these credentials",
);
static PILE: Kind = Kind::notice(
    "lock-versions-pile-up",
    "each lock leaves a version and a delete marker; listings and workspace removal become slower, and lifecycle rules cannot select a suffix",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 3] = [&DAMAGED, &NOT_READ, &PILE];

/// Reads each state whole, and compares it with its digest if there is a lock table.
pub(in crate::commands::doctor) async fn check(
    subject: &Subject,
    states: &[ObjectKey],
    findings: &mut Findings,
) {
    let own = subject.key();
    let others = states.iter().filter(|key| **key != own);
    let (mut read, mut is_fine) = (0_u64, true);
    for key in std::iter::once(&own).chain(others) {
        let Some(backend) = subject.at(key) else { continue };
        match one(subject, &backend, key, findings).await {
            Outcome::Fine => read += 1,
            Outcome::Absent => {}
            Outcome::Bad => is_fine = false,
        }
    }
    if is_fine {
        let compared =
            if subject.table.is_some() { ", with the digests in the lock table" } else { "" };
        findings.fine("states", format!("{read} read{compared}"));
    }
}

enum Outcome {
    Fine,
    Absent,
    Bad,
}

async fn one(
    subject: &Subject,
    backend: &StateBackend,
    key: &ObjectKey,
    findings: &mut Findings,
) -> Outcome {
    let shown = printable(&format!("s3://{}/{key}", subject.bucket.name()));
    let place = Place { key, shown: &shown };
    let first = backend.state().read(DigestCheck::Ignore, &mut Discard).await;
    let read = match first {
        Ok((stored, digest)) if agrees(&stored, &digest) => Ok((stored, digest)),
        // State and digest are written one after the other: this looks again for ten seconds.
        Ok(_) => backend.state().read(DigestCheck::Verify, &mut Discard).await,
        Err(error) => Err(error),
    };
    match read {
        Ok((stored, digest)) => {
            let is_bad_digest = match &digest {
                StoredDigest::Unreadable(text) => {
                    let calculated = stored.state().map(|state| &state.digest);
                    digests::unreadable(subject, place, (text, calculated), findings);
                    true
                }
                StoredDigest::NoTable
                | StoredDigest::Absent
                | StoredDigest::Digest(_)
                | StoredDigest::Unknown(_) => false,
            };
            match content(&stored, &shown, findings) {
                Outcome::Bad => Outcome::Bad,
                Outcome::Fine | Outcome::Absent if is_bad_digest => Outcome::Bad,
                outcome @ (Outcome::Fine | Outcome::Absent) => outcome,
            }
        }
        Err(ReadError::DigestMismatch { stored, calculated }) => {
            digests::mismatch(subject, place, (&stored, calculated.as_ref()), findings);
            Outcome::Bad
        }
        Err(error) => {
            let fix = Fix::by_hand(
                "allow s3:GetObject on the state, and kms:Decrypt on its key if it is encrypted with one",
            );
            findings.add(&NOT_READ, format!("{shown}: {error}"), fix);
            Outcome::Bad
        }
    }
}

/// Whether there is a state, and it is one.
fn content(stored: &Stored, shown: &str, findings: &mut Findings) -> Outcome {
    let Some(state) = stored.state() else { return Outcome::Absent };
    match &state.header {
        Ok(_) => Outcome::Fine,
        Err(error) => {
            let list = command("state list-versions", shown, "");
            let fix = Fix::paste("restore an earlier version of it; this lists them", list);
            findings.add(&DAMAGED, format!("{shown}: {error}"), fix);
            Outcome::Bad
        }
    }
}

fn agrees(stored: &Stored, digest: &StoredDigest) -> bool {
    digest.agrees_with(stored.state().map(|state| state.digest).as_ref())
}

/// What lockfiles have left behind in a bucket that keeps versions.
#[derive(Debug, Default)]
struct Pile {
    versions: u64,
    markers: u64,
    size_bytes: u64,
    is_more: bool,
}

/// Counts the versions of lockfiles. Without the permission to list them, nothing is said.
///
/// # Errors
/// The store stopped to answer.
pub(in crate::commands::doctor) async fn lock_versions(
    subject: &Subject,
    states: &[ObjectKey],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let own = subject.key();
    let others = states.iter().filter(|key| **key != own);
    let mut pile = Pile::default();
    for key in std::iter::once(&own).chain(others) {
        match pile.count(subject, key).await {
            Ok(()) => {}
            // Who may not list versions, or asks a store without, cannot see a pile.
            Err(StoreError::Refused { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    let total = pile.versions + pile.markers;
    let at_least = if pile.is_more { "at least " } else { "" };
    let evidence = format!(
        "{at_least}{} old versions and {} delete markers of lockfiles, {} bytes, {} a month",
        pile.versions,
        pile.markers,
        pile.size_bytes,
        usd(pile.size_bytes)
    );
    if total < PILE_MIN {
        findings.fine("lock-versions", evidence);
        return Ok(());
    }
    let fix = Fix::paste("remove them by their version ids", command("gc", &subject.named, ""));
    findings.add(&PILE, evidence, fix);
    Ok(())
}

impl Pile {
    async fn count(&mut self, subject: &Subject, key: &ObjectKey) -> Result<(), StoreError> {
        let Some(lockfile) = subject.at(&lockfile_key_of(key)) else { return Ok(()) };
        let lockfile = lockfile.state();
        let mut pages = lockfile.versions();
        loop {
            let page = pages.next_page().await?;
            if page.is_empty() {
                return Ok(());
            }
            for version in page {
                match version.kind {
                    VersionKind::DeleteMarker => self.markers += 1,
                    VersionKind::Content { size_bytes, .. } if !version.is_latest => {
                        self.versions += 1;
                        self.size_bytes += size_bytes;
                    }
                    VersionKind::Content { .. } => {}
                }
            }
            if self.versions + self.markers >= PILE_MAX {
                self.is_more = true;
                return Ok(());
            }
        }
    }
}

/// What so many bytes cost in a month.
fn usd(size_bytes: u64) -> String {
    let cost = RegionPrices::usual().of_storage(size_bytes);
    if cost < 0.01 { "less than 0.01 USD".to_owned() } else { format!("{cost:.2} USD") }
}

#[cfg(test)]
mod tests {
    use super::usd;

    #[test]
    fn storage_has_its_price() {
        assert_eq!(usd(300_000), "less than 0.01 USD");
        assert_eq!(usd(100 << 30), "2.30 USD");
    }
}
