//! The state server.
pub mod storage;
