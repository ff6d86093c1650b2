//! The write guard on a whole engine: what is refused, what is kept, what is recorded.

mod harness;
mod keeping;
mod locks;
mod modes;
mod parts;
mod permission;
mod rule;
