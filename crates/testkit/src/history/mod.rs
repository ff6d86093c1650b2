//! Histories: what clients did to locks and states, when, and what they were told; and whether one server
//! with one lock for each state can have told them that.
//!
//! - [`operation`]: one request and its outcome, which may be unknown;
//! - [`journal`]: histories as lines of JSON;
//! - [`model`]: what one request does to one state and its lock, in a world without concurrency;
//! - `line` and `fence`: what the server can have known beside that, of who waits and of who writes;
//! - [`check()`]: looks for an order of the requests that the model allows and that real time permits
//!   (linearizability, by the search of Wing and Gong with a memory of what was tried);
//! - [`order`]: who got the lock while somebody waited who had come before; `next`: who was shown
//!   as next in its place; `idle`: who did not get it though it was free;
//! - [`shrink`]: the part of a failing history that fails by itself, and [`table`] shows it.
//!
//! States do not touch each other, so each address is checked alone.

pub mod check;
mod fence;
mod idle;
pub mod journal;
mod line;
pub mod model;
mod names;
mod next;
pub mod operation;
pub mod order;
mod problem;
pub mod shrink;
pub mod table;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use check::{Verdict, check};
use operation::Operation;
use shrink::{fails_by_half, shrunk};
use table::shown;

/// Why a history is not one of a server that keeps its promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The state that it is about.
    pub address: String,
    /// What is to be said, with a table of the operations that cannot be explained.
    pub report: String,
}

/// What was found in the histories of all addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What no order explains.
    pub breaches: Vec<Breach>,
    /// Addresses whose search was given up: nothing is known of them.
    pub undecided: Vec<String>,
    /// Addresses that were checked.
    pub addresses: usize,
    /// Operations that were checked.
    pub operations: usize,
}

impl Findings {
    /// Adds what another history has.
    pub fn add(&mut self, other: Self) {
        self.breaches.extend(other.breaches);
        self.undecided.extend(other.undecided);
        self.addresses += other.addresses;
        self.operations += other.operations;
    }
}

/// Checks every address of a history.
pub fn examine(history: &[Operation]) -> Findings {
    let mut by_address: BTreeMap<&str, Vec<Operation>> = BTreeMap::new();
    for operation in history {
        by_address.entry(&operation.address).or_default().push(operation.clone());
    }
    let mut findings = Findings::default();
    for (address, operations) in by_address {
        findings.addresses += 1;
        findings.operations += operations.len();
        let unfair = [
            order::overtaken(&operations),
            next::passed_over(&operations),
            idle::forgotten(&operations),
        ];
        for report in unfair {
            let breach = report.map(|report| Breach { address: address.to_owned(), report });
            findings.breaches.extend(breach);
        }
        match check(&operations) {
            Verdict::Linearizable => {}
            Verdict::Undecided if !fails_by_half(&operations) => {
                findings.undecided.push(address.to_owned());
            }
            Verdict::Undecided | Verdict::Impossible(_) => {
                let report = shown(&shrunk(&operations));
                findings.breaches.push(Breach { address: address.to_owned(), report });
            }
        }
    }
    findings
}
