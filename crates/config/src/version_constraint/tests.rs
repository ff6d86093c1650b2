//! What constraints admit, beside a table of versions that knows nothing of the answer's shortcuts.

use proptest::prelude::*;

use super::*;

fn support(text: &str) -> String {
    match VersionConstraint::parse(text).expect(text).lockfile_support() {
        LockfileSupport::Always { lowest } => format!("always {lowest}"),
        LockfileSupport::Sometimes { lowest } => format!("sometimes {lowest}"),
        LockfileSupport::Never { lowest: Some(lowest) } => format!("never {lowest}"),
        LockfileSupport::Never { lowest: None } => "nothing".to_owned(),
    }
}

#[test]
fn support_of_what_people_write() {
    for (text, expected) in [
        (">= 1.10", "always 1.10.0"),
        (">= 1.10.0, < 2.0.0", "always 1.10.0"),
        ("~> 1.10", "always 1.10.0"),
        ("~> 1.10.3", "always 1.10.3"),
        ("~>1.11.0", "always 1.11.0"),
        ("1.11.4", "always 1.11.4"),
        ("= v1.12.0", "always 1.12.0"),
        ("> 1.9.8", "sometimes 1.9.9"),
        ("> 1.10", "always 1.10.1"),
        (">= 2", "always 2.0.0"),
        (">= 1.5", "sometimes 1.5.0"),
        ("~> 1.5", "sometimes 1.5.0"),
        // `~> 1` has no upper bound.
        ("~> 1", "sometimes 1.0.0"),
        ("~> 0", "sometimes 0.0.0"),
        ("!= 1.7.0", "sometimes 0.0.0"),
        ("< 2.0.0", "sometimes 0.0.0"),
        (">= 0.13, < 1.10.1", "sometimes 0.13.0"),
        ("<= 1.10", "sometimes 0.0.0"),
        ("< 1.10", "never 0.0.0"),
        ("~> 1.5.7", "never 1.5.7"),
        ("~> 1.9.0", "never 1.9.0"),
        ("~> 0.14", "never 0.14.0"),
        ("1.5.7", "never 1.5.7"),
        (">= 1.0, < 1.6", "never 1.0.0"),
        (">= 1.9, != 1.9.0, < 1.9.2", "never 1.9.1"),
        (">= 2, < 1", "nothing"),
        ("1.10.0-rc1", "never 1.10.0-rc1"),
        (">= 1.10.0-beta1", "sometimes 1.10.0-beta1"),
        ("> 1.10.0-beta1", "sometimes 1.10.0-beta1.0"),
        (">= 1.11.0-alpha1", "always 1.11.0-alpha1"),
        ("~> 1.11.0-alpha1", "always 1.11.0-alpha1"),
        (" >=1.3.0 , <1.10.0 ", "never 1.3.0"),
    ] {
        assert_eq!(support(text), expected, "{text}");
    }
}

#[test]
fn several_constraints_all_count() {
    let parse = |text| VersionConstraint::parse(text).expect(text);
    let both = VersionConstraint::all([parse(">= 1.5"), parse("~> 1.11.0")]);
    assert_eq!(both.to_string(), ">= 1.5.0, ~> 1.11.0");
    assert!(matches!(both.lockfile_support(), LockfileSupport::Always { .. }));
    let none = VersionConstraint::all([]);
    let lowest = Version::of([0, 0, 0]);
    assert_eq!(none.lockfile_support(), LockfileSupport::Sometimes { lowest });
}

#[test]
fn what_is_admitted() {
    for (text, version, expected) in [
        ("~> 1.2.3", "1.2.3", true),
        ("~> 1.2.3", "1.2.99", true),
        ("~> 1.2.3", "1.3.0", false),
        ("~> 1.2", "1.99.0", true),
        ("~> 1.2", "2.0.0", false),
        ("~> 1", "7.0.0", true),
        ("~> 1.2.3.4", "1.2.3", false),
        (">= 1.2", "1.3.0-rc1", false),
        (">= 1.3.0-beta1", "1.3.0-rc1", true),
        (">= 1.3.0-beta1", "1.4.0-rc1", false),
        (">= 1.3.0-beta1", "1.4.0", true),
        ("~> 1.3.0-beta1", "1.3.0", false),
        ("~> 1.3.0-beta1", "1.3.0-beta2", true),
        ("< 1.3.0-beta2", "1.3.0-beta1", true),
        ("!= 1.3.0", "1.3.0-beta1", true),
        ("= 1.3", "1.3.0", true),
        ("1.3.0+build.5", "1.3.0", true),
        ("= 1.3.0-beta.2", "1.3.0-beta.10", false),
        ("> 1.3.0-beta.2", "1.3.0-beta.10", true),
        ("> 1.3.0-2", "1.3.0-a", true),
        ("> 1.3.0beta", "1.3.0-beta.1", true),
    ] {
        let version = Version::parse(version).expect(version);
        let constraint = VersionConstraint::parse(text).expect(text);
        assert_eq!(constraint.admits(&version), expected, "{text} {version}");
    }
}

#[test]
fn what_is_no_constraint_is_named() {
    for (text, part) in [
        ("", ""),
        (">= 1.0,", ""),
        (">= 1.0, latest", "latest"),
        ("^1.5", "^1.5"),
        ("1.x", "1.x"),
        ("=> 1.0", "=> 1.0"),
        ("1..2", "1..2"),
        (">= 1.0 < 2.0", ">= 1.0 < 2.0"),
        ("1.0-", "1.0-"),
        ("99999999999999999999", "99999999999999999999"),
        ("latest:^1.5", "latest:^1.5"),
    ] {
        let part = NoConstraint { part: part.to_owned() };
        assert_eq!(VersionConstraint::parse(text), Err(part), "{text:?}");
    }
}

/// A term as the documentation describes it: `~>` is a range.
fn is_in(version: [u64; 3], operator: &str, numbers: &[u64]) -> bool {
    let mut base = [0; 3];
    for (place, number) in base.iter_mut().zip(numbers) {
        *place = *number;
    }
    let [major, minor, _] = base;
    match operator {
        "" | "=" => version == base,
        "!=" => version != base,
        ">" => version > base,
        ">=" => version >= base,
        "<" => version < base,
        "<=" => version <= base,
        "~>" => {
            version >= base
                && match numbers.len() {
                    1 => true,
                    2 => version < [major + 1, 0, 0],
                    _ => version < [major, minor + 1, 0],
                }
        }
        other => unreachable!("{other}"),
    }
}

fn term() -> impl Strategy<Value = (&'static str, Vec<u64>)> {
    let operator = prop::sample::select(vec!["", "=", "!=", ">", ">=", "<", "<=", "~>"]);
    let numbers = prop_oneof![
        (0..3_u64).prop_map(|a| vec![a]),
        (0..3_u64, 8..13_u64).prop_map(|(a, b)| vec![a, b]),
        (0..3_u64, 8..13_u64, 0..4_u64).prop_map(|(a, b, c)| vec![a, b, c]),
    ];
    (operator, numbers)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_answer_is_that_of_a_table(terms in prop::collection::vec(term(), 1..5)) {
        let parts: Vec<_> = terms
            .iter()
            .map(|(operator, numbers)| {
                let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
                format!("{operator} {}", numbers.join("."))
            })
            .collect();
        let constraint = VersionConstraint::parse(&parts.join(",")).expect("a constraint");
        // Larger than any number in a term, so that open ends show.
        let table = (0..5_u64).flat_map(|a| (0..15_u64).flat_map(move |b| (0..6_u64).map(move |c| [a, b, c])));
        let mut admitted = Vec::new();
        for version in table {
            let expected = terms.iter().all(|(operator, numbers)| is_in(version, operator, numbers));
            prop_assert_eq!(constraint.admits(&Version::of(version)), expected, "{:?}", version);
            admitted.extend(expected.then_some(version));
        }
        let has_old = admitted.iter().any(|version| *version < [1, 10, 0]);
        let has_new = admitted.iter().any(|version| *version >= [1, 10, 0]);
        let lowest = admitted.first().map(|version| Version::of(*version));
        let expected = match (lowest, has_old, has_new) {
            (Some(lowest), false, true) => LockfileSupport::Always { lowest },
            (Some(lowest), true, true) => LockfileSupport::Sometimes { lowest },
            (lowest, _, _) => LockfileSupport::Never { lowest },
        };
        prop_assert_eq!(constraint.lockfile_support(), expected);
    }
}
