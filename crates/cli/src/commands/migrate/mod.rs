//! `statelock migrate`: from a DynamoDB lock table to lockfiles in S3, for many root modules.

#![expect(dead_code, unused_imports, reason = "the verbs that use the survey follow")]

mod files;
mod record;
pub(crate) mod survey;
