//! Drivers for real clients: they find the program, run it in a scratch directory and keep all output.

pub mod python;
pub mod terraform;
