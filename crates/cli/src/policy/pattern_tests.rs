//! Patterns against names, and against many names at once.

use proptest::prelude::*;

use super::*;

const NEW: Reading = Reading { wildcards: true, variables: true };

fn pattern(text: &str) -> Pattern {
    Pattern::read(text, NEW)
}

/// `~` is an open part.
fn subject(text: &str) -> Subject {
    let mut pieces = text.split('~');
    let first = Subject::exactly(pieces.next().unwrap_or_default());
    pieces.fold(first, |subject, piece| subject.then_any().then(piece))
}

#[test]
fn patterns_take_in_names() {
    for (text, name, expected) in [
        ("a*c", "abbc", Matched::Whole),
        ("a*c", "abbd", Matched::None),
        ("a?c", "abc", Matched::Whole),
        ("a?c", "ac", Matched::None),
        ("*", "", Matched::Whole),
        ("", "", Matched::Whole),
        ("", "a", Matched::None),
        ("a${*}c", "a*c", Matched::Whole),
        ("a${*}c", "abc", Matched::None),
        ("${$}{x}", "${x}", Matched::Whole),
        ("home/${aws:username}/*", "home/ann/x", Matched::Part),
        ("home/${aws:username}", "away/ann", Matched::None),
        ("a${open", "a${open", Matched::Whole),
    ] {
        assert_eq!(pattern(text).matches(&subject(name)), expected, "{text} on {name}");
    }
}

#[test]
fn patterns_take_in_all_some_or_none_of_many_names() {
    for (text, names, expected) in [
        ("env:/*/k", "env:/~/k", Matched::Whole),
        ("env:/*", "env:/~/k", Matched::Whole),
        ("*", "env:/~/k", Matched::Whole),
        ("env:/dev/k", "env:/~/k", Matched::Part),
        ("env:/d*/k", "env:/~/k", Matched::Part),
        ("env:/?/k", "env:/~/k", Matched::Part),
        ("env:/*/other", "env:/~/k", Matched::None),
        ("x*", "env:/~/k", Matched::None),
        ("a*b", "~", Matched::Part),
        ("ab", "a~b", Matched::Part),
        ("a", "a~b", Matched::None),
    ] {
        assert_eq!(pattern(text).matches(&subject(names)), expected, "{text} on {names}");
    }
}

#[test]
fn a_star_does_not_reach_over_the_colons_of_an_arn() {
    let arn = |text: &str, name: &str| pattern(text).matches_arn(&subject(name));
    let bucket = "arn:aws:s3:::b/k";
    assert_eq!(arn("arn:aws:s3:::b/*", bucket), Matched::Whole);
    assert_eq!(arn("*", bucket), Matched::Whole);
    assert_eq!(arn("arn:*:s3:::*", bucket), Matched::Whole);
    assert_eq!(arn("arn:aws:*:::b/k", bucket), Matched::Whole);
    assert_eq!(arn("arn:aws:s3:*:x", bucket), Matched::None);
    assert_eq!(arn("arn:aws:s3:::b/env:/*", "arn:aws:s3:::b/env:/dev/k"), Matched::Whole);
    assert_eq!(
        arn("arn:aws:dynamodb:eu-west-1:1:table/t", "arn:aws:dynamodb:~:~:table/t"),
        Matched::Part
    );
}

#[test]
fn old_policies_have_no_variables() {
    let old = Pattern::read("a${*}", Reading { wildcards: true, variables: false });
    assert_eq!(old.matches(&subject("a${x}")), Matched::Whole);
    let exact = Pattern::read("a*", Reading { wildcards: false, variables: true });
    assert_eq!(exact.matches(&subject("ab")), Matched::None);
    assert_eq!(exact.matches(&subject("a*")), Matched::Whole);
}

/// The plain definition, by trying everything.
fn naive(pattern: &[char], name: &[char]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some(('*', rest)), _) => {
            naive(rest, name) || name.split_first().is_some_and(|(_, tail)| naive(pattern, tail))
        }
        (None, Some(_)) | (Some(_), None) => false,
        (Some((p, rest)), Some((n, tail))) => (*p == '?' || p == n) && naive(rest, tail),
    }
}

proptest! {
    #[test]
    fn the_table_agrees_with_the_definition(text in "[ab*?]{0,8}", name in "[ab]{0,8}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = if naive(&chars(&text), &chars(&name)) { Matched::Whole } else { Matched::None };
        prop_assert_eq!(pattern(&text).matches(&subject(&name)), expected);
    }

    #[test]
    fn what_holds_for_many_names_holds_for_each(text in "[ab*?]{0,6}", names in "[ab~]{0,5}", fill in "[ab]{0,3}") {
        let one = subject(&names.replace('~', &fill));
        match pattern(&text).matches(&subject(&names)) {
            Matched::Whole => prop_assert_eq!(pattern(&text).matches(&one), Matched::Whole),
            Matched::None => prop_assert_eq!(pattern(&text).matches(&one), Matched::None),
            Matched::Part => {}
        }
    }

    #[test]
    fn a_name_is_its_own_pattern_and_no_other(name in "[ab*?${}]{0,8}", other in "[ab*?${}]{0,8}") {
        let written = pattern(&Subject::exactly(&name).as_pattern());
        prop_assert_eq!(written.matches(&Subject::exactly(&name)), Matched::Whole);
        let expected = if name == other { Matched::Whole } else { Matched::None };
        prop_assert_eq!(written.matches(&Subject::exactly(&other)), expected);
    }
}
