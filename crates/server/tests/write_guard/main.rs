//! The write guard on a whole engine: what is refused, what is kept, what is recorded.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that cannot go on fails where it stands"
)]

mod harness;
mod keeping;
mod locks;
mod modes;
mod parts;
mod permission;
mod replaced;
mod rule;
