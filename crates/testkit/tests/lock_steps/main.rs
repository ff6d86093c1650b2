//! The lock protocols of the client library and of stock clients on a plain object store and a lock
//! table, with every history of two or three of them and the faults between.
//!
//! [`promises`] holds that no history of ours breaks a promise; [`mutants`], that each rule of the machines
//! is needed and that a search notices when it is gone; [`findings`], what goes wrong with Terraform's own
//! protocol, and what remains.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "the helpers of tests are test code, which clippy does not see outside of test functions"
)]

mod findings;
mod mutants;
mod promises;
mod runs;
mod survey;
mod swapped;
