//! What a modelled server is.

use statelock_protocol::lock::unified::{Facet, FacetSet, Seen};

use super::identity::CLIENTS_MAX;
use super::message::{Answer, Message};

/// A request as it reaches the server.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// The request.
    pub message: &'a Message,
    /// The id of its call, if its client sends one.
    pub call: Option<&'a str>,
    /// What the server knows that its sender has seen.
    pub seen: Seen,
    /// The server's clock.
    pub now: u64,
}

/// What a client has of the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Through which facets.
    pub facets: FacetSet,
    /// Whether the rest of it is over soon.
    pub is_leaving: bool,
}

/// What every client has of the lock.
pub type Holdings = [Option<Holding>; CLIENTS_MAX];

/// What [`LockServer::write_key`] needs to tell what still matters of the past.
#[expect(missing_debug_implementations, reason = "functions have nothing to show")]
pub struct Relevance<'a> {
    /// Gives the rank of a moment among those that can still be compared with it.
    pub rank: &'a dyn Fn(u64) -> u8,
    /// Whether requests of this client, or about its lock, can still arrive.
    pub is_live: &'a dyn Fn(usize) -> bool,
}

/// A server that keeps one lock.
pub trait LockServer: Clone {
    /// Answers a request.
    fn handle(&mut self, arrival: &Arrival<'_>) -> Answer;
    /// What each client has of the lock.
    fn holdings(&self) -> Holdings;
    /// Whether what a reader sees through this facet is the holder's lock info, as Go writes it.
    fn shows_well(&self, facet: Facet) -> bool;
    /// When the time of what is left of a lock is over.
    fn grace_end(&self) -> Option<u64>;
    /// Lets that happen.
    fn settle(&mut self, now: u64);
    /// The moments it remembers, as far as they matter.
    fn moments(&self, is_live: &dyn Fn(usize) -> bool) -> Vec<u64>;
    /// Appends all that its future depends on.
    fn write_key(&self, relevance: &Relevance<'_>, key: &mut Vec<u8>);
}
