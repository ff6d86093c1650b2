//! Which rules count as wanted, as different, and as none.

use super::*;

const OLD: OldVersions = OldVersions { kept_days: 90, kept_newest: 10, uploads_kept_days: 7 };

fn rule(id: &str) -> LifecycleRule {
    LifecycleRule {
        id: Some(id.to_owned()),
        is_enabled: true,
        expires_noncurrent_after_days: Some(90),
        keeps_newer_noncurrent: Some(10),
        ..LifecycleRule::default()
    }
}

fn days(id: &str, days: u32) -> LifecycleRule {
    LifecycleRule { expires_noncurrent_after_days: Some(days), ..rule(id) }
}

fn under(prefix: &str, rule: LifecycleRule) -> LifecycleRule {
    LifecycleRule { prefix: prefix.to_owned(), ..rule }
}

#[track_caller]
fn differs(rules: &[LifecycleRule], words: &str) {
    let standing = judge(rules, OLD);
    let is_so = matches!(&standing, Standing::Different(is) if is.contains(words));
    assert!(is_so, "expected {words:?} in {standing:?}");
}

#[track_caller]
fn stays(rules: &[LifecycleRule], words: &str) {
    let standing = judge(rules, OLD);
    let is_so = matches!(&standing, Standing::Fixed(is) if is.contains(words));
    assert!(is_so, "expected {words:?} in {standing:?}");
}

#[test]
fn a_rule_of_anybody_counts_if_it_does_what_is_wanted() {
    assert!(matches!(judge(&[rule("theirs")], OLD), Standing::AsWanted(_)));
    assert_eq!(judge(&[], OLD), Standing::NotSet);
    let longer = [days("theirs", 365), rule(OLD_VERSIONS_RULE), under("prod/", days("prod", 400))];
    assert!(matches!(judge(&longer, OLD), Standing::AsWanted(_)), "ours is the shortest");
    differs(&[days("theirs", 365)], "kept for 365 days");
}

#[test]
fn the_shortest_rule_says_how_long_versions_stay() {
    stays(&[days("x", 30)], "kept for 30 days");
    stays(
        &[days("x", 30), rule(OLD_VERSIONS_RULE)],
        "kept for 30 days, the newest 10 of each object for longer (rule `x`)",
    );
    stays(&[rule(OLD_VERSIONS_RULE), days("x", 30)], "(rule `x`)");
    let fewer = LifecycleRule { keeps_newer_noncurrent: None, ..days("x", 500) };
    stays(&[rule(OLD_VERSIONS_RULE), fewer], "kept for 500 days (rule `x`)");
    stays(
        &[rule(OLD_VERSIONS_RULE), under("prod/", days("x", 30))],
        "objects under `prod/` kept for 30 days",
    );
    // Ours can be replaced.
    differs(&[days(OLD_VERSIONS_RULE, 30), rule("theirs")], "kept for 30 days");
}

#[test]
fn what_a_narrower_rule_leaves_out_is_kept_for_ever() {
    differs(
        &[under("prod/", days("x", 365))],
        "kept for ever, but objects under `prod/` kept for 365 days",
    );
    let tagged = LifecycleRule { tags: vec![("a".to_owned(), "b".to_owned())], ..rule("a") };
    differs(&[tagged], "but some objects kept for 90 days");
    let small = LifecycleRule { size_bytes_below: Some(1000), ..under("logs/", rule("a")) };
    differs(&[small], "but some objects under `logs/` kept");
    let off = LifecycleRule { is_enabled: false, ..rule(OLD_VERSIONS_RULE) };
    differs(&[off], "switched off");
    for nothing in [
        LifecycleRule { expires_noncurrent_after_days: None, ..rule("a") },
        LifecycleRule { is_enabled: false, ..rule("a") },
    ] {
        assert_eq!(judge(std::slice::from_ref(&nothing), OLD), Standing::NotSet, "{nothing:?}");
    }
}

#[test]
fn rules_of_others_that_remove_more_are_named() {
    let rules = [under("prod/", days("x", 30)), days("y", 365), days(OLD_VERSIONS_RULE, 1)];
    let told = shorter_rules(&rules, OLD);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("`x` removes old versions of objects under `prod/` sooner"),
        "{told:?}"
    );
}

#[test]
fn rules_that_delete_states_are_named() {
    let days = LifecycleRule { expires_current_after_days: Some(30), ..rule("tidy") };
    let date = LifecycleRule { expires_current_on_a_date: true, ..under("old/", rule("late")) };
    let off = LifecycleRule { is_enabled: false, ..days.clone() };
    let told = dangerous_rules(&[days, date, off, rule("fine")]);
    assert_eq!(told.len(), 2);
    assert!(told[0].contains("`tidy` deletes current objects 30 days"), "{told:?}");
    assert!(told[1].contains("`late` deletes current objects under `old/` on a date"), "{told:?}");
}
