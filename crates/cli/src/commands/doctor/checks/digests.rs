//! Digests in the lock table: each has to be one, of a state that is there and like it.

use statelock_client::StoreError;
use statelock_client::lock_table::LockTableItem;
use statelock_client::protocol::state::Digest;
use statelock_client::protocol::store::ObjectKey;
use statelock_client::state::{DigestCheck, Discard};

use crate::commands::doctor::finding::{Findings, Fix, Kind};
use crate::commands::doctor::subject::Subject;
use crate::exit_code::ExitCode;
use crate::output::printable;
use crate::shell::quoted;

static MISMATCH: Kind = Kind::critical(
    "digest-mismatch",
    ExitCode::Corrupt,
    "Terraform with a lock table refuses to read the state: \"state data in S3 does not have the expected content\"",
);
static UNREADABLE: Kind = Kind::warning(
    "digest-unreadable",
    ExitCode::Corrupt,
    "clients take it for none, and say so in their log at most: a state that is damaged or half written is not noticed",
);
static STATELESS: Kind = Kind::warning(
    "digest-without-state",
    ExitCode::Corrupt,
    "a workspace of this name that is made anew cannot be read: \"state data in S3 does not have the expected content\"",
);

pub(in crate::commands::doctor) static KINDS: [&Kind; 3] = [&MISMATCH, &UNREADABLE, &STATELESS];

/// A state's key, and the same for people.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) key: &'a ObjectKey,
    pub(super) shown: &'a str,
}

impl Place<'_> {
    fn item(self, subject: &Subject) -> String {
        format!("{}/{}-md5", subject.bucket.name(), self.key)
    }

    /// The command that writes its digest.
    fn put(self, subject: &Subject, digest: &str) -> String {
        let item = self.item(subject);
        let json = serde_json::json!({ "LockID": { "S": item }, "Digest": { "S": digest } });
        subject.dynamodb("put-item", &format!("--item {}", quoted(&json.to_string())))
    }

    /// The command that removes its digest.
    fn delete(self, subject: &Subject) -> String {
        let json = serde_json::json!({ "LockID": { "S": self.item(subject) } });
        subject.dynamodb("delete-item", &format!("--key {}", quoted(&json.to_string())))
    }
}

/// The state is another one than the table says, or none.
pub(super) fn mismatch(
    subject: &Subject,
    place: Place<'_>,
    (stored, calculated): (&Digest, Option<&Digest>),
    findings: &mut Findings,
) {
    let shown = place.shown;
    let (evidence, fix) = if let Some(calculated) = calculated {
        let what =
            "if this state is the right one (`statelock state list-versions`), write its digest";
        let evidence = format!("{shown} has the MD5 {calculated}, the lock table says {stored}");
        (evidence, Fix::paste(what, place.put(subject, &calculated.to_string())))
    } else {
        let what = "restore the state; or if it was removed on purpose, remove its digest";
        let evidence = format!("there is no state at {shown}, the lock table says {stored}");
        (evidence, Fix::paste(what, place.delete(subject)))
    };
    findings.add(&MISMATCH, evidence, fix);
}

/// What the table says of a state is no digest.
pub(super) fn unreadable(
    subject: &Subject,
    place: Place<'_>,
    (stored, calculated): (&str, Option<&Digest>),
    findings: &mut Findings,
) {
    let says = format!("the lock table says `{}`, which is no digest", printable(stored));
    let (evidence, fix) = if let Some(calculated) = calculated {
        let evidence = format!("{} has the MD5 {calculated}, {says}", place.shown);
        (evidence, Fix::paste("write its digest", place.put(subject, &calculated.to_string())))
    } else {
        let evidence = format!("there is no state at {}, {says}", place.shown);
        (evidence, Fix::paste("remove it", place.delete(subject)))
    };
    findings.add(&UNREADABLE, evidence, fix);
}

/// Looks for digests of workspaces that have no state. The named state's own is compared with it anyway.
///
/// # Errors
/// The table stopped to answer.
pub(in crate::commands::doctor) async fn without_state(
    subject: &Subject,
    states: &[ObjectKey],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let Some(table) = &subject.table else { return Ok(()) };
    let (scope, own) = (subject.scope(), subject.key());
    let mut items = table.items();
    loop {
        let page = match items.next_page().await {
            Ok(Some(page)) => page,
            // Who may not scan was told so with the locks.
            Ok(None) | Err(StoreError::Refused { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        for item in page {
            let LockTableItem::Digest { key, text } = item else { continue };
            let Some((bucket, state)) = key.digested_state() else { continue };
            let is_ours = bucket == *subject.bucket.name() && scope.contains(state.as_str());
            if is_ours
                && state != own
                && !states.contains(&state)
                && is_absent(subject, &state).await
            {
                stateless(subject, &state, &text, findings);
            }
        }
    }
}

/// Whether there is certainly no such state: it may have been made since the bucket was listed, or the listing
/// may have been refused.
async fn is_absent(subject: &Subject, state: &ObjectKey) -> bool {
    let Some(backend) = subject.at(state) else { return false };
    let read = backend.state().read(DigestCheck::Ignore, &mut Discard).await;
    read.is_ok_and(|(stored, _)| stored.state().is_none())
}

fn stateless(subject: &Subject, state: &ObjectKey, text: &str, findings: &mut Findings) {
    let shown = printable(&format!("s3://{}/{state}", subject.bucket.name()));
    let place = Place { key: state, shown: &shown };
    if Digest::parse(text).is_err() {
        return unreadable(subject, place, (text, None), findings);
    }
    let evidence = format!("there is no state at {shown}, the lock table says {text}");
    let what = "restore the state; or if its workspace was deleted, remove the digest";
    findings.add(&STATELESS, evidence, Fix::paste(what, place.delete(subject)));
}
