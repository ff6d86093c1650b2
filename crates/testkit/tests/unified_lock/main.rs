//! The unified lock, with every history of three stock clients of different kinds and the faults between.
//!
//! [`promises`] holds that no history breaks a promise; [`mutants`], that each rule is needed and that a
//! search notices when it is gone; [`findings`], what remains, and what goes wrong with AWS's rules alone.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "the helpers of tests are test code, which clippy does not see outside of test functions"
)]

mod findings;
mod mutants;
mod promises;
mod roles;
