//! The engine room of the unified lock: whatever is taken, shown, released and forced through one
//! facet, as it looks through every other, in memory and on disk.
//!
//! The rules themselves are explored exhaustively where they are written. Here is what the rules
//! cannot see: rows, listings, buckets, connections, restarts and races.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of tests are test code, which clippy does not see outside of test functions"
)]

mod audited;
mod buckets;
mod clients;
mod earlier_data;
mod every_action;
mod exclusion;
mod forcing;
mod giving_back;
mod items;
mod lockfile_writes;
mod race;
mod repeated;
mod restart;
mod seen;
mod server;
mod shown;
