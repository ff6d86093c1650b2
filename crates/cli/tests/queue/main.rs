//! Clients that want one lock at the same time: raw requests and the real, unmodified `terraform`.

mod raw;
mod stage;
mod terraform;
