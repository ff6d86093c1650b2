//! The engine against an obvious model of S3 and of the lockfile rules, and the cases that were
//! once wrong.
//!
//! [`model`] is written from S3's documentation and from `docs/semantics.md`, not from the engine:
//! vectors that are searched from end to end. Random sequences of requests go to both; every answer
//! and, after every request, everything that is stored must be the same. Mutants show that the
//! comparison notices an engine that breaks a rule.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests are test code, which clippy does not see outside of test functions"
)]

mod compare;
mod harness;
mod listings;
mod model;
mod model_locks;
mod model_types;
mod model_uploads;
mod mutants;
mod ops;
mod pair;
mod pair_uploads;
mod regressions;
mod regressions_bodies;
mod regressions_uploads;
mod run;
mod storages;
mod strategies;
