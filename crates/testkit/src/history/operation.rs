//! One request of a client, and what became of it.

use serde::{Deserialize, Serialize};
use statelock_protocol::lock::unified::Facet;

/// A request that one client sent, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Which client. It sends one request after the other.
    pub client: u32,
    /// Which of its connections.
    pub connection: u32,
    /// The state that it is about.
    pub address: String,
    /// What it asks.
    pub action: Action,
    /// Just before it was sent, in microseconds of the testing process's own clock.
    pub start_micros: u64,
    /// When its answer was there. Of an unknown outcome: the last moment at which it can still take effect,
    /// because the server that it was sent to was dead then; `None` if there is no such moment.
    pub end_micros: Option<u64>,
    /// What its sender knows.
    pub outcome: Outcome,
    /// Whether what stands in between may have sent a copy of it while it was under way.
    #[serde(default, skip_serializing_if = "is_false")]
    pub comes_twice: bool,
    /// When all of it was with the operating system, if its sender noted that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_micros: Option<u64>,
    /// When its sender went away without the answer, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gave_up_micros: Option<u64>,
    /// What its sender calls itself, if it is Terraform or OpenTofu, or behaves as they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The lock info in its answer, where that says more than its outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
}

/// A lock info that somebody was shown instead of the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The lock ID in it.
    pub lock: String,
    /// What it says of that lock ID, if it says anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<Claim>,
}

/// What a lock info says that Terraform or OpenTofu is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// This one holds.
    Holds,
    /// Nobody holds, and this one is next.
    IsNext,
}

/// What a request asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Takes the lock. A dual client sends two of these.
    Acquire {
        /// Through which facet.
        #[serde(with = "facet_name")]
        facet: Facet,
        /// The lock ID.
        lock: String,
        /// The SDK's id of the call, the same in every attempt; none over `http`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
    },
    /// Reads who holds the lock.
    Look {
        /// Through which facet.
        #[serde(with = "facet_name")]
        facet: Facet,
        /// The latest refusal on this connection, after which it is shown who is next in line where
        /// nobody holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refusal: Option<Refusal>,
    },
    /// Gives the lock back, or removes that of somebody else.
    Release {
        /// Through which facet.
        #[serde(with = "facet_name")]
        facet: Facet,
        /// The lock ID that is meant.
        lock: String,
        /// How the server knows that.
        naming: Naming,
        /// The SDK's id of the call.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
    },
    /// UNLOCK of an `http` backend without a body: removes whatever lock there is.
    ForceUnlock,
    /// Reads the state.
    Read {
        /// Through which API.
        through: Api,
    },
    /// Reads the digest of the state, as a lock table shows it.
    ReadDigest,
    /// Replaces the state.
    Write {
        /// Who writes.
        writer: Writer,
        /// With what; no two writes of a history have the same.
        value: StateValue,
    },
    /// Deletes the state.
    Delete {
        /// Who deletes.
        writer: Writer,
    },
}

/// The refusal of a lock, as its client remembers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Refusal {
    /// The lock ID that was refused.
    pub lock: String,
    /// When its client was told. No other refusal of that client is of the same moment.
    pub at_micros: u64,
    /// Whether its client has neither looked nor taken or given back a lock on this connection since: then
    /// it must be shown somebody.
    pub is_fresh: bool,
}

impl Action {
    /// The lock that this asks for, and the SDK's id of the call.
    pub(crate) fn acquired(&self) -> Option<(&str, Option<&str>)> {
        match self {
            Self::Acquire { lock, call, .. } => Some((lock, call.as_deref())),
            Self::Look { .. }
            | Self::Release { .. }
            | Self::ForceUnlock
            | Self::Read { .. }
            | Self::ReadDigest
            | Self::Write { .. }
            | Self::Delete { .. } => None,
        }
    }
}

/// How a release says which lock it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Naming {
    /// By a condition (`If-Match`, `Info = :info`), or by the lock ID itself.
    Named,
    /// Not at all, on the connection on which that lock was seen last: stock clients do so.
    Seen,
    /// Not at all, on a connection that saw nothing: the server cannot know.
    Blind,
}

/// An API through which a state is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// S3.
    S3,
    /// Terraform's `http` backend.
    Http,
}

/// Who writes a state, as the server can tell.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Writer {
    /// An S3 client, which names no lock.
    S3 {
        /// The lock that was taken last on the same connection.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        took: Option<String>,
    },
    /// An `http` client.
    Http {
        /// The lock ID in its query.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claim: Option<String>,
    },
}

/// A state, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StateValue {
    /// Its lineage.
    pub lineage: String,
    /// Its serial.
    pub serial: u64,
    /// The MD5 of its bytes, in hex.
    pub digest: String,
}

/// What a sender knows of its request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was acknowledged.
    Done,
    /// A look: the lock ID that holds, if one does.
    Holder(Option<String>),
    /// A read: the state, if there is one.
    State(Option<StateValue>),
    /// A read of the digest, if there is one.
    Digest(Option<String>),
    /// It was refused: it had no effect.
    Refused,
    /// It never left: nothing listened.
    NotSent,
    /// It was sent, and no answer came.
    Unknown {
        /// Whether its sender closed the connection while the server lived. A server that notices may take
        /// back a lock that it was granting.
        hung_up: bool,
    },
}

impl Outcome {
    /// Whether its sender knows what became of it.
    pub fn is_known(&self) -> bool {
        match self {
            Self::Done
            | Self::Holder(_)
            | Self::State(_)
            | Self::Digest(_)
            | Self::Refused
            | Self::NotSent => true,
            Self::Unknown { .. } => false,
        }
    }

    /// The lock ID that a look found.
    pub fn holder(&self) -> Option<&String> {
        if let Self::Holder(found) = self { found.as_ref() } else { None }
    }

    /// The state that a read found.
    pub fn state(&self) -> Option<&StateValue> {
        if let Self::State(found) = self { found.as_ref() } else { None }
    }

    /// The digest that a read found.
    pub fn digest(&self) -> Option<&String> {
        if let Self::Digest(found) = self { found.as_ref() } else { None }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Facets by their names in records and pages.
mod facet_name {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use statelock_protocol::lock::unified::Facet;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(super) fn serialize<S: Serializer>(facet: &Facet, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(facet.name())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Facet, D::Error> {
        let name = String::deserialize(from)?;
        Facet::by_name(&name).ok_or_else(|| D::Error::custom(format!("no facet is `{name}`")))
    }
}
