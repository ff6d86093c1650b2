//! The checks, a file for each area.

pub(super) mod bucket_policy;
pub(super) mod clients;
pub(super) mod digests;
pub(super) mod exposure;
pub(super) mod holders;
pub(super) mod keeping;
pub(super) mod lock_table;
pub(super) mod locks;
pub(super) mod presence;
pub(super) mod states;
pub(super) mod transport;
pub(super) mod trial;

use super::finding::{self, Kind};

/// Every kind of finding that there is.
#[cfg_attr(not(test), expect(dead_code, reason = "the documentation is compared with it"))]
pub(super) fn kinds() -> Vec<&'static Kind> {
    let all: [&[&'static Kind]; 13] = [
        &presence::KINDS,
        &trial::KINDS,
        &bucket_policy::KINDS,
        &transport::KINDS,
        &keeping::KINDS,
        &exposure::KINDS,
        &lock_table::KINDS,
        &locks::KINDS,
        &holders::KINDS,
        &states::KINDS,
        &digests::KINDS,
        &clients::KINDS,
        &finding::KINDS,
    ];
    all.concat()
}
