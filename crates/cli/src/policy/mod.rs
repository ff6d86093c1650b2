//! Policy documents of AWS: read strictly, and asked what they allow.
//!
//! A policy is asked about one request at a time ([`Request`]), and answers like the service does: a denial
//! goes before everything, and what no statement allows is not allowed. Where the answer hangs on something
//! that only the service knows (an address, a tag, the time), it says so instead of guessing. A request may be
//! about many objects at once ([`Subject`] with an open part, as all workspaces): then only what holds for
//! all of them is a yes.
//!
//! Not looked at: policies of the organisation, permission boundaries and session policies.

mod condition;
mod decide;
mod document;
mod json;
mod keys;
mod operator;
mod partition;
mod pattern;
mod principal;
mod read;

pub(crate) use decide::{Answer, Cause, Dependence, Request, Which, evaluate};
pub(crate) use document::{Effect, Named, Policy, Statement};
pub(crate) use json::SyntaxError;
pub(crate) use partition::partition_of_region;
pub(crate) use pattern::{Matched, Pattern, Subject};
pub(crate) use principal::Caller;
