//! The state server.
pub mod auth;
pub mod storage;
