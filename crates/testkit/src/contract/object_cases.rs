//! Promises about writing and reading.

use anyhow::{Context, ensure};
use statelock_protocol::store::{
    BucketName, ETag, ObjectKey, ObjectRequest, Precondition, Refusal,
};

use super::CaseResult;
use super::bench::{Bench, refused, written};

pub(super) fn empty_bytes_are_read_back(bench: &mut Bench<'_>) -> CaseResult {
    bench.write("k", b"")?;
    bench.expect_body("k", b"")
}

pub(super) fn all_byte_values_are_read_back(bench: &mut Bench<'_>) -> CaseResult {
    let body: Vec<u8> = (0..=255).collect();
    bench.write("k", &body)?;
    bench.expect_body("k", &body)
}

/// More than one chunk of any encoding on the way, and more than one piece in any storage.
pub(super) fn three_mebibytes_are_read_back(bench: &mut Bench<'_>) -> CaseResult {
    // A period that divides no chunk size, so that swapped pieces show.
    let body: Vec<u8> = (0..=250).cycle().take(3 << 20).collect();
    bench.write("k", &body)?;
    bench.expect_body("k", &body)
}

pub(super) fn a_read_shows_the_tag_that_the_write_returned(bench: &mut Bench<'_>) -> CaseResult {
    let etag = bench.write("k", b"one")?;
    let read = bench.read("k")?.etag;
    ensure!(read == etag, "the write returned `{etag}`, the read shows `{read}`");
    Ok(())
}

pub(super) fn a_missing_object_cannot_be_read(bench: &mut Bench<'_>) -> CaseResult {
    bench.expect_missing("never-written")
}

/// Whether equal bytes get equal tags is left open: not every store's tags are hashes.
pub(super) fn an_overwrite_replaces_the_bytes_and_changes_the_tag(
    bench: &mut Bench<'_>,
) -> CaseResult {
    let first = bench.write("k", b"one")?;
    let second = bench.write("k", b"two, longer")?;
    ensure!(first != second, "both contents have the tag `{first}`");
    bench.expect_body("k", b"two, longer")
}

pub(super) fn if_absent_applies_to_a_fresh_key_only_once(bench: &mut Bench<'_>) -> CaseResult {
    written(bench.try_write("k", b"one", Precondition::IfAbsent)).context("the first")?;
    let again = bench.try_write("k", b"two", Precondition::IfAbsent);
    refused(&again, Refusal::PreconditionFailed).context("the second")?;
    bench.expect_body("k", b"one")
}

/// A store that keeps versions must not take its own delete marker for an object.
pub(super) fn if_absent_applies_again_after_a_delete(bench: &mut Bench<'_>) -> CaseResult {
    for body in [b"one", b"two"] {
        written(bench.try_write("k", body, Precondition::IfAbsent))?;
        bench.expect_body("k", body)?;
        bench.delete("k")?;
    }
    Ok(())
}

pub(super) fn if_match_applies_to_the_current_tag(bench: &mut Bench<'_>) -> CaseResult {
    let first = bench.write("k", b"one")?;
    let second = written(bench.try_write("k", b"two", Precondition::IfMatch(first)))?;
    bench.expect_body("k", b"two")?;
    written(bench.try_write("k", b"three", Precondition::IfMatch(second)))?;
    bench.expect_body("k", b"three")
}

pub(super) fn if_match_is_refused_for_an_older_tag(bench: &mut Bench<'_>) -> CaseResult {
    let old = bench.write("k", b"one")?;
    bench.write("k", b"two")?;
    let reply = bench.try_write("k", b"three", Precondition::IfMatch(old));
    refused(&reply, Refusal::PreconditionFailed)?;
    bench.expect_body("k", b"two")
}

pub(super) fn if_match_is_refused_where_there_is_no_object(bench: &mut Bench<'_>) -> CaseResult {
    let reply = bench.try_write("k", b"one", Precondition::IfMatch(ETag::new("0123abcd")));
    refused(&reply, Refusal::NoSuchKey).context("never written")?;
    let etag = bench.write("k", b"one")?;
    bench.delete("k")?;
    let reply = bench.try_write("k", b"two", Precondition::IfMatch(etag));
    refused(&reply, Refusal::NoSuchKey).context("deleted")?;
    bench.expect_missing("k")
}

pub(super) fn a_refused_write_leaves_the_old_bytes(bench: &mut Bench<'_>) -> CaseResult {
    let etag = bench.write("k", b"kept")?;
    let other = Precondition::IfMatch(ETag::new("0123abcd"));
    for precondition in [Precondition::IfAbsent, other] {
        let reply = bench.try_write("k", b"lost", precondition);
        refused(&reply, Refusal::PreconditionFailed)?;
        bench.expect_body("k", b"kept")?;
        ensure!(bench.read("k")?.etag == etag, "a refused write changed the tag");
    }
    Ok(())
}

pub(super) fn an_unknown_bucket_refuses_every_request(bench: &mut Bench<'_>) -> CaseResult {
    let bucket = BucketName::new("statelock-contract-no-such-bucket");
    let key = ObjectKey::new("k");
    let (body, precondition) = (b"x".to_vec(), Precondition::None);
    for request in [
        ObjectRequest::Read { bucket: bucket.clone(), key: key.clone() },
        ObjectRequest::Delete {
            bucket: bucket.clone(),
            key: key.clone(),
            precondition: precondition.clone(),
        },
        ObjectRequest::List {
            bucket: bucket.clone(),
            prefix: String::new(),
            after: None,
            limit: 9,
        },
        ObjectRequest::Write { bucket, key, body, precondition },
    ] {
        let reply = bench.call(request.clone());
        refused(&reply, Refusal::NoSuchBucket).with_context(|| format!("{request:?}"))?;
    }
    Ok(())
}
