//! Tests that could not run here, and which of them CI may do without.

use std::collections::BTreeSet;

/// Beginnings of skips (`what: reason`) that CI may have, each with why a CI machine may
/// be unable to run it.
const ALLOWED_IN_CI: [&str; 5] = [
    // A container may forbid ptrace. That strace is missing is no reason: it can be installed.
    "storage: failing file operations: strace may not trace here",
    // A container without CAP_SYS_ADMIN and without user namespaces has no mount of its own.
    "storage: a full disk: no mount namespace is permitted here",
    "backup: a full disk: no mount namespace is permitted here",
    "probe: a name with two addresses: no mount namespace is permitted here",
    // Docker gives containers no IPv6 unless it is told to. The same is tested with a second IPv4 address.
    "probe: a second address, ::1: ",
];

/// The distinct skips of a log: lines of `what<TAB>reason`, shown as `what: reason`.
pub(super) fn parse(log: &str) -> Vec<String> {
    let skips: BTreeSet<String> = log
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.replacen('\t', ": ", 1))
        .collect();
    skips.into_iter().collect()
}

/// The skips that CI must not have.
pub(super) fn unexpected(skips: &[String]) -> Vec<String> {
    not_allowed(skips, &ALLOWED_IN_CI)
}

fn not_allowed(skips: &[String], allowed: &[&str]) -> Vec<String> {
    let is_allowed = |skip: &&String| allowed.iter().any(|beginning| skip.starts_with(beginning));
    skips.iter().filter(|skip| !is_allowed(skip)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_are_told_once_and_in_order() {
        let log =
            "terraform: b\tno terraform\nterraform: a\tno terraform\nterraform: b\tno terraform\n";
        assert_eq!(parse(log), ["terraform: a: no terraform", "terraform: b: no terraform"]);
        assert_eq!(parse(""), Vec::<String>::new());
    }

    #[test]
    fn only_listed_skips_are_allowed() {
        let skips = parse("external store\tnot named\nterraform: a\tno terraform\n");
        assert_eq!(not_allowed(&skips, &["external store"]), ["terraform: a: no terraform"]);
        assert_eq!(not_allowed(&skips, &[]).len(), 2);
    }

    #[test]
    fn ci_may_lack_ptrace_and_mounts_and_nothing_else() {
        let may = |skip: &str| unexpected(&[skip.to_owned()]).is_empty();
        assert!(may("storage: failing file operations: strace may not trace here: ptrace"));
        assert!(may("storage: a full disk: no mount namespace is permitted here: unshare: failed"));
        assert!(!may("storage: failing file operations: strace does not start: not found"));
        assert!(!may("storage: a full disk: unshare does not start: not found"));
        assert!(!may("terraform: held lock: no terraform"));
    }
}
