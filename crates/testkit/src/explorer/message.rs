//! Requests and answers, as far as locks are concerned.

use std::fmt;

use statelock_protocol::lock::unified::Facet;

use super::identity::CLIENTS_MAX;

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Request {
    /// PUT of the lockfile if there is none; PutItem if there is none; LOCK.
    Take(Facet),
    /// GET of the lockfile; GetItem.
    Look(Facet),
    /// DELETE of the lockfile; DeleteItem; UNLOCK.
    Drop(Facet, Naming),
}

/// What a release says about the lock that it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Naming {
    /// Nothing: Terraform's DELETE and DeleteItem.
    Nothing,
    /// The whole lock info, as a condition: OpenTofu's DeleteItem.
    Info,
    /// The lock ID: UNLOCK, and OpenTofu's force-unlock over `http`.
    Id,
    /// Nothing, and whichever lock is meant: Terraform's force-unlock over `http`.
    Force,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Done, or done before.
    Done,
    /// Not done.
    Refused,
    /// No answer yet: the lock is being given back, and the request is kept until it is free.
    Kept,
    /// The lock of this client stands; or none.
    Shows(Option<usize>),
}

/// Whose locks somebody saw.
pub type Sights = [bool; CLIENTS_MAX];

/// A request on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Message {
    /// Who sent it.
    pub from: usize,
    /// What it asks.
    pub request: Request,
    /// Which call of its sender it is an attempt of.
    pub call: u8,
    /// Whose lock ID it carries, or means without saying so.
    pub about: usize,
    /// Not sent before this moment, as far as the server can know.
    pub sent_after: u64,
    /// Whether it is the first request on its connection.
    pub opens: bool,
    /// The lock that was shown or given last on its connection.
    pub shown: Option<Option<usize>>,
    /// The locks that were shown to whoever looks like its sender before it can have been sent.
    pub saw: Sights,
    /// Who held the lock when it was sent. No server knows that.
    pub stood: Option<usize>,
}

impl Request {
    /// Through which facet.
    pub fn facet(self) -> Facet {
        match self {
            Self::Take(facet) | Self::Look(facet) | Self::Drop(facet, _) => facet,
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Take(Facet::Lockfile) => "PUT lockfile",
            Self::Take(Facet::LockTable) => "PutItem",
            Self::Take(Facet::Http) => "LOCK",
            Self::Look(Facet::Lockfile) => "GET lockfile",
            Self::Look(Facet::LockTable) => "GetItem",
            Self::Look(Facet::Http) => "GET lock",
            Self::Drop(Facet::Lockfile, _) => "DELETE lockfile",
            Self::Drop(Facet::LockTable, Naming::Info) => "DeleteItem if Info = :info",
            Self::Drop(Facet::LockTable, _) => "DeleteItem",
            Self::Drop(Facet::Http, Naming::Force) => "UNLOCK without a body",
            Self::Drop(Facet::Http, _) => "UNLOCK",
        })
    }
}
