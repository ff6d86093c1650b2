//! `statelock state pull|push|list-versions|restore` against the state server and against moto.

mod big;
#[path = "../bucket/mod.rs"]
mod bucket;
mod conflicts;
mod digests;
mod exact;
mod headers;
mod lost_answers;
mod restoring;
mod signals;
mod stage;
mod terraform;
