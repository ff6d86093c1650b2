//! `probe` on servers that nobody here wrote, and on a correct one with one fault after the other.

mod addresses;
mod faults;
mod forgetful;
mod peers;
mod probe;
mod proxy;
mod stage;
