//! `statelock migrate` on live backends, with the real terraform.

#[path = "../bucket/mod.rs"]
mod bucket;
mod finishing;
mod proof_faults;
mod proofs;
mod stage;
