//! Promises about deleting.

use anyhow::{Context, bail};
use statelock_protocol::store::{ETag, Precondition, Refusal, Reply};

use super::CaseResult;
use super::bench::{Bench, deleted, refused};

pub(super) fn a_deleted_object_cannot_be_read(bench: &mut Bench<'_>) -> CaseResult {
    bench.write("k", b"one")?;
    bench.delete("k")?;
    bench.expect_missing("k")
}

pub(super) fn deleting_nothing_is_applied(bench: &mut Bench<'_>) -> CaseResult {
    bench.delete("never-written").context("never written")?;
    bench.write("k", b"one")?;
    bench.delete("k")?;
    bench.delete("k").context("already deleted")
}

pub(super) fn delete_if_match_applies_to_the_current_tag(bench: &mut Bench<'_>) -> CaseResult {
    let etag = bench.write("k", b"one")?;
    deleted(&bench.try_delete("k", Precondition::IfMatch(etag)))?;
    bench.expect_missing("k")
}

pub(super) fn delete_if_match_is_refused_for_an_older_tag(bench: &mut Bench<'_>) -> CaseResult {
    let old = bench.write("k", b"one")?;
    bench.write("k", b"two")?;
    let reply = bench.try_delete("k", Precondition::IfMatch(old));
    refused(&reply, Refusal::PreconditionFailed)?;
    bench.expect_body("k", b"two")
}

pub(super) fn delete_if_match_is_refused_where_there_is_no_object(
    bench: &mut Bench<'_>,
) -> CaseResult {
    let reply = bench.try_delete("k", Precondition::IfMatch(ETag::new("0123abcd")));
    refused(&reply, Refusal::NoSuchKey).context("never written")?;
    let etag = bench.write("k", b"one")?;
    bench.delete("k")?;
    let reply = bench.try_delete("k", Precondition::IfMatch(etag));
    refused(&reply, Refusal::NoSuchKey).context("deleted")
}

/// A store may call it invalid or unsupported, as long as nothing happens.
pub(super) fn delete_if_absent_makes_no_sense(bench: &mut Bench<'_>) -> CaseResult {
    bench.write("k", b"one")?;
    match bench.try_delete("k", Precondition::IfAbsent) {
        Reply::Refused(Refusal::Invalid | Refusal::Unsupported) => bench.expect_body("k", b"one"),
        other => bail!("expected refused as Invalid or Unsupported, got {other:?}"),
    }
}
