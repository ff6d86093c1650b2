//! What a Terraform state and its lock are, as pure data and rules.
//!
//! In reading order:
//! - [`state`]: where a state lives, what its bytes say about themselves, and when one may replace another;
//! - [`lock`]: the lock ID and the lock info, byte for byte as Terraform writes it;
//! - [`store`]: the contract of an object store, which a client uses, a server is, and tests fake.
//!
//! Deliberately absent: IO, clocks, randomness, async. Time and identifiers come in as arguments,
//! so that every history can be replayed and every interleaving tried.

pub mod lock;
pub mod state;
pub mod store;
