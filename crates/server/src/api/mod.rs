//! The wire protocols, a room for each.
pub(crate) mod admin;
pub mod identity;
pub mod s3;
