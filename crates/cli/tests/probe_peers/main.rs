//! `probe` on servers that nobody here wrote, and on a correct one with one fault after the other.

mod faults;
mod peers;
mod probe;
mod proxy;
mod stage;
