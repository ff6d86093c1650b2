//! The `statelock` binary.
fn main() {}
