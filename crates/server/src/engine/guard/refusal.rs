//! What a writer is told whose write was refused. The one place for these words: the S3 API, the `http`
//! backend and the command line all show them.

use statelock_protocol::lock::unified::{Facet, Hold};
use statelock_protocol::lock::{CreatedAt, LockInfo};

use crate::engine::decision::{GuardRefusal, NotHolder};
use crate::records::{BodyFacts, BodyKind, Content, StateFacts, VersionId, VersionRecord};

/// The longest key has 1024 bytes.
const PRINTED_CHARS_MAX: usize = 1200;

/// A refused write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedWrite {
    /// What it broke.
    pub kind: RefusedWriteKind,
    /// What to tell its sender: what is stored, what was offered, why, and what next.
    pub message: String,
    /// Who holds the lock, if one stands.
    pub holder: Option<Hold>,
}

/// What a refused write broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusedWriteKind {
    /// A lock stands, and the sender is not its holder.
    Locked,
    /// The sender names a lock that does not stand any more.
    LockGone,
    /// The stored state must not be replaced by what was offered.
    Conflict,
}

/// Everything that the words are made of.
pub(in crate::engine) struct Circumstances<'a> {
    pub(in crate::engine) bucket: &'a str,
    pub(in crate::engine) key: &'a str,
    /// The current object.
    pub(in crate::engine) current: Option<&'a VersionRecord>,
    pub(in crate::engine) stored: Option<&'a BodyFacts>,
    pub(in crate::engine) offered: Option<&'a BodyFacts>,
    pub(in crate::engine) hold: Option<&'a Hold>,
    /// Where the refused body is.
    pub(in crate::engine) kept: Option<VersionId>,
}

impl RefusedWrite {
    pub(in crate::engine) fn new(refusal: &GuardRefusal, about: &Circumstances<'_>) -> Self {
        let kind = kind(refusal);
        let (bucket, key) = (about.bucket, about.key);
        let mut sentences = vec![
            format!(
                "statelock refused this write of {}: {}.",
                printable(&format!("s3://{bucket}/{key}")),
                why(refusal, about)
            ),
            stored(about),
            offered(about.offered),
            kept(about),
            next(refusal, about),
        ];
        sentences.retain(|sentence| !sentence.is_empty());
        Self { kind, message: sentences.join(" "), holder: about.hold.cloned() }
    }
}

fn kind(refusal: &GuardRefusal) -> RefusedWriteKind {
    match refusal {
        GuardRefusal::NotHolder(NotHolder::NamesFree(_)) => RefusedWriteKind::LockGone,
        GuardRefusal::NotHolder(_) => RefusedWriteKind::Locked,
        GuardRefusal::Rule(_) | GuardRefusal::NoState(_) => RefusedWriteKind::Conflict,
    }
}

/// Why, for the sender and for the audit log.
pub(in crate::engine) fn why(refusal: &GuardRefusal, about: &Circumstances<'_>) -> String {
    match refusal {
        GuardRefusal::NotHolder(NotHolder::NamesFree(id)) => {
            format!("it names lock ID {id}, and nobody holds the lock any more")
        }
        GuardRefusal::NotHolder(not_holder) => {
            format!("{}, and {}", held(about.hold), sign(not_holder))
        }
        GuardRefusal::Rule(rule) => rule.to_string(),
        GuardRefusal::NoState(kind) => {
            let offered = match kind {
                BodyKind::Empty => "no bytes at all, which terraform takes for no state".to_owned(),
                BodyKind::DamagedState => {
                    "a damaged state: cut off, or with a wrong field".to_owned()
                }
                BodyKind::UnknownVersion { version } => {
                    format!("a state of format version {version}, which this server cannot judge")
                }
                BodyKind::Other | BodyKind::State(_) => "none".to_owned(),
            };
            format!("the stored object is a state, and what was offered is {offered}")
        }
    }
}

fn held(hold: Option<&Hold>) -> String {
    // There always is one when the sender is known not to be its holder.
    let Some(hold) = hold else { return "the lock is held".to_owned() };
    let id = hold.id.as_ref().map_or("that cannot be read", |id| id.as_str());
    let by = LockInfo::parse(&hold.info).ok().map(|info| info.who).filter(|who| !who.is_empty());
    let by = by.map(|who| format!(" by {}", printable(&who))).unwrap_or_default();
    let facets: Vec<_> = hold.facets.iter().map(Facet::name).collect();
    let since = time(hold.since_micros);
    format!("the lock is held{by} with lock ID {id} (through {}) since {since}", facets.join(", "))
}

/// The sign by which the sender is known not to be the holder.
fn sign(not_holder: &NotHolder) -> String {
    match not_holder {
        NotHolder::NamesNone => "this request names no lock ID".to_owned(),
        NotHolder::NamesOther(id) | NotHolder::NamesFree(id) => {
            format!("this request names lock ID {id}")
        }
        NotHolder::OtherPrincipal => "another access key took it".to_owned(),
        NotHolder::OtherProtocol => "its holder writes through the http backend".to_owned(),
        NotHolder::LostItsLock(id) => {
            format!("this client's own lock {id} was removed by somebody else")
        }
        NotHolder::OtherAddress => "it was taken from another address".to_owned(),
        NotHolder::Deletes => "a state is not deleted while anybody holds its lock".to_owned(),
    }
}

fn stored(about: &Circumstances<'_>) -> String {
    let Some(state) = about.stored.and_then(BodyFacts::state) else { return String::new() };
    let written = about.current.map(written).unwrap_or_default();
    format!("Stored: {}{written}.", described(state))
}

fn written(current: &VersionRecord) -> String {
    let writer = current.content.as_ref().and_then(|content: &Content| content.writer.as_ref());
    let by = writer.map(|writer| match &writer.who {
        Some(who) => format!(" by {}", printable(who)),
        None => format!(" from {} with access key {}", writer.peer, writer.principal),
    });
    format!(", written {}{}", time(current.modified_micros), by.unwrap_or_default())
}

fn offered(facts: Option<&BodyFacts>) -> String {
    let state = facts.and_then(BodyFacts::state);
    state.map(|state| format!("Offered: {}.", described(state))).unwrap_or_default()
}

fn described(state: &StateFacts) -> String {
    let lineage = match state.lineage.as_str() {
        "" => "no lineage".to_owned(),
        lineage => format!("lineage {}", printable(lineage)),
    };
    format!("serial {}, {lineage}", state.serial)
}

fn kept(about: &Circumstances<'_>) -> String {
    let Some(id) = about.kept else { return "Nothing was changed.".to_owned() };
    let (bucket, key) = (quoted(about.bucket), quoted(about.key));
    format!(
        "Nothing was replaced. What was sent is kept: `aws s3api get-object --bucket {bucket} --key \
         {key} --version-id {id} refused.tfstate`."
    )
}

fn next(refusal: &GuardRefusal, about: &Circumstances<'_>) -> String {
    let address = quoted(&format!("s3://{}/{}", about.bucket, about.key));
    match refusal {
        GuardRefusal::NotHolder(NotHolder::Deletes) => {
            "Next: release the lock (`terraform force-unlock` if its holder is gone) and delete again."
                .to_owned()
        }
        GuardRefusal::NotHolder(_) if about.offered.is_none() => {
            "Next: delete with the ID of the lock that stands, or when it is free.".to_owned()
        }
        GuardRefusal::NotHolder(_) => {
            "Next: when the lock is free, look at what was written meanwhile with `terraform plan`; \
             if this write is still wanted, `terraform state push errored.tfstate`."
                .to_owned()
        }
        GuardRefusal::Rule(_) | GuardRefusal::NoState(_) => format!(
            "Next: run the command again; it then starts from the stored state. To overwrite that state \
             on purpose: `statelock state allow-overwrite {address} --for 5m --reason TEXT`, and then \
             write again, for example with `terraform state push -force FILE`."
        ),
    }
}

fn time(micros: u64) -> String {
    let seconds = i64::try_from(micros / 1_000_000).unwrap_or(i64::MAX);
    let time = CreatedAt::from_unix(seconds, 0);
    time.map_or_else(|_| format!("{seconds} s after 1970"), |time| time.to_string())
}

/// What a client said, without anything that a terminal would obey.
fn printable(text: &str) -> String {
    text.chars()
        .take(PRINTED_CHARS_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// A word for a shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", printable(word).replace('\'', r"'\''"))
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
