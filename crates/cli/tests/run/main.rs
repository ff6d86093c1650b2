//! `statelock run`: the lock around a command, on a real server, with real processes and terraform.

mod commands;
mod deaths;
mod job;
mod losses;
mod signals;
mod stage;
mod terminal;
mod terraform;
