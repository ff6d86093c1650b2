//! Signature Version 4, verified.

pub mod claim;
pub mod query;
