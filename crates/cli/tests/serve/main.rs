//! `statelock serve` as a program: what it refuses, what it prints, how it starts, stops and logs,
//! and how much memory a client can make it use.

mod bad_data;
mod bad_settings;
#[path = "../bucket/mod.rs"]
mod bucket;
mod corrupt_data;
mod launch;
mod lifecycle;
mod limits;
mod logs;
mod memory;
mod metrics;
mod printed;
mod quickstart;
mod stage;
mod stopping;
mod terraform_bare;
mod wire;
