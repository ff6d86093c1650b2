//! `statelock migrate` on live backends, with the real terraform.

#[path = "../bucket/mod.rs"]
mod bucket;
mod client;
mod closing;
mod contention;
mod finishing;
mod fleet;
mod interrupted;
mod marks;
mod pages;
mod proof_faults;
mod proofs;
mod rolled_back;
mod stage;
mod whole;
