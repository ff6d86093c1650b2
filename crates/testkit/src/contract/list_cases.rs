//! Promises about listings.

use anyhow::ensure;

use super::CaseResult;
use super::bench::Bench;

/// By UTF-8 bytes, which is neither alphabetical nor the order of UTF-16.
pub(super) fn a_listing_is_ordered_by_bytes(bench: &mut Bench<'_>) -> CaseResult {
    let ordered = [
        "!", "+", "-", ".", "/", "0", "10", "2", ":", "A", "B", "_", "a", "~", "é", "\u{ffee}",
        "😀",
    ];
    for name in ordered.iter().rev() {
        bench.write(name, b"x")?;
    }
    let listed = bench.list_names("", None, 100)?;
    ensure!(listed == ordered, "listed as {listed:?}");
    Ok(())
}

pub(super) fn a_listing_shows_sizes_and_tags(bench: &mut Bench<'_>) -> CaseResult {
    for (name, body) in [("a", vec![]), ("b", b"12345".to_vec()), ("c", vec![0; 70_000])] {
        let etag = bench.write(name, &body)?;
        let page = bench.list(name, None, 10)?;
        let [object] = page.as_slice() else { anyhow::bail!("`{name}` is listed as {page:?}") };
        ensure!(object.etag == etag, "`{name}` has the tag `{etag}`, not `{}`", object.etag);
        let size = u64::try_from(body.len())?;
        ensure!(object.size == size, "`{name}` has {size} bytes, not {}", object.size);
    }
    Ok(())
}

pub(super) fn a_listing_has_only_keys_with_the_prefix(bench: &mut Bench<'_>) -> CaseResult {
    for name in ["env", "env:", "env:/a/k", "env:/b/k", "env;", "eo", "ENV:/c"] {
        bench.write(name, b"x")?;
    }
    for (prefix, expected) in [
        ("env:/", &["env:/a/k", "env:/b/k"][..]),
        ("env:", &["env:", "env:/a/k", "env:/b/k"]),
        ("env:/a/k", &["env:/a/k"]),
        ("env:/a/k/", &[]),
        ("nothing", &[]),
    ] {
        let listed = bench.list_names(prefix, None, 100)?;
        ensure!(listed == expected, "`{prefix}` lists {listed:?}");
    }
    Ok(())
}

pub(super) fn a_listing_starts_strictly_after_the_given_key(bench: &mut Bench<'_>) -> CaseResult {
    for name in ["a", "b", "c", "d"] {
        bench.write(name, b"x")?;
    }
    for (after, limit, expected) in [
        ("", 10, &["a", "b", "c", "d"][..]),
        ("a", 10, &["b", "c", "d"]),
        ("a", 2, &["b", "c"]),
        ("bb", 10, &["c", "d"]),
        ("d", 10, &[]),
        ("z", 10, &[]),
    ] {
        let listed = bench.list_names("", Some(bench.key(after)), limit)?;
        ensure!(listed == expected, "after `{after}`, at most {limit}: {listed:?}");
    }
    Ok(())
}

pub(super) fn a_listing_follows_writes_and_deletes(bench: &mut Bench<'_>) -> CaseResult {
    for round in ["one", "two"] {
        bench.write("k", round.as_bytes())?;
        bench.write("k", b"again")?;
        let listed = bench.list_names("", None, 10)?;
        ensure!(listed == ["k"], "after a write: {listed:?}");
        bench.delete("k")?;
        let listed = bench.list_names("", None, 10)?;
        ensure!(listed.is_empty(), "after a delete: {listed:?}");
    }
    Ok(())
}

/// One page of S3 holds a thousand keys.
pub(super) fn a_thousand_keys_are_listed_in_pages_without_gaps(
    bench: &mut Bench<'_>,
) -> CaseResult {
    let names: Vec<String> = (0..1005).map(|number| format!("{number:04}")).collect();
    for name in &names {
        bench.write(name, b"x")?;
    }
    for limit in [1000, 400] {
        let mut listed: Vec<String> = Vec::new();
        loop {
            let after = listed.last().map(|name| bench.key(name));
            let page = bench.list_names("", after, limit)?;
            let is_last = page.len() < limit;
            ensure!(page.len() <= limit, "{} keys in a page of {limit}", page.len());
            listed.extend(page);
            if is_last || listed.len() > names.len() {
                break;
            }
        }
        ensure!(listed == names, "pages of {limit} list {} keys", listed.len());
    }
    Ok(())
}
