//! Every promise that docs/semantics.md claims is carried by a test named after it.
//!
//! A promise is claimed by a line that holds its id (`P12`) and the word "claimed", without a "not":
//! a row of the table `| P12 | … | claimed |`. A test carries it if a function is named `p12_…` or
//! `…_p12_…`.

use std::collections::BTreeSet;

use crate::tree::SourceFile;

/// Promises claimed but not tested.
pub(super) fn check(semantics: &str, files: &[SourceFile]) -> Vec<String> {
    let claimed = claimed(semantics);
    if claimed.is_empty() {
        return vec!["docs/semantics.md: claims no promise (`| P1 | … | claimed |`)".to_owned()];
    }
    let tested: BTreeSet<u32> =
        files.iter().filter(|file| file.is_rust()).flat_map(|file| tested(&file.text)).collect();
    claimed
        .difference(&tested)
        .map(|id| format!("docs/semantics.md: P{id} is claimed, and no test is named `p{id}_…`"))
        .collect()
}

fn claimed(semantics: &str) -> BTreeSet<u32> {
    semantics.lines().filter(|line| claims(line)).filter_map(first_promise).collect()
}

fn claims(line: &str) -> bool {
    let words: Vec<String> = line
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let at = words.iter().position(|word| word == "claimed");
    at.is_some_and(|at| !words.iter().take(at).rev().take(2).any(|word| word == "not"))
}

/// The first `P<number>` of a line.
fn first_promise(line: &str) -> Option<u32> {
    line.split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| word.strip_prefix('P'))
        .find_map(|digits| digits.parse().ok())
}

/// The promises that functions of this text are named after.
fn tested(text: &str) -> Vec<u32> {
    let names = text.split("fn ").skip(1).map(|rest| {
        rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default()
    });
    names.flat_map(promises_in_name).collect()
}

fn promises_in_name(name: &str) -> Vec<u32> {
    let words: Vec<_> = name.split('_').collect();
    let before_last = words.iter().take(words.len().saturating_sub(1));
    before_last
        .filter_map(|word| word.strip_prefix('p').filter(|digits| !digits.is_empty()))
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "| id | promise | state |\n| P1 | one holder | claimed |\n\
                         | P6 | fenced write | not yet claimed |\n| P12 | durable | **claimed** |\n";

    fn rust(text: &str) -> Vec<SourceFile> {
        vec![SourceFile { path: "a.rs".to_owned(), text: text.to_owned() }]
    }

    #[test]
    fn only_claimed_promises_count() {
        assert_eq!(claimed(TABLE), BTreeSet::from([1, 12]));
    }

    #[test]
    fn a_claim_needs_a_test_of_its_own_number() {
        let both = "#[test]\nfn p1_excludes() {}\nasync fn reads_p12_back() {}";
        assert_eq!(check(TABLE, &rust(both)), Vec::<String>::new());
        let findings = check(TABLE, &rust("fn p1_excludes() {}\n// p12_ is only a comment\n"));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].contains("P12"));
    }

    #[test]
    fn a_document_without_claims_is_a_finding() {
        assert_eq!(check("", &rust("fn p1_excludes() {}")).len(), 1);
    }
}
