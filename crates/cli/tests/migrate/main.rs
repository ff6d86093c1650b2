//! `statelock migrate` on live backends, with the real terraform.

#[path = "../bucket/mod.rs"]
mod bucket;
mod client;
mod contention;
mod finishing;
mod fleet;
mod interrupted;
mod pages;
mod proof_faults;
mod proofs;
mod rolled_back;
mod stage;
mod whole;
