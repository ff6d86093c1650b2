//! The checks: each tries a few operations that belong together.

pub(super) mod bodies;
pub(super) mod conditions;
pub(super) mod items;
pub(super) mod races;
pub(super) mod seeing;
pub(super) mod uploads;
