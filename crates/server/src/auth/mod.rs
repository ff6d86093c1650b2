//! Who is calling: the root access key, and the proof that a request was made with it.
//!
//! - [`credentials`] keeps the one root access key of a data directory.
//! - [`basic`] reads that key as user name and password, for clients that cannot sign.
//! - [`guard`] looks at the head of every S3 request before the S3 framework does, and closes what
//!   the framework leaves open.
//! - [`sigv4`] verifies Signature Version 4 for the services that the framework does not serve: STS,
//!   IAM and DynamoDB.
//!
//! Nothing here reads a clock, logs a secret, or renders an answer: each API maps the errors to its
//! own codes.

pub mod basic;
pub mod credentials;
pub mod guard;
pub mod sigv4;
