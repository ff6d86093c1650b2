//! `statelock bootstrap`, on the state server and on moto.

mod existing;
mod faults;
mod fresh;
mod page;
mod stage;
