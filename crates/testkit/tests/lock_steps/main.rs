//! The lock protocols of the client library and of stock clients on a plain object store and a lock
//! table, with every history of two or three of them and the faults between.
//!
//! [`promises`] holds that no history of ours breaks a promise.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "the helpers of tests are test code, which clippy does not see outside of test functions"
)]

mod findings;
mod promises;
mod runs;
mod survey;
