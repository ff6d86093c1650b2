//! `statelock audit` against a real server: what it shows, what it checks, how it ends.

#[path = "../bucket/mod.rs"]
mod bucket;
mod chain;
mod ends;
mod follow;
mod shows;
mod stage;
