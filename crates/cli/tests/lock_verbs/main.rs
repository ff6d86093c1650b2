//! `status`, `lock`, `unlock`, `force-unlock` and `wait`: the binary against the state server and against
//! a plain store, and together with the real terraform.

mod bad_input;
#[path = "../bucket/mod.rs"]
mod bucket;
mod cycle;
mod directory;
mod force;
mod halves;
mod pages;
mod signals;
mod stage;
mod terraform;
mod waiting;
