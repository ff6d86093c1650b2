//! The real, unmodified `terraform` on `statelock serve`, with `use_lockfile = true`.
//!
//! Every test starts its own server on its own directory, and ends by asserting that no lock is left
//! in the bucket. On a machine without terraform they are reported as skipped.

mod big_state;
#[path = "../bucket/mod.rs"]
mod bucket;
mod contention;
mod everyday;
mod guard;
mod guard_locks;
mod lost_answers;
mod recovery;
mod stage;
