//! The checks: each tries a few operations that belong together.

pub(super) mod absent;
pub(super) mod bodies;
pub(super) mod conditions;
pub(super) mod items;
pub(super) mod prize;
pub(super) mod races;
pub(super) mod released;
pub(super) mod seeing;
pub(super) mod uploads;
