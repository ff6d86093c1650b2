//! Promises about keys: text without structure, however much it looks like a path.

use anyhow::ensure;

use super::CaseResult;
use super::bench::Bench;

/// Stores that map keys to files, or decode a URL once too often, mix some of these up.
const UNUSUAL_NAMES: &[&str] = &[
    "env:/dev/terraform.tfstate",
    "env%3A/dev/terraform.tfstate",
    "trailing/",
    "trailing",
    "double//slash",
    "double/slash",
    "a space",
    "a+space",
    "a%20space",
    "100%",
    "100%25",
    "Case",
    "case",
    "ünïcode/日本/😀",
    // The same letter composed and decomposed: two keys.
    "caf\u{e9}",
    "cafe\u{301}",
    "quotes'\"&<>;",
    "?query=1&x#fragment",
    "back\\slash",
    "~tilde*(star)!",
    "k.tflock",
];

pub(super) fn unusual_keys_are_kept_apart_and_exactly(bench: &mut Bench<'_>) -> CaseResult {
    for name in UNUSUAL_NAMES {
        bench.write(name, name.as_bytes())?;
    }
    for name in UNUSUAL_NAMES {
        bench.expect_body(name, name.as_bytes())?;
    }
    let mut expected = UNUSUAL_NAMES.to_vec();
    expected.sort_unstable();
    let listed = bench.list_names("", None, 1000)?;
    ensure!(listed == expected, "listed as {listed:?}");
    for name in UNUSUAL_NAMES {
        bench.delete(name)?;
        bench.expect_missing(name)?;
    }
    ensure!(bench.list("", None, 1000)?.is_empty(), "a deleted key is still listed");
    Ok(())
}

/// 1024 bytes is the longest key of S3.
pub(super) fn a_key_of_1024_bytes_is_stored(bench: &mut Bench<'_>) -> CaseResult {
    let room = 1024 - bench.prefix().len();
    let (first, second) =
        (format!("{}1", "x".repeat(room - 1)), format!("{}2", "x".repeat(room - 1)));
    bench.write(&first, b"one")?;
    bench.write(&second, b"two")?;
    bench.expect_body(&first, b"one")?;
    bench.expect_body(&second, b"two")
}

pub(super) fn a_key_and_keys_below_it_coexist(bench: &mut Bench<'_>) -> CaseResult {
    for name in ["a/b", "a/", "a", "a/b/"] {
        bench.write(name, name.as_bytes())?;
    }
    for name in ["a", "a/", "a/b", "a/b/"] {
        bench.expect_body(name, name.as_bytes())?;
    }
    let listed = bench.list_names("", None, 10)?;
    ensure!(listed == ["a", "a/", "a/b", "a/b/"], "listed as {listed:?}");
    Ok(())
}

pub(super) fn deleting_a_key_leaves_keys_below_it(bench: &mut Bench<'_>) -> CaseResult {
    for name in ["a", "a/", "a/b"] {
        bench.write(name, name.as_bytes())?;
    }
    bench.delete("a/")?;
    bench.expect_missing("a/")?;
    bench.delete("a")?;
    bench.expect_missing("a")?;
    bench.expect_body("a/b", b"a/b")
}
