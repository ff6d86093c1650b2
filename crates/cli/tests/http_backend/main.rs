//! Terraform's `http` backend on `statelock serve`: the protocol by hand, and the real terraform.

mod addresses;
mod bodies;
#[path = "../bucket/mod.rs"]
mod bucket;
mod fencing;
mod locks;
mod stage;
mod states;
mod terraform;
#[path = "../serve/wire.rs"]
#[expect(dead_code, reason = "tests of `serve` use the rest")]
mod wire;
