//! The wire protocols, a room for each.
pub(crate) mod admin;
pub(crate) mod dynamodb;
pub(crate) mod http_backend;
pub mod identity;
mod json_answer;
mod object_body;
pub mod s3;
