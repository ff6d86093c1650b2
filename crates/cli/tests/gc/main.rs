//! `statelock gc`, against a store that keeps the versions a test wants, and against real servers.

#[path = "../bucket/mod.rs"]
mod bucket;
mod faults;
mod many;
mod page;
mod real;
mod stage;
mod versioned_store;
